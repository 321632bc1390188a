//! What the behaviours share: a backend under test, ways to write and read, and a member of a group that records
//! what happens to it.

use std::collections::BTreeSet;
use std::time::Duration;

use scorewheel_topics::{
    AssignedReader, Backend, GroupEvent, GroupOptions, GroupReader, Isolation, Offset, OffsetCommit,
    ReaderEvent, ReaderOptions, RecordBatch, StartPosition, Timestamp, TopicPartition, TopicSpec,
    TopicsError, TransactionOptions, TransactionalWriter, WriterOptions,
};

/// A backend under test.
pub trait Harness {
    /// The backend.
    fn backend(&self) -> &dyn Backend;

    /// A name that no other test uses.
    fn unique(&self, hint: &str) -> String;

    /// Lets time pass for whatever waits for it.
    fn pass(&self, time: Duration);

    /// Compacts a topic now, or waits until it is.
    fn compact(&self, topic: &str);

    /// The settings of a compacted topic that is compacted soon.
    fn compacted(&self, spec: TopicSpec) -> TopicSpec;

    /// How long one poll waits.
    fn poll_time(&self) -> Duration;
}

/// Polls up to so many times before it gives up.
const PATIENCE: usize = 600;

/// A record, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    pub offset: Offset,
    pub timestamp: Timestamp,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

/// All records of a batch.
pub fn owned(batch: &RecordBatch) -> impl Iterator<Item = Owned> + '_ {
    batch.iter().map(|record| Owned {
        offset: record.offset,
        timestamp: record.timestamp,
        key: record.key.map(<[u8]>::to_vec),
        value: record.value.map(<[u8]>::to_vec),
        headers: record.headers.iter().map(|h| (h.name.to_vec(), h.value.map(<[u8]>::to_vec))).collect(),
    })
}

/// The values of records as text.
pub fn values(records: &[Owned]) -> Vec<String> {
    records
        .iter()
        .map(|record| String::from_utf8(record.value.clone().unwrap_or_default()).unwrap())
        .collect()
}

/// A new topic.
pub fn topic(harness: &dyn Harness, hint: &str, partitions: u32) -> String {
    // Timestamps of these tests are small numbers: retention by age would take the records at once.
    create(harness, &TopicSpec::new(harness.unique(hint), partitions).keep_for_ever())
}

/// A new topic of this kind.
pub fn create(harness: &dyn Harness, spec: &TopicSpec) -> String {
    harness.backend().admin().unwrap().create_topic(spec).unwrap();
    spec.name.clone()
}

/// Writes values with their number, from 1, as timestamp and no key.
pub fn write(harness: &dyn Harness, partition: &TopicPartition, values: &[&str]) {
    let mut writer = harness.backend().writer(&WriterOptions::default()).unwrap();
    for (timestamp, value) in (1..).zip(values) {
        let mut record = writer.lend(partition).unwrap().record(timestamp, None);
        record.value().extend_from_slice(value.as_bytes());
        record.finish().unwrap();
    }
    writer.flush().unwrap();
}

/// A transactional writer, initialised.
pub fn transactional(harness: &dyn Harness, id: &str) -> Box<dyn TransactionalWriter> {
    let mut writer = harness.backend().transactional_writer(&TransactionOptions::new(id)).unwrap();
    writer.initialise().unwrap();
    writer
}

/// Puts values into a writer's open transaction.
pub fn put(writer: &mut dyn TransactionalWriter, partition: &TopicPartition, values: &[&str]) {
    for value in values {
        let mut record = writer.lend(partition).unwrap().record(1, Some(value.as_bytes()));
        record.value().extend_from_slice(value.as_bytes());
        record.finish().unwrap();
    }
}

/// A whole transaction with one partition.
pub fn commit(writer: &mut dyn TransactionalWriter, partition: &TopicPartition, values: &[&str]) {
    writer.begin().unwrap();
    put(writer, partition, values);
    writer.commit().unwrap();
}

/// A reader of one partition.
pub fn reader(
    harness: &dyn Harness,
    partition: &TopicPartition,
    start: StartPosition,
    isolation: Isolation,
) -> Box<dyn AssignedReader> {
    let options = ReaderOptions { isolation, ..ReaderOptions::default() };
    let mut reader = harness.backend().assigned_reader(&options).unwrap();
    reader.assign(&[(partition.clone(), start)]).unwrap();
    reader
}

/// Everything up to the end.
pub fn read_to_end(
    harness: &dyn Harness,
    reader: &mut dyn AssignedReader,
    partition: &TopicPartition,
) -> Result<Vec<Owned>, TopicsError> {
    let mut batch = RecordBatch::new();
    let mut found: Vec<Owned> = Vec::new();
    for _ in 0..PATIENCE {
        match reader.poll(harness.poll_time(), &mut batch)? {
            ReaderEvent::Batch => {
                assert_eq!(batch.source(), partition);
                assert!(!batch.is_empty());
                found.extend(owned(&batch));
                assert!(batch.next_offset() > found.last().unwrap().offset);
                assert_eq!(reader.position(partition), Some(batch.next_offset()));
            }
            ReaderEvent::EndOfPartition(ended) => {
                assert_eq!(ended, *partition);
                assert!(batch.is_empty());
                assert!(found.is_sorted_by_key(|record| record.offset), "records come in offset order");
                return Ok(found);
            }
            ReaderEvent::Nothing => harness.pass(Duration::from_millis(10)),
        }
    }
    panic!("the end of {partition} was never reached; {} records were", found.len());
}

/// Everything that a committed-only reader sees.
pub fn read(harness: &dyn Harness, partition: &TopicPartition) -> Vec<Owned> {
    let mut reader = reader(harness, partition, StartPosition::Earliest, Isolation::Committed);
    read_to_end(harness, reader.as_mut(), partition).unwrap()
}

/// An offset to commit.
pub fn offset(partition: &TopicPartition, offset: Offset, metadata: &str) -> OffsetCommit {
    OffsetCommit { partition: partition.clone(), offset, metadata: metadata.to_owned() }
}

/// A member of a group that takes on and lets go as it is told, and records what happens.
pub struct Member {
    pub reader: Box<dyn GroupReader>,
    pub batch: RecordBatch,
    pub records: Vec<(TopicPartition, Owned)>,
    pub assigned: Vec<TopicPartition>,
    pub revoked: Vec<TopicPartition>,
    pub lost: Vec<TopicPartition>,
    /// Commit what was read outside a transaction before letting partitions go.
    pub commits: bool,
}

impl Member {
    pub fn new(harness: &dyn Harness, client: &str, group: &str, topics: &[&str]) -> Self {
        let mut options = GroupOptions::new(group, topics);
        options.reader.client_id = client.to_owned();
        Self::with_options(harness, &options)
    }

    pub fn with_options(harness: &dyn Harness, options: &GroupOptions) -> Self {
        Self {
            reader: harness.backend().group_reader(options).unwrap(),
            batch: RecordBatch::new(),
            records: Vec::new(),
            assigned: Vec::new(),
            revoked: Vec::new(),
            lost: Vec::new(),
            commits: true,
        }
    }

    /// One poll.
    pub fn step(&mut self, harness: &dyn Harness) -> GroupEvent {
        let event = self.reader.poll(harness.poll_time(), &mut self.batch).unwrap();
        self.react(harness, &event);
        event
    }

    pub fn react(&mut self, harness: &dyn Harness, event: &GroupEvent) {
        match event {
            GroupEvent::Batch => {
                let source = self.batch.source().clone();
                self.records.extend(owned(&self.batch).map(|record| (source.clone(), record)));
                assert_eq!(self.reader.position(&source), Some(self.batch.next_offset()));
            }
            GroupEvent::Assigned(partitions) => {
                self.assigned.extend(partitions.iter().cloned());
                self.take_on(partitions);
            }
            GroupEvent::Revoked(partitions) => {
                self.revoked.extend(partitions.iter().cloned());
                if self.commits {
                    let offsets: Vec<_> = partitions
                        .iter()
                        .filter_map(|partition| Some(offset(partition, self.reader.position(partition)?, "")))
                        .collect();
                    self.reader.commit(&offsets).unwrap();
                }
                self.reader.acknowledge_revoked().unwrap();
            }
            GroupEvent::Lost(partitions) => {
                self.lost.extend(partitions.iter().cloned());
                self.reader.acknowledge_revoked().unwrap();
            }
            GroupEvent::Nothing => harness.pass(Duration::from_millis(10)),
        }
    }

    /// Takes partitions on from their committed offsets, else from the beginning.
    pub fn take_on(&mut self, partitions: &[TopicPartition]) {
        let committed = self.reader.committed(partitions).unwrap();
        let starts: Vec<_> = partitions
            .iter()
            .zip(committed)
            .map(|(partition, committed)| {
                let start =
                    committed.map_or(StartPosition::Earliest, |found| StartPosition::Offset(found.offset));
                (partition.clone(), start)
            })
            .collect();
        self.reader.acknowledge_assigned(&starts).unwrap();
    }

    pub fn assignment(&self) -> BTreeSet<u32> {
        self.reader.assignment().iter().map(TopicPartition::partition).collect()
    }
}

/// Polls all members in turn until something holds.
pub fn drive(
    harness: &dyn Harness,
    members: &mut [&mut Member],
    mut done: impl FnMut(&[&mut Member]) -> bool,
) {
    for _ in 0..PATIENCE {
        if done(members) {
            return;
        }
        for member in members.iter_mut() {
            member.step(harness);
        }
    }
    let state: Vec<_> = members.iter().map(|member| (member.assignment(), member.records.len())).collect();
    panic!("what was waited for never came; assignments and records: {state:?}");
}
