//! What the model handler needs of the topics beyond the stream of control messages.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use scorewheel_serving::Rejection;
use scorewheel_topics::{
    AssignedReader, Backend, Offset, ReaderEvent, ReaderOptions, RecordBatch, StartPosition, Timestamp,
    TopicPartition, TopicsError, Writer, WriterOptions,
};

use crate::names::Names;

/// How long one poll waits, and how many in turn may bring nothing before a look at a topic is given up and tried
/// again later.
const POLL: Duration = Duration::from_millis(500);
const SILENT_POLLS: u32 = 20;

/// A record of the control log, with its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The producer's timestamp.
    pub timestamp: i64,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value.
    pub value: Option<Bytes>,
}

/// The topics, as the model handler asks them. Called on its own thread; calls may wait.
pub trait ControlAccess: Send {
    /// All records of the rejections topic, the latest of each key; none if there is no such topic.
    ///
    /// # Errors
    /// [`TopicsError`].
    fn rejections(&mut self) -> Result<Vec<Rejection>, TopicsError>;

    /// Writes a record of the rejections topic with this timestamp, and returns when it is there for good.
    ///
    /// # Errors
    /// [`TopicsError`]; it is tried again.
    fn reject(&mut self, rejection: &Rejection, now: Timestamp) -> Result<(), TopicsError>;

    /// The record of the control log at `offset`; `None` if it is gone.
    ///
    /// # Errors
    /// [`TopicsError`]; it is tried again.
    fn message(&mut self, offset: Offset) -> Result<Option<Message>, TopicsError>;

    /// The end of the control log, trailing markers included; `None` if that cannot be asked.
    ///
    /// # Errors
    /// [`TopicsError`].
    fn end(&mut self) -> Result<Option<Offset>, TopicsError>;

    /// Metadata of the group's committed offsets of the records topic.
    ///
    /// # Errors
    /// [`TopicsError`].
    fn committed_metadata(&mut self) -> Result<Vec<Vec<u8>>, TopicsError>;
}

/// The topics of a backend.
pub struct TopicsAccess {
    backend: Arc<dyn Backend>,
    group: String,
    records: Arc<str>,
    models: TopicPartition,
    rejections: TopicPartition,
    reader: Option<Box<dyn AssignedReader>>,
    writer: Option<Box<dyn Writer>>,
}

impl TopicsAccess {
    /// Access to the topics of these names; `group` is the consumer group of the application.
    #[must_use]
    pub fn new(backend: Arc<dyn Backend>, names: &Names, group: &str) -> Self {
        Self {
            backend,
            group: group.to_owned(),
            records: Arc::clone(&names.records),
            models: TopicPartition::new(Arc::clone(&names.models), 0),
            rejections: TopicPartition::new(Arc::clone(&names.rejections), 0),
            reader: None,
            writer: None,
        }
    }

    fn reader(&mut self) -> Result<&mut dyn AssignedReader, TopicsError> {
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => self.backend.assigned_reader(&ReaderOptions::default())?,
        };
        Ok(&mut **self.reader.insert(reader))
    }

    /// Reads from `start` to the end that the partition has now; stops early when `take` answers false.
    fn read(
        &mut self,
        partition: &TopicPartition,
        start: StartPosition,
        take: &mut dyn FnMut(&RecordBatch) -> bool,
    ) -> Result<(), TopicsError> {
        let reader = self.reader()?;
        reader.assign(&[(partition.clone(), start)])?;
        let end = reader.end_offset(partition)?;
        let mut batch = RecordBatch::new();
        let mut silent = 0;
        loop {
            if reader.position(partition).is_some_and(|position| position >= end) {
                break;
            }
            match reader.poll(POLL, &mut batch)? {
                ReaderEvent::Batch if take(&batch) => silent = 0,
                ReaderEvent::Batch => break,
                ReaderEvent::EndOfPartition(_) => {}
                ReaderEvent::Nothing if silent < SILENT_POLLS => silent += 1,
                ReaderEvent::Nothing => {
                    self.reader = None;
                    let reason = format!("{partition} could not be read to its end at {end}");
                    return Err(TopicsError::Unreachable { reason });
                }
            }
        }
        // Fetching ahead of what nobody reads would only cost memory.
        self.reader = None;
        Ok(())
    }
}

impl ControlAccess for TopicsAccess {
    fn rejections(&mut self) -> Result<Vec<Rejection>, TopicsError> {
        if self.backend.admin()?.describe_topic(self.rejections.topic())?.is_none() {
            return Ok(Vec::new());
        }
        let mut latest = BTreeMap::new();
        let partition = self.rejections.clone();
        self.read(&partition, StartPosition::Earliest, &mut |batch| {
            for record in batch.iter() {
                let rejection = record.value.and_then(|value| Rejection::read(record.key, value));
                match (record.key, rejection) {
                    (Some(key), Some(rejection)) => _ = latest.insert(key.to_vec(), rejection),
                    (Some(key), None) => _ = latest.remove(key),
                    (None, _) => {}
                }
            }
            true
        })?;
        Ok(latest.into_values().collect())
    }

    fn reject(&mut self, rejection: &Rejection, now: Timestamp) -> Result<(), TopicsError> {
        let mut writer = match self.writer.take() {
            Some(writer) => writer,
            None => self.backend.writer(&WriterOptions::default())?,
        };
        let mut record = writer.lend(&self.rejections)?.record(now, Some(rejection.key().as_bytes()));
        record.value().extend_from_slice(&rejection.value());
        record.finish().map_err(|error| TopicsError::too_large(self.rejections.topic(), error))?;
        writer.flush()?;
        self.writer = Some(writer);
        Ok(())
    }

    fn message(&mut self, offset: Offset) -> Result<Option<Message>, TopicsError> {
        let partition = self.models.clone();
        let range = self.backend.admin()?.offsets(&partition)?;
        if offset < range.earliest || offset >= range.high_watermark {
            return Ok(None);
        }
        let mut found = None;
        self.read(&partition, StartPosition::Offset(offset), &mut |batch| {
            found = batch.iter().find(|record| record.offset == offset).map(|record| Message {
                timestamp: record.timestamp,
                key: record.key.map(<[u8]>::to_vec),
                value: record.value.map(Bytes::copy_from_slice),
            });
            // Records come in order: one that is not in the first batch is gone.
            false
        })?;
        Ok(found)
    }

    fn end(&mut self) -> Result<Option<Offset>, TopicsError> {
        Ok(Some(self.backend.admin()?.offsets(&self.models)?.last_stable))
    }

    fn committed_metadata(&mut self) -> Result<Vec<Vec<u8>>, TopicsError> {
        let admin = self.backend.admin()?;
        let Some(topic) = admin.describe_topic(&self.records)? else { return Ok(Vec::new()) };
        let partitions: Vec<TopicPartition> = (0..topic.partitions)
            .map(|partition| TopicPartition::new(Arc::clone(&self.records), partition))
            .collect();
        let committed = admin.committed_offsets(&self.group, &partitions)?;
        Ok(committed.into_iter().flatten().map(|committed| committed.metadata).collect())
    }
}
