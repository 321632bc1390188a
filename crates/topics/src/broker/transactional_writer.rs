//! The broker's [`TransactionalWriter`].

use std::sync::Arc;

use super::faults::{Client, Operation};
use super::log::TransactionKey;
use super::shared::Shared;
use super::writer::size_limit;
use crate::buffer::RecordBuffer;
use crate::error::TopicsError;
use crate::group::{GroupMetadata, OffsetCommit, check_metadata};
use crate::lent::{LentBuffers, note_written};
use crate::options::TransactionOptions;
use crate::partition::TopicPartition;
use crate::writer::{TransactionalWriter, Written};

/// Where the writer is in its cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    New,
    Ready,
    Open,
    /// Only an abort is left.
    Failed,
}

pub(super) struct LocalTransactionalWriter {
    shared: Arc<Shared>,
    client: Client,
    options: TransactionOptions,
    key: TransactionKey,
    phase: Phase,
    buffers: LentBuffers,
    written: Vec<Written>,
}

impl LocalTransactionalWriter {
    pub fn new(shared: Arc<Shared>, options: TransactionOptions) -> Self {
        let client = shared.faults.client(&options.writer.client_id);
        let (buffers, written) = (LentBuffers::default(), Vec::new());
        Self { shared, client, options, key: 0, phase: Phase::New, buffers, written }
    }

    fn expect(&self, operation: &'static str, wanted: &[Phase]) -> Result<(), TopicsError> {
        self.client.check()?;
        if wanted.contains(&self.phase) {
            return Ok(());
        }
        if self.phase == Phase::Failed {
            return Err(TopicsError::AbortTransaction { reason: "an earlier operation of it failed".into() });
        }
        let reason = match self.phase {
            Phase::New => "the writer is not initialised",
            Phase::Ready => "no transaction is open",
            Phase::Open | Phase::Failed => "a transaction is open",
        };
        Err(TopicsError::Misuse { operation, reason: reason.into() })
    }

    /// Notes that after this error only an abort is left.
    fn failed<T>(&mut self, outcome: Result<T, TopicsError>) -> Result<T, TopicsError> {
        if outcome.is_err() {
            self.phase = Phase::Failed;
            self.buffers.clear();
        }
        outcome
    }
}

impl TransactionalWriter for LocalTransactionalWriter {
    fn initialise(&mut self) -> Result<(), TopicsError> {
        self.expect("initialise", &[Phase::New])?;
        let (id, timeout) = (&self.options.transactional_id, self.options.transaction_timeout);
        self.key = self.shared.operate(Operation::Initialise, &self.client, |state| {
            state.initialise_transactions(id, timeout)
        })?;
        self.phase = Phase::Ready;
        Ok(())
    }

    fn begin(&mut self) -> Result<(), TopicsError> {
        self.expect("begin", &[Phase::Ready])?;
        self.phase = Phase::Open;
        self.written.clear();
        Ok(())
    }

    fn lend(&mut self, partition: &TopicPartition) -> Result<&mut RecordBuffer, TopicsError> {
        self.expect("lend", &[Phase::Open])?;
        self.buffers.lend(partition, || size_limit(&self.shared, partition))
    }

    fn send(&mut self) -> Result<(), TopicsError> {
        self.expect("send", &[Phase::Open])?;
        if self.buffers.is_empty() {
            return Ok(());
        }
        let (id, key) = (&self.options.transactional_id, self.key);
        let (buffers, written) = (&mut self.buffers, &mut self.written);
        let now = self.shared.clock.monotonic();
        let outcome = self.shared.operate(Operation::Produce, &self.client, |state| {
            for (_, partition, buffer) in buffers.filled() {
                state.add_partition(id, key, partition, now)?;
                let last_offset = state.append(partition, buffer.take(), Some(key))?;
                note_written(written, partition, last_offset);
            }
            Ok(())
        });
        if matches!(outcome, Err(TopicsError::TooLarge { .. } | TopicsError::UnknownTopic { .. })) {
            self.buffers.forget_limits();
        }
        self.failed(outcome)
    }

    fn send_offsets(&mut self, offsets: &[OffsetCommit], group: &GroupMetadata) -> Result<(), TopicsError> {
        self.expect("send_offsets", &[Phase::Open])?;
        check_metadata(offsets)?;
        let (id, key) = (&self.options.transactional_id, self.key);
        let now = self.shared.clock.monotonic();
        let outcome = self.shared.operate(Operation::SendOffsets, &self.client, |state| {
            state.check_writer(id, key)?;
            state.groups.entry(group.group().to_owned()).or_default().check(group)?;
            state.add_offsets(id, key, group.group(), offsets, now)
        });
        self.failed(outcome)
    }

    fn commit(&mut self) -> Result<(), TopicsError> {
        self.expect("commit", &[Phase::Open])?;
        self.send()?;
        let (id, key) = (&self.options.transactional_id, self.key);
        let outcome = self
            .shared
            .operate(Operation::Commit, &self.client, |state| state.end_transaction(id, key, true));
        self.failed(outcome)?;
        self.phase = Phase::Ready;
        Ok(())
    }

    fn abort(&mut self) -> Result<(), TopicsError> {
        self.expect("abort", &[Phase::Open, Phase::Failed])?;
        self.buffers.clear();
        self.written.clear();
        let (id, key) = (&self.options.transactional_id, self.key);
        let outcome = self
            .shared
            .operate(Operation::Abort, &self.client, |state| state.end_transaction(id, key, false));
        self.failed(outcome)?;
        self.phase = Phase::Ready;
        Ok(())
    }

    fn written(&self) -> &[Written] {
        &self.written
    }
}
