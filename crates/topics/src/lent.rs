//! The buffers that a writer lends: one a partition, kept from flush to flush.

use std::collections::HashMap;

use crate::buffer::RecordBuffer;
use crate::error::TopicsError;
use crate::partition::{Offset, TopicPartition};
use crate::writer::Written;

/// The buffers of one writer.
#[derive(Debug, Default)]
pub(crate) struct LentBuffers {
    by_partition: HashMap<TopicPartition, usize>,
    buffers: Vec<(TopicPartition, RecordBuffer)>,
}

impl LentBuffers {
    /// The buffer of a partition; `limit` is asked for the size limit when there is none yet.
    pub fn lend(
        &mut self,
        partition: &TopicPartition,
        limit: impl FnOnce() -> Result<Option<usize>, TopicsError>,
    ) -> Result<&mut RecordBuffer, TopicsError> {
        let index = match self.by_partition.get(partition) {
            Some(index) => *index,
            None => {
                let mut buffer = RecordBuffer::new();
                buffer.set_limit(limit()?);
                self.by_partition.insert(partition.clone(), self.buffers.len());
                self.buffers.push((partition.clone(), buffer));
                self.buffers.len() - 1
            }
        };
        Ok(&mut self.buffers[index].1)
    }

    /// The buffers that hold records.
    pub fn filled(&mut self) -> impl Iterator<Item = (&TopicPartition, &mut RecordBuffer)> {
        self.buffers
            .iter_mut()
            .filter(|(_, buffer)| !buffer.is_empty())
            .map(|(partition, buffer)| (&*partition, buffer))
    }

    /// True if no buffer holds a record.
    pub fn is_empty(&self) -> bool {
        self.buffers.iter().all(|(_, buffer)| buffer.is_empty())
    }

    /// Empties all buffers.
    pub fn clear(&mut self) {
        self.buffers.iter_mut().for_each(|(_, buffer)| buffer.clear());
    }

    /// Forgets the buffers of a topic, so that its limit is asked for anew.
    pub fn forget_limits(&mut self) {
        self.by_partition.clear();
        self.buffers.clear();
    }
}

/// Notes an acknowledged offset.
pub(crate) fn note_written(written: &mut Vec<Written>, partition: &TopicPartition, last_offset: Offset) {
    match written.iter_mut().find(|written| written.partition == *partition) {
        Some(written) => written.last_offset = written.last_offset.max(last_offset),
        None => written.push(Written { partition: partition.clone(), last_offset }),
    }
}
