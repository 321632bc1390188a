//! The broker's [`Writer`].

use std::sync::Arc;

use super::faults::{Client, Operation};
use super::shared::Shared;
use crate::buffer::RecordBuffer;
use crate::error::TopicsError;
use crate::lent::{LentBuffers, note_written};
use crate::options::WriterOptions;
use crate::partition::TopicPartition;
use crate::writer::{Writer, Written};

pub(super) struct LocalWriter {
    shared: Arc<Shared>,
    client: Client,
    buffers: LentBuffers,
    written: Vec<Written>,
}

impl LocalWriter {
    pub fn new(shared: Arc<Shared>, options: &WriterOptions) -> Self {
        let client = shared.faults.client(&options.client_id);
        Self { shared, client, buffers: LentBuffers::default(), written: Vec::new() }
    }
}

/// The size limit of a partition's topic.
pub(super) fn size_limit(shared: &Shared, partition: &TopicPartition) -> Result<Option<usize>, TopicsError> {
    let state = shared.lock();
    state.log(partition)?;
    Ok(Some(state.topic(partition.topic())?.config.max_message_bytes))
}

impl Writer for LocalWriter {
    fn lend(&mut self, partition: &TopicPartition) -> Result<&mut RecordBuffer, TopicsError> {
        self.client.check()?;
        self.buffers.lend(partition, || size_limit(&self.shared, partition))
    }

    fn send(&mut self) -> Result<(), TopicsError> {
        if self.buffers.is_empty() {
            return self.client.check();
        }
        let (buffers, written) = (&mut self.buffers, &mut self.written);
        let outcome = self.shared.operate(Operation::Produce, &self.client, |state| {
            let mut first_error = Ok(());
            for (_, partition, buffer) in buffers.filled() {
                match state.append(partition, buffer.take(), None) {
                    Ok(last_offset) => note_written(written, partition, last_offset),
                    Err(error) if first_error.is_ok() => first_error = Err(error),
                    Err(_) => {}
                }
            }
            first_error
        });
        self.buffers.clear();
        if matches!(outcome, Err(TopicsError::TooLarge { .. } | TopicsError::UnknownTopic { .. })) {
            self.buffers.forget_limits();
        }
        outcome
    }

    fn flush(&mut self) -> Result<(), TopicsError> {
        self.send()
    }

    fn written(&self) -> &[Written] {
        &self.written
    }
}
