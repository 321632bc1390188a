//! One task: graph, stores, pinned snapshots, position.

use std::sync::Arc;

use scorewheel_topics::{Clock, Offset, OffsetCommit, RecordBatch, TopicPartition};

use super::Lender;
use super::graph::{Environment, Graph, Progress};
use super::metadata::OffsetMetadata;
use crate::broadcast::{Generation, SnapshotMark, SnapshotSlot};
use crate::error::StreamsError;
use crate::processor::CutOver;
use crate::store::{ChangelogWriter, Checkpoint, TaskStore};
use crate::task_id::TaskId;
use crate::topology::Topology;

/// What a task is made of.
pub(crate) struct NewTask<'a> {
    pub id: TaskId,
    pub topology: &'a Topology,
    pub input: TopicPartition,
    pub clock: Arc<dyn Clock>,
    /// One for each broadcast source of the topology.
    pub slots: &'a [Arc<SnapshotSlot>],
    pub stores: Vec<TaskStore>,
    /// Name of the changelog topic of each store.
    pub changelogs: Vec<Arc<str>>,
    /// Partition count of a sink's topic.
    pub sink_partitions: &'a dyn Fn(&str) -> u32,
}

/// What became of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BatchOutcome {
    /// All of it is done.
    Done,
    /// Everything before [`Task::position`] is done; the partition has to pause there.
    Paused { reason: String },
    /// The transaction has to be undone; the records from `offset` on are not to be given to the task again before a
    /// newer snapshot is there.
    TooFar { offset: Offset, reason: String },
}

/// What was committed, or is about to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Position {
    /// The next offset to be processed; `None` before anything is known.
    offset: Option<Offset>,
    /// What governed the record before.
    marks: Vec<SnapshotMark>,
}

/// One task.
pub(crate) struct Task {
    pub id: TaskId,
    input: TopicPartition,
    clock: Arc<dyn Clock>,
    graph: Graph,
    pub stores: Vec<TaskStore>,
    changelogs: Vec<TopicPartition>,
    /// Where each changelog ends after the last commit.
    changelog_ends: Vec<Offset>,
    slots: Vec<Arc<SnapshotSlot>>,
    /// The snapshots of the batch at hand; empty between batches.
    pins: Vec<Arc<Generation>>,
    committed: Position,
    current: Position,
    /// Something was processed since the last commit.
    dirty: bool,
    pause: Option<Pause>,
    /// Records from this offset on are not worked on, for this reason.
    stop: Option<(Offset, Pause)>,
}

/// Why a task works on nothing more until a newer snapshot is there.
#[derive(Clone, Debug)]
struct Pause {
    reason: String,
    /// [`Task::snapshot_numbers`] of the batch that led to it.
    numbers: u64,
}

impl Task {
    /// A task that begins at a committed position, or nowhere in particular.
    pub fn new(parts: NewTask<'_>, offset: Option<Offset>, marks: Vec<SnapshotMark>) -> Self {
        let partition = parts.id.partition;
        let committed = Position { offset, marks };
        Self {
            id: parts.id,
            graph: Graph::new(parts.topology, parts.id, parts.sink_partitions),
            input: parts.input,
            clock: parts.clock,
            changelog_ends: vec![0; parts.stores.len()],
            stores: parts.stores,
            changelogs: parts
                .changelogs
                .into_iter()
                .map(|topic| TopicPartition::new(topic, partition))
                .collect(),
            slots: parts.slots.to_vec(),
            pins: Vec::new(),
            current: committed.clone(),
            committed,
            dirty: false,
            pause: None,
            stop: None,
        }
    }

    /// The input partition.
    pub fn input(&self) -> &TopicPartition {
        &self.input
    }

    /// The next offset to be processed.
    pub fn position(&self) -> Option<Offset> {
        self.current.offset
    }

    /// The committed offset.
    pub fn committed_offset(&self) -> Option<Offset> {
        self.committed.offset
    }

    /// The snapshots that governed what is committed.
    pub fn committed_marks(&self) -> &[SnapshotMark] {
        &self.committed.marks
    }

    /// True if something was processed since the last commit.
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Has the position at which it begins committed even if nothing is processed.
    pub fn commit_position(&mut self, offset: Offset) {
        self.current.offset = Some(offset);
        self.committed.offset = Some(offset);
        self.dirty = true;
    }

    /// Goes back by one record; only a test that breaks a promise wants that.
    pub fn step_back(&mut self) {
        self.current.offset = self.current.offset.map(|offset| (offset - 1).max(0));
    }

    /// The changelog partition of a store.
    pub fn changelog(&self, store: usize) -> &TopicPartition {
        &self.changelogs[store]
    }

    /// The stores are restored up to these offsets of their changelogs: shows them and makes the processors ready.
    pub fn start(&mut self, changelog_ends: &[Offset], lender: &mut dyn Lender) -> Result<(), StreamsError> {
        self.changelog_ends = changelog_ends.to_vec();
        self.write_stores()?;
        let Self { id, input, clock, graph, stores, .. } = self;
        let mut environment = Environment { task: *id, input, clock: &**clock, pins: &[], stores, lender };
        graph.init(&mut environment).map_err(|error| error.in_task(self.id))
    }

    /// Works on the records of a batch from `start` to before `end`, and notes how far it came.
    ///
    /// All snapshots have to be published.
    pub fn process(
        &mut self,
        batch: &RecordBatch,
        start: usize,
        end: usize,
        lender: &mut dyn Lender,
    ) -> Result<BatchOutcome, StreamsError> {
        self.pins.extend(self.slots.iter().filter_map(|slot| slot.current()));
        debug_assert_eq!(self.pins.len(), self.slots.len(), "a batch before the first snapshot");
        let numbers = self.pins.iter().map(|pin| pin.number).sum();
        self.pause = None;
        if self.current.offset.is_none() {
            // The consumer began here; a rollback has to come back to it.
            self.current.offset = batch.get(start).map(|record| record.offset);
            self.committed.offset = self.current.offset;
        }
        let cut = self.cut_to_stop(batch, start, end, numbers);
        let mut outcome = Ok(BatchOutcome::Done);
        if cut > start {
            outcome = self.process_pinned(batch, start, cut, lender);
        }
        self.pins.clear();
        if let (Ok(BatchOutcome::Done), Some((_, stop))) =
            (&outcome, self.stop.as_ref().filter(|_| cut < end))
        {
            outcome = Ok(BatchOutcome::Paused { reason: stop.reason.clone() });
        }
        match &outcome {
            Ok(BatchOutcome::Paused { reason }) => {
                self.pause = Some(Pause { reason: reason.clone(), numbers });
            }
            Ok(BatchOutcome::TooFar { offset, reason }) => {
                self.stop = Some((*offset, Pause { reason: reason.clone(), numbers }));
            }
            _ => {}
        }
        outcome.map_err(|error| error.in_task(self.id))
    }

    /// Where a batch ends for a task that has been told to stop; forgets that if there is a newer snapshot, or if the
    /// batch ends before.
    fn cut_to_stop(&mut self, batch: &RecordBatch, start: usize, end: usize, numbers: u64) -> usize {
        let Some((offset, pause)) = &self.stop else { return end };
        if pause.numbers != numbers {
            self.stop = None;
            return end;
        }
        let before = batch.range(start..end).take_while(|record| record.offset < *offset).count();
        start + before
    }

    /// Why the task waits for a newer snapshot, if it does.
    pub fn paused(&self) -> Option<&str> {
        self.pause.as_ref().map(|pause| pause.reason.as_str())
    }

    /// Goes on if there is a newer snapshot than the one that led to the pause.
    pub fn try_resume(&mut self) -> bool {
        if self.pause.as_ref().is_none_or(|pause| pause.numbers == self.snapshot_numbers()) {
            return false;
        }
        self.pause = None;
        true
    }

    fn process_pinned(
        &mut self,
        batch: &RecordBatch,
        start: usize,
        end: usize,
        lender: &mut dyn Lender,
    ) -> Result<BatchOutcome, StreamsError> {
        let first = batch.get(start).map(|record| record.offset);
        let Self { id, input, clock, graph, stores, pins, current, .. } = self;
        let mut environment = Environment { task: *id, input, clock: &**clock, pins, stores, lender };
        let progress = graph.run(batch, start, end, &mut environment)?;
        let offset_at = |index: usize| batch.get(index).map_or(batch.next_offset(), |record| record.offset);
        let (done, outcome) = match progress {
            Progress::Done => (end, BatchOutcome::Done),
            Progress::Paused { index, reason } => (index, BatchOutcome::Paused { reason }),
            Progress::TooFar { index, reason } => {
                self.dirty = true;
                return Ok(BatchOutcome::TooFar { offset: offset_at(index), reason });
            }
        };
        if let Some(first_offset) = first.filter(|_| done > start) {
            for pin in pins.iter() {
                let before = current.marks.iter().position(|mark| mark.broadcast == pin.mark.broadcast);
                if before.is_some_and(|before| current.marks[before] == pin.mark) {
                    continue;
                }
                let cut_over = CutOver {
                    broadcast: &pin.mark.broadcast,
                    from: before.map(|before| &current.marks[before]),
                    to: &pin.mark,
                    input,
                    first_offset,
                };
                graph.cut_over(batch, start, &cut_over, &mut environment)?;
            }
            current.marks = pins.iter().map(|pin| pin.mark.clone()).collect();
            self.dirty = true;
        }
        // A pause at the first record changes nothing, not even the position.
        if done > start || outcome == BatchOutcome::Done {
            self.current.offset = Some(offset_at(done));
        }
        Ok(outcome)
    }

    /// Brings processors' and stores' changes into the transaction and says what to commit.
    pub fn prepare_commit(&mut self, lender: &mut dyn Lender) -> Result<Option<OffsetCommit>, StreamsError> {
        let Some(offset) = self.current.offset.filter(|_| self.dirty) else { return Ok(None) };
        let timestamp = self.clock.wall();
        let Self { id, input, clock, graph, stores, changelogs, .. } = self;
        let mut environment = Environment { task: *id, input, clock: &**clock, pins: &[], stores, lender };
        let result = graph.before_commit(&mut environment).and_then(|()| {
            for (store, changelog) in environment.stores.iter_mut().zip(changelogs.iter()) {
                if store.logged {
                    let buffer = environment.lender.lend(changelog)?;
                    let mut writer = ChangelogWriter::new(buffer, &store.kind_header, timestamp);
                    let flushed = store.store.flush(&mut writer);
                    flushed.map_err(|error| StreamsError::store(&store.name, error))?;
                }
            }
            Ok(())
        });
        result.map_err(|error| error.in_task(self.id))?;
        let stores = self.stores.iter().zip(&self.changelog_ends).filter(|(store, _)| store.logged);
        let metadata = OffsetMetadata {
            snapshots: self.current.marks.clone(),
            changelogs: stores.map(|(store, end)| (store.name.to_string(), *end)).collect(),
        };
        let commit = OffsetCommit { partition: self.input.clone(), offset, metadata: metadata.encode() };
        Ok(Some(commit))
    }

    /// The transaction is committed: the stores write. `written` is the offset after the last record that was written
    /// to a changelog partition in it, if any was.
    pub fn committed(
        &mut self,
        written: &dyn Fn(&TopicPartition) -> Option<Offset>,
    ) -> Result<(), StreamsError> {
        for (end, changelog) in self.changelog_ends.iter_mut().zip(&self.changelogs) {
            if let Some(after) = written(changelog) {
                // A writer that is older than the task may know of an end from before it.
                *end = after.max(*end);
            }
        }
        self.committed = self.current.clone();
        self.dirty = false;
        self.write_stores()?;
        self.graph.committed();
        Ok(())
    }

    fn write_stores(&mut self) -> Result<(), StreamsError> {
        let written_at = self.clock.wall();
        for (store, &changelog) in self.stores.iter_mut().zip(&self.changelog_ends) {
            let checkpoint = Checkpoint {
                changelog,
                input: self.committed.offset.unwrap_or(-1),
                snapshots: self.committed.marks.clone(),
                written_at,
            };
            let written = store.store.commit(&checkpoint);
            written.map_err(|error| StreamsError::store(&store.name, error).in_task(self.id))?;
        }
        Ok(())
    }

    /// Everything since the last commit is undone. The records from [`Self::position`] on have to come again.
    pub fn roll_back(&mut self, lender: &mut dyn Lender) -> Result<(), StreamsError> {
        self.current = self.committed.clone();
        self.dirty = false;
        // The records before the pause have to come again, too; it will be met again after them.
        self.pause = None;
        for store in &mut self.stores {
            store.store.rollback();
        }
        let Self { id, input, clock, graph, stores, .. } = self;
        let mut environment = Environment { task: *id, input, clock: &**clock, pins: &[], stores, lender };
        graph.rolled_back(&mut environment).map_err(|error| error.in_task(self.id))
    }

    /// The task leaves this instance.
    pub fn close(&mut self) {
        self.graph.close();
    }

    /// The mark that the snapshots of a broadcast source have to reach before the task can work.
    pub fn floor(&self, broadcast: &str) -> Option<&SnapshotMark> {
        self.committed.marks.iter().find(|mark| *mark.broadcast == *broadcast)
    }

    /// Grows whenever a snapshot is published.
    fn snapshot_numbers(&self) -> u64 {
        self.slots.iter().map(|slot| slot.number()).sum()
    }
}
