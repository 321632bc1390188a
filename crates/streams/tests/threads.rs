//! An instance with threads, under the machine's clock, over the memory and the embedded backend.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use scorewheel_streams::{
    Actor, BatchView, BroadcastHandler, BuildContext, ErrorKind, FaultPoint, FaultPoints, Flow,
    InjectedFault, KeyValueStore, KeyValueView, Processor, ProcessorContext, ProcessorError, Published,
    Reached, ReadOnlyKeyValueStore, Sink, State, StoreSpec, Streams, StreamsBuilder, StreamsConfig,
    StreamsEnvironment, Topology,
};
use scorewheel_topics::embedded::{Directory, EmbeddedBackend, EmbeddedOptions};
use scorewheel_topics::{
    Backend, Clock, MemoryBackend, ReaderEvent, ReaderOptions, RecordBatch, RecordView, StartPosition,
    SystemClock, TopicPartition, TopicSpec, WriterOptions,
};

const PARTITIONS: u32 = 6;
const PATIENCE: Duration = Duration::from_secs(60);

/// Passes records on and counts them.
struct Count;

impl Processor for Count {
    fn process(
        &mut self,
        batch: BatchView<'_>,
        context: &mut ProcessorContext<'_>,
    ) -> Result<Flow, ProcessorError> {
        let store: &mut KeyValueStore = context.stores.key_value("count")?;
        for (index, record) in batch.iter().enumerate() {
            assert_ne!(record.value, Some(&b"panic"[..]), "told to");
            let before =
                store.get(b"count")?.map_or(0, |count| u64::from_be_bytes(count.try_into().unwrap()));
            store.put(b"count", &(before + 1).to_be_bytes());
            context.outputs.main().copy(index, &record)?;
        }
        Ok(Flow::Continue)
    }
}

fn topology() -> Topology {
    let builder = StreamsBuilder::new();
    builder.store(StoreSpec::persistent("count"));
    builder.stream("in").process("count-them", |_| Count, &["count"]).to(Sink::new("out").owned(&[]));
    builder.build().unwrap()
}

fn config(state: &Path, threads: usize) -> StreamsConfig {
    StreamsConfig {
        threads,
        state_directory: Some(state.to_owned()),
        holder: "the first of the test".into(),
        ..StreamsConfig::new("threads")
    }
}

fn environment(backend: &Arc<dyn Backend>) -> StreamsEnvironment {
    StreamsEnvironment::new(backend.clone())
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what}: did not come");
        std::thread::yield_now();
    }
}

fn memory() -> Arc<dyn Backend> {
    let backend: Arc<dyn Backend> = Arc::new(MemoryBackend::new());
    backend.admin().unwrap().create_topic(&TopicSpec::new("in", PARTITIONS)).unwrap();
    backend
}

fn append(backend: &dyn Backend, topic: &str, partition: u32, values: impl Iterator<Item = String>) {
    let mut writer = backend.writer(&WriterOptions::default()).unwrap();
    let buffer = writer.lend(&TopicPartition::new(topic, partition)).unwrap();
    for value in values {
        let mut record = buffer.record(SystemClock::new().wall(), None);
        record.value().extend_from_slice(value.as_bytes());
        record.finish().unwrap();
    }
    writer.flush().unwrap();
}

fn read(backend: &dyn Backend, topic: &str, partition: u32) -> Vec<String> {
    let partition = TopicPartition::new(topic, partition);
    let mut reader = backend.assigned_reader(&ReaderOptions::default()).unwrap();
    reader.assign(&[(partition.clone(), StartPosition::Earliest)]).unwrap();
    let end = reader.end_offset(&partition).unwrap();
    let mut batch = RecordBatch::new();
    let mut values = Vec::new();
    while reader.position(&partition).unwrap() < end {
        if reader.poll(Duration::from_millis(20), &mut batch).unwrap() == ReaderEvent::Batch {
            let text = |record: RecordView<'_>| String::from_utf8(record.value.unwrap().to_vec()).unwrap();
            values.extend(batch.iter().map(text));
        }
    }
    values
}

fn is_drained(backend: &dyn Backend, offset: i64) -> bool {
    let inputs: Vec<_> = (0..PARTITIONS).map(|partition| TopicPartition::new("in", partition)).collect();
    let committed = backend.admin().unwrap().committed_offsets("threads", &inputs).unwrap();
    committed.iter().all(|committed| committed.as_ref().is_some_and(|committed| committed.offset >= offset))
}

/// Two instances of two threads share the partitions; one is closed under load; all arrives once and in order.
fn shares_and_closes(backend: &Arc<dyn Backend>, state: &Path) {
    let first = Streams::start(topology(), config(&state.join("1"), 2), environment(backend)).unwrap();
    let second = Streams::start(topology(), config(&state.join("2"), 2), environment(backend)).unwrap();
    let mut fed = 0_u32;
    let mut feed = || {
        for partition in 0..PARTITIONS {
            append(
                &**backend,
                "in",
                partition,
                (fed..fed + 50).map(|number| format!("{partition}.{number}")),
            );
        }
        fed += 50;
        i64::from(fed)
    };
    let mut end = 0;
    for _ in 0..10 {
        end = feed();
    }
    until("both have partitions", || {
        let works = |streams: &Streams| streams.status().is_ready() && !streams.status().tasks.is_empty();
        works(&first) && works(&second)
    });
    for _ in 0..10 {
        end = feed();
    }
    first.close(Duration::from_secs(30)).unwrap();
    until("all input is committed", || is_drained(&**backend, end));
    until("one has all of them", || second.status().tasks.len() == 6 && second.status().is_ready());
    // What is committed reaches the store, and the status, a moment after the log.
    until("the stores have what is committed", || {
        let counted = |view: &KeyValueView| {
            let count = view.snapshot().unwrap().0.get(b"count").unwrap().unwrap();
            u64::from_be_bytes(count.try_into().unwrap())
        };
        let views = second.views().key_value("count").unwrap();
        views.len() == 6 && views.iter().all(|(_, view)| counted(view) == end.unsigned_abs())
    });
    until("the status says so", || second.status().tasks.values().all(|task| task.committed == end));
    second.begin_close();
    assert!(matches!(second.wait(Duration::from_secs(30)), Some(Ok(()))));
    assert_eq!(second.state(), State::Stopped);
    for partition in 0..PARTITIONS {
        let expected: Vec<_> = (0..end).map(|number| format!("{partition}.{number}")).collect();
        assert_eq!(read(&**backend, "out", partition), expected, "partition {partition}");
    }
}

#[test]
fn two_instances_of_two_threads_share_the_memory_backend() {
    let state = tempfile::tempdir().unwrap();
    shares_and_closes(&memory(), state.path());
}

#[test]
fn two_instances_of_two_threads_share_the_embedded_backend() {
    let folder = tempfile::tempdir().unwrap();
    let options = EmbeddedOptions::default();
    {
        let directory = Directory::take(&folder.path().join("data")).unwrap();
        let backend: Arc<dyn Backend> = Arc::new(EmbeddedBackend::open(directory, &options).unwrap());
        backend.admin().unwrap().create_topic(&TopicSpec::new("in", PARTITIONS)).unwrap();
        shares_and_closes(&backend, folder.path());
    }
    // What was committed is there when the directory is opened again, and an instance goes on after it.
    let directory = Directory::take(&folder.path().join("data")).unwrap();
    let backend: Arc<dyn Backend> = Arc::new(EmbeddedBackend::open(directory, &options).unwrap());
    let streams =
        Streams::start(topology(), config(&folder.path().join("1"), 1), environment(&backend)).unwrap();
    append(&*backend, "in", 4, std::iter::once("after".to_owned()));
    until("it is passed on", || read(&*backend, "out", 4).len() == 1001);
    streams.close(Duration::from_secs(30)).unwrap();
    assert_eq!(read(&*backend, "out", 4).last().unwrap(), "after");
}

#[test]
fn a_second_process_with_the_same_state_directory_is_refused_and_told_who_holds_it() {
    let state = tempfile::tempdir().unwrap();
    let backend = memory();
    let first = Streams::start(topology(), config(state.path(), 1), environment(&backend)).unwrap();
    let error = Streams::start(topology(), config(state.path(), 1), environment(&backend)).unwrap_err();
    assert!(
        matches!(&*error.kind, ErrorKind::StateLocked { holder, .. } if holder == "the first of the test"),
        "{error}"
    );
    first.close(Duration::from_secs(30)).unwrap();
    let again = Streams::start(topology(), config(state.path(), 1), environment(&backend)).unwrap();
    again.close(Duration::from_secs(30)).unwrap();
}

#[test]
fn a_panic_ends_the_instance_with_its_words_and_commits_nothing_of_its_batch() {
    let state = tempfile::tempdir().unwrap();
    let backend = memory();
    append(&*backend, "in", 1, std::iter::once("panic".to_owned()));
    let streams = Streams::start(topology(), config(state.path(), 2), environment(&backend)).unwrap();
    let error = streams.wait(PATIENCE).unwrap().unwrap_err();
    assert!(
        matches!(&*error.kind, ErrorKind::Panicked { message, .. } if message.contains("told to")),
        "{error}"
    );
    assert_eq!((error.actor(), streams.state()), (Actor::Developer, State::Stopped));
    assert!(read(&*backend, "out", 1).is_empty());
}

#[test]
fn a_panic_leaves_no_transaction_open() {
    let state = tempfile::tempdir().unwrap();
    let backend = memory();
    append(&*backend, "in", 1, ["fine".to_owned(), "panic".to_owned()].into_iter());
    let mut config = StreamsConfig {
        // The first record is on its way when the second comes, in the same transaction.
        send_bytes: 1,
        commit_interval: Duration::from_secs(5),
        commit_when_idle: None,
        ..config(state.path(), 1)
    };
    config.reader.batch_records = 1;
    let streams = Streams::start(topology(), config, environment(&backend)).unwrap();
    let error = streams.wait(PATIENCE).unwrap().unwrap_err();
    assert!(matches!(*error.kind, ErrorKind::Panicked { .. }), "{error}");
    let offsets = backend.admin().unwrap().offsets(&TopicPartition::new("out", 1)).unwrap();
    assert!(offsets.high_watermark > 0, "something was written");
    assert_eq!(offsets.last_stable, offsets.high_watermark, "readers of the results are not held up");
    assert!(read(&*backend, "out", 1).is_empty());
}

#[test]
fn a_wrong_setting_is_refused_before_anything_is_started() {
    let backend = memory();
    let none = StreamsConfig { threads: 0, ..StreamsConfig::new("threads") };
    let error = Streams::start(topology(), none, environment(&backend)).unwrap_err();
    assert!(matches!(*error.kind, ErrorKind::Configuration { .. }), "{error}");
    let error = Streams::start(topology(), StreamsConfig::new("threads"), environment(&backend)).unwrap_err();
    assert!(error.to_string().contains("store `count` is persistent"), "{error}");
}

/// Holds the thread before its first commit until it is told to go on.
struct HoldCommit {
    held: Sender<()>,
    go_on: std::sync::Mutex<Receiver<()>>,
    first: AtomicBool,
}

impl FaultPoints for HoldCommit {
    fn reached(&self, point: FaultPoint) -> Result<(), InjectedFault> {
        if point == FaultPoint::BeforeSendOffsets && self.first.swap(false, Ordering::Relaxed) {
            self.held.send(()).unwrap();
            self.go_on.lock().unwrap().recv().unwrap();
        }
        Ok(())
    }
}

#[test]
fn a_close_that_takes_too_long_says_what_is_not_committed() {
    let state = tempfile::tempdir().unwrap();
    let backend = memory();
    append(&*backend, "in", 1, (0..3).map(|number| number.to_string()));
    let ((held, is_held), (release, go_on)) = (channel(), channel());
    let faults = HoldCommit { held, go_on: std::sync::Mutex::new(go_on), first: AtomicBool::new(true) };
    let environment = StreamsEnvironment { faults: Arc::new(faults), ..environment(&backend) };
    let streams = Streams::start(topology(), config(state.path(), 1), environment).unwrap();
    is_held.recv_timeout(PATIENCE).unwrap();
    let error = streams.close(Duration::from_millis(1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the instance did not stop in time; not committed: in-1 from 0 to before 3",
    );
    release.send(()).unwrap();
    until("it ends all the same", || is_held_free(state.path()));
    assert_eq!(read(&*backend, "out", 1), ["0", "1", "2"]);
}

fn is_held_free(state: &Path) -> bool {
    scorewheel_streams::StateDirectory::open(state, "the test").is_ok()
}

/// Builds for as long as the instance does not close.
struct SlowBuild(Sender<()>);

impl BroadcastHandler for SlowBuild {
    type Snapshot = ();

    fn record(&mut self, _record: RecordView<'_>) {}

    fn build(&mut self, context: &mut BuildContext<'_>) -> Option<Published<()>> {
        self.0.send(()).unwrap();
        while !context.is_closing() {
            std::thread::yield_now();
        }
        None
    }

    fn reached(&self, _mark: &str) -> Reached {
        Reached::NotYet
    }
}

#[test]
fn a_close_during_a_long_build_does_not_wait_for_its_end() {
    let backend = memory();
    backend.admin().unwrap().create_topic(&TopicSpec::new("control", 1)).unwrap();
    let (building, is_building) = channel();
    let builder = StreamsBuilder::new();
    builder.broadcast("slow", "control", move || Ok(SlowBuild(building.clone())));
    builder.stream("in").to(Sink::new("out").owned(&[]));
    let config = StreamsConfig::new("threads");
    let streams = Streams::start(builder.build().unwrap(), config, environment(&backend)).unwrap();
    is_building.recv_timeout(PATIENCE).unwrap();
    streams.close(Duration::from_secs(30)).unwrap();
}
