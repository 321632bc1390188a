//! A task: one sub-topology at work on one input partition, without threads or log.

mod graph;
mod metadata;
mod node;
#[expect(clippy::module_inception, reason = "the struct of the folder's name")]
mod task;

pub(crate) use metadata::{Metadata, OffsetMetadata};
pub(crate) use task::{BatchOutcome, NewTask, Task};

use scorewheel_topics::{RecordBuffer, TopicPartition, TopicsError, TransactionalWriter, Writer};

/// Whoever lends the buffers that outputs and changelogs are written to.
pub(crate) trait Lender {
    fn lend(&mut self, partition: &TopicPartition) -> Result<&mut RecordBuffer, TopicsError>;
}

impl Lender for dyn TransactionalWriter + '_ {
    fn lend(&mut self, partition: &TopicPartition) -> Result<&mut RecordBuffer, TopicsError> {
        TransactionalWriter::lend(self, partition)
    }
}

impl Lender for dyn Writer + '_ {
    fn lend(&mut self, partition: &TopicPartition) -> Result<&mut RecordBuffer, TopicsError> {
        Writer::lend(self, partition)
    }
}
