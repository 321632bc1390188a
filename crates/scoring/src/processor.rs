//! The scoring processor: a batch of records in, results, dead letters and cut-overs out, statistics kept.

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use scorewheel_codecs::{LINEAGE_HEADER, Making, ResultEncoder};
use scorewheel_serving::{
    Adoption, Answer, Cutover, DeadLetter, InstalledModel, Mark, Marking, Meter, ModelReference, Outcome,
    Revision, RevisionId, Scored, ScoredRows, Scorer, Step, TaskStatistics, Wait, Watcher,
};
use scorewheel_streams::{
    BatchView, Broadcast, CommitContext, CutOver, Flow, InitContext, OutputId, Processor, ProcessorContext,
    ProcessorError, Stores, TaskId,
};
use scorewheel_topics::{Clock, RecordTooLarge, RecordView, TopicPartition};

use crate::dead_letter::{self, Cause};
use crate::event::ScoringEvent;
use crate::followers::{FirstTarget, ScoreFollower};
use crate::lineage::ModelLineage;
use crate::markers::Markers;
use crate::names::{CUTOVERS, DEAD_LETTERS};
use crate::parts::{Parts, PartsError};
use crate::records::{RecordCodecs, ViewRecords};
use crate::statistics_store::StatisticsStore;

/// Records scored at once: enough to amortise what a batch costs, few enough that their columns stay in the cache.
const BLOCK: usize = 1024;

/// Scores the records of one partition. `S` is the store that keeps its statistics.
pub struct ScoringProcessor<S> {
    parts: Arc<Parts>,
    models: Broadcast<Revision>,
    scorer: Scorer<RecordCodecs>,
    statistics: TaskStatistics,
    /// The models of the revision that the last batch was scored with.
    in_force: Vec<ModelReference>,
    encoders: Vec<ModelEncoder>,
    outputs: Option<[OutputId; 2]>,
    /// Cut-overs of the transaction under way.
    uncommitted: Vec<Cutover>,
    /// Who follows this task's scores, from its first batch on.
    follower: Option<Box<dyn ScoreFollower>>,
    /// Looks at its columns and scores.
    watcher: Option<Box<dyn Watcher>>,
    store: PhantomData<fn() -> S>,
}

/// What is constant about the results of one model.
struct ModelEncoder {
    serial: u64,
    data_type: Box<str>,
    result: ResultEncoder,
    lineage: ModelLineage,
    /// When the task first scored with it.
    since: i64,
}

impl<S: StatisticsStore> ScoringProcessor<S> {
    /// A processor that scores with the models of this broadcast source.
    ///
    /// # Errors
    /// [`PartsError::DataType`].
    pub fn new(parts: Arc<Parts>, models: Broadcast<Revision>) -> Result<Self, PartsError> {
        let codecs = RecordCodecs::new(Arc::clone(&parts.data_types)).map_err(PartsError::DataType)?;
        Ok(Self {
            scorer: Scorer::new(codecs, parts.policies),
            parts,
            models,
            statistics: TaskStatistics::new(),
            in_force: Vec::new(),
            encoders: Vec::new(),
            outputs: None,
            uncommitted: Vec::new(),
            follower: None,
            watcher: None,
            store: PhantomData,
        })
    }

    /// A supplier of processors for a topology, one a task.
    ///
    /// # Errors
    /// [`PartsError::DataType`].
    pub fn supplier(
        parts: &Arc<Parts>,
        models: Broadcast<Revision>,
    ) -> Result<impl Fn(TaskId) -> Self + Send + Sync + use<S>, PartsError> {
        // A first one shows that the parts are sound, so that none can fail later.
        Self::new(Arc::clone(parts), models)?;
        let parts = Arc::clone(parts);
        Ok(move |_| match Self::new(Arc::clone(&parts), models) {
            Ok(processor) => processor,
            Err(_) => unreachable!("the same parts were sound before"),
        })
    }

    fn load(&mut self, stores: &mut Stores<'_>) -> Result<(), ProcessorError> {
        let store: &mut S = stores.get(&self.parts.names.store)?;
        self.statistics = store.load()?;
        let paused =
            self.statistics.paused().iter().map(|(data_type, control)| (data_type.as_str(), *control));
        self.scorer.restore_paused(paused);
        self.encoders.clear();
        Ok(())
    }

    /// Scores one block and writes its outcomes; the number of records taken, and why the next one waits.
    fn score_block(
        &mut self,
        batch: BatchView<'_>,
        block: Range<usize>,
        revision: &Revision,
        context: &mut ProcessorContext<'_>,
    ) -> Result<(usize, Option<Wait>), ProcessorError> {
        let Some([dead_letters, _]) = self.outputs else {
            return Err("the processor was not made ready".into());
        };
        let mut meter = TaskMeter {
            clock: context.clock,
            now: context.clock.wall(),
            markers: &self.parts.markers,
            watcher: self.watcher.as_mut(),
        };
        let records = ViewRecords(batch);
        let scored = self.scorer.score(revision, &records, block, &mut meter);
        let now = context.clock.wall();
        let mut writer = Writer {
            parts: &self.parts,
            encoders: &mut self.encoders,
            statistics: &self.statistics,
            dead_letters,
            input: context.input,
            now,
        };
        let mut unwritten = Vec::new();
        for (index, outcome) in scored.outcomes() {
            let Some(record) = batch.get(index) else { break };
            match outcome {
                Outcome::Result(answer) => {
                    if let Err(error) = writer.result(index, &record, &answer, context) {
                        writer.too_large(index, &record, &answer, &error, context)?;
                        unwritten.push((answer.model, answer.nanoseconds));
                    } else if let Some(follower) = &mut self.follower {
                        let score = FirstTarget::of(answer.scores, answer.row);
                        follower.scored(&answer.installed.reference, score, answer.nanoseconds);
                    }
                }
                Outcome::DeadLetter(letter) => {
                    let message = letter.message();
                    let lineage = writer.lineage_of(&letter, record.offset, revision);
                    let cause = Cause {
                        step: letter.step.as_str(),
                        kind: letter.kind(),
                        message: &message,
                        lineage: lineage.as_deref(),
                    };
                    writer.dead_letter(index, &record, &cause, context)?;
                }
                Outcome::Dropped(_) => {}
            }
        }
        let taken = scored.taken();
        let wait = scored.wait().cloned();
        let observed = observed(&scored, unwritten.len() as u64);
        if unwritten.is_empty() {
            self.statistics.add_batch(taken as u64, scored.tally(), revision, now);
        } else {
            let mut tally = scored.tally().clone();
            for (model, nanoseconds) in unwritten {
                tally.encode_failed(model, nanoseconds);
            }
            self.statistics.add_batch(taken as u64, &tally, revision, now);
        }
        let paused = self.scorer.paused().map(|(name, control)| (name.to_string(), control)).collect();
        self.statistics.set_paused(paused);
        for event in observed {
            if let ScoringEvent::ModelFails(alarm) = &event {
                self.parts.state.push_alarm(alarm.clone());
            }
            self.parts.observer.observe(&event);
        }
        Ok((taken, wait))
    }
}

impl<S: StatisticsStore> Processor for ScoringProcessor<S> {
    fn init(&mut self, context: &mut InitContext<'_>) -> Result<(), ProcessorError> {
        self.outputs = Some([context.output(DEAD_LETTERS)?, context.output(CUTOVERS)?]);
        self.load(&mut context.stores)
    }

    fn process(
        &mut self,
        batch: BatchView<'_>,
        context: &mut ProcessorContext<'_>,
    ) -> Result<Flow, ProcessorError> {
        let revision = context.snapshots.get(&self.models)?.snapshot();
        if let Some(scores) = self.parts.scores.as_ref().filter(|_| self.follower.is_none()) {
            self.follower = Some(scores.follow(context.input));
        }
        if let Some(watch) = self.parts.watch.as_ref().filter(|_| self.watcher.is_none()) {
            self.watcher = Some(watch.watcher());
        }
        self.encoders
            .retain(|encoder| revision.models().iter().any(|model| model.serial() == encoder.serial));
        if self.in_force.len() != revision.models().len()
            || self.in_force.iter().zip(revision.models()).any(|(a, b)| a.offset != b.reference.offset)
        {
            self.in_force = revision.models().iter().map(|model| model.reference.clone()).collect();
        }
        let mut start = 0;
        while start < batch.len() {
            let block = start..batch.len().min(start + BLOCK);
            let (taken, wait) = self.score_block(batch, block, revision, context)?;
            start += taken;
            if let Some(wait) = wait {
                return Ok(Flow::PauseAt { record: start, reason: wait.to_string() });
            }
        }
        Ok(Flow::Continue)
    }

    fn cut_over(
        &mut self,
        cut_over: &CutOver<'_>,
        context: &mut ProcessorContext<'_>,
    ) -> Result<(), ProcessorError> {
        let Some([_, cutovers]) = self.outputs else { return Err("the processor was not made ready".into()) };
        let adopted = match cut_over.from {
            None => Some(Adoption::Newest),
            Some(from) => self.parts.state.adoption(&from.mark),
        };
        let revision = match Mark::read(cut_over.to.mark.as_bytes()) {
            Marking::Ours(mark) => mark.revision,
            _ => RevisionId::EMPTY,
        };
        let input = cut_over.input;
        let entry = Cutover::new(input.topic(), input.partition(), cut_over.first_offset, revision, adopted);
        let mut output = context.outputs.at(cutovers);
        let key = entry.key();
        let mut record = output.record(0, context.clock.wall(), Some(key.as_bytes()));
        record.value().extend_from_slice(&entry.value());
        record.finish()?;
        self.uncommitted.push(entry);
        Ok(())
    }

    fn before_commit(&mut self, context: &mut CommitContext<'_>) -> Result<(), ProcessorError> {
        let store: &mut S = context.stores.get(&self.parts.names.store)?;
        store.save(&mut self.statistics, &self.in_force)
    }

    fn committed(&mut self) {
        for cutover in &self.uncommitted {
            self.parts.observer.observe(&ScoringEvent::CutOver(cutover.clone()));
        }
        self.parts.state.push_cutovers(self.uncommitted.drain(..));
        if let Some(follower) = &mut self.follower {
            follower.committed();
        }
    }

    fn rolled_back(&mut self, context: &mut CommitContext<'_>) -> Result<(), ProcessorError> {
        self.uncommitted.clear();
        if let Some(follower) = &mut self.follower {
            follower.rolled_back();
        }
        self.load(&mut context.stores)
    }
}

/// Writes the outcomes of a block.
struct Writer<'a> {
    parts: &'a Parts,
    encoders: &'a mut Vec<ModelEncoder>,
    statistics: &'a TaskStatistics,
    dead_letters: OutputId,
    input: &'a TopicPartition,
    now: i64,
}

impl Writer<'_> {
    /// Encodes a result in place: the input's key and timestamp, the lineage, the value.
    fn result(
        &mut self,
        index: usize,
        record: &RecordView<'_>,
        answer: &Answer<'_>,
        context: &mut ProcessorContext<'_>,
    ) -> Result<(), RecordTooLarge> {
        let lineage = self.parts.lineage || answer.order.is_shared();
        let encoder = self.encoder(answer);
        let mut output = context.outputs.main();
        let mut result = output.record(index, record.timestamp, record.key);
        if lineage {
            result.header_with(LINEAGE_HEADER, |header| {
                encoder.lineage.write(record.offset, answer.order, header);
            });
        }
        let making = Making {
            model: answer.installed.reference.key.name.as_str(),
            duration_ns: i64::try_from(answer.nanoseconds).unwrap_or(i64::MAX),
            model_since: encoder.since,
        };
        encoder.result.encode(answer.scores, answer.row, making, result.value());
        result.finish()
    }

    fn encoder(&mut self, answer: &Answer<'_>) -> &ModelEncoder {
        let (serial, data_type) = (answer.installed.serial(), answer.data_type.as_str());
        let known =
            self.encoders.iter().position(|known| known.serial == serial && *known.data_type == *data_type);
        let index = known.unwrap_or_else(|| {
            let encoder = self.new_encoder(answer.installed, data_type, answer);
            self.encoders.push(encoder);
            self.encoders.len() - 1
        });
        &self.encoders[index]
    }

    fn new_encoder(&self, installed: &InstalledModel, data_type: &str, answer: &Answer<'_>) -> ModelEncoder {
        let model = &installed.reference;
        let since = self.statistics.model(model.offset).map_or(self.now, |statistics| statistics.since);
        ModelEncoder {
            serial: installed.serial(),
            data_type: data_type.into(),
            result: ResultEncoder::new(self.parts.result_format, data_type, answer.scores.schema()),
            lineage: ModelLineage::new(model, self.input),
            since,
        }
    }

    fn lineage_of(&self, letter: &DeadLetter<'_>, offset: i64, revision: &Revision) -> Option<Vec<u8>> {
        let (model, order) = letter.asked()?;
        ModelLineage::of_missing(&revision.models()[model].reference, self.input, offset, order)
    }

    fn too_large(
        &mut self,
        index: usize,
        record: &RecordView<'_>,
        answer: &Answer<'_>,
        error: &RecordTooLarge,
        context: &mut ProcessorContext<'_>,
    ) -> Result<(), ProcessorError> {
        let message = format!("the result cannot be written: {error}");
        let model = &answer.installed.reference;
        let lineage = ModelLineage::of_missing(model, self.input, record.offset, answer.order);
        let cause = Cause {
            step: Step::Encode.as_str(),
            kind: "result_too_large",
            message: &message,
            lineage: lineage.as_deref(),
        };
        self.dead_letter(index, record, &cause, context)
    }

    fn dead_letter(
        &mut self,
        index: usize,
        record: &RecordView<'_>,
        cause: &Cause<'_>,
        context: &mut ProcessorContext<'_>,
    ) -> Result<(), ProcessorError> {
        dead_letter::write(&mut context.outputs.at(self.dead_letters), index, record, self.input, cause)
    }
}

/// What happened in a block.
fn observed(scored: &Scored<'_, RecordCodecs>, unwritten: u64) -> Vec<ScoringEvent> {
    let tally = scored.tally();
    let mut events = Vec::new();
    if tally.all_results() > 0 {
        let nanoseconds = tally.results().iter().map(|results| results.count * results.nanoseconds).sum();
        events.push(ScoringEvent::Scored { rows: tally.all_results(), nanoseconds });
    }
    for step in Step::ALL {
        let records = tally.dead_letters(step) + if step == Step::Encode { unwritten } else { 0 };
        if records > 0 {
            events.push(ScoringEvent::DeadLettered { step, records });
        }
    }
    events.extend(scored.alarms().iter().cloned().map(ScoringEvent::ModelFails));
    events
}

/// The time of the topology; marks models that score for the first time, and shows what was scored.
struct TaskMeter<'a> {
    clock: &'a dyn Clock,
    /// When the block began, milliseconds since the epoch.
    now: i64,
    markers: &'a Markers,
    watcher: Option<&'a mut Box<dyn Watcher>>,
}

impl Meter for TaskMeter<'_> {
    fn nanoseconds(&mut self) -> u64 {
        u64::try_from(self.clock.monotonic().as_nanos()).unwrap_or(u64::MAX)
    }

    fn scored(&mut self, rows: &ScoredRows<'_>) {
        if let Some(watcher) = &mut self.watcher {
            watcher.scored(rows, self.now);
        }
    }

    fn before_first_batch(&mut self, model: &InstalledModel) {
        self.markers.enter_first_batch(&model.reference);
    }

    fn after_first_batch(&mut self, model: &InstalledModel) {
        self.markers.leave_first_batch(&model.reference);
    }
}
