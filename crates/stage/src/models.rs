//! What all stages of a process share: the models.

use std::sync::Arc;

use futures_util::Stream;
use scorewheel_serving::{
    Adopt, Answer, Arrivals, ControlLog, ControlView, Decoder, Fetcher, Judge, LedgerMismatch, Marking,
    Rejection, RevisionId, Selections,
};

use crate::driver::ModelDriver;
use crate::handle::StageHandle;
use crate::message::ModelItem;
use crate::record::{EncodeError, Record};
use crate::shared::Shared;
use crate::stage::{Stage, StageOptions};
use crate::start::Start;
use crate::surroundings::{Surroundings, SystemSurroundings};
use crate::task::Task;

/// How models are handled.
pub struct ModelsOptions {
    /// Names this process in rejections.
    pub instance: String,
    /// Verdicts that are known already: they stand if the message at their offset is theirs.
    pub rejections: Vec<Rejection>,
    /// Models that this process must not touch, by control offset.
    pub quarantined: Vec<i64>,
    /// Which models of a route are asked, where it is not the latest alone.
    pub selections: Selections,
    /// What the operator has said about a ledger that does not match.
    pub adopt: Adopt,
    /// Fetches models by reference, if that is allowed.
    pub fetcher: Option<Box<dyn Fetcher>>,
    /// The time, and who is told what happens.
    pub surroundings: Arc<dyn Surroundings>,
}

impl Default for ModelsOptions {
    fn default() -> Self {
        Self {
            instance: "stage".into(),
            rejections: Vec::new(),
            quarantined: Vec::new(),
            selections: Selections::new(),
            adopt: Adopt::default(),
            fetcher: None,
            surroundings: Arc::new(SystemSurroundings::default()),
        }
    }
}

/// The models of a process; stages are made from it, and each is a task of its own.
#[derive(Clone)]
pub struct Models {
    shared: Arc<Shared>,
}

impl Models {
    /// The models that `messages` brings, judged by `judge`, and the future that takes them in.
    ///
    /// The bytes of the latest message of each name are kept in memory, so that the removal of one model can install
    /// the one below it. Those of a message that an accepted one has superseded are not.
    #[must_use]
    pub fn new<M: Stream<Item = ModelItem>>(
        messages: M,
        judge: Judge,
        options: ModelsOptions,
    ) -> (Self, ModelDriver<M>) {
        let mut log =
            ControlLog::new(judge.numbering(), options.instance).with_selections(options.selections);
        for rejection in options.rejections {
            log.know_rejection(rejection);
        }
        for control in options.quarantined {
            log.quarantine(control);
        }
        let arrivals = Arrivals::new(options.fetcher);
        if arrivals.are_allowed() {
            log.allow_references();
        }
        let shared = Arc::new(Shared::new(options.surroundings, options.adopt, log));
        (Self { shared: Arc::clone(&shared) }, ModelDriver::new(messages, judge, arrivals, shared))
    }

    /// Scores `records` with these models: the stream of scored records, and the live handle to its state.
    ///
    /// `encode` makes a stage's output of each answer. With a checkpoint in the options the stage goes on where it
    /// was, and waits until the models have reached its revision.
    ///
    /// # Errors
    /// [`LedgerMismatch`] if the checkpoint belongs to another control log.
    #[expect(clippy::type_complexity, reason = "a pair, whose parts a caller seldom has to name")]
    pub fn stage<S, C, D, E, O>(
        &self,
        records: S,
        decoder: D,
        encode: E,
        options: StageOptions,
    ) -> Result<(Stage<S, C, D, E, O>, StageHandle), LedgerMismatch>
    where
        S: Stream<Item = Record<C>>,
        D: Decoder,
        E: FnMut(&Answer<'_>, &Record<C>) -> Result<O, EncodeError>,
    {
        let marking = match options.restart.as_ref().and_then(|checkpoint| checkpoint.mark) {
            Some(mark) => Marking::Ours(mark),
            None => Marking::Foreign,
        };
        let start = Arc::new(Start::new(marking));
        {
            let mut ledger = self.shared.ledger();
            self.shared.answer(&ledger, &start)?;
            ledger.starts.push(Arc::clone(&start));
        }
        let task = Arc::new(Task::new(options.restart.as_ref()));
        let handle = StageHandle::new(Arc::clone(&self.shared), Arc::clone(&task), Arc::clone(&start));
        Ok((Stage::new(records, decoder, encode, &options, Arc::clone(&self.shared), task, start), handle))
    }

    /// What the control log comes to, as of the last change.
    #[must_use]
    pub fn control(&self) -> Arc<ControlView> {
        self.shared.view()
    }

    /// The revision in force; none before the models are ready.
    #[must_use]
    pub fn revision(&self) -> Option<RevisionId> {
        self.shared.pin().map(|published| {
            let id = published.revision.id();
            self.shared.unpin(published);
            id
        })
    }
}
