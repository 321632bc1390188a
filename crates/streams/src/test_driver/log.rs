//! The driver's topics: what was committed, and what is on its way.

use std::collections::BTreeMap;

use scorewheel_topics::{
    CommittedOffset, Headers, Offset, OffsetCommit, RecordBatch, RecordBuffer, RecordView, Timestamp,
    TopicPartition, TopicsError, encode_header,
};

use super::record::TestRecord;
use crate::task::Lender;

/// The records of one partition, with the offsets that Kafka would give them: a transaction's end takes one, aborted
/// records take theirs.
#[derive(Debug, Default)]
struct Log {
    records: RecordBatch,
    end: Offset,
}

#[derive(Debug, Default)]
pub(super) struct Topics {
    logs: BTreeMap<TopicPartition, Log>,
    pending: BTreeMap<TopicPartition, RecordBuffer>,
    limits: BTreeMap<String, usize>,
    committed: BTreeMap<TopicPartition, CommittedOffset>,
}

impl Topics {
    pub fn limit(&mut self, topic: &str, bytes: usize) {
        self.limits.insert(topic.into(), bytes);
        for (partition, buffer) in &mut self.pending {
            if partition.topic() == topic {
                buffer.set_limit(Some(bytes));
            }
        }
    }

    /// Appends a record from outside.
    pub fn append(&mut self, partition: &TopicPartition, record: &TestRecord, now: Timestamp) -> Offset {
        let mut headers = Vec::new();
        for (name, value) in &record.headers {
            encode_header(&mut headers, name.as_bytes(), value.as_deref());
        }
        let log = self.logs.entry(partition.clone()).or_default();
        let offset = log.end;
        log.records.push(&RecordView {
            offset,
            timestamp: record.timestamp.unwrap_or(now),
            key: record.key.as_deref(),
            value: record.value.as_deref(),
            headers: Headers::from_encoded(&headers),
        });
        log.end += 1;
        offset
    }

    /// Leaves offsets without records, as compaction and transactions do.
    pub fn skip(&mut self, partition: &TopicPartition, offsets: Offset) {
        self.logs.entry(partition.clone()).or_default().end += offsets;
    }

    pub fn end(&self, partition: &TopicPartition) -> Offset {
        self.logs.get(partition).map_or(0, |log| log.end)
    }

    /// The committed records of a partition from an offset on.
    pub fn read(&self, partition: &TopicPartition, from: Offset) -> impl Iterator<Item = RecordView<'_>> {
        let records = self.logs.get(partition).map(|log| log.records.iter());
        records.into_iter().flatten().skip_while(move |record| record.offset < from)
    }

    /// The partitions of a topic that hold anything.
    pub fn partitions(&self, topic: &str) -> impl Iterator<Item = &TopicPartition> {
        self.logs.keys().filter(move |partition| partition.topic() == topic)
    }

    pub fn committed(&self, partition: &TopicPartition) -> Option<&CommittedOffset> {
        self.committed.get(partition)
    }

    /// Ends the transaction; answers where each partition's last record was written.
    pub fn commit(&mut self, offsets: Vec<OffsetCommit>) -> BTreeMap<TopicPartition, Offset> {
        let mut written = BTreeMap::new();
        for (partition, buffer) in self.pending.iter_mut().filter(|(_, buffer)| !buffer.is_empty()) {
            let log = self.logs.entry(partition.clone()).or_default();
            for record in buffer.iter() {
                log.records.push(&RecordView { offset: log.end, ..record });
                log.end += 1;
            }
            written.insert(partition.clone(), log.end);
            log.end += 1;
            buffer.clear();
        }
        for OffsetCommit { partition, offset, metadata } in offsets {
            self.committed.insert(partition, CommittedOffset { offset, metadata: metadata.into_bytes() });
        }
        written
    }

    pub fn abort(&mut self) {
        for (partition, buffer) in self.pending.iter_mut().filter(|(_, buffer)| !buffer.is_empty()) {
            let burnt = Offset::try_from(buffer.len()).unwrap_or(Offset::MAX - 1) + 1;
            self.logs.entry(partition.clone()).or_default().end += burnt;
            buffer.clear();
        }
    }
}

impl Lender for Topics {
    fn lend(&mut self, partition: &TopicPartition) -> Result<&mut RecordBuffer, TopicsError> {
        let limits = &self.limits;
        Ok(self.pending.entry(partition.clone()).or_insert_with(|| {
            let mut buffer = RecordBuffer::new();
            buffer.set_limit(limits.get(partition.topic()).copied());
            buffer
        }))
    }
}
