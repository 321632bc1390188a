//! The end of a transaction, good or bad.

use std::time::Duration;

use scorewheel_topics::{OffsetCommit, Remedy, TopicsError};

use super::config::ProcessingGuarantee;
use super::stream_worker::StreamWorker;
use crate::error::StreamsError;
use crate::fault_points::{Duty, FaultPoint};
use crate::listener::StreamsEvent;
use crate::task::Task;

/// Commits for idleness come no more often than this, so that a trickle of records does not make a commit of each.
const IDLE_COMMITS_APART: Duration = Duration::from_millis(20);

impl StreamWorker {
    /// How long until a commit is due, if nothing more arrives; `None` if there is nothing to commit.
    pub(super) fn until_commit(&self) -> Option<Duration> {
        let now = self.now();
        let at_the_latest = self.writer.began()? + self.shared.config.commit_interval;
        Some(at_the_latest.min(self.idle_at().unwrap_or(at_the_latest)).saturating_sub(now))
    }

    /// When what is done is committed because nothing more arrives.
    fn idle_at(&self) -> Option<Duration> {
        let idle = self.shared.config.commit_when_idle?;
        Some((self.last_record_at + idle).max(self.last_commit_at + IDLE_COMMITS_APART))
    }

    pub(super) fn commit_is_due(&self, polled_nothing: bool) -> bool {
        let now = self.now();
        self.writer.began().is_some_and(|began| {
            now >= began + self.shared.config.commit_interval
                || polled_nothing && self.idle_at().is_some_and(|at| now >= at)
        })
    }

    /// Commits what was processed. If that fails in a way that passes, it is undone and will be done again.
    pub(super) fn commit(&mut self) -> Result<(), StreamsError> {
        match self.try_commit() {
            Ok(()) => Ok(()),
            Err(error) => self.recover(error),
        }
    }

    fn try_commit(&mut self) -> Result<(), StreamsError> {
        let clock = self.shared.environment.clock.clone();
        let began = clock.monotonic();
        let dirty =
            |slot: &super::task_slot::TaskSlot| slot.task.as_ref().is_some_and(|task| task.is_dirty());
        if !self.slots.values().any(dirty) {
            // A transaction that holds nothing, the broker has not heard of.
            return Ok(self.writer.end_empty()?);
        }
        self.writer.begin(began)?;
        let mut offsets: Vec<OffsetCommit> = Vec::new();
        for slot in self.slots.values_mut() {
            if let Some(task) = &mut slot.task {
                offsets.extend(task.prepare_commit(&mut self.writer)?);
            }
        }
        self.shared.fault(FaultPoint::BeforeSendOffsets)?;
        if !self.shared.neglects(Duty::SendOffsets) {
            self.writer.send_offsets(&offsets, &mut *self.reader, &*clock)?;
        }
        self.shared.fault(FaultPoint::BeforeCommit)?;
        self.writer.commit(&offsets, &mut *self.reader, &*clock)?;
        self.shared.fault(FaultPoint::AfterCommit)?;
        let mut committed = Vec::new();
        for slot in self.slots.values_mut() {
            let Some(task) = slot.task.as_mut().filter(|task| task.is_dirty()) else { continue };
            let writer = &self.writer;
            task.committed(&|partition| writer.written_end(partition))?;
            committed.extend(task.committed_offset().map(|offset| (slot.id, offset)));
            slot.note(&self.shared);
        }
        self.shared.fault(FaultPoint::AfterStoreWrite)?;
        if self.shared.neglects(Duty::ReadOn) {
            self.slots.values_mut().filter_map(|slot| slot.task.as_mut()).for_each(Task::step_back);
            self.rewind_due = true;
        }
        self.last_commit_at = clock.monotonic();
        let records = std::mem::take(&mut self.records);
        let oldest = self.oldest.take();
        let duration = self.last_commit_at.saturating_sub(began);
        self.shared.event(&StreamsEvent::Committed {
            thread: self.thread,
            offsets: &committed,
            records,
            oldest,
            duration,
        });
        Ok(())
    }

    /// Decides what an error in a transaction means: undo and go on, make the writer anew, or stop.
    pub(super) fn recover(&mut self, error: StreamsError) -> Result<(), StreamsError> {
        let Some(cause) = error.topics() else { return Err(error) };
        let reason = cause.to_string();
        match cause.remedy() {
            Remedy::AbortTransaction | Remedy::Rejoin | Remedy::Retry => self.undo(&reason),
            Remedy::RecreateWriter => {
                self.recreate(&reason);
                Ok(())
            }
            Remedy::Stop if self.has_timed_out() => {
                self.recreate(&reason);
                Ok(())
            }
            Remedy::Stop | Remedy::SetRecordAside | Remedy::Operator | Remedy::Bug => Err(error),
        }
    }

    /// A writer whose transaction the broker has ended for its age is refused like one that was replaced. If ours was
    /// open for so long (a stopped process, a machine asleep), it was that.
    fn has_timed_out(&self) -> bool {
        let limit = self.shared.config.transaction_timeout;
        self.shared.config.guarantee == ProcessingGuarantee::ExactlyOnce
            && self.writer.began().is_some_and(|began| self.now() > began + limit)
    }

    /// Undoes the transaction: aborts it, rolls stores back, reads its records again.
    pub(super) fn undo(&mut self, reason: &str) -> Result<(), StreamsError> {
        let timed_out = self.has_timed_out();
        match self.writer.abort() {
            Ok(()) => {}
            Err(error @ TopicsError::Fenced { .. }) if !timed_out => return Err(error.into()),
            Err(error) if matches!(error.remedy(), Remedy::Bug | Remedy::Operator) => {
                return Err(error.into());
            }
            Err(error) => {
                self.recreate(&format!("{reason}; the abort failed: {error}"));
                return Ok(());
            }
        }
        for slot in self.slots.values_mut().filter(|slot| slot.is_running()) {
            if let Some(task) = &mut slot.task {
                task.roll_back(&mut self.writer)?;
                slot.note(&self.shared);
            }
        }
        self.rewind_due = true;
        if self.writer.is_absent() {
            self.suspend();
        }
        let records = std::mem::take(&mut self.records);
        self.oldest = None;
        self.shared.event(&StreamsEvent::Aborted { thread: self.thread, reason, records });
        Ok(())
    }

    /// How the transaction has ended is not known: throws writer and tasks away. A new writer settles the transaction
    /// before anything else; then the committed offsets and the changelogs say what has happened.
    fn recreate(&mut self, reason: &str) {
        self.writer.discard();
        self.records = 0;
        self.oldest = None;
        self.suspend();
        for slot in self.slots.values_mut() {
            slot.reset(&self.shared, &mut self.restorer);
            slot.note(&self.shared);
        }
        self.shared.event(&StreamsEvent::WriterRecreated { thread: self.thread, reason });
    }

    /// Lets nothing be handed out until there is a writer again.
    fn suspend(&mut self) {
        let inputs: Vec<_> = self.slots.keys().cloned().collect();
        // A partition that is lost already cannot be paused, and need not be.
        let _ = self.reader.pause(&inputs);
        self.suspended = true;
    }
}
