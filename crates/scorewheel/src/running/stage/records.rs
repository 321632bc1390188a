//! The thread that reads records, scores them and writes what came of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::Context;
use std::time::{Duration, Instant};

use scorewheel_scoring::{Observer, ScoringEvent};
use scorewheel_streams::{FaultPoint, Listener, StreamsEvent};
use scorewheel_telemetry::Event;
use scorewheel_topics::{
    Backend, CleanupPolicy, GroupEvent, GroupOptions, GroupReader, OffsetCommit, RecordBatch, Remedy,
    StartPosition, TopicPartition, TopicSpec, TopicsError, Writer,
};

use super::beginning::Beginning;
use super::models::retry;
use super::partition::{MOST_WAITING, Partition, StageSettings};
use super::polling::Again;
use super::shared::{PartitionView, StageShared, lock};
use crate::clients::ensure_topic;
use crate::clock::now;
use crate::config::Create;
use crate::exit_code::Failure;

const POLL: Duration = Duration::from_millis(5);
const LOOK_AGAIN: Duration = Duration::from_millis(250);
const THREAD: &str = "records";

/// What the thread works with.
pub struct RecordsThread {
    /// What the threads share.
    pub shared: Arc<StageShared>,
    /// The topics.
    pub backend: Arc<dyn Backend>,
    /// How the stages score.
    pub settings: StageSettings,
    /// How the group reads.
    pub group: GroupOptions,
    /// How results are written.
    pub writer: scorewheel_topics::WriterOptions,
    /// Which topics may be created, and with how many copies.
    pub create: (Create, Option<u16>),
    /// Where a partition without a committed offset begins.
    pub start: StartPosition,
    /// What is done is committed after this time.
    pub commit_interval: Duration,
    /// How often checkpoints are written.
    pub checkpoint_interval: Duration,
}

/// The thread at work.
struct Work {
    thread: RecordsThread,
    reader: Box<dyn GroupReader>,
    writer: Box<dyn Writer>,
    partitions: BTreeMap<TopicPartition, Partition>,
    batch: RecordBatch,
    /// When the first record came through that is not committed.
    uncommitted: Option<Instant>,
    /// Records that came through since the last commit, and the earliest timestamp of them.
    records: u64,
    oldest: Option<i64>,
    next_checkpoint: Instant,
}

impl RecordsThread {
    /// Works until the instance ends; then commits and leaves the group.
    ///
    /// # Errors
    /// What it cannot go on with.
    pub fn work(self) -> Result<(), Failure> {
        if !self.wait_for_topics()? {
            return Ok(());
        }
        let mut work = Work {
            reader: self.backend.group_reader(&self.group)?,
            writer: self.backend.writer(&self.writer)?,
            partitions: BTreeMap::new(),
            batch: RecordBatch::new(),
            uncommitted: None,
            records: 0,
            oldest: None,
            next_checkpoint: Instant::now() + self.checkpoint_interval,
            thread: self,
        };
        while !work.thread.shared.is_stopping() {
            work.step()?;
        }
        work.pump()?;
        work.commit()?;
        work.write_checkpoints()?;
        work.reader.close()?;
        Ok(())
    }

    /// Waits for records and models, makes the topics that are ours; false if the instance is to end before.
    fn wait_for_topics(&self) -> Result<bool, Failure> {
        while !self.shared.is_stopping() {
            match self.prepare() {
                Ok(None) if lock(&self.shared.models).is_some() => {
                    self.shared.wait_for(THREAD, None);
                    return Ok(true);
                }
                Ok(None) => self.shared.wait_for(THREAD, None),
                Ok(Some(missing)) => {
                    self.shared.wait_for(THREAD, Some(format!("topics are missing: {missing}")));
                }
                Err(error) => retry(&self.shared, THREAD, error)?,
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        Ok(false)
    }

    /// Makes the topics that are ours as wide as the input; the name of an input that is not there.
    fn prepare(&self) -> Result<Option<String>, TopicsError> {
        let admin = self.backend.admin()?;
        let names = &self.settings.names;
        let Some(input) = admin.describe_topic(&names.records)? else {
            return Ok(Some(names.records.to_string()));
        };
        let (create, replication) = self.create;
        let spec = |name: &str| {
            TopicSpec::new(name, input.partitions).replication(replication).cleanup(CleanupPolicy::Delete)
        };
        let wanted = [spec(&names.results), spec(&names.dead_letters), spec(&names.cutovers).keep_for_ever()];
        for spec in wanted {
            let (found, _) = ensure_topic(&*admin, &spec, create)?;
            if found.partitions != input.partitions {
                return Err(TopicsError::WrongPartitionCount {
                    topic: spec.name,
                    found: found.partitions,
                    needed: input.partitions,
                });
            }
        }
        Ok(None)
    }
}

impl Work {
    fn step(&mut self) -> Result<(), Failure> {
        let event = match self.reader.poll(POLL, &mut self.batch) {
            Ok(event) => event,
            Err(error) => {
                retry(&self.thread.shared, THREAD, error)?;
                return Ok(());
            }
        };
        self.thread.shared.wait_for(THREAD, None);
        let idle = event == GroupEvent::Nothing;
        match event {
            GroupEvent::Batch => {
                if let Some(partition) = self.partitions.get(self.batch.source()) {
                    self.batch.iter().for_each(|record| partition.push(&record));
                }
            }
            GroupEvent::Assigned(partitions) => self.assigned(&partitions)?,
            GroupEvent::Revoked(partitions) => {
                self.pump()?;
                self.commit()?;
                self.write_checkpoints()?;
                self.gone(&partitions, false);
                self.reader.acknowledge_revoked()?;
            }
            GroupEvent::Lost(partitions) => {
                self.gone(&partitions, true);
                self.reader.acknowledge_revoked()?;
            }
            GroupEvent::Nothing => {}
        }
        self.pump()?;
        let due = |since: Instant| idle || since.elapsed() >= self.thread.commit_interval;
        if self.uncommitted.is_some_and(due) {
            self.commit()?;
        }
        if Instant::now() >= self.next_checkpoint {
            self.next_checkpoint = Instant::now() + self.thread.checkpoint_interval;
            self.commit()?;
            self.write_checkpoints()?;
        }
        self.hold_back()?;
        Ok(())
    }

    fn assigned(&mut self, inputs: &[TopicPartition]) -> Result<(), Failure> {
        let shared = Arc::clone(&self.thread.shared);
        let Some(models) = lock(&shared.models).clone() else {
            return Err(Failure::run_time("partitions were assigned before the models were read"));
        };
        let Some(committed) = self.patiently(|reader| reader.committed(inputs))? else { return Ok(()) };
        let mut starts = Vec::new();
        for (input, committed) in inputs.iter().zip(committed) {
            let mut partition = Partition::new(&self.thread.settings, &models, input)?;
            partition.committed = committed.map(|committed| committed.offset);
            let beginning = Beginning::of(partition.restored_position(), partition.committed);
            if let Some(message) = beginning.told(input) {
                shared.telemetry.record(&Event::Alarm { kind: "stage_checkpoint", message });
            }
            let start = beginning.position.map_or(self.thread.start, StartPosition::Offset);
            starts.push((input.clone(), start));
            let view = PartitionView {
                handle: partition.handle.clone(),
                committed: partition.committed.unwrap_or(-1),
                end: -1,
            };
            lock(&shared.partitions).insert(input.partition(), view);
            self.partitions.insert(input.clone(), partition);
        }
        if self.patiently(|reader| reader.acknowledge_assigned(&starts))?.is_some() {
            shared.events.event(&StreamsEvent::Assigned { thread: 0, partitions: inputs });
        }
        Ok(())
    }

    /// Asks until there is an answer; `None` if the instance is to end before.
    fn patiently<T>(
        &mut self,
        mut ask: impl FnMut(&mut dyn GroupReader) -> Result<T, TopicsError>,
    ) -> Result<Option<T>, Failure> {
        while !self.thread.shared.is_stopping() {
            match ask(&mut *self.reader) {
                Ok(answer) => return Ok(Some(answer)),
                Err(error) => retry(&self.thread.shared, THREAD, error)?,
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        Ok(None)
    }

    fn gone(&mut self, inputs: &[TopicPartition], lost: bool) {
        let shared = &self.thread.shared;
        for input in inputs {
            self.partitions.remove(input);
            lock(&shared.partitions).remove(&input.partition());
        }
        shared.events.event(&if lost {
            StreamsEvent::Lost { thread: 0, partitions: inputs }
        } else {
            StreamsEvent::Revoked { thread: 0, partitions: inputs }
        });
    }

    /// Takes out of the stages what came through them, and writes it.
    fn pump(&mut self) -> Result<(), Failure> {
        let again = Arc::new(Again::default());
        let waker = again.waker();
        let mut context = Context::from_waker(&waker);
        let now = now();
        for partition in self.partitions.values_mut() {
            let (mut rows, mut took) = (0, 0);
            while let Some(scored) = partition.next(&mut context) {
                partition.outputs.write(&mut *self.writer, &scored, now)?;
                partition.position = Some(scored.record.context.offset + 1);
                self.uncommitted.get_or_insert_with(Instant::now);
                self.records += 1;
                self.oldest = self.oldest.into_iter().chain([scored.record.context.timestamp]).min();
                if let Some(cut_over) = &scored.cut_over {
                    let (input, offset) = (&partition.input, scored.record.context.offset);
                    let entry = cut_over.entry(input.topic(), input.partition(), offset);
                    self.thread.shared.cut_over(entry);
                }
                for outcome in scored.outcomes() {
                    match outcome {
                        scorewheel_stage::Outcome::Result { output, model, nanoseconds } => {
                            if let Some(follower) = &mut partition.follower {
                                follower.scored(model, output.first_target(), *nanoseconds);
                            }
                            (rows, took) = (rows + 1, took + nanoseconds);
                        }
                        scorewheel_stage::Outcome::DeadLetter { step, .. } => {
                            let event = ScoringEvent::DeadLettered { step: *step, records: 1 };
                            self.thread.shared.events.observe(&event);
                        }
                        scorewheel_stage::Outcome::Dropped { .. } => {}
                    }
                }
            }
            if rows > 0 {
                let event = ScoringEvent::Scored { rows, nanoseconds: took };
                self.thread.shared.events.observe(&event);
            }
        }
        Ok(())
    }

    /// What is written is acknowledged first, then its offsets are committed: at least once.
    fn commit(&mut self) -> Result<(), Failure> {
        let began = Instant::now();
        let done = |partition: &&Partition| partition.position.is_some();
        let offsets: Vec<OffsetCommit> = (self.partitions.values().filter(done))
            .filter(|partition| partition.position != partition.committed)
            .map(|partition| OffsetCommit {
                partition: partition.input.clone(),
                offset: partition.position.unwrap_or(0),
                metadata: String::new(),
            })
            .collect();
        if offsets.is_empty() {
            self.uncommitted = None;
            return Ok(());
        }
        self.thread.shared.fault(FaultPoint::BeforeSendOffsets)?;
        self.writer.flush()?;
        self.thread.shared.fault(FaultPoint::BeforeCommit)?;
        match self.reader.commit(&offsets) {
            Ok(()) => self.uncommitted = None,
            // Others have the partitions by now and score again from where was committed: at least once.
            Err(error) if matches!(error.remedy(), Remedy::Rejoin) => {
                self.uncommitted = None;
                return Ok(());
            }
            // Tried again with the next step.
            Err(error) => return Ok(retry(&self.thread.shared, THREAD, error)?),
        }
        let shared = &self.thread.shared;
        shared.fault(FaultPoint::AfterCommit)?;
        let mut views = lock(&shared.partitions);
        for partition in self.partitions.values_mut() {
            partition.committed = partition.position.or(partition.committed);
            if let Some(follower) = &mut partition.follower {
                follower.committed();
            }
            if let Some(view) = views.get_mut(&partition.input.partition()) {
                view.committed = partition.committed.unwrap_or(-1);
                view.end = self.reader.known_end(&partition.input).unwrap_or(-1);
            }
        }
        drop(views);
        let committed: Vec<_> =
            offsets.iter().map(|offset| (offset.partition.partition().into(), offset.offset)).collect();
        shared.events.event(&StreamsEvent::Committed {
            thread: 0,
            offsets: &committed,
            records: std::mem::take(&mut self.records),
            oldest: self.oldest.take(),
            duration: began.elapsed(),
        });
        Ok(())
    }

    fn write_checkpoints(&self) -> Result<(), Failure> {
        self.partitions.values().try_for_each(Partition::write_checkpoint)
    }

    /// Stops reading partitions whose records wait, and goes on with those that have room again.
    fn hold_back(&mut self) -> Result<(), TopicsError> {
        for (input, partition) in &mut self.partitions {
            let waiting = partition.waiting();
            if !partition.paused && waiting >= MOST_WAITING {
                self.reader.pause(std::slice::from_ref(input))?;
                partition.paused = true;
            } else if partition.paused && waiting < MOST_WAITING / 2 {
                self.reader.resume(std::slice::from_ref(input))?;
                partition.paused = false;
            }
        }
        Ok(())
    }
}
