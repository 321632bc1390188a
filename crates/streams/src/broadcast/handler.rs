//! What the user of a broadcast source implements.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use scorewheel_topics::{Clock, Offset, RecordView};

/// A snapshot that is ready to be used.
#[derive(Debug)]
pub struct Published<T> {
    /// The snapshot. Immutable, shared by all tasks.
    pub snapshot: Arc<T>,
    /// Offset in the topic that it is as of; −1 before the first record that counts. Never falls from one snapshot to
    /// the next.
    pub position: Offset,
    /// What [`BroadcastHandler::reached`] is asked about it later. Printable ASCII without blanks, at most 160 bytes;
    /// may be empty.
    pub mark: String,
}

/// The answer to: does this instance stand at or past that mark?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Yes: the snapshot published last is it, or a later one.
    Yes,
    /// Not yet: asked again after the next record, build or retry.
    NotYet,
    /// It never will: the topic ends before it, or something else stands there. The application stops with this
    /// reason.
    Never(String),
}

/// Folds the records of a topic into snapshots. Lives on a thread of its own, of low priority; nothing it does holds
/// up the stream threads.
///
/// Calls come in turns: `record` for everything that is there, `caught_up`, `build`, `reached`, and again when more
/// has arrived. What comes in while a build runs is folded after it, all at once, so builds do not pile up.
pub trait BroadcastHandler: Send + 'static {
    /// What tasks get to see.
    type Snapshot: Send + Sync + 'static;

    /// The next record of the topic. Only to be noted: the work is `build`'s.
    fn record(&mut self, record: RecordView<'_>);

    /// Everything that was in the log when reading of it began, or since the last call, has been given to `record`.
    fn caught_up(&mut self) {}

    /// Makes the next snapshot if there is something new. The first is made as soon as the log is folded, be it of an
    /// empty log: no task works without one. Called only while no snapshot older than the current one is held by
    /// anybody, so at most two are alive at any time.
    ///
    /// A lack of memory, time or disk is no answer: ask for another try with [`BuildContext::retry_after`].
    fn build(&mut self, context: &mut BuildContext<'_>) -> Option<Published<Self::Snapshot>>;

    /// Where the snapshot stands relative to a mark that a task has committed, here or in another process. Asked when
    /// the log is folded to its end as of after the question, and built.
    fn reached(&self, mark: &str) -> Reached;
}

/// What a handler works with during a build.
#[derive(Debug)]
pub struct BuildContext<'a> {
    clock: &'a dyn Clock,
    closing: &'a dyn Closing,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) failure: Option<String>,
}

/// Says whether the instance is about to stop.
pub(crate) trait Closing: std::fmt::Debug {
    fn is_closing(&self) -> bool;
}

impl<'a> BuildContext<'a> {
    pub(crate) fn new(clock: &'a dyn Clock, closing: &'a dyn Closing) -> Self {
        Self { clock, closing, retry_after: None, failure: None }
    }

    /// The time.
    #[must_use]
    pub fn clock(&self) -> &'a dyn Clock {
        self.clock
    }

    /// True if the instance is about to stop: a long build may be given up.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.closing.is_closing()
    }

    /// Asks to be called again after this time even if no record arrives.
    pub fn retry_after(&mut self, wait: Duration) {
        self.retry_after = Some(wait);
    }

    /// Stops the application: the topic cannot be what it should be.
    pub fn fail(&mut self, reason: impl Into<String>) {
        self.failure = Some(reason.into());
    }
}

/// A handler without its type.
pub(crate) trait ErasedHandler: Send {
    fn record(&mut self, record: RecordView<'_>);
    fn caught_up(&mut self);
    fn build(&mut self, context: &mut BuildContext<'_>) -> Option<ErasedPublished>;
    fn reached(&self, mark: &str) -> Reached;
}

pub(crate) struct ErasedPublished {
    pub snapshot: Arc<dyn Any + Send + Sync>,
    pub position: Offset,
    pub mark: String,
}

/// Takes the type off a handler.
pub(crate) struct Typed<H>(pub H);

impl<H: BroadcastHandler> ErasedHandler for Typed<H> {
    fn record(&mut self, record: RecordView<'_>) {
        self.0.record(record);
    }

    fn caught_up(&mut self) {
        self.0.caught_up();
    }

    fn build(&mut self, context: &mut BuildContext<'_>) -> Option<ErasedPublished> {
        let Published { snapshot, position, mark } = self.0.build(context)?;
        Some(ErasedPublished { snapshot, position, mark })
    }

    fn reached(&self, mark: &str) -> Reached {
        self.0.reached(mark)
    }
}
