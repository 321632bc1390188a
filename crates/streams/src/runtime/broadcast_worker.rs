//! A broadcast source at work: its reader, its fold, its builds.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use scorewheel_topics::{
    AssignedReader, Offset, ReaderEvent, ReaderOptions, RecordBatch, Remedy, StartPosition, TopicPartition,
    TopicsError,
};

use super::shared::Shared;
use crate::broadcast::{BroadcastFold, BuildOutcome, Closing};
use crate::error::{ErrorKind, StreamsError};
use crate::fault_points::FaultPoint;
use crate::listener::StreamsEvent;

/// How long to wait before a failed call is made again.
const RETRY: Duration = Duration::from_millis(200);
/// How long to wait before it is looked again whether an older snapshot is let go: a batch takes about as long.
const HELD: Duration = Duration::from_millis(2);

/// One broadcast source of an instance.
pub(super) struct BroadcastWorker {
    shared: Arc<Shared>,
    index: usize,
    topic: TopicPartition,
    fold: BroadcastFold,
    reader: Box<dyn AssignedReader>,
    assigned: bool,
    batch: RecordBatch,
    /// Where a fold that is going on ends: the log's end as of its beginning. `None`: there is nothing to hurry for.
    target: Option<Offset>,
    /// A build waits for an older snapshot to be let go.
    held: bool,
    retry_build_at: Option<Duration>,
    retry_read_at: Option<Duration>,
}

struct WhetherClosing<'a>(&'a Shared);

impl fmt::Debug for WhetherClosing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.is_closing())
    }
}

impl Closing for WhetherClosing<'_> {
    fn is_closing(&self) -> bool {
        self.0.is_closing()
    }
}

impl BroadcastWorker {
    pub fn new(shared: Arc<Shared>, index: usize) -> Result<Self, StreamsError> {
        let spec = &shared.topology.broadcasts[index];
        let handler = (spec.supplier)().map_err(|error| ErrorKind::Broadcast {
            broadcast: spec.name.to_string(),
            reason: error.to_string(),
        })?;
        let fold = BroadcastFold::new(spec.name.clone(), handler, shared.slots[index].clone());
        let options = ReaderOptions { ..shared.config.reader.clone() };
        let reader = shared.environment.backend.assigned_reader(&options)?;
        let topic = TopicPartition::new(spec.topic.clone(), 0);
        Ok(Self {
            index,
            topic,
            fold,
            reader,
            assigned: false,
            batch: RecordBatch::new(),
            target: None,
            held: false,
            retry_build_at: None,
            retry_read_at: None,
            shared,
        })
    }

    /// Reads, folds, builds, answers: once each. False if there was nothing to do. Waits up to `timeout` for records
    /// if nothing else is to be done.
    pub fn step(&mut self, timeout: Duration) -> Result<bool, StreamsError> {
        let now = self.shared.environment.clock.monotonic();
        if self.retry_read_at.is_some_and(|at| now < at) {
            self.shared.environment.clock.sleep(timeout.min(RETRY));
            return Ok(false);
        }
        self.retry_read_at = None;
        match self.read_and_build(timeout) {
            Err(error) if self.is_passing(&error) => {
                if let Some(error) = error.topics() {
                    self.shared.retrying(&format!("read broadcast topic `{}`", self.topic.topic()), error);
                    self.note(|status| status.trouble = Some(error.to_string()));
                }
                self.retry_read_at = Some(now + RETRY);
                Ok(false)
            }
            stepped => {
                if stepped.is_ok() {
                    self.note(|status| status.trouble = None);
                }
                stepped
            }
        }
    }

    /// An error that passes by itself. A topic that vanishes while it is read is none: its records are gone.
    fn is_passing(&self, error: &StreamsError) -> bool {
        error.topics().is_some_and(|error| {
            error.remedy() == Remedy::Retry
                || !self.assigned && matches!(error, TopicsError::UnknownTopic { .. })
        })
    }

    fn read_and_build(&mut self, timeout: Duration) -> Result<bool, StreamsError> {
        if !self.assigned {
            self.reader.assign(&[(self.topic.clone(), StartPosition::Earliest)])?;
            self.assigned = true;
        }
        let questions = self.shared.questions[self.index].take();
        let asked = !questions.is_empty();
        self.fold.ask(questions);
        if self.target.is_none() && (asked || !self.fold.is_caught_up()) {
            // Asked after the question was put, so that what a task elsewhere has committed lies before it.
            self.set_target()?;
        }
        let builds_next = self.target.is_none() && self.fold.wants_build();
        let wait = match (builds_next, self.held) {
            (false, _) => timeout,
            (true, false) => Duration::ZERO,
            (true, true) => timeout.min(HELD),
        };
        let worked = match self.reader.poll(wait, &mut self.batch)? {
            ReaderEvent::Batch => {
                self.batch.iter().for_each(|record| self.fold.record(record));
                if self.target.is_none() {
                    // What else is there is folded before anything is built.
                    self.set_target()?;
                }
                true
            }
            ReaderEvent::EndOfPartition(_) | ReaderEvent::Nothing => false,
        };
        let position = self.reader.position(&self.topic);
        if let (Some(position), Some(target)) = (position, self.target) {
            self.note(|status| (status.position, status.end) = (position, target.max(position)));
            if position < target {
                return Ok(worked);
            }
            if !self.fold.is_caught_up() {
                let broadcast = &self.shared.topology.broadcasts[self.index].name;
                self.shared.event(&StreamsEvent::CaughtUp { broadcast, end: target });
            }
            self.fold.caught_up();
            self.target = None;
            self.note(|status| status.caught_up = true);
        }
        let built = self.build()?;
        if self.target.is_none() {
            self.fold.answer_questions();
        }
        Ok(worked || built || asked)
    }

    fn set_target(&mut self) -> Result<(), StreamsError> {
        self.target = Some(self.reader.end_offset(&self.topic)?);
        Ok(())
    }

    fn build(&mut self) -> Result<bool, StreamsError> {
        let clock = self.shared.environment.clock.clone();
        if self.retry_build_at.is_some_and(|at| clock.monotonic() >= at) {
            self.retry_build_at = None;
            self.fold.retry();
        }
        self.fold.drop_retired();
        if !self.fold.wants_build() {
            return Ok(false);
        }
        self.shared.fault(FaultPoint::BeforeBuild)?;
        let began = clock.monotonic();
        let outcome = self.fold.build(&*clock, &WhetherClosing(&self.shared));
        self.held = matches!(outcome, BuildOutcome::Held);
        let (built, retry_after) = match outcome {
            BuildOutcome::Published { mark, retry_after } => {
                self.shared.fault(FaultPoint::AfterBuild)?;
                let duration = clock.monotonic().saturating_sub(began);
                self.shared.event(&StreamsEvent::Published { mark: &mark, duration });
                self.note(|status| status.snapshot = Some(mark));
                (true, retry_after)
            }
            BuildOutcome::RetryAfter(wait) => (false, Some(wait)),
            BuildOutcome::Unchanged | BuildOutcome::Held => (false, None),
            BuildOutcome::Failed(reason) => {
                let broadcast = self.shared.topology.broadcasts[self.index].name.to_string();
                return Err(ErrorKind::Broadcast { broadcast, reason }.into());
            }
        };
        if let Some(wait) = retry_after {
            self.retry_build_at = Some(clock.monotonic() + wait);
        }
        Ok(built)
    }

    fn note(&self, change: impl FnOnce(&mut super::status::BroadcastStatus)) {
        self.shared.status.change(|status| {
            if let Some(broadcast) = status.broadcasts.get_mut(self.index) {
                change(broadcast);
            }
        });
    }
}
