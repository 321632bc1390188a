//! The stage: a stream of records in, a stream of scored records out.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;
use scorewheel_serving::{
    Adoption, Answer, Decoder, Ending, InstalledModel, Mark, Meter, ModelReference, Outcome as Became,
    Policies, Records, RevisionId, ScoredRows, Scorer, Step, Watcher,
};

use crate::checkpoint::Checkpoint;
use crate::record::{CutOver, EncodeError, Outcome, Record, ScoredRecord};
use crate::shared::{Published, Shared};
use crate::start::{Answer as StartAnswer, Start};
use crate::surroundings::{Moment, StageEvent, Surroundings};
use crate::task::Task;

/// How a stage scores.
#[derive(Clone, Debug)]
pub struct StageOptions {
    /// What happens to records that no model can score.
    pub policies: Policies,
    /// Most records scored at once. A batch is what has already arrived; nothing lingers to fill it.
    pub batch: usize,
    /// Where to go on.
    pub restart: Option<Checkpoint>,
}

impl Default for StageOptions {
    fn default() -> Self {
        Self { policies: Policies::default(), batch: 1024, restart: None }
    }
}

/// Scores a stream of records; made by [`Models::stage`](crate::Models::stage).
///
/// Records come out in the order in which they went in, each with its context. The stream ends when the records have;
/// also when the models have ended while a record waits for one. That record and those after it have not been handed
/// out then: whoever feeds the stage still owns them.
pub struct Stage<S, C, D, E, O> {
    records: Pin<Box<S>>,
    encode: E,
    scorer: Scorer<D>,
    batch: usize,
    shared: Arc<Shared>,
    task: Arc<Task>,
    start: Arc<Start>,
    /// The start has been made.
    started: bool,
    /// The revision that the last scored record was governed by.
    last: Option<RevisionId>,
    /// Said of the first cut-over.
    adoption: Option<Adoption>,
    /// Taken in and not scored.
    taken: Vec<Record<C>>,
    /// The first of the records taken in waits for a later revision than the one of this number.
    waits_beyond: Option<u64>,
    /// Scored and not handed out.
    scored: VecDeque<ScoredRecord<C, O>>,
    /// What the state becomes with the first of them, and with the last.
    first: Option<(Mark, Arc<[Arc<ModelReference>]>)>,
    paused: Vec<(String, i64)>,
    waiting: Option<String>,
    ended: bool,
    watcher: Option<Box<dyn Watcher>>,
}

impl<S, C, D, E, O> Stage<S, C, D, E, O>
where
    S: Stream<Item = Record<C>>,
    D: Decoder,
    E: FnMut(&Answer<'_>, &Record<C>) -> Result<O, EncodeError>,
{
    pub(crate) fn new(
        records: S,
        decoder: D,
        encode: E,
        options: &StageOptions,
        shared: Arc<Shared>,
        task: Arc<Task>,
        start: Arc<Start>,
    ) -> Self {
        let mut scorer = Scorer::new(decoder, options.policies);
        let (last, paused) = {
            let state = task.state();
            (state.mark.map(|mark| mark.revision), state.statistics.paused().to_vec())
        };
        scorer.restore_paused(paused.iter().map(|(data_type, control)| (data_type.as_str(), *control)));
        Self {
            records: Box::pin(records),
            encode,
            scorer,
            batch: options.batch.max(1),
            task,
            start,
            started: false,
            last,
            adoption: None,
            taken: Vec::new(),
            waits_beyond: None,
            scored: VecDeque::new(),
            first: None,
            paused,
            waiting: None,
            ended: false,
            watcher: shared.surroundings.watcher(),
            shared,
        }
    }

    /// Whether there is a revision to score with now.
    fn may_score(&mut self) -> bool {
        if !self.started {
            let StartAnswer::Go(adoption) = self.start.answer() else { return false };
            self.started = true;
            self.adoption = adoption;
        }
        self.waits_beyond.is_none_or(|number| self.shared.number() > number)
    }

    /// Takes in what has arrived, a batch at most.
    fn fill(&mut self, cx: &mut Context<'_>) {
        while !self.ended && self.taken.len() < self.batch {
            match self.records.as_mut().poll_next(cx) {
                Poll::Ready(Some(record)) => self.taken.push(record),
                Poll::Ready(None) => self.ended = true,
                Poll::Pending => return,
            }
        }
    }

    /// Scores what was taken in, up to the first record that has to wait.
    fn score(&mut self, published: &Published) {
        let revision = &*published.revision;
        let surroundings = &*self.shared.surroundings;
        let mut meter = StageMeter { surroundings, watcher: self.watcher.as_mut() };
        let records = Taken(&self.taken);
        let scored = self.scorer.score(revision, &records, 0..self.taken.len(), &mut meter);
        let (taken, wait) = (scored.taken(), scored.wait().cloned());
        let alarms = scored.alarms().to_vec();
        let mut outcomes: Vec<(Outcome<O>, Vec<Outcome<O>>)> = Vec::with_capacity(taken);
        for (index, became) in scored.outcomes() {
            let outcome = match became {
                Became::Result(answer) => match (self.encode)(&answer, &self.taken[index]) {
                    Ok(output) => Outcome::Result {
                        output,
                        model: Arc::clone(&published.references[answer.model]),
                        nanoseconds: answer.nanoseconds,
                    },
                    Err(EncodeError { kind, reason }) => {
                        let asked = Some((Arc::clone(&published.references[answer.model]), answer.order));
                        Outcome::DeadLetter { step: Step::Encode, kind, message: reason, asked }
                    }
                },
                Became::DeadLetter(letter) => {
                    let asked = letter.asked();
                    Outcome::DeadLetter {
                        step: letter.step,
                        kind: letter.kind(),
                        message: letter.message(),
                        asked: asked.map(|(model, order)| (Arc::clone(&published.references[model]), order)),
                    }
                }
                Became::Dropped(data_type) => Outcome::Dropped { data_type: data_type.clone() },
            };
            match outcomes.get_mut(index) {
                Some((_, further)) => further.push(outcome),
                None => outcomes.push((outcome, Vec::new())),
            }
        }
        let id = revision.id();
        let mut cut_over = None;
        if taken > 0 {
            self.first = Some((revision.mark(), Arc::clone(&published.references)));
            if self.last != Some(id) || self.adoption.is_some() {
                cut_over = Some(CutOver { revision: id, adopted: self.adoption.take() });
                self.last = Some(id);
            }
        }
        for (record, (outcome, further)) in self.taken.drain(..taken).zip(outcomes) {
            let cut_over = cut_over.take();
            self.scored.push_back(ScoredRecord { record, revision: id, cut_over, outcome, further });
        }
        self.paused = self.scorer.paused().map(|(name, control)| (name.to_string(), control)).collect();
        self.waits_beyond = wait.as_ref().map(|_| published.number);
        self.waiting = wait.map(|wait| wait.to_string());
        for alarm in alarms {
            surroundings.observe(&StageEvent::ModelFails(alarm.clone()));
            self.task.state().push_alarm(alarm);
        }
        self.task.set_in_flight(self.taken.len() + self.scored.len());
        if self.scored.is_empty() {
            self.settle();
        }
    }

    /// Everything scored is handed out: what holds the next record up is known now.
    fn settle(&mut self) {
        let mut state = self.task.state();
        state.statistics.set_paused(self.paused.clone());
        state.waiting.clone_from(&self.waiting);
    }

    /// Hands out the next scored record, and counts it.
    fn hand_out(&mut self) -> Option<ScoredRecord<C, O>> {
        let scored = self.scored.pop_front()?;
        {
            let now = self.shared.surroundings.wall();
            let mut state = self.task.state();
            if let Some((mark, references)) = self.first.take() {
                state.mark = Some(mark);
                state.references = references;
            }
            if let Some(cut_over) = scored.cut_over {
                state.push_cut_over(cut_over);
            }
            state.statistics.add_record(ending(&scored.outcome), now);
            for further in &scored.further {
                state.statistics.add_further(ending(further), now);
            }
        }
        if let Some(cut_over) = scored.cut_over {
            self.shared.surroundings.observe(&StageEvent::CutOver(cut_over.revision));
        }
        self.task.set_in_flight(self.taken.len() + self.scored.len());
        if self.scored.is_empty() {
            self.settle();
        }
        Some(scored)
    }
}

fn ending<O>(outcome: &Outcome<O>) -> Ending<'_> {
    match outcome {
        Outcome::Result { model, nanoseconds, .. } => Ending::Result(model, *nanoseconds),
        Outcome::DeadLetter { step, .. } => Ending::DeadLetter(*step),
        Outcome::Dropped { .. } => Ending::Dropped,
    }
}

impl<S, C, D, E, O> Stream for Stage<S, C, D, E, O>
where
    S: Stream<Item = Record<C>>,
    D: Decoder,
    E: FnMut(&Answer<'_>, &Record<C>) -> Result<O, EncodeError>,
{
    type Item = ScoredRecord<C, O>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(scored) = this.hand_out() {
                return Poll::Ready(Some(scored));
            }
            if !this.may_score() {
                // Whether the models have ended is looked at first: what they still brought is then to be seen.
                let ended = this.shared.has_ended();
                this.shared.register_stage(cx.waker());
                if !this.may_score() {
                    let over = ended || this.shared.has_ended();
                    return if over && !this.may_score() { Poll::Ready(None) } else { Poll::Pending };
                }
            }
            this.fill(cx);
            if this.taken.is_empty() {
                return if this.ended { Poll::Ready(None) } else { Poll::Pending };
            }
            let Some(published) = this.shared.pin() else { return Poll::Pending };
            this.score(&published);
            this.shared.unpin(published);
        }
    }
}

impl<S, C, D, E, O> Unpin for Stage<S, C, D, E, O> {}

/// Records taken in, as the heart sees them.
struct Taken<'a, C>(&'a [Record<C>]);

impl<C> Records for Taken<'_, C> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn value(&self, index: usize) -> Option<&[u8]> {
        self.0[index].value.as_deref()
    }

    fn data_type(&self, index: usize) -> Option<&[u8]> {
        self.0[index].data_type.as_deref()
    }
}

struct StageMeter<'a> {
    surroundings: &'a dyn Surroundings,
    watcher: Option<&'a mut Box<dyn Watcher>>,
}

impl Meter for StageMeter<'_> {
    fn nanoseconds(&mut self) -> u64 {
        self.surroundings.nanoseconds()
    }

    fn scored(&mut self, rows: &ScoredRows<'_>) {
        if let Some(watcher) = &mut self.watcher {
            watcher.scored(rows, self.surroundings.wall());
        }
    }

    fn before_first_batch(&mut self, model: &InstalledModel) {
        self.surroundings.enter(&model.reference, Moment::FirstBatch);
    }

    fn after_first_batch(&mut self, model: &InstalledModel) {
        self.surroundings.leave(&model.reference, Moment::FirstBatch);
    }
}
