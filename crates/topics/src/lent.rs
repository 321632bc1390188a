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
    buffers: Vec<Lent>,
}

#[derive(Debug)]
struct Lent {
    partition: TopicPartition,
    buffer: RecordBuffer,
    limit_is_known: bool,
}

impl LentBuffers {
    /// The buffer of a partition; `limit` is asked for the size limit when it is not known yet.
    pub fn lend(
        &mut self,
        partition: &TopicPartition,
        limit: impl FnOnce() -> Result<Option<usize>, TopicsError>,
    ) -> Result<&mut RecordBuffer, TopicsError> {
        let index = match self.by_partition.get(partition) {
            Some(index) if self.buffers[*index].limit_is_known => *index,
            Some(index) => {
                let lent = &mut self.buffers[*index];
                lent.buffer.set_limit(limit()?);
                lent.limit_is_known = true;
                *index
            }
            None => {
                let mut buffer = RecordBuffer::new();
                buffer.set_limit(limit()?);
                self.by_partition.insert(partition.clone(), self.buffers.len());
                self.buffers.push(Lent { partition: partition.clone(), buffer, limit_is_known: true });
                self.buffers.len() - 1
            }
        };
        Ok(&mut self.buffers[index].buffer)
    }

    /// The buffers that hold records, each with its number, which stays the same.
    pub fn filled(&mut self) -> impl Iterator<Item = (usize, &TopicPartition, &mut RecordBuffer)> {
        let filled = self.buffers.iter_mut().enumerate().filter(|(_, lent)| !lent.buffer.is_empty());
        filled.map(|(index, lent)| (index, &lent.partition, &mut lent.buffer))
    }

    /// True if no buffer holds a record.
    pub fn is_empty(&self) -> bool {
        self.buffers.iter().all(|lent| lent.buffer.is_empty())
    }

    /// Empties all buffers.
    pub fn clear(&mut self) {
        self.buffers.iter_mut().for_each(|lent| lent.buffer.clear());
    }

    /// Limits are asked for anew.
    pub fn forget_limits(&mut self) {
        self.buffers.iter_mut().for_each(|lent| lent.limit_is_known = false);
    }
}

/// Notes an acknowledged offset.
pub(crate) fn note_written(written: &mut Vec<Written>, partition: &TopicPartition, last_offset: Offset) {
    match written.iter_mut().find(|written| written.partition == *partition) {
        Some(written) => written.last_offset = written.last_offset.max(last_offset),
        None => written.push(Written { partition: partition.clone(), last_offset }),
    }
}
