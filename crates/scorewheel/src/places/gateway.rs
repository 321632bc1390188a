//! Topics of this process as requests over HTTP.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use scorewheel_http::{
    AppendedRange, GatewayError, NewTopic, PartitionRange, ReadRequest, RecordLine, RecordsGateway,
    RecordsRead, TopicView,
};
use scorewheel_topics::{
    Admin, Backend, Headers, ReaderEvent, ReaderOptions, RecordBatch, RecordView, StartPosition,
    TopicPartition, TopicSpec, TopicsError, Writer, WriterOptions, encode_header, partition_for_key,
};

/// A backend behind [`RecordsGateway`].
pub struct TopicsGateway {
    backend: Arc<dyn Backend>,
    admin: Box<dyn Admin>,
    writer: Mutex<Box<dyn Writer>>,
    /// Where the next records without key and partition go.
    next_partition: AtomicU32,
}

impl TopicsGateway {
    /// Opens the way to the topics of `backend`.
    ///
    /// # Errors
    /// As making an admin or a writer.
    pub fn new(backend: Arc<dyn Backend>) -> Result<Self, TopicsError> {
        let admin = backend.admin()?;
        let writer = Mutex::new(backend.writer(&WriterOptions::default())?);
        Ok(Self { backend, admin, writer, next_partition: AtomicU32::new(0) })
    }

    fn partitions(&self, topic: &str) -> Result<u32, GatewayError> {
        match self.admin.describe_topic(topic).map_err(failed)? {
            Some(topic) => Ok(topic.partitions),
            None => Err(failed(TopicsError::UnknownTopic { topic: topic.to_owned() })),
        }
    }
}

/// An error of topics as one of the gateway.
fn failed(error: TopicsError) -> GatewayError {
    let message = error.to_string();
    match error {
        TopicsError::UnknownTopic { .. } => GatewayError::UnknownTopic(message),
        TopicsError::UnknownPartition { .. } => GatewayError::UnknownPartition(message),
        TopicsError::TopicExists { .. } => GatewayError::Exists(message),
        TopicsError::TooLarge { .. } => GatewayError::TooLarge(message),
        TopicsError::OutOfRange { .. } => GatewayError::OutOfRange(message),
        TopicsError::Configuration { .. } => GatewayError::Invalid(message),
        TopicsError::Busy { .. } | TopicsError::Unreachable { .. } => GatewayError::Busy(message),
        TopicsError::Full { .. } => GatewayError::Full(message),
        _ => GatewayError::Failed(message),
    }
}

/// Milliseconds since the epoch, now.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl RecordsGateway for TopicsGateway {
    fn topics(&self) -> Result<Vec<TopicView>, GatewayError> {
        let topics = self.admin.topics().map_err(failed)?;
        Ok(topics
            .into_iter()
            .map(|topic| TopicView {
                name: topic.name,
                partitions: topic.partitions,
                config: BTreeMap::new(),
            })
            .collect())
    }

    fn topic(&self, topic: &str) -> Result<TopicView, GatewayError> {
        let partitions = self.partitions(topic)?;
        let config = self.admin.topic_config(topic).map_err(failed)?;
        let mut all = config.all;
        all.insert("max.message.bytes".into(), config.max_message_bytes.to_string());
        Ok(TopicView { name: topic.to_owned(), partitions, config: all })
    }

    fn create_topic(&self, topic: &NewTopic) -> Result<(), GatewayError> {
        let mut spec = TopicSpec::new(&topic.name, topic.partitions);
        for (name, value) in &topic.config {
            spec = spec.setting(name, value);
        }
        self.admin.create_topic(&spec).map_err(failed)
    }

    fn alter_topic(&self, topic: &str, config: &BTreeMap<String, String>) -> Result<(), GatewayError> {
        let settings: Vec<(&str, &str)> =
            config.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.admin.alter_topic_config(topic, &settings).map_err(failed)?;
        // The writer knows the limits of before.
        let writer = self.backend.writer(&WriterOptions::default()).map_err(failed)?;
        *self.writer.lock().unwrap_or_else(PoisonError::into_inner) = writer;
        Ok(())
    }

    fn range(&self, topic: &str, partition: u32) -> Result<PartitionRange, GatewayError> {
        let offsets = self.admin.offsets(&TopicPartition::new(topic, partition)).map_err(failed)?;
        Ok(PartitionRange {
            earliest: offsets.earliest,
            last_stable: offsets.last_stable,
            high_watermark: offsets.high_watermark,
        })
    }

    fn offset_for_timestamp(
        &self,
        topic: &str,
        partition: u32,
        timestamp: i64,
    ) -> Result<Option<i64>, GatewayError> {
        self.admin.offset_for_timestamp(&TopicPartition::new(topic, partition), timestamp).map_err(failed)
    }

    fn append(&self, topic: &str, records: Vec<RecordLine>) -> Result<Vec<AppendedRange>, GatewayError> {
        let partitions = self.partitions(topic)?;
        // All records of a request without key and partition stay together, and so in order.
        let unkeyed = self.next_partition.fetch_add(1, Ordering::Relaxed) % partitions.max(1);
        let topic: Arc<str> = topic.into();
        let mut touched: BTreeMap<u32, TopicPartition> = BTreeMap::new();
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut headers = Vec::new();
        for record in &records {
            let number = match (record.partition, &record.key) {
                (Some(partition), _) => partition,
                (None, Some(key)) => partition_for_key(key, partitions),
                (None, None) => unkeyed,
            };
            let partition =
                touched.entry(number).or_insert_with(|| TopicPartition::new(Arc::clone(&topic), number));
            headers.clear();
            for (name, value) in &record.headers {
                encode_header(&mut headers, name.as_bytes(), value.as_deref());
            }
            let view = RecordView {
                offset: 0,
                timestamp: record.timestamp.unwrap_or_else(now),
                key: record.key.as_deref(),
                value: record.value.as_deref(),
                headers: Headers::from_encoded(&headers),
            };
            let copied = writer.lend(partition).map_err(failed)?.copy(&view);
            if let Err(too_large) = copied {
                for partition in touched.values() {
                    if let Ok(buffer) = writer.lend(partition) {
                        buffer.clear();
                    }
                }
                return Err(failed(TopicsError::too_large(&topic, too_large)));
            }
        }
        writer.flush().map_err(failed)?;
        let written = writer.written().iter().filter(|written| {
            written.partition.topic() == &*topic && touched.contains_key(&written.partition.partition())
        });
        Ok(written
            .map(|written| AppendedRange {
                partition: written.partition.partition(),
                last_offset: written.last_offset,
            })
            .collect())
    }

    fn read(&self, request: &ReadRequest) -> Result<RecordsRead, GatewayError> {
        let options = ReaderOptions { batch_records: request.max_records, ..ReaderOptions::default() };
        let mut reader = self.backend.assigned_reader(&options).map_err(failed)?;
        let partition = TopicPartition::new(request.topic.as_str(), request.partition);
        reader.assign(&[(partition.clone(), StartPosition::Offset(request.offset))]).map_err(failed)?;
        let mut batch = RecordBatch::new();
        let deadline = Instant::now() + request.wait;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            // What is there already comes even without waiting.
            let event = reader.poll(left.max(Duration::from_millis(1)), &mut batch).map_err(failed)?;
            if event == ReaderEvent::Batch || left.is_zero() {
                break;
            }
        }
        let next_offset = reader.position(&partition).unwrap_or(request.offset);
        let records = batch.iter().map(|record| RecordLine {
            offset: Some(record.offset),
            partition: None,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: record
                .headers
                .into_iter()
                .map(|header| (header.name_text().into_owned(), header.value.map(<[u8]>::to_vec)))
                .collect(),
            timestamp: Some(record.timestamp),
        });
        Ok(RecordsRead { records: records.collect(), next_offset })
    }
}
