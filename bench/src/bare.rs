//! The floor under a pipeline on librdkafka: consume, produce what results would be, commit in transactions; nothing is
//! decoded or scored. Settings and commit interval are those of `crates/topics` and `run`.

use std::error::Error;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::types::RDKafkaErrorCode;

use crate::work::{Style, Work};

const COMMIT: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs until it is killed. `style` and `model` say what the results are.
pub fn run(
    brokers: &str,
    input: &str,
    output: &str,
    group: &str,
    model: &str,
    style: &str,
) -> Result<(), Box<dyn Error>> {
    let style = Style::of_name(style)?;
    let results = Work::new(model.as_ref(), style)?.results()?;
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", group)
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("isolation.level", "read_committed")
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("check.crcs", "true")
        .set("queued.min.messages", "100000")
        .set("queued.max.messages.kbytes", "32768")
        .set("fetch.queue.backoff.ms", "10")
        .set("max.partition.fetch.bytes", "1048576")
        .set("fetch.max.bytes", "8388608")
        .create()?;
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("transactional.id", group)
        .set("transaction.timeout.ms", "10000")
        .set("linger.ms", "5")
        .set("batch.size", "1000000")
        .set("compression.type", "lz4")
        .set("queue.buffering.max.messages", "1000000")
        .set("queue.buffering.max.kbytes", "98304")
        .create()?;
    producer.init_transactions(PATIENCE)?;
    consumer.subscribe(&[input])?;
    let mut turn = results.iter().cycle();
    loop {
        producer.begin_transaction()?;
        let end = Instant::now() + COMMIT;
        let mut places = Vec::new();
        while let Some(rest) = end.checked_duration_since(Instant::now()) {
            let message = match consumer.poll(rest) {
                None => continue,
                Some(message) => message?,
            };
            let Some((value, lineage)) = turn.next() else { return Err("there are no results".into()) };
            let mut record = BaseRecord::<[u8], [u8]>::to(output)
                .partition(message.partition())
                .timestamp(message.timestamp().to_millis().unwrap_or_default())
                .payload(value);
            if let Some(key) = message.key() {
                record = record.key(key);
            }
            if !lineage.is_empty() {
                let header = Header { key: scorewheel_codecs::LINEAGE_HEADER, value: Some(lineage) };
                record = record.headers(OwnedHeaders::new().insert(header));
            }
            while let Err((error, back)) = producer.send(record) {
                if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                    return Err(error.into());
                }
                producer.poll(Duration::from_millis(5));
                record = back;
            }
            let place = usize::try_from(message.partition())?;
            if places.len() <= place {
                places.resize(place + 1, None);
            }
            places[place] = Some(message.offset() + 1);
        }
        commit(&consumer, &producer, input, &places)?;
    }
}

fn commit(
    consumer: &BaseConsumer,
    producer: &BaseProducer,
    input: &str,
    places: &[Option<i64>],
) -> Result<(), Box<dyn Error>> {
    let mut offsets = rdkafka::TopicPartitionList::new();
    for (partition, offset) in places.iter().enumerate() {
        if let Some(offset) = offset {
            offsets.add_partition_offset(
                input,
                i32::try_from(partition)?,
                rdkafka::Offset::Offset(*offset),
            )?;
        }
    }
    // librdkafka's own waiting inside of a commit costs up to 100 ms, so the queue is emptied before.
    while producer.in_flight_count() > 0 {
        match producer.flush(Duration::from_millis(1)) {
            Ok(()) | Err(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if offsets.count() > 0 {
        let metadata = consumer.group_metadata().ok_or("a consumer without a group")?;
        producer.send_offsets_to_transaction(&offsets, &metadata, PATIENCE)?;
    }
    producer.commit_transaction(PATIENCE)?;
    Ok(())
}
