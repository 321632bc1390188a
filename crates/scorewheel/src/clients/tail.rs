//! A topic read from a position, over all its partitions.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Duration;

use scorewheel_topics::{
    AssignedReader, Backend, Offset, ReaderEvent, ReaderOptions, RecordBatch, StartPosition, Timestamp,
    TopicPartition, TopicsError,
};

/// How long one wait for records lasts; between two of them the caller may stop.
const WAIT: Duration = Duration::from_millis(200);

/// Where to begin, as `-o` says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TailStart {
    /// `start`: at the first record.
    #[default]
    Start,
    /// `end`: with what comes from now on.
    End,
    /// `@<milliseconds>`: at the first record of this time or later.
    At(Timestamp),
    /// A number: at this offset in every partition.
    Offset(Offset),
}

impl FromStr for TailStart {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad =
            || format!("{text:?} is no position; write start, end, @<milliseconds since 1970> or an offset");
        match text {
            "start" => Ok(Self::Start),
            "end" => Ok(Self::End),
            _ => match text.strip_prefix('@') {
                Some(time) => time.parse().ok().filter(|time| *time >= 0).map(Self::At).ok_or_else(bad),
                None => text.parse().ok().filter(|offset| *offset >= 0).map(Self::Offset).ok_or_else(bad),
            },
        }
    }
}

impl TailStart {
    fn position(self) -> StartPosition {
        match self {
            Self::Start => StartPosition::Earliest,
            Self::End => StartPosition::Latest,
            Self::At(timestamp) => StartPosition::Timestamp(timestamp),
            Self::Offset(offset) => StartPosition::Offset(offset),
        }
    }
}

/// A topic being read.
pub struct Tail {
    reader: Box<dyn AssignedReader>,
    batch: RecordBatch,
    /// Partitions of which the end, as it was at the beginning, is not reached yet.
    open: BTreeSet<u32>,
}

impl Tail {
    /// Begins reading all partitions of `topic`, or one of them.
    ///
    /// # Errors
    /// [`TopicsError::UnknownTopic`], [`TopicsError::UnknownPartition`], and those of reading.
    pub fn open(
        backend: &dyn Backend,
        topic: &str,
        partition: Option<u32>,
        start: TailStart,
    ) -> Result<Self, TopicsError> {
        let unknown = || TopicsError::UnknownTopic { topic: topic.to_owned() };
        let count = backend.admin()?.describe_topic(topic)?.ok_or_else(unknown)?.partitions;
        let partitions: Vec<u32> = match partition {
            Some(partition) if partition >= count => {
                return Err(TopicsError::UnknownPartition {
                    partition: TopicPartition::new(topic, partition),
                });
            }
            Some(partition) => vec![partition],
            None => (0..count).collect(),
        };
        let mut reader = backend.assigned_reader(&ReaderOptions::default())?;
        let assignment: Vec<(TopicPartition, StartPosition)> =
            partitions.iter().map(|number| (TopicPartition::new(topic, *number), start.position())).collect();
        reader.assign(&assignment)?;
        Ok(Self { reader, batch: RecordBatch::new(), open: partitions.into_iter().collect() })
    }

    /// The next records of one partition; `None` if nothing came for a moment.
    ///
    /// # Errors
    /// Those of reading.
    pub fn next_batch(&mut self) -> Result<Option<&RecordBatch>, TopicsError> {
        match self.reader.poll(WAIT, &mut self.batch)? {
            ReaderEvent::Batch => Ok(Some(&self.batch)),
            ReaderEvent::EndOfPartition(partition) => {
                self.open.remove(&partition.partition());
                Ok(None)
            }
            ReaderEvent::Nothing => Ok(None),
        }
    }

    /// True once the end of every partition was reached.
    #[must_use]
    pub fn at_end(&self) -> bool {
        self.open.is_empty()
    }
}
