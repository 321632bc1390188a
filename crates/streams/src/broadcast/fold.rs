//! A broadcast source at work, without thread and reader: what has been folded, built, published, asked.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use scorewheel_topics::{Clock, RecordView};

use super::handler::{BuildContext, Closing, ErasedHandler, Reached};
use super::mark::SnapshotMark;
use super::slot::{Generation, SnapshotSlot};

/// What came of an attempt to build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BuildOutcome {
    /// Nothing is to be built.
    Unchanged,
    /// An older snapshot is still held by somebody: later.
    Held,
    /// A snapshot was published.
    Published {
        /// Where it stands.
        mark: SnapshotMark,
        /// The handler wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// The handler wants to be asked again.
    RetryAfter(Duration),
    /// The application has to stop.
    Failed(String),
}

/// A task's question whether the instance has reached a mark, and its answer.
#[derive(Debug)]
pub(crate) struct Question {
    /// `None`: is there any snapshot?
    pub mark: Option<Arc<str>>,
    answer: Mutex<Reached>,
}

impl Question {
    pub fn new(mark: Option<Arc<str>>) -> Arc<Self> {
        Arc::new(Self { mark, answer: Mutex::new(Reached::NotYet) })
    }

    pub fn answer(&self) -> Reached {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, answer: Reached) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }
}

/// Questions on their way from stream threads to the broadcast source.
#[derive(Debug, Default)]
pub(crate) struct Questions {
    waiting: Mutex<Vec<Arc<Question>>>,
}

impl Questions {
    /// Asks whether the instance stands at or past what a task has committed. Answered at once if the current
    /// snapshot is that very one, so that nobody waits for a build that is going on.
    pub fn ask(&self, slot: &SnapshotSlot, floor: Option<&SnapshotMark>) -> Arc<Question> {
        let question = Question::new(floor.map(|floor| floor.mark.clone()));
        let current = slot.current();
        if current.is_some_and(|current| floor.is_none_or(|floor| current.mark == *floor)) {
            question.set(Reached::Yes);
            return question;
        }
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(question.clone());
        question
    }

    pub fn take(&self) -> Vec<Arc<Question>> {
        std::mem::take(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A broadcast source at work.
pub(crate) struct BroadcastFold {
    name: Arc<str>,
    handler: Box<dyn ErasedHandler>,
    slot: Arc<SnapshotSlot>,
    /// Snapshots that were replaced, until nobody holds them: so the last owner is never a stream thread, whose batch
    /// would wait for the memory to be given back.
    retired: Vec<Arc<Generation>>,
    published: u64,
    caught_up: bool,
    /// Something was folded, or a retry is due, since the handler was last asked to build.
    build_due: bool,
    questions: Vec<Arc<Question>>,
}

impl BroadcastFold {
    pub fn new(name: Arc<str>, handler: Box<dyn ErasedHandler>, slot: Arc<SnapshotSlot>) -> Self {
        Self {
            name,
            handler,
            slot,
            retired: Vec::new(),
            published: 0,
            caught_up: false,
            build_due: false,
            questions: Vec::new(),
        }
    }

    pub fn record(&mut self, record: RecordView<'_>) {
        self.handler.record(record);
        self.build_due = true;
    }

    /// The log is folded to its end as it was captured before.
    pub fn caught_up(&mut self) {
        self.handler.caught_up();
        self.build_due |= !self.caught_up;
        self.caught_up = true;
    }

    pub fn is_caught_up(&self) -> bool {
        self.caught_up
    }

    pub fn wants_build(&self) -> bool {
        self.caught_up && self.build_due
    }

    /// A retry that the handler asked for is due.
    pub fn retry(&mut self) {
        self.build_due = true;
    }

    /// Lets go of replaced snapshots that nobody holds any more.
    pub fn drop_retired(&mut self) {
        self.retired.retain(|generation| {
            Arc::strong_count(generation) > 1 || Arc::strong_count(&generation.snapshot) > 1
        });
    }

    pub fn build(&mut self, clock: &dyn Clock, closing: &dyn Closing) -> BuildOutcome {
        self.drop_retired();
        if !self.wants_build() {
            return BuildOutcome::Unchanged;
        }
        if !self.retired.is_empty() {
            return BuildOutcome::Held;
        }
        self.build_due = false;
        let mut context = BuildContext::new(clock, closing);
        let built = self.handler.build(&mut context);
        let BuildContext { retry_after, failure, .. } = context;
        if let Some(reason) = failure {
            return BuildOutcome::Failed(reason);
        }
        let Some(built) = built else {
            return retry_after.map_or(BuildOutcome::Unchanged, BuildOutcome::RetryAfter);
        };
        let current = self.slot.current();
        if let Some(current) = current.filter(|current| current.mark.position > built.position) {
            return BuildOutcome::Failed(format!(
                "a snapshot as of {} was built after one as of {}",
                built.position, current.mark.position
            ));
        }
        if let Err(reason) = check_mark(&built.mark) {
            return BuildOutcome::Failed(reason);
        }
        let mark =
            SnapshotMark { broadcast: self.name.clone(), position: built.position, mark: built.mark.into() };
        self.published += 1;
        let generation =
            Arc::new(Generation { number: self.published, mark: mark.clone(), snapshot: built.snapshot });
        self.retired.extend(self.slot.publish(generation));
        BuildOutcome::Published { mark, retry_after }
    }

    pub fn ask(&mut self, questions: Vec<Arc<Question>>) {
        self.questions.extend(questions);
    }

    /// Answers what can be answered. To be called only when the log is folded to its end as of after the questions.
    pub fn answer_questions(&mut self) {
        if !self.caught_up || self.slot.number() == 0 {
            return;
        }
        // A question that nobody waits for any more has lost its task.
        self.questions.retain(|question| Arc::strong_count(question) > 1);
        self.questions.retain(|question| {
            let answer = question.mark.as_ref().map_or(Reached::Yes, |mark| self.handler.reached(mark));
            let waits = answer == Reached::NotYet;
            question.set(answer);
            waits
        });
    }
}

/// What can travel in offset metadata between its separators.
fn check_mark(mark: &str) -> Result<(), String> {
    if mark.len() > 160 {
        return Err(format!("the mark of a snapshot has {} bytes, 160 are allowed", mark.len()));
    }
    match mark.bytes().find(|byte| !byte.is_ascii_graphic()) {
        Some(byte) => {
            Err(format!("the mark of a snapshot holds byte {byte:#04x}, which is not printable ASCII"))
        }
        None => Ok(()),
    }
}
