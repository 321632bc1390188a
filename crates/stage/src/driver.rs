//! The future that takes models in: folds the control log, installs what is in force, publishes revisions.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::Stream;
use scorewheel_serving::{
    Arrival, Arrivals, ControlMessage, ControlView, Folded, Judge, LedgerMismatch, ModelView, Put,
    Retirement, Verdict,
};

use crate::message::{ModelItem, ModelMessage};
use crate::shared::{Ledger, Shared};
use crate::surroundings::{Moment, StageEvent};

/// Messages folded in one go before others get their turn.
const FOLDED_AT_ONCE: usize = 1024;

/// Why no further model can be taken in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelsError {
    /// The stream ended and had not said that it is ready: what is in force is not known.
    #[error("the stream of models ended before it was ready, so it is not known which models are in force")]
    EndedBeforeReady,
    /// A stage's checkpoint belongs to another control log.
    #[error(transparent)]
    Ledger(#[from] LedgerMismatch),
}

/// Takes models in for as long as their stream goes on. Done when it ends: the models in force keep scoring.
///
/// Loads one model a poll, and the work is done inside the poll: give it a thread or task of its own where that must
/// not hold up others. Dropped, it takes no further models in.
pub struct ModelDriver<M> {
    messages: Pin<Box<M>>,
    judge: Judge,
    shared: Arc<Shared>,
    /// The latest message of each name.
    kept: HashMap<i64, ModelMessage>,
    /// Models by reference that are on their way.
    arrivals: Arrivals,
    postponed: Option<String>,
    models: Vec<ModelView>,
    retirement: Retirement,
    ended: bool,
}

enum Step {
    /// Something was done: there may be more to do.
    Went,
    /// A replaced revision is still held by a stage.
    Held,
    /// Models are on their way; true if there is news of them.
    Waits(bool),
    /// There is nothing to do until another message comes.
    Idle,
}

impl<M> ModelDriver<M> {
    pub(crate) fn new(messages: M, judge: Judge, arrivals: Arrivals, shared: Arc<Shared>) -> Self {
        Self {
            messages: Box::pin(messages),
            judge,
            shared,
            kept: HashMap::new(),
            arrivals,
            postponed: None,
            models: Vec::new(),
            retirement: Retirement::new(),
            ended: false,
        }
    }

    fn fold(&mut self, ledger: &mut Ledger, message: ModelMessage) {
        match ledger.log.fold(&message.as_record()) {
            Folded::Put(reference) => _ = self.kept.insert(reference.offset, message),
            Folded::Removed(key) => self
                .shared
                .surroundings
                .observe(&StageEvent::Removed { model: key.to_string(), control: message.offset }),
            Folded::Refused(rejection) => {
                self.shared.surroundings.observe(&StageEvent::Rejected(rejection));
            }
            Folded::KnownRefused(_) | Folded::Seen => {}
        }
    }

    /// Publishes the next revision, or loads the next model.
    fn step(&mut self, waker: &Waker) -> Step {
        if !self.retirement.may_publish() {
            self.shared.await_unpin();
            if !self.retirement.may_publish() {
                return Step::Held;
            }
        }
        let mut ledger = self.shared.ledger();
        if let Some(revision) = ledger.log.next_revision() {
            drop(ledger);
            self.models = revision.asked().map(|model| ModelView::of(model)).collect();
            self.shared.publish(&revision);
            self.shared.surroundings.observe(&StageEvent::Published(revision.id()));
            self.retirement.published(revision);
            self.keep();
            return Step::Went;
        }
        let wanted = ledger.log.wanted();
        drop(ledger);
        self.keep();
        let (mut waits, mut news, mut newly_late) = (false, false, false);
        let mut postponed = None;
        for control in wanted {
            let message = self.kept.get(&control);
            let read =
                message.map(|message| ControlMessage::read(&message.as_record(), self.judge.numbering()));
            let Some(ControlMessage::Put(put)) = read else {
                self.shared.ledger().log.gone(control);
                return Step::Went;
            };
            match self.arrivals.ask_with(put, waker) {
                Arrival::Here(put) => {
                    self.judge(&put);
                    return Step::Went;
                }
                Arrival::Refused(refusal) => {
                    self.verdict(control, Verdict::Refused(refusal));
                    return Step::Went;
                }
                Arrival::Coming(told) => {
                    waits = true;
                    if let Some(reason) = told {
                        news = true;
                        self.shared.surroundings.observe(&StageEvent::Postponed { control, reason });
                    }
                    if let Some(reason) = self.arrivals.postponed(control) {
                        newly_late |= self.shared.ledger().log.delayed(control);
                        postponed.get_or_insert(reason);
                    }
                }
            }
        }
        news |= self.postponed != postponed;
        self.postponed = postponed;
        if newly_late {
            // Others may be wanted in its place.
            return Step::Went;
        }
        match (waits, news) {
            (true, news) => Step::Waits(news),
            // Nothing is late any more, which is to be shown.
            (false, true) => Step::Went,
            (false, false) => Step::Idle,
        }
    }

    /// Says which models by reference are still of interest.
    fn keep(&mut self) {
        // In two steps: whoever fetches is not told while the ledger is locked.
        let loading = self.shared.ledger().log.loading();
        self.arrivals.keep(&self.models, &loading);
    }

    fn judge(&mut self, put: &Put) {
        let surroundings = &self.shared.surroundings;
        let started = surroundings.wall();
        surroundings.enter(&put.reference, Moment::Install);
        let verdict = self.judge.judge_put(put);
        surroundings.leave(&put.reference, Moment::Install);
        if let Verdict::Accepted(model) = &verdict {
            let milliseconds = surroundings.wall().saturating_sub(started);
            surroundings.observe(&StageEvent::Installed {
                model: model.reference.clone(),
                milliseconds,
                notes: model.bound.notes().to_vec(),
            });
        }
        self.verdict(put.reference.offset, verdict);
    }

    fn verdict(&mut self, control: i64, verdict: Verdict) {
        if let Some(rejection) = self.shared.ledger().log.judged(control, verdict) {
            self.shared.surroundings.observe(&StageEvent::Rejected(rejection));
        }
    }

    /// Shows the state, and lets stages go on that waited for it.
    fn show(&mut self) -> Result<(), LedgerMismatch> {
        let view = {
            let ledger = self.shared.ledger();
            let log = &ledger.log;
            self.kept.retain(|control, _| log.reference(*control).is_some());
            ControlView {
                position: ledger.end.max(log.position()),
                postponed: self.postponed.clone(),
                ..ControlView::of(log, &self.models)
            }
        };
        self.shared.set_view(view);
        let answered = self.shared.answer_starts();
        self.shared.wake_stages();
        answered
    }
}

impl<M: Stream<Item = ModelItem>> ModelDriver<M> {
    /// Folds what has arrived: whether that was anything, and whether there may be more.
    fn take_in(&mut self, cx: &mut Context<'_>) -> (bool, bool) {
        let shared = Arc::clone(&self.shared);
        for taken in 0..FOLDED_AT_ONCE {
            if self.ended {
                return (taken > 0, false);
            }
            match self.messages.as_mut().poll_next(cx) {
                Poll::Pending => return (taken > 0, false),
                Poll::Ready(None) => self.ended = true,
                Poll::Ready(Some(ModelItem::Message(message))) => self.fold(&mut shared.ledger(), message),
                Poll::Ready(Some(ModelItem::Ready { end })) => {
                    let mut ledger = shared.ledger();
                    ledger.log.advance(end.unwrap_or(0));
                    ledger.end = ledger.end.max(end.unwrap_or(0));
                    ledger.log.caught_up();
                    ledger.ready = true;
                }
            }
        }
        (true, true)
    }
}

impl<M: Stream<Item = ModelItem>> Future for ModelDriver<M> {
    type Output = Result<(), ModelsError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        this.shared.register_driver(cx.waker());
        let (came, more) = this.take_in(cx);
        let ready = this.shared.ledger().ready;
        if this.ended && !ready {
            this.shared.end();
            return Poll::Ready(Err(ModelsError::EndedBeforeReady));
        }
        let step = if ready { this.step(cx.waker()) } else { Step::Idle };
        // Only news is shown and told: a stage that waits in the same task would be woken for ever otherwise.
        if (came || matches!(step, Step::Went | Step::Waits(true)))
            && let Err(mismatch) = this.show()
        {
            this.shared.end();
            return Poll::Ready(Err(mismatch.into()));
        }
        if matches!(step, Step::Idle) && this.ended {
            this.shared.end();
            return Poll::Ready(Ok(()));
        }
        if more || matches!(step, Step::Went) {
            // Stages that share the task get their turn between two models.
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl<M> Unpin for ModelDriver<M> {}

impl<M> Drop for ModelDriver<M> {
    fn drop(&mut self) {
        self.shared.end();
    }
}
