//! The broker's [`AssignedReader`].

use std::sync::Arc;
use std::time::Duration;

use super::cursor::{Cursor, Cursors, Found};
use super::faults::{Client, Operation};
use super::shared::Shared;
use crate::batch::RecordBatch;
use crate::error::TopicsError;
use crate::options::ReaderOptions;
use crate::partition::{Offset, StartPosition, TopicPartition};
use crate::reader::{AssignedReader, ReaderEvent};

pub(super) struct LocalReader {
    shared: Arc<Shared>,
    client: Client,
    options: ReaderOptions,
    cursors: Cursors,
}

impl LocalReader {
    pub fn new(shared: Arc<Shared>, options: ReaderOptions) -> Self {
        let client = shared.faults.client(&options.client_id);
        Self { shared, client, options, cursors: Cursors::default() }
    }
}

impl AssignedReader for LocalReader {
    fn assign(&mut self, partitions: &[(TopicPartition, StartPosition)]) -> Result<(), TopicsError> {
        self.client.check()?;
        let state = self.shared.lock();
        let mut all = Vec::with_capacity(partitions.len());
        for (partition, start) in partitions {
            let position = state.resolve(partition, *start, self.options.isolation)?;
            all.push(Cursor::new(partition.clone(), position));
        }
        self.cursors.all = all;
        Ok(())
    }

    fn poll(&mut self, timeout: Duration, batch: &mut RecordBatch) -> Result<ReaderEvent, TopicsError> {
        batch.reset(TopicPartition::default());
        let after = self.shared.meet_fault(Operation::Poll, &self.client)?;
        let deadline = self.shared.clock.monotonic().saturating_add(timeout);
        let mut state = self.shared.lock();
        state.expire(self.shared.clock.monotonic());
        let event = loop {
            match self.cursors.read(&state, &self.options, batch)? {
                Found::Batch => break ReaderEvent::Batch,
                Found::End(partition) => break ReaderEvent::EndOfPartition(partition),
                Found::Nothing => {}
            }
            let waited;
            (state, waited) = self.shared.wait(state, deadline);
            if !waited {
                break ReaderEvent::Nothing;
            }
        };
        drop(state);
        if event != ReaderEvent::Batch {
            batch.reset(TopicPartition::default());
        }
        after.map_or(Ok(event), |after| Err(self.shared.lost_answer(after, &self.client)))
    }

    fn seek(&mut self, partition: &TopicPartition, position: StartPosition) -> Result<(), TopicsError> {
        self.client.check()?;
        let cursor = self.cursors.get_mut("seek", partition)?;
        cursor.seek(self.shared.lock().resolve(partition, position, self.options.isolation)?);
        Ok(())
    }

    fn position(&self, partition: &TopicPartition) -> Option<Offset> {
        self.cursors.get(partition).map(|cursor| cursor.position)
    }

    fn end_offset(&mut self, partition: &TopicPartition) -> Result<Offset, TopicsError> {
        self.client.check()?;
        Ok(self.shared.lock().log(partition)?.visible_end(self.options.isolation))
    }
}
