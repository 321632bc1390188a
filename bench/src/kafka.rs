//! A real Kafka beside the benchmark: topics, records to be scored, how far a group has come.

use std::error::Error;
use std::thread::sleep;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientConfig, TopicPartitionList};

const PATIENCE: Duration = Duration::from_secs(30);

/// A cluster by its bootstrap servers.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// `host:port`.
    pub brokers: String,
}

/// What a future of librdkafka's brings; it is made by a thread of its own, so looking now and then is enough.
fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        sleep(Duration::from_millis(2));
    }
}

impl Cluster {
    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers);
        config
    }

    fn admin(&self) -> Result<AdminClient<DefaultClientContext>, KafkaError> {
        self.config().create()
    }

    /// Makes a topic; one that is there stays.
    pub fn create(&self, topic: &str, partitions: i32) -> Result<(), Box<dyn Error>> {
        let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        for outcome in wait(self.admin()?.create_topics([&new], &options))? {
            match outcome {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((name, code)) => return Err(format!("{name} cannot be created: {code}").into()),
            }
        }
        Ok(())
    }

    /// Removes topics; those that are not there are none the less gone.
    pub fn delete(&self, topics: &[&str]) -> Result<(), Box<dyn Error>> {
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        wait(self.admin()?.delete_topics(topics, &options))?;
        Ok(())
    }

    /// Writes `count` of these values, over and over, to `partitions` partitions in turn.
    pub fn preload(
        &self,
        topic: &str,
        partitions: i32,
        values: &[Vec<u8>],
        count: u64,
    ) -> Result<(), Box<dyn Error>> {
        self.create(topic, partitions)?;
        let producer: BaseProducer = self
            .config()
            .set("compression.type", "lz4")
            .set("linger.ms", "20")
            .set("batch.size", "131072")
            .set("queue.buffering.max.messages", "1000000")
            .create()?;
        for (index, value) in (0..count).zip(values.iter().cycle()) {
            let partition = i32::try_from(index % u64::from(partitions.unsigned_abs()))?;
            let mut record = BaseRecord::<(), [u8]>::to(topic).partition(partition).payload(value);
            while let Err((error, back)) = producer.send(record) {
                if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                    return Err(error.into());
                }
                producer.poll(Duration::from_millis(10));
                record = back;
            }
            if index % 1000 == 0 {
                producer.poll(Duration::ZERO);
            }
        }
        producer.flush(PATIENCE)?;
        Ok(())
    }

    /// A producer that sends at once.
    pub fn writer(&self) -> Result<KafkaWriter, KafkaError> {
        let mut config = self.config();
        config.set("linger.ms", "1").set("compression.type", "lz4").set("message.max.bytes", "100000000");
        Ok(KafkaWriter { producer: config.set("queue.buffering.max.messages", "1000000").create()? })
    }

    /// A reader of what is committed to all partitions from now on.
    pub fn reader(&self, topic: &str, partitions: i32) -> Result<KafkaReader, KafkaError> {
        let mut config = self.config();
        config.set("group.id", "bench-reader").set("isolation.level", "read_committed");
        config.set("fetch.wait.max.ms", "10").set("enable.auto.commit", "false");
        let consumer: BaseConsumer = config.create()?;
        let mut list = TopicPartitionList::new();
        for partition in 0..partitions {
            list.add_partition_offset(topic, partition, rdkafka::Offset::End)?;
        }
        consumer.assign(&list)?;
        Ok(KafkaReader { consumer })
    }

    /// Asks how far a group has come in a topic.
    pub fn progress(&self, group: &str, topic: &str, partitions: i32) -> Result<Progress, KafkaError> {
        let consumer = self.config().set("group.id", group).create()?;
        let mut list = TopicPartitionList::new();
        for partition in 0..partitions {
            list.add_partition(topic, partition);
        }
        Ok(Progress { consumer, list })
    }

    /// Records of a topic that was written without transactions.
    pub fn length(&self, topic: &str, partitions: i32) -> Result<i64, KafkaError> {
        let consumer: BaseConsumer = self.config().create()?;
        (0..partitions).map(|partition| Ok(consumer.fetch_watermarks(topic, partition, PATIENCE)?.1)).sum()
    }
}

/// Reads the committed offsets of a group, in which it takes no part.
pub struct Progress {
    consumer: BaseConsumer,
    list: TopicPartitionList,
}

impl Progress {
    /// Records whose outcome is committed.
    pub fn records(&self) -> u64 {
        // The coordinator may still be looking for its state: nothing is committed then.
        let Ok(committed) = self.consumer.committed_offsets(self.list.clone(), PATIENCE) else { return 0 };
        let offsets = committed.elements().into_iter().filter_map(|element| element.offset().to_raw());
        offsets.filter_map(|offset| u64::try_from(offset).ok()).sum()
    }
}

/// A producer.
pub struct KafkaWriter {
    producer: BaseProducer,
}

impl KafkaWriter {
    /// Sends a record; waits only for room.
    pub fn send(&self, topic: &str, partition: i32, key: &[u8], value: &[u8]) -> Result<(), KafkaError> {
        let mut record = BaseRecord::<[u8], [u8]>::to(topic).partition(partition).key(key).payload(value);
        while let Err((error, back)) = self.producer.send(record) {
            if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                return Err(error);
            }
            self.producer.poll(Duration::from_millis(1));
            record = back;
        }
        self.producer.poll(Duration::ZERO);
        Ok(())
    }
}

/// A consumer.
pub struct KafkaReader {
    consumer: BaseConsumer,
}

impl KafkaReader {
    /// Gives the key of the next record, if one comes in time; true if it came.
    pub fn poll(&self, timeout: Duration, then: impl FnOnce(&[u8])) -> Result<bool, KafkaError> {
        let Some(message) = self.consumer.poll(timeout) else { return Ok(false) };
        let message = message?;
        then(message.key().unwrap_or_default());
        Ok(true)
    }
}
