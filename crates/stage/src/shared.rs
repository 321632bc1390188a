//! What the driver and the stages of a process share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use arc_swap::{ArcSwap, ArcSwapOption};
use futures_util::task::AtomicWaker;
use scorewheel_serving::{
    Adopt, ControlLog, ControlView, LedgerMismatch, ModelReference, Reached, Revision, Waiting,
};

use crate::start::{Answer, Start};
use crate::surroundings::{StageEvent, Surroundings};

/// A revision that stages score with.
#[derive(Debug)]
pub(crate) struct Published {
    /// From 1, in the order of publication.
    pub number: u64,
    pub revision: Arc<Revision>,
    /// The references of its models, in their order.
    pub references: Arc<[Arc<ModelReference>]>,
}

/// The control log, and how far it is.
pub(crate) struct Ledger {
    pub log: ControlLog,
    /// The end that the stream has stated.
    pub end: i64,
    /// The stream has said that it is ready.
    pub ready: bool,
    pub starts: Vec<Arc<Start>>,
}

/// What the driver and the stages share.
pub(crate) struct Shared {
    pub surroundings: Arc<dyn Surroundings>,
    pub adopt: Adopt,
    ledger: Mutex<Ledger>,
    published: ArcSwapOption<Published>,
    count: AtomicU64,
    view: ArcSwap<ControlView>,
    /// Stages that wait for a revision.
    waiting: Mutex<Vec<Waker>>,
    driver: AtomicWaker,
    /// The driver waits for a replaced revision to be let go.
    retiring: AtomicBool,
    /// No further revision comes.
    ended: AtomicBool,
}

impl Shared {
    pub fn new(surroundings: Arc<dyn Surroundings>, adopt: Adopt, log: ControlLog) -> Self {
        let ledger = Ledger { log, end: 0, ready: false, starts: Vec::new() };
        Self {
            surroundings,
            adopt,
            ledger: Mutex::new(ledger),
            published: ArcSwapOption::empty(),
            count: AtomicU64::new(0),
            view: ArcSwap::default(),
            waiting: Mutex::default(),
            driver: AtomicWaker::new(),
            retiring: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        }
    }

    /// Held for a moment at a time, never while a model is loaded.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn view(&self) -> Arc<ControlView> {
        self.view.load_full()
    }

    pub fn set_view(&self, view: ControlView) {
        self.view.store(Arc::new(view));
    }

    /// The current revision, to be held during a batch only.
    pub fn pin(&self) -> Option<Arc<Published>> {
        self.published.load_full()
    }

    /// Number of the current revision; 0 before the first.
    pub fn number(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    pub fn publish(&self, revision: &Arc<Revision>) {
        let references = revision.models().iter().map(|model| Arc::new(model.reference.clone())).collect();
        let number = self.number() + 1;
        let published = Published { number, revision: Arc::clone(revision), references };
        self.published.store(Some(Arc::new(published)));
        self.count.store(number, Ordering::Release);
    }

    /// Lets a pinned revision go; the driver may be waiting for that.
    pub fn unpin(&self, published: Arc<Published>) {
        drop(published);
        if self.retiring.swap(false, Ordering::SeqCst) {
            self.driver.wake();
        }
    }

    pub fn await_unpin(&self) {
        self.retiring.store(true, Ordering::SeqCst);
    }

    pub fn register_driver(&self, waker: &Waker) {
        self.driver.register(waker);
    }

    /// To be called before the state that is waited for is looked at once more.
    pub fn register_stage(&self, waker: &Waker) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if !waiting.iter().any(|known| known.will_wake(waker)) {
            waiting.push(waker.clone());
        }
    }

    pub fn wake_stages(&self) {
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        waiting.into_iter().for_each(Waker::wake);
    }

    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    pub fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        self.wake_stages();
    }

    /// Looks at where the stages that do not score yet would start; a mismatch ends everything.
    pub fn answer_starts(&self) -> Result<(), LedgerMismatch> {
        let mut ledger = self.ledger();
        let starts = std::mem::take(&mut ledger.starts);
        let mut left = Vec::new();
        for start in starts {
            self.answer(&ledger, &start)?;
            if !start.is_settled() && Arc::strong_count(&start) > 1 {
                left.push(start);
            }
        }
        ledger.starts = left;
        Ok(())
    }

    /// Looks at where one stage would start.
    pub fn answer(&self, ledger: &Ledger, start: &Start) -> Result<(), LedgerMismatch> {
        if !ledger.ready {
            return Ok(());
        }
        let end = ledger.end.max(ledger.log.position());
        match ledger.log.reached(&start.marking, end, self.adopt) {
            // Between the log's knowledge of a revision and its publication, the stage waits for the latter.
            Reached::Yes(adoption) if self.number() > 0 => _ = start.set(Answer::Go(adoption)),
            Reached::Yes(_) => {}
            Reached::NotYet(waiting) => _ = start.set(Answer::Waiting(describe(&waiting).into())),
            Reached::Refused(divergence) => {
                if start.set(Answer::Waiting(divergence.to_string().into())) {
                    self.surroundings.observe(&StageEvent::Diverged(divergence));
                }
            }
            Reached::Never(mismatch) => return Err(mismatch),
        }
        Ok(())
    }
}

fn describe(waiting: &Waiting) -> String {
    match waiting {
        Waiting::Folding { position } => format!("the models are read up to control offset {position}"),
        Waiting::Loading { offsets } => format!("the models at control offsets {offsets:?} are being loaded"),
        Waiting::Quarantined { offset } => {
            format!("the model at control offset {offset} is quarantined in this process")
        }
    }
}
