//! The driver.

use std::any::{Any, type_name};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use scorewheel_topics::{Clock, ManualClock, Offset, RecordBatch, TopicPartition};

use super::log::Topics;
use super::options::TestDriverOptions;
use super::record::{OutputRecord, TestRecord};
use crate::batch_view::BatchView;
use crate::broadcast::{
    BroadcastFold, BuildOutcome, Closing, Question, Questions, Reached, SnapshotMark, SnapshotSlot,
};
use crate::error::{ErrorKind, StreamsError};
use crate::store::{Checkpoint, KeyValueStore, StateStore, StoreContext, TaskStore, kind_header};
use crate::task::{BatchOutcome, Metadata, NewTask, Task};
use crate::task_id::TaskId;
use crate::topology::Topology;

/// Runs a topology without broker, threads and time of its own: records are piped in, broadcast records delivered,
/// builds held and completed, the clock moved by hand, transactions committed and aborted, the process restarted.
///
/// It works at once and completely: when a call returns, everything that can be done is done. A partition that a
/// processor has paused, or whose snapshot is not there, keeps its records until it may go on.
///
/// ```
/// use scorewheel_streams::{StreamsBuilder, TopologyTestDriver};
///
/// let builder = StreamsBuilder::new();
/// builder.stream("in").filter(|record| record.value != Some(b"no")).to("out");
/// let mut driver = TopologyTestDriver::new(builder.build()?)?;
/// driver.pipe("in", 0, ["yes", "no", "maybe"])?;
/// let values: Vec<_> = driver.read_output("out").iter().map(|record| record.value_text().into_owned()).collect();
/// assert_eq!(values, ["yes", "maybe"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TopologyTestDriver {
    topology: Topology,
    options: TestDriverOptions,
    clock: Arc<ManualClock>,
    topics: Topics,
    broadcasts: Vec<DriverBroadcast>,
    slots: Vec<Arc<SnapshotSlot>>,
    tasks: BTreeMap<TaskId, DriverTask>,
    /// Where reading each output partition goes on.
    read: BTreeMap<TopicPartition, Offset>,
}

struct DriverBroadcast {
    topic: TopicPartition,
    fold: BroadcastFold,
    questions: Questions,
    position: Offset,
    held: bool,
    retry_at: Option<Duration>,
}

struct DriverTask {
    task: Task,
    questions: Vec<Arc<Question>>,
    started: bool,
}

#[derive(Debug)]
struct NotClosing;

impl Closing for NotClosing {
    fn is_closing(&self) -> bool {
        false
    }
}

impl TopologyTestDriver {
    /// A driver with one partition a topic that commits after each call. The broadcast sources have folded their
    /// empty topics and published their first snapshots.
    ///
    /// # Errors
    /// What handlers fail with.
    pub fn new(topology: Topology) -> Result<Self, StreamsError> {
        Self::with_options(topology, TestDriverOptions::default())
    }

    /// A driver that behaves as told.
    ///
    /// # Errors
    /// What handlers fail with.
    pub fn with_options(topology: Topology, options: TestDriverOptions) -> Result<Self, StreamsError> {
        let clock = Arc::new(ManualClock::new(options.start));
        let mut driver = Self {
            topology,
            options,
            clock,
            topics: Topics::default(),
            broadcasts: Vec::new(),
            slots: Vec::new(),
            tasks: BTreeMap::new(),
            read: BTreeMap::new(),
        };
        driver.start_broadcasts(&BTreeSet::new())?;
        Ok(driver)
    }

    /// Appends records to an input partition and works on them.
    ///
    /// # Errors
    /// What processors and stores fail with; the transaction is aborted then.
    pub fn pipe<R: Into<TestRecord>>(
        &mut self,
        topic: &str,
        partition: u32,
        records: impl IntoIterator<Item = R>,
    ) -> Result<(), StreamsError> {
        let input = TopicPartition::new(topic, partition);
        let now = self.clock.wall();
        for record in records {
            self.topics.append(&input, &record.into(), now);
        }
        self.run()
    }

    /// Leaves offsets without records at the end of an input or broadcast partition, as compaction and transaction
    /// markers do.
    pub fn skip_offsets(&mut self, topic: &str, partition: u32, offsets: Offset) {
        self.topics.skip(&TopicPartition::new(topic, partition), offsets);
    }

    /// Appends a record to the topic of a broadcast source; builds unless builds are held, and lets tasks go on that
    /// waited for it. Answers the record's offset.
    ///
    /// # Errors
    /// What the handler, processors and stores fail with.
    pub fn broadcast(&mut self, name: &str, record: impl Into<TestRecord>) -> Result<Offset, StreamsError> {
        let index = self.broadcast_index(name)?;
        let now = self.clock.wall();
        let topic = self.broadcasts[index].topic.clone();
        let offset = self.topics.append(&topic, &record.into(), now);
        self.run()?;
        Ok(offset)
    }

    /// From now on a broadcast source folds records and builds nothing, as if its builds took long.
    ///
    /// # Errors
    /// If there is no such broadcast source.
    pub fn hold_builds(&mut self, name: &str) -> Result<(), StreamsError> {
        let index = self.broadcast_index(name)?;
        self.broadcasts[index].held = true;
        Ok(())
    }

    /// Builds what was held back, and goes on building.
    ///
    /// # Errors
    /// What the handler, processors and stores fail with.
    pub fn complete_builds(&mut self, name: &str) -> Result<(), StreamsError> {
        let index = self.broadcast_index(name)?;
        self.broadcasts[index].held = false;
        self.run()
    }

    /// Where the current snapshot of a broadcast source stands.
    ///
    /// # Errors
    /// If there is no such broadcast source.
    pub fn snapshot_mark(&self, name: &str) -> Result<Option<SnapshotMark>, StreamsError> {
        let index = self.broadcast_index(name)?;
        Ok(self.slots[index].current().map(|generation| generation.mark.clone()))
    }

    /// The driver's clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<ManualClock> {
        &self.clock
    }

    /// Moves the clock on; broadcast sources that asked for another try get it when it is due.
    ///
    /// # Errors
    /// What handlers, processors and stores fail with.
    pub fn advance(&mut self, by: Duration) -> Result<(), StreamsError> {
        self.clock.advance(by);
        self.run()
    }

    /// Commits what was processed.
    ///
    /// # Errors
    /// What processors and stores fail with; the transaction is aborted then.
    pub fn commit(&mut self) -> Result<(), StreamsError> {
        let committed = self.try_commit();
        self.abort_after(committed)
    }

    fn try_commit(&mut self) -> Result<(), StreamsError> {
        let mut offsets = Vec::new();
        let mut committing = Vec::new();
        for (id, state) in &mut self.tasks {
            if state.started
                && let Some(offset) = state.task.prepare_commit(&mut self.topics)?
            {
                offsets.push(offset);
                committing.push(*id);
            }
        }
        if offsets.is_empty() {
            return Ok(());
        }
        let written = self.topics.commit(offsets);
        for id in committing {
            if let Some(state) = self.tasks.get_mut(&id) {
                state.task.committed(&|partition| written.get(partition).copied())?;
            }
        }
        Ok(())
    }

    /// Aborts the transaction: outputs are forgotten, stores rolled back, and the records will be worked on again with
    /// the next call that works.
    ///
    /// # Errors
    /// What processors fail with.
    pub fn abort(&mut self) -> Result<(), StreamsError> {
        self.topics.abort();
        for state in self.tasks.values_mut() {
            state.task.roll_back(&mut self.topics)?;
        }
        Ok(())
    }

    /// Ends the process without a commit and starts it again: handlers are made anew and fold their topics, stores are
    /// restored from their changelogs, reading goes on at the committed offsets. Builds that were held are still held.
    ///
    /// # Errors
    /// What handlers, processors and stores fail with.
    pub fn restart(&mut self) -> Result<(), StreamsError> {
        self.topics.abort();
        let tasks = std::mem::take(&mut self.tasks);
        let held = self.broadcasts.iter().filter(|broadcast| broadcast.held);
        let held = held.map(|broadcast| broadcast.topic.topic().to_owned()).collect();
        self.broadcasts.clear();
        self.slots.clear();
        self.start_broadcasts(&held)?;
        for id in tasks.keys() {
            self.make_task(*id)?;
        }
        self.run()
    }

    /// The records that were committed to a topic since the last call, by partition and offset.
    pub fn read_output(&mut self, topic: &str) -> Vec<OutputRecord> {
        let partitions: Vec<_> = self.topics.partitions(topic).cloned().collect();
        let mut records = Vec::new();
        for partition in partitions {
            let from = self.read.entry(partition.clone()).or_insert(0);
            let new = self.topics.read(&partition, *from);
            records.extend(new.map(|record| OutputRecord::new(partition.partition(), record)));
            *from = self.topics.end(&partition);
        }
        records
    }

    /// All records that were ever committed to a topic, by partition and offset.
    #[must_use]
    pub fn output(&self, topic: &str) -> Vec<OutputRecord> {
        let partitions = self.topics.partitions(topic);
        let records = partitions.flat_map(|partition| {
            self.topics.read(partition, 0).map(|record| OutputRecord::new(partition.partition(), record))
        });
        records.collect()
    }

    /// Records of a topic that are larger than this are refused where they are written.
    pub fn limit_record_size(&mut self, topic: &str, bytes: usize) {
        self.topics.limit(topic, bytes);
    }

    /// The committed offset of an input partition and its metadata.
    #[must_use]
    pub fn committed(&self, topic: &str, partition: u32) -> Option<(Offset, String)> {
        let committed = self.topics.committed(&TopicPartition::new(topic, partition))?;
        Some((committed.offset, String::from_utf8_lossy(&committed.metadata).into_owned()))
    }

    /// Why a task has paused its partition, if it has.
    #[must_use]
    pub fn paused(&self, task: impl Into<TaskId>) -> Option<&str> {
        self.tasks.get(&task.into())?.task.paused()
    }

    /// The next input offset of a task; `None` before its first record.
    #[must_use]
    pub fn position(&self, task: impl Into<TaskId>) -> Option<Offset> {
        self.tasks.get(&task.into())?.task.position()
    }

    /// The key/value store of a task, with what is not committed yet.
    ///
    /// # Errors
    /// If the task has not seen a record yet, or has no such store.
    pub fn key_value(
        &mut self,
        task: impl Into<TaskId>,
        name: &str,
    ) -> Result<&mut KeyValueStore, StreamsError> {
        self.store(task, name)
    }

    /// A store of a task, with what is not committed yet.
    ///
    /// # Errors
    /// If the task has not seen a record yet, or has no such store.
    pub fn store<S: StateStore>(
        &mut self,
        task: impl Into<TaskId>,
        name: &str,
    ) -> Result<&mut S, StreamsError> {
        let store: &mut dyn Any = &mut *self.task_store(task.into(), name)?.store;
        store.downcast_mut().ok_or_else(|| wrong(format!("store `{name}` is no {}", type_name::<S>())))
    }

    /// What other threads would see of a store: the last committed state.
    ///
    /// # Errors
    /// If the task has not seen a record yet, or has no such store of this view.
    pub fn view<V: Any + Send + Sync>(
        &mut self,
        task: impl Into<TaskId>,
        name: &str,
    ) -> Result<Arc<V>, StreamsError> {
        let view = self.task_store(task.into(), name)?.store.view();
        view.downcast().map_err(|_| wrong(format!("the view of store `{name}` is no {}", type_name::<V>())))
    }

    fn task_store(&mut self, task: TaskId, name: &str) -> Result<&mut TaskStore, StreamsError> {
        let state = self.tasks.get_mut(&task);
        let state = state.ok_or_else(|| wrong(format!("task {task} has not seen a record yet")))?;
        let store = state.task.stores.iter_mut().find(|store| *store.name == *name);
        store.ok_or_else(|| wrong(format!("task {task} has no store `{name}`")))
    }

    fn broadcast_index(&self, name: &str) -> Result<usize, StreamsError> {
        let index = self.topology.broadcasts.iter().position(|broadcast| *broadcast.name == *name);
        index.ok_or_else(|| wrong(format!("there is no broadcast source `{name}`")))
    }

    fn start_broadcasts(&mut self, held: &BTreeSet<String>) -> Result<(), StreamsError> {
        for spec in &self.topology.broadcasts {
            let handler = (spec.supplier)().map_err(|error| ErrorKind::Broadcast {
                broadcast: spec.name.to_string(),
                reason: error.to_string(),
            })?;
            let slot = Arc::new(SnapshotSlot::default());
            self.slots.push(slot.clone());
            self.broadcasts.push(DriverBroadcast {
                topic: TopicPartition::new(spec.topic.clone(), 0),
                fold: BroadcastFold::new(spec.name.clone(), handler, slot),
                questions: Questions::default(),
                position: 0,
                held: held.contains(&*spec.topic),
                retry_at: None,
            });
        }
        self.run_broadcasts()
    }

    fn make_task(&mut self, id: TaskId) -> Result<(), StreamsError> {
        let sub_topology = &self.topology.sub_topologies[id.sub_topology as usize];
        let input = TopicPartition::new(sub_topology.topic.clone(), id.partition);
        let mut stores = Vec::new();
        let mut changelogs: Vec<Arc<str>> = Vec::new();
        for &index in &sub_topology.stores {
            let spec = &self.topology.stores[index];
            let name: Arc<str> = spec.name().into();
            let context =
                StoreContext { task: id, store: name.clone(), directory: None, clock: self.clock.clone() };
            let store = spec.make_volatile(&context).map_err(|error| StreamsError::store(&name, error))?;
            let kind_header = kind_header(store.kind());
            stores.push(TaskStore { name, store, logged: spec.has_changelog(), kind_header });
            changelogs.push(spec.changelog_topic(&self.options.application).into());
        }
        let committed = self.topics.committed(&input);
        let marks = match committed.map(|committed| Metadata::decode(&committed.metadata)) {
            Some(Metadata::Ours(metadata)) => metadata.snapshots,
            _ => Vec::new(),
        };
        let offset = committed.map(|committed| committed.offset);
        let partitions = self.options.partitions;
        let parts = NewTask {
            id,
            topology: &self.topology,
            input,
            clock: self.clock.clone(),
            slots: &self.slots,
            stores,
            changelogs,
            sink_partitions: &move |_| partitions,
        };
        let mut task = Task::new(parts, offset, marks);
        for index in 0..task.stores.len() {
            restore(&mut task, index, &self.topics).map_err(|error| error.in_task(id))?;
        }
        let broadcasts = self.topology.broadcasts.iter().zip(&self.broadcasts).zip(&self.slots);
        let questions = broadcasts
            .map(|((spec, broadcast), slot)| broadcast.questions.ask(slot, task.floor(&spec.name)))
            .collect();
        self.tasks.insert(id, DriverTask { task, questions, started: false });
        Ok(())
    }

    /// Does everything that can be done.
    fn run(&mut self) -> Result<(), StreamsError> {
        let worked = self.work();
        self.abort_after(worked)?;
        if self.options.auto_commit { self.commit() } else { Ok(()) }
    }

    fn abort_after(&mut self, result: Result<(), StreamsError>) -> Result<(), StreamsError> {
        if result.is_err() {
            self.abort()?;
        }
        result
    }

    fn work(&mut self) -> Result<(), StreamsError> {
        for (number, sub_topology) in self.topology.sub_topologies.iter().enumerate() {
            let topic = sub_topology.topic.clone();
            let inputs: Vec<u32> = self.topics.partitions(&topic).map(TopicPartition::partition).collect();
            for partition in inputs {
                let id = TaskId { sub_topology: u32::try_from(number).unwrap_or(u32::MAX), partition };
                if !self.tasks.contains_key(&id) {
                    return self.make_task(id).and_then(|()| self.work());
                }
            }
        }
        self.run_broadcasts()?;
        let ids: Vec<TaskId> = self.tasks.keys().copied().collect();
        // An abort of one task makes work for the others.
        let mut worked = true;
        while std::mem::take(&mut worked) {
            for &id in &ids {
                while self.run_task(id)? {
                    worked = true;
                }
            }
        }
        Ok(())
    }

    fn run_broadcasts(&mut self) -> Result<(), StreamsError> {
        for (broadcast, spec) in self.broadcasts.iter_mut().zip(&self.topology.broadcasts) {
            let failed = |reason: String| ErrorKind::Broadcast { broadcast: spec.name.to_string(), reason };
            let new = self.topics.read(&broadcast.topic, broadcast.position);
            new.for_each(|record| broadcast.fold.record(record));
            let end = self.topics.end(&broadcast.topic);
            if end > broadcast.position || !broadcast.fold.is_caught_up() {
                broadcast.position = end;
                broadcast.fold.caught_up();
            }
            broadcast.fold.ask(broadcast.questions.take());
            if broadcast.held {
                continue;
            }
            if broadcast.retry_at.is_some_and(|at| at <= self.clock.monotonic()) {
                broadcast.retry_at = None;
                broadcast.fold.retry();
            }
            let retry_after = match broadcast.fold.build(&*self.clock, &NotClosing) {
                BuildOutcome::Published { retry_after, .. } => retry_after,
                BuildOutcome::RetryAfter(wait) => Some(wait),
                BuildOutcome::Unchanged | BuildOutcome::Held => None,
                BuildOutcome::Failed(reason) => return Err(failed(reason).into()),
            };
            if let Some(wait) = retry_after {
                broadcast.retry_at = Some(self.clock.monotonic() + wait);
            }
            broadcast.fold.answer_questions();
        }
        Ok(())
    }

    /// Gives a task its next batch; false if there is none for it now.
    fn run_task(&mut self, id: TaskId) -> Result<bool, StreamsError> {
        let Some(state) = self.tasks.get_mut(&id) else { return Ok(false) };
        if !state.started {
            for (question, spec) in state.questions.iter().zip(&self.topology.broadcasts) {
                match question.answer() {
                    Reached::Yes => {}
                    Reached::NotYet => return Ok(false),
                    Reached::Never(reason) => {
                        let position = state.task.floor(&spec.name).map_or(-1, |mark| mark.position);
                        let broadcast = spec.name.to_string();
                        let error =
                            StreamsError::from(ErrorKind::SnapshotNever { broadcast, position, reason });
                        return Err(error.in_task(id));
                    }
                }
            }
            let ends: Vec<Offset> = (0..state.task.stores.len())
                .map(|store| self.topics.end(state.task.changelog(store)))
                .collect();
            state.task.start(&ends, &mut self.topics)?;
            state.started = true;
        }
        if state.task.paused().is_some() && !state.task.try_resume() {
            return Ok(false);
        }
        let input = state.task.input().clone();
        let mut batch = RecordBatch::new();
        batch.reset(input.clone());
        let from = state.task.position().unwrap_or(0);
        for record in self.topics.read(&input, from).take(self.options.batch_records) {
            batch.push(&record);
        }
        if batch.is_empty() {
            return Ok(false);
        }
        match state.task.process(&batch, 0, batch.len(), &mut self.topics)? {
            BatchOutcome::Done => Ok(true),
            BatchOutcome::Paused { .. } => Ok(false),
            BatchOutcome::TooFar { .. } => {
                self.abort()?;
                Ok(true)
            }
        }
    }
}

/// Gives a store its whole changelog.
fn restore(task: &mut Task, index: usize, topics: &Topics) -> Result<(), StreamsError> {
    let changelog = task.changelog(index).clone();
    let mut batch = RecordBatch::new();
    batch.reset(changelog.clone());
    for record in topics.read(&changelog, 0) {
        batch.push(&record);
    }
    if batch.is_empty() {
        return Ok(());
    }
    let store = &mut task.stores[index];
    let checkpoint = Checkpoint { changelog: topics.end(&changelog), input: -1, ..Checkpoint::default() };
    let restored = store.restore(BatchView::new(&batch), &checkpoint);
    restored.map_err(|error| StreamsError::store(&store.name, error))
}

fn wrong(reason: String) -> StreamsError {
    ErrorKind::Configuration { reason }.into()
}

impl fmt::Debug for TopologyTestDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TopologyTestDriver").field("options", &self.options).finish_non_exhaustive()
    }
}
