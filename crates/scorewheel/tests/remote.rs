//! Topics of another process: the gateway over HTTP and its other end, with the memory backend behind.
#![expect(clippy::unwrap_used, reason = "helpers of tests outside of test functions")]

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use scorewheel::places::{RemoteBackend, TopicsGateway};
use scorewheel_http::{
    AccessRules, Application, Engine, MetricsText, NoFigures, QueryState, Server, Snapshot,
};
use scorewheel_topics::{
    Backend, GroupOptions, MemoryBackend, ReaderEvent, ReaderOptions, RecordBatch, StartPosition,
    TopicPartition, TopicSpec, TopicsError, WriterOptions,
};
use tokio::sync::watch;

struct Nothing;

impl QueryState for Nothing {
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::default()
    }
}

impl MetricsText for Nothing {
    fn render(&self) -> String {
        String::new()
    }
}

/// An instance whose topics are in memory.
struct Instance {
    url: String,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Instance {
    fn start() -> Self {
        let server = Server::bind("127.0.0.1:0").unwrap();
        let url = server.url();
        let (stop, stopping) = watch::channel(false);
        let backend = MemoryBackend::new();
        backend.admin().unwrap().create_topic(&TopicSpec::new("models_models", 1)).unwrap();
        let application = Application {
            engine: Engine::Streams,
            state: Arc::new(Nothing),
            cluster: None,
            metrics: Arc::new(Nothing),
            live: Arc::new(NoFigures),
            results: None,
            gateway: Some(Arc::new(TopicsGateway::new(Arc::new(backend)).unwrap())),
            access: AccessRules {
                loopback: true,
                token: Some("secret".into()),
                models_topic: "models_models".into(),
                ..AccessRules::default()
            },
            max_body_bytes: 1 << 20,
            stopping,
        };
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(server.serve(application)).unwrap();
        });
        Self { url, stop, thread: Some(thread) }
    }

    fn backend(&self, token: Option<&str>) -> RemoteBackend {
        RemoteBackend::new(&self.url, token.map(Into::into))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.stop.send(true).ok();
        self.thread.take().map(JoinHandle::join);
    }
}

fn put(backend: &RemoteBackend, partition: &TopicPartition, value: &[u8]) -> Result<(), TopicsError> {
    let mut writer = backend.writer(&WriterOptions::default())?;
    let mut record = writer.lend(partition)?.record(77, Some(b"\xffkey"));
    record.header("scorewheel-data-type", b"wine").null_header("n");
    record.value().extend_from_slice(value);
    record.finish().map_err(|error| TopicsError::too_large(partition.topic(), error))?;
    writer.flush()?;
    assert_eq!(writer.written().len(), 1);
    Ok(())
}

#[test]
fn records_go_there_and_come_back_as_they_were() {
    let instance = Instance::start();
    let backend = instance.backend(None);
    let admin = backend.admin().unwrap();
    let spec = TopicSpec::new("models_data", 2).max_message_bytes(5000);
    admin.create_topic(&spec).unwrap();
    assert!(matches!(admin.create_topic(&spec), Err(TopicsError::TopicExists { .. })));
    assert_eq!(admin.topic_config("models_data").unwrap().max_message_bytes, 5000);
    assert_eq!(admin.describe_topic("models_data").unwrap().unwrap().partitions, 2);
    assert_eq!(admin.describe_topic("nothing").unwrap(), None);
    assert!(admin.topics().unwrap().iter().any(|topic| topic.name == "models_data"));

    let partitions = [0, 1].map(|number| TopicPartition::new("models_data", number));
    put(&backend, &partitions[1], b"first").unwrap();
    put(&backend, &partitions[1], b"\xfe").unwrap();
    let too_large = put(&backend, &partitions[1], &[b'x'; 6000]).unwrap_err();
    assert!(matches!(too_large, TopicsError::TooLarge { limit: Some(5000), .. }), "{too_large}");
    assert_eq!(admin.offsets(&partitions[1]).unwrap().high_watermark, 2);
    assert_eq!(admin.offset_for_timestamp(&partitions[1], 78).unwrap(), None);

    let mut reader = backend.assigned_reader(&ReaderOptions::default()).unwrap();
    let start = partitions.clone().map(|partition| (partition, StartPosition::Earliest));
    reader.assign(&start).unwrap();
    let mut batch = RecordBatch::new();
    let mut values = Vec::new();
    let mut ends = Vec::new();
    while values.len() < 2 || ends.len() < 2 {
        match reader.poll(Duration::from_secs(5), &mut batch).unwrap() {
            ReaderEvent::Batch => {
                for record in batch.iter() {
                    assert_eq!((record.key, record.timestamp), (Some(&b"\xffkey"[..]), 77));
                    let headers: Vec<_> =
                        record.headers.into_iter().map(|h| (h.name_text(), h.value)).collect();
                    assert_eq!(
                        headers,
                        [("scorewheel-data-type".into(), Some(&b"wine"[..])), ("n".into(), None)]
                    );
                    values.push((record.offset, record.value.unwrap().to_vec()));
                }
            }
            ReaderEvent::EndOfPartition(partition) => ends.push(partition),
            ReaderEvent::Nothing => panic!("there is more to come"),
        }
    }
    assert_eq!(values, [(0, b"first".to_vec()), (1, b"\xfe".to_vec())]);
    assert_eq!(reader.position(&partitions[1]), Some(2));
    assert_eq!(reader.poll(Duration::from_millis(10), &mut batch).unwrap(), ReaderEvent::Nothing);
    reader.seek(&partitions[1], StartPosition::Offset(9)).unwrap();
    let outside = (0..3).find_map(|_| reader.poll(Duration::from_millis(10), &mut batch).err());
    let Some(TopicsError::OutOfRange { offset: 9, earliest, end, .. }) = outside else {
        panic!("{outside:?}")
    };
    assert_eq!((earliest, end), (0, 2), "the bounds are those of the log");
}

#[test]
fn a_topic_that_is_too_small_is_altered() {
    let instance = Instance::start();
    let backend = instance.backend(None);
    let admin = backend.admin().unwrap();
    admin.create_topic(&TopicSpec::new("small", 1).max_message_bytes(1000)).unwrap();
    let partition = TopicPartition::new("small", 0);
    assert!(matches!(put(&backend, &partition, &[b'x'; 2000]), Err(TopicsError::TooLarge { .. })));
    admin.alter_topic_config("small", &[("max.message.bytes", "5000")]).unwrap();
    put(&backend, &partition, &[b'x'; 2000]).unwrap();
    let denied = admin.alter_topic_config("models_models", &[("max.message.bytes", "5000")]).unwrap_err();
    assert!(matches!(denied, TopicsError::Denied { .. }), "{denied}");
    assert!(matches!(
        admin.alter_topic_config("nothing", &[("max.message.bytes", "5000")]),
        Err(TopicsError::UnknownTopic { .. })
    ));
}

#[test]
fn a_long_poll_ends_when_a_record_comes() {
    let instance = Instance::start();
    let backend = instance.backend(None);
    backend.admin().unwrap().create_topic(&TopicSpec::new("t", 1)).unwrap();
    let partition = TopicPartition::new("t", 0);
    let mut reader = backend.assigned_reader(&ReaderOptions::default()).unwrap();
    reader.assign(&[(partition.clone(), StartPosition::Latest)]).unwrap();
    let mut batch = RecordBatch::new();
    assert!(matches!(reader.poll(Duration::ZERO, &mut batch).unwrap(), ReaderEvent::EndOfPartition(_)));
    let writer = instance.backend(None);
    let written = std::thread::spawn(move || put(&writer, &partition, b"late").unwrap());
    assert_eq!(reader.poll(Duration::from_secs(30), &mut batch).unwrap(), ReaderEvent::Batch);
    written.join().unwrap();
}

#[test]
fn the_models_topic_wants_the_token() {
    let instance = Instance::start();
    let models = TopicPartition::new("models_models", 0);
    let denied = put(&instance.backend(None), &models, b"m").unwrap_err();
    assert!(matches!(denied, TopicsError::Denied { .. }), "{denied}");
    put(&instance.backend(Some("secret")), &models, b"m").unwrap();
}

#[test]
fn what_is_not_an_instance_is_said() {
    let gone = RemoteBackend::new("http://127.0.0.1:1", None);
    let error = gone.admin().unwrap().topics().unwrap_err();
    assert!(matches!(error, TopicsError::Unreachable { .. }), "{error}");
    let instance = Instance::start();
    let elsewhere = RemoteBackend::new(&format!("{}/elsewhere", instance.url), None);
    let error = elsewhere.admin().unwrap().topics().unwrap_err();
    assert!(matches!(error, TopicsError::Unsupported { .. }), "{error}");
    assert!(instance.backend(None).group_reader(&GroupOptions::new("g", &["t"])).is_err());
}
