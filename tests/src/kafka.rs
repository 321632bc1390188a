//! A Kafka cluster read by rdkafka alone, so that what is tested has no part in it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{Headers, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use crate::verifier::evidence::TopicRecords;
use crate::verifier::{Commit, RawRecord};

/// How long a question may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A cluster by its bootstrap servers.
#[derive(Clone, Debug)]
pub struct Cluster {
    brokers: String,
}

impl Cluster {
    /// The cluster for tests, named by `SCOREWHEEL_TEST_KAFKA`.
    #[must_use]
    pub fn for_tests() -> Option<Self> {
        std::env::var("SCOREWHEEL_TEST_KAFKA").ok().map(|brokers| Self { brokers })
    }

    /// Its bootstrap servers.
    #[must_use]
    pub fn brokers(&self) -> &str {
        &self.brokers
    }

    fn consumer(&self) -> KafkaResult<BaseConsumer> {
        ClientConfig::new()
            .set("bootstrap.servers", &self.brokers)
            .set("group.id", "scorewheel-verifier")
            .set("isolation.level", "read_committed")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("auto.offset.reset", "error")
            .set("check.crcs", "true")
            .set("fetch.wait.max.ms", "50")
            .create()
    }

    /// How many partitions a topic has; 0 if it is not there.
    ///
    /// # Errors
    /// rdkafka's.
    pub fn partitions(&self, topic: &str) -> KafkaResult<i32> {
        let metadata = self.consumer()?.fetch_metadata(Some(topic), PATIENCE)?;
        let found = metadata.topics().iter().find(|found| found.name() == topic && found.error().is_none());
        Ok(found.map_or(0, |found| i32::try_from(found.partitions().len()).unwrap_or(i32::MAX)))
    }

    /// All committed records of a topic up to its end now, by partition; empty if it is not there.
    ///
    /// # Errors
    /// rdkafka's; [`KafkaError::Canceled`] if the end does not come.
    pub fn read(&self, topic: &str) -> KafkaResult<TopicRecords> {
        let count = self.partitions(topic)?;
        let consumer = self.consumer()?;
        let mut list = TopicPartitionList::new();
        for partition in 0..count {
            list.add_partition_offset(topic, partition, Offset::Beginning)?;
        }
        consumer.assign(&list)?;
        let mut records: TopicRecords = BTreeMap::new();
        let mut open = count;
        let mut last_news = Instant::now();
        while open > 0 {
            match consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => {
                    let partition = u32::try_from(message.partition()).unwrap_or(0);
                    records.entry(partition).or_default().push(raw(&message));
                    last_news = Instant::now();
                }
                Some(Err(KafkaError::PartitionEOF(_))) => open -= 1,
                Some(Err(error)) => return Err(error),
                None if last_news.elapsed() > PATIENCE => return Err(KafkaError::Canceled),
                None => {}
            }
        }
        Ok(records)
    }
}

impl Cluster {
    /// Makes a topic.
    ///
    /// # Errors
    /// rdkafka's.
    pub fn create(&self, topic: &str, partitions: i32) -> KafkaResult<()> {
        let admin: AdminClient<_> = ClientConfig::new().set("bootstrap.servers", &self.brokers).create()?;
        let topic = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        let created = block_on(admin.create_topics([&topic], &options))?;
        match created.into_iter().find_map(Result::err) {
            Some((_, code)) => Err(KafkaError::AdminOp(code)),
            None => Ok(()),
        }
    }

    /// Writes a record, and says at which offset it lies if nobody else writes there.
    ///
    /// # Errors
    /// rdkafka's.
    pub fn write(&self, topic: &str, partition: i32, value: &[u8]) -> KafkaResult<i64> {
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", &self.brokers)
            .set("compression.type", "lz4")
            .set("enable.idempotence", "true")
            .create()?;
        let record = BaseRecord::<(), [u8]>::to(topic).partition(partition).payload(value);
        producer.send(record).map_err(|(error, _)| error)?;
        producer.flush(PATIENCE)?;
        let (_, end) = self.consumer()?.fetch_watermarks(topic, partition, PATIENCE)?;
        Ok(end - 1)
    }
}

/// Waits for an answer of rdkafka, whose own threads bring it.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Looks at what a group commits.
pub struct CommitWatch {
    consumer: BaseConsumer,
    inputs: TopicPartitionList,
    results: String,
}

impl Cluster {
    /// Watches what `group` commits of `inputs`, beside the end of `results`.
    ///
    /// # Errors
    /// rdkafka's.
    pub fn watch_commits(&self, group: &str, inputs: &str, results: &str) -> KafkaResult<CommitWatch> {
        let consumer =
            ClientConfig::new().set("bootstrap.servers", &self.brokers).set("group.id", group).create()?;
        let mut list = TopicPartitionList::new();
        for partition in 0..self.partitions(inputs)? {
            list.add_partition(inputs, partition);
        }
        Ok(CommitWatch { consumer, inputs: list, results: results.to_owned() })
    }
}

impl CommitWatch {
    /// What is committed now, by partition; then where the results end.
    ///
    /// # Errors
    /// rdkafka's.
    pub fn look(&self) -> KafkaResult<BTreeMap<u32, Commit>> {
        let committed = self.consumer.committed_offsets(self.inputs.clone(), PATIENCE)?;
        let mut commits = BTreeMap::new();
        for element in committed.elements() {
            if let Offset::Offset(committed) = element.offset() {
                let partition = element.partition();
                let (_, results_end) = self.consumer.fetch_watermarks(&self.results, partition, PATIENCE)?;
                commits.insert(u32::try_from(partition).unwrap_or(0), Commit { results_end, committed });
            }
        }
        Ok(commits)
    }
}

fn raw(message: &impl Message) -> RawRecord {
    let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
    RawRecord {
        offset: message.offset(),
        timestamp: message.timestamp().to_millis().unwrap_or(-1),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: headers.map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec))).collect(),
    }
}
