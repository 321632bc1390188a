//! A stream thread's work, step by step.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use scorewheel_topics::{
    GroupEvent, GroupReader, Offset, RecordBatch, Remedy, StartPosition, Timestamp, TopicPartition,
    TopicsError,
};

use super::config::Start;
use super::log_writer::LogWriter;
use super::prepare::prepare;
use super::restore::{Restored, Restorer};
use super::shared::Shared;
use super::task_slot::TaskSlot;
use crate::error::StreamsError;
use crate::fault_points::FaultPoint;
use crate::listener::StreamsEvent;
use crate::task::BatchOutcome;
use crate::task_id::TaskId;
use crate::views::RestoreProgress;

/// The longest wait for records while nothing else is to be done.
const IDLE: Duration = Duration::from_millis(100);
/// The longest wait for records while something of ours may get ready.
const BUSY: Duration = Duration::from_millis(5);
/// How long to wait before a failed call is made again.
const RETRY: Duration = Duration::from_millis(100);

/// What a step was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Something was done.
    Worked,
    /// There was nothing to do.
    Idle,
    /// The worker has left for good.
    Closed,
}

/// The work of one stream thread: its consumer, its writer, its tasks.
pub(super) struct StreamWorker {
    pub(super) shared: Arc<Shared>,
    pub(super) thread: usize,
    pub(super) reader: Box<dyn GroupReader>,
    pub(super) writer: LogWriter,
    pub(super) restorer: Restorer,
    pub(super) slots: BTreeMap<TopicPartition, TaskSlot>,
    batch: RecordBatch,
    /// A change of the assignment that is not acknowledged yet.
    change: Option<Change>,
    /// Partitions have to be read again from what is committed.
    pub(super) rewind_due: bool,
    pub(super) last_record_at: Duration,
    pub(super) last_commit_at: Duration,
    /// Input records of the open transaction.
    pub(super) records: u64,
    /// The earliest timestamp of them, batch by batch: that of each batch's first record counts.
    pub(super) oldest: Option<Timestamp>,
    retry_at: Option<Duration>,
    /// All partitions are paused because there is no writer.
    pub(super) suspended: bool,
    closed: bool,
}

enum Change {
    Assigned(Vec<TopicPartition>),
    Gone,
}

impl StreamWorker {
    pub fn new(shared: Arc<Shared>, thread: usize) -> Result<Self, StreamsError> {
        let topics: Vec<&str> = shared.inputs().into_iter().collect();
        let options = shared.config.group_options(thread, &topics);
        let reader = shared.environment.backend.group_reader(&options)?;
        Ok(Self {
            thread,
            reader,
            writer: LogWriter::absent(),
            restorer: Restorer::default(),
            slots: BTreeMap::new(),
            batch: RecordBatch::new(),
            change: None,
            rewind_due: false,
            last_record_at: Duration::ZERO,
            last_commit_at: Duration::ZERO,
            records: 0,
            oldest: None,
            retry_at: None,
            suspended: false,
            closed: false,
            shared,
        })
    }

    pub(super) fn now(&self) -> Duration {
        self.shared.environment.clock.monotonic()
    }

    /// One round: get ready what can be, restore a part, poll, work, commit if it is time. Waits at most as long as
    /// there is nothing to do.
    ///
    /// An error is the worker's last word: [`Self::give_up`] comes next.
    pub fn step(&mut self) -> Result<Step, StreamsError> {
        if self.closed {
            return Ok(Step::Closed);
        }
        if self.shared.is_closing() {
            self.leave()?;
            return Ok(Step::Closed);
        }
        if self.retry_at.is_some_and(|at| self.now() < at) {
            if self.change.is_some() {
                // Polling would be a mistake before the change is acknowledged.
                self.shared.environment.clock.sleep(BUSY);
                return Ok(Step::Idle);
            }
        } else {
            self.retry_at = None;
            match self.get_ready() {
                Err(error) if is_passing(&error) => {
                    if let Some(error) = error.topics() {
                        self.shared.retrying("get partitions ready", error);
                    }
                    self.retry_at = Some(self.now() + RETRY);
                    return Ok(Step::Idle);
                }
                ready => ready?,
            }
        }
        let restored = self.restore()?;
        let polled = self.poll(restored)?;
        if self.commit_is_due(polled == Step::Idle) {
            self.commit()?;
            return Ok(Step::Worked);
        }
        Ok(if restored { Step::Worked } else { polled })
    }

    /// Everything that has to be there before records can be worked on.
    fn get_ready(&mut self) -> Result<(), StreamsError> {
        if matches!(self.change, Some(Change::Gone)) {
            self.reader.acknowledge_revoked()?;
            self.change = None;
        }
        // Before committed offsets are asked for: they may be held by a transaction that only a new writer of ours
        // settles.
        if self.writer.is_absent() {
            let Shared { environment, config, process_id, .. } = &*self.shared;
            let id = format!("{}-{process_id}-{}", config.application_id, self.thread);
            self.writer.create(&*environment.backend, config, id)?;
        }
        if let Some(Change::Assigned(partitions)) = &self.change {
            let partitions = partitions.clone();
            self.acknowledge_assigned(&partitions)?;
            self.change = None;
        }
        self.reopen()?;
        let mut resumed = Vec::new();
        let mut failed = Ok(());
        for slot in self.slots.values_mut() {
            let was_running = slot.is_running();
            // One that cannot go on now does not hold up the others.
            while failed.is_ok() && !slot.is_running() {
                match slot.advance(&self.shared, &mut self.restorer, &mut self.writer) {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => failed = Err(error),
                }
            }
            if !slot.is_running() {
                continue;
            }
            let Some(task) = &mut slot.task else { continue };
            if task.try_resume() {
                resumed.push(slot.input.clone());
                self.shared.event(&StreamsEvent::Resumed { task: slot.id });
                slot.note(&self.shared);
            } else if task.paused().is_none() && (!was_running || self.suspended) {
                resumed.push(slot.input.clone());
            }
            if !was_running && self.shared.config.start == Start::Latest && slot.committed_offset().is_none()
            {
                // Else a crash before the first commit would begin at another end.
                if let (Some(start), Some(task)) = (slot.start, &mut slot.task) {
                    self.writer.begin(self.shared.environment.clock.monotonic())?;
                    task.commit_position(start);
                }
            }
        }
        self.suspended = false;
        if !resumed.is_empty() {
            self.reader.resume(&resumed)?;
        }
        failed
    }

    /// Takes partitions on: finds where they begin, and keeps them paused until their tasks are ready.
    fn acknowledge_assigned(&mut self, partitions: &[TopicPartition]) -> Result<(), StreamsError> {
        let widened = partitions
            .iter()
            .any(|partition| partition.partition() >= self.shared.partitions(partition.topic()));
        if widened && !prepare(&self.shared)? {
            let reason = "the topics of the application are not all there".to_owned();
            return Err(TopicsError::Busy { reason }.into());
        }
        let committed = self.reader.committed(partitions)?;
        let starts: Vec<_> = partitions
            .iter()
            .zip(&committed)
            .map(|(partition, committed)| {
                let start = match (committed, self.shared.config.start) {
                    (Some(committed), _) => StartPosition::Offset(committed.offset),
                    (None, Start::Earliest) => StartPosition::Earliest,
                    (None, Start::Latest) => StartPosition::Latest,
                };
                (partition.clone(), start)
            })
            .collect();
        self.reader.acknowledge_assigned(&starts)?;
        self.reader.pause(partitions)?;
        for (partition, committed) in partitions.iter().zip(committed) {
            let Some(id) = self.task_id(partition) else { continue };
            let mut slot = TaskSlot::new(id, partition.clone());
            slot.start = self.reader.position(partition);
            slot.set_committed(committed);
            self.shared.views.restoring(id, RestoreProgress::default());
            slot.note(&self.shared);
            self.slots.insert(partition.clone(), slot);
        }
        Ok(())
    }

    fn task_id(&self, partition: &TopicPartition) -> Option<TaskId> {
        let number = self.shared.topology.source_topics().position(|topic| topic == partition.topic())?;
        Some(TaskId { sub_topology: u32::try_from(number).ok()?, partition: partition.partition() })
    }

    /// Looks at the committed offsets of tasks that were thrown away, and puts the consumer there.
    fn reopen(&mut self) -> Result<(), StreamsError> {
        let open: Vec<_> = self
            .slots
            .values()
            .filter(|slot| slot.needs_committed())
            .map(|slot| slot.input.clone())
            .collect();
        if open.is_empty() {
            return Ok(());
        }
        let committed = self.reader.committed(&open)?;
        for (partition, committed) in open.iter().zip(committed) {
            let Some(slot) = self.slots.get_mut(partition) else { continue };
            if let Some(offset) = committed.as_ref().map(|committed| committed.offset).or(slot.start) {
                self.reader.seek(partition, offset)?;
            }
            slot.set_committed(committed);
        }
        Ok(())
    }

    /// Puts the consumer back to what is committed. A pause of a processor is undone with the rest.
    fn rewind(&mut self) -> Result<(), StreamsError> {
        for slot in self.slots.values().filter(|slot| slot.is_running()) {
            let Some(task) = &slot.task else { continue };
            if let Some(offset) = task.position() {
                self.reader.seek(&slot.input, offset)?;
            }
            if !self.suspended && task.paused().is_none() {
                self.reader.resume(std::slice::from_ref(&slot.input))?;
            }
        }
        Ok(())
    }

    /// Reads a part of the changelogs that are wanted. True if there was one.
    fn restore(&mut self) -> Result<bool, StreamsError> {
        if self.restorer.is_idle() {
            return Ok(false);
        }
        // While others work, restoring takes what is there and does not wait.
        let works = self.slots.values().any(TaskSlot::is_running);
        let wait = if works { Duration::ZERO } else { BUSY };
        match self.restorer.poll(&self.shared, wait) {
            Ok(Restored::Nothing) => return Ok(false),
            Ok(Restored::Batch) => {}
            Err(error) if error.remedy() == Remedy::Retry => {
                self.shared.retrying("restore", &error);
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        }
        for slot in self.slots.values_mut() {
            if slot.restore(&self.shared, &self.restorer.batch)? {
                self.shared.fault(FaultPoint::DuringRestore)?;
                break;
            }
        }
        Ok(true)
    }

    fn poll(&mut self, busy: bool) -> Result<Step, StreamsError> {
        if self.change.is_some() {
            return Ok(Step::Idle);
        }
        // Before anything else is handed out, or records would be skipped.
        if std::mem::take(&mut self.rewind_due) {
            self.rewind()?;
        }
        let timeout = if busy { Duration::ZERO } else { self.poll_timeout() };
        let event = match self.reader.poll(timeout, &mut self.batch) {
            Ok(event) => event,
            Err(error)
                if error.remedy() == Remedy::Retry || matches!(error, TopicsError::UnknownTopic { .. }) =>
            {
                self.shared.retrying("poll", &error);
                self.shared.environment.clock.sleep(BUSY);
                return Ok(Step::Idle);
            }
            Err(error) => {
                let task = match &error {
                    TopicsError::OutOfRange { partition, .. } => self.task_id(partition),
                    _ => None,
                };
                return Err(StreamsError { task, ..StreamsError::from(error) });
            }
        };
        match event {
            GroupEvent::Nothing => {
                self.slots.keys().for_each(|input| self.note_end(input));
                return Ok(Step::Idle);
            }
            GroupEvent::Batch => self.process()?,
            GroupEvent::Assigned(partitions) => {
                if !partitions.is_empty() {
                    // Their committed offsets may have to be waited for, longer than a transaction may stay open.
                    self.commit()?;
                }
                self.shared.event(&StreamsEvent::Assigned { thread: self.thread, partitions: &partitions });
                self.change = Some(Change::Assigned(partitions));
            }
            GroupEvent::Revoked(partitions) => {
                self.commit()?;
                self.let_go(&partitions);
                self.shared.event(&StreamsEvent::Revoked { thread: self.thread, partitions: &partitions });
            }
            GroupEvent::Lost(partitions) => {
                self.undo("partitions were lost")?;
                self.let_go(&partitions);
                self.shared.event(&StreamsEvent::Lost { thread: self.thread, partitions: &partitions });
            }
        }
        Ok(Step::Worked)
    }

    fn let_go(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            if let Some(mut slot) = self.slots.remove(partition) {
                slot.close(&self.shared, &mut self.restorer);
            }
        }
        self.change = Some(Change::Gone);
    }

    fn poll_timeout(&self) -> Duration {
        let waits = |slot: &TaskSlot| {
            !slot.is_running() || slot.task.as_ref().is_some_and(|task| task.paused().is_some())
        };
        let busy = self.writer.is_absent() || self.slots.values().any(waits);
        let longest = if busy { BUSY } else { IDLE };
        self.until_commit().map_or(longest, |until| until.min(longest))
    }

    /// Works on the batch at hand.
    fn process(&mut self) -> Result<(), StreamsError> {
        let now = self.now();
        self.last_record_at = now;
        let input = self.batch.source().clone();
        let slot = self.slots.get_mut(&input).filter(|slot| slot.is_running());
        let Some((id, task)) = slot.and_then(|slot| Some((slot.id, slot.task.as_mut()?))) else {
            // Nothing of a paused partition comes; if it does, it comes again when the task is ready.
            let first = self.batch.get(0).map(|record| record.offset);
            self.reader.pause(std::slice::from_ref(&input))?;
            return first.map_or(Ok(()), |first| Ok(self.reader.seek(&input, first)?));
        };
        let outcome = match self.writer.begin(now) {
            Ok(()) => task.process(&self.batch, 0, self.batch.len(), &mut self.writer),
            Err(error) => Err(error.into()),
        };
        let position = task.position();
        self.records += self.batch.len() as u64;
        let first = self.batch.iter().next().map(|record| record.timestamp);
        self.oldest = self.oldest.into_iter().chain(first).min();
        match outcome {
            Ok(BatchOutcome::Done) => {
                let bytes = self.batch.byte_len() + 64 * self.batch.len();
                let sent = self.writer.sent_soon(bytes, self.shared.config.send_bytes);
                if let Err(error) = sent {
                    return self.recover(error.into());
                }
            }
            Ok(BatchOutcome::Paused { reason }) => {
                self.pause(&input, position)?;
                self.shared.event(&StreamsEvent::Paused { task: id, offset: position, reason: &reason });
                self.commit()?;
            }
            Ok(BatchOutcome::TooFar { reason, .. }) => self.undo(&reason)?,
            Err(error) => return self.recover(error),
        }
        self.note(&input);
        self.shared.fault(FaultPoint::AfterBatch)
    }

    fn pause(&mut self, input: &TopicPartition, position: Option<Offset>) -> Result<(), StreamsError> {
        self.reader.pause(std::slice::from_ref(input))?;
        let first = self.batch.get(0).map(|record| record.offset);
        if let Some(position) = position.or(first) {
            self.reader.seek(input, position)?;
        }
        Ok(())
    }

    fn note(&self, input: &TopicPartition) {
        if let Some(slot) = self.slots.get(input) {
            slot.note(&self.shared);
        }
        self.note_end(input);
    }

    fn note_end(&self, input: &TopicPartition) {
        let Some(slot) = self.slots.get(input) else { return };
        if let Some(end) = self.reader.known_end(input) {
            self.shared.status.change(|status| {
                if let Some(task) = status.tasks.get_mut(&slot.id) {
                    task.end = end;
                }
            });
        }
    }

    /// Commits, closes the tasks, leaves the group.
    fn leave(&mut self) -> Result<(), StreamsError> {
        self.commit()?;
        self.close_tasks();
        self.closed = true;
        match self.reader.close() {
            // The others will find out.
            Err(error) if error.remedy() == Remedy::Retry => self.shared.retrying("leave the group", &error),
            left => left?,
        }
        self.writer.discard();
        Ok(())
    }

    fn close_tasks(&mut self) {
        for slot in self.slots.values_mut() {
            slot.close(&self.shared, &mut self.restorer);
        }
        self.slots.clear();
    }

    /// After an error: aborts what is open and leaves, as well as it can.
    pub fn give_up(&mut self) {
        let _ = self.writer.abort();
        self.close_tasks();
        let _ = self.reader.close();
        self.writer.discard();
        self.closed = true;
    }
}

/// True for an error after which the same can be tried again, with a new writer if need be.
fn is_passing(error: &StreamsError) -> bool {
    error.topics().is_some_and(|error| matches!(error.remedy(), Remedy::Retry | Remedy::RecreateWriter))
}
