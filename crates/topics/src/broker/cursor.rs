//! A reader's place in a partition.

use super::log::ReadLimits;
use super::shared::State;
use crate::batch::RecordBatch;
use crate::error::TopicsError;
use crate::options::ReaderOptions;
use crate::partition::{Isolation, Offset, TopicPartition};

/// A reader's place in a partition.
#[derive(Clone, Debug)]
pub(super) struct Cursor {
    pub partition: TopicPartition,
    pub position: Offset,
    pub paused: bool,
    /// The end was reached and said.
    pub said_end: bool,
}

impl Cursor {
    pub fn new(partition: TopicPartition, position: Offset) -> Self {
        Self { partition, position, paused: false, said_end: false }
    }

    pub fn seek(&mut self, position: Offset) {
        self.position = position;
        self.said_end = false;
    }
}

/// What reading the next partition in turn brought.
pub(super) enum Found {
    Batch,
    End(TopicPartition),
    Nothing,
}

/// A reader's places, served in turn.
#[derive(Debug, Default)]
pub(super) struct Cursors {
    pub all: Vec<Cursor>,
    next: usize,
}

impl Cursors {
    pub fn get(&self, partition: &TopicPartition) -> Option<&Cursor> {
        self.all.iter().find(|cursor| cursor.partition == *partition)
    }

    pub fn get_mut(
        &mut self,
        operation: &'static str,
        partition: &TopicPartition,
    ) -> Result<&mut Cursor, TopicsError> {
        let cursor = self.all.iter_mut().find(|cursor| cursor.partition == *partition);
        cursor.ok_or_else(|| TopicsError::Misuse {
            operation,
            reason: format!("{partition} is not assigned to this reader"),
        })
    }

    /// Reads from the first partition, in turn, that has something.
    pub fn read(
        &mut self,
        state: &State,
        options: &ReaderOptions,
        batch: &mut RecordBatch,
    ) -> Result<Found, TopicsError> {
        let isolation: Isolation = options.isolation;
        let limits = ReadLimits { records: options.batch_records.max(1), bytes: options.batch_bytes.max(1) };
        for turn in 0..self.all.len() {
            let index = (self.next + turn) % self.all.len();
            let cursor = &mut self.all[index];
            if cursor.paused {
                continue;
            }
            let log = state.log(&cursor.partition)?;
            batch.reset(cursor.partition.clone());
            log.read(state.storage.as_ref(), cursor.position, isolation, limits, batch)?;
            if batch.next_offset() != cursor.position {
                cursor.seek(batch.next_offset());
            }
            if !batch.is_empty() {
                self.next = index + 1;
                return Ok(Found::Batch);
            }
            if !cursor.said_end && cursor.position >= log.visible_end(isolation) {
                cursor.said_end = true;
                return Ok(Found::End(cursor.partition.clone()));
            }
        }
        Ok(Found::Nothing)
    }
}
