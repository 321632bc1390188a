//! The driver: what a test does to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use scorewheel_topics::{Clock, ManualClock, Offset, TopicPartition};

use super::log::Topics;
use super::options::TestDriverOptions;
use super::record::TestRecord;
use crate::broadcast::{BroadcastFold, Question, Questions, SnapshotMark, SnapshotSlot};
use crate::error::{ErrorKind, StreamsError};
use crate::task::Task;
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
    pub(super) topology: Topology,
    pub(super) options: TestDriverOptions,
    pub(super) clock: Arc<ManualClock>,
    pub(super) topics: Topics,
    pub(super) broadcasts: Vec<DriverBroadcast>,
    pub(super) slots: Vec<Arc<SnapshotSlot>>,
    pub(super) tasks: BTreeMap<TaskId, DriverTask>,
    /// Where reading each output partition goes on.
    pub(super) read: BTreeMap<TopicPartition, Offset>,
}

pub(super) struct DriverBroadcast {
    pub(super) topic: TopicPartition,
    pub(super) fold: BroadcastFold,
    pub(super) questions: Questions,
    pub(super) position: Offset,
    pub(super) held: bool,
    pub(super) retry_at: Option<Duration>,
}

pub(super) struct DriverTask {
    pub(super) task: Task,
    pub(super) questions: Vec<Arc<Question>>,
    pub(super) started: bool,
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

    fn broadcast_index(&self, name: &str) -> Result<usize, StreamsError> {
        let index = self.topology.broadcasts.iter().position(|broadcast| *broadcast.name == *name);
        index.ok_or_else(|| wrong(format!("there is no broadcast source `{name}`")))
    }
}

pub(super) fn wrong(reason: String) -> StreamsError {
    ErrorKind::Configuration { reason }.into()
}

impl fmt::Debug for TopologyTestDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TopologyTestDriver").field("options", &self.options).finish_non_exhaustive()
    }
}
