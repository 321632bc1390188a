//! A partition of ours, from its assignment to its work.

use std::sync::Arc;
use std::time::Duration;

use scorewheel_topics::{Admin, CommittedOffset, Offset, RecordBatch, StartPosition, TopicPartition};

use super::log_writer::LogWriter;
use super::restore::Restorer;
use super::shared::Shared;
use super::status::Phase;
use crate::batch_view::BatchView;
use crate::broadcast::{Question, Reached};
use crate::error::{ErrorKind, StreamsError};
use crate::fault_points::Duty;
use crate::listener::StreamsEvent;
use crate::state_directory::TaskClaim;
use crate::store::{
    Checkpoint, KeyValueStore, StateStore, StoreContext, StoreKind, StoreSpec, TaskStore, kind_header,
};
use crate::task::{Metadata, NewTask, OffsetMetadata, Task};
use crate::task_id::TaskId;
use crate::views::RestoreProgress;

/// A partition of ours.
pub(super) struct TaskSlot {
    pub id: TaskId,
    pub input: TopicPartition,
    /// `None` until the task is claimed, and after it was thrown away to be made anew.
    pub task: Option<Task>,
    stage: Stage,
    /// The committed offset as it was read; the inner `None`: there is none.
    committed: Option<Option<CommittedOffset>>,
    /// The position at which the consumer began, for the time before the first commit.
    pub start: Option<Offset>,
    claim: Option<TaskClaim>,
    restores: Vec<Restore>,
    restored_records: u64,
    began: Duration,
    questions: Vec<Arc<Question>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Needs its committed offset.
    New,
    Claiming,
    Restoring,
    Waiting,
    Running,
}

/// A store that is being restored.
struct Restore {
    store: usize,
    from: Offset,
    position: Offset,
    end: Offset,
}

impl TaskSlot {
    pub fn new(id: TaskId, input: TopicPartition) -> Self {
        Self {
            id,
            input,
            task: None,
            stage: Stage::New,
            committed: None,
            start: None,
            claim: None,
            restores: Vec::new(),
            restored_records: 0,
            began: Duration::ZERO,
            questions: Vec::new(),
        }
    }

    pub fn needs_committed(&self) -> bool {
        self.stage == Stage::New
    }

    /// The committed offset, freshly read.
    pub fn set_committed(&mut self, committed: Option<CommittedOffset>) {
        self.committed = Some(committed);
        self.stage = Stage::Claiming;
    }

    /// The committed offset as it was read when the slot was filled.
    pub fn committed_offset(&self) -> Option<Offset> {
        self.committed.as_ref()?.as_ref().map(|committed| committed.offset)
    }

    pub fn is_running(&self) -> bool {
        self.stage == Stage::Running
    }

    /// Throws the task away, to be made anew from what is committed.
    pub fn reset(&mut self, shared: &Shared, restorer: &mut Restorer) {
        shared.views.restoring(self.id, RestoreProgress::default());
        if let Some(mut task) = self.task.take() {
            self.start = task.committed_offset().or(self.start);
            self.stop_restoring(&task, restorer);
            task.close();
        }
        self.committed = None;
        self.questions.clear();
        self.stage = Stage::New;
    }

    /// The partition leaves this thread.
    pub fn close(&mut self, shared: &Shared, restorer: &mut Restorer) {
        self.reset(shared, restorer);
        self.claim = None;
        shared.views.remove(self.id);
        shared.status.change(|status| status.tasks.remove(&self.id));
    }

    fn stop_restoring(&mut self, task: &Task, restorer: &mut Restorer) {
        for restore in self.restores.drain(..) {
            restorer.remove(task.changelog(restore.store));
        }
    }

    /// Takes the next step towards work. True if there was one.
    pub fn advance(
        &mut self,
        shared: &Shared,
        restorer: &mut Restorer,
        writer: &mut LogWriter,
    ) -> Result<bool, StreamsError> {
        let before = self.stage;
        let result = match self.stage {
            Stage::New | Stage::Running => Ok(()),
            Stage::Claiming => self.claim(shared, restorer),
            Stage::Restoring => {
                self.check_restored(shared, restorer);
                Ok(())
            }
            Stage::Waiting => self.check_snapshots(shared, writer),
        };
        result.map_err(|error| error.in_task(self.id))?;
        self.note(shared);
        Ok(self.stage != before)
    }

    fn claim(&mut self, shared: &Shared, restorer: &mut Restorer) -> Result<(), StreamsError> {
        if let (None, Some(directory)) = (&self.claim, &shared.directory) {
            match directory.claim(self.id) {
                Some(claim) => self.claim = Some(claim),
                None => return Ok(()),
            }
        }
        let Some(committed) = &self.committed else { return Ok(()) };
        let metadata = match committed.as_ref().map(|committed| Metadata::decode(&committed.metadata)) {
            None => OffsetMetadata::default(),
            Some(Metadata::Ours(metadata)) => metadata,
            Some(other) => {
                if !shared.topology.broadcasts.is_empty() {
                    let foreign = other == Metadata::Foreign;
                    shared.event(&StreamsEvent::NoSnapshotCommitted { task: self.id, foreign });
                }
                OffsetMetadata::default()
            }
        };
        let offset = committed.as_ref().map(|committed| committed.offset);
        self.began = shared.environment.clock.monotonic();
        self.restored_records = 0;
        let specs = stores_of(shared, self.id);
        let stores =
            specs.iter().map(|spec| open_store(shared, self.id, spec)).collect::<Result<Vec<_>, _>>()?;
        let application = &shared.config.application_id;
        let parts = NewTask {
            id: self.id,
            topology: &shared.topology,
            input: self.input.clone(),
            clock: shared.environment.clock.clone(),
            slots: &shared.slots,
            stores,
            changelogs: specs.iter().map(|spec| spec.changelog_topic(application).into()).collect(),
            sink_partitions: &|topic| shared.partitions(topic),
        };
        let mut task = Task::new(parts, offset, metadata.snapshots.clone());
        let admin = shared.environment.backend.admin()?;
        let mut restores = Vec::new();
        for store in 0..task.stores.len() {
            restores.extend(plan(shared, &*admin, &mut task, store, offset, &metadata)?);
        }
        for restore in &restores {
            let start = match restore.from {
                0 => StartPosition::Earliest,
                from => StartPosition::Offset(from),
            };
            if restore.position < restore.end {
                restorer.add(task.changelog(restore.store).clone(), start);
            }
        }
        self.questions = (shared.topology.broadcasts.iter().enumerate())
            .map(|(index, spec)| shared.questions[index].ask(&shared.slots[index], task.floor(&spec.name)))
            .collect();
        self.restores = restores;
        self.task = Some(task);
        self.stage = Stage::Restoring;
        self.check_restored(shared, restorer);
        Ok(())
    }

    /// Gives a store of this task a part of its changelog, if it is one of them. Answers whether it was.
    pub fn restore(&mut self, shared: &Shared, batch: &RecordBatch) -> Result<bool, StreamsError> {
        let Some(task) = &mut self.task else { return Ok(false) };
        let of_batch = |restore: &&mut Restore| task.changelog(restore.store) == batch.source();
        let Some(restore) = self.restores.iter_mut().find(of_batch) else { return Ok(false) };
        let store = &mut task.stores[restore.store];
        let checkpoint = Checkpoint {
            changelog: batch.next_offset(),
            input: -1,
            snapshots: Vec::new(),
            written_at: shared.environment.clock.wall(),
        };
        let restored = store.restore(BatchView::new(batch), &checkpoint);
        restored.map_err(|error| StreamsError::store(&store.name, error).in_task(self.id))?;
        self.restored_records += batch.len() as u64;
        restore.position = batch.next_offset();
        let (position, end) = (restore.position, restore.end);
        shared.event(&StreamsEvent::Restoring { task: self.id, store: &store.name, position, end });
        Ok(true)
    }

    fn check_restored(&mut self, shared: &Shared, restorer: &mut Restorer) {
        let Some(task) = &self.task else { return };
        for restore in &mut self.restores {
            // Markers and aborted records at the end move the reader and come in no batch.
            if let Some(position) = restorer.position(task.changelog(restore.store)) {
                restore.position = restore.position.max(position);
            }
        }
        if self.restores.iter().all(|restore| restore.position >= restore.end) {
            for restore in &self.restores {
                restorer.remove(task.changelog(restore.store));
            }
            let duration = shared.environment.clock.monotonic().saturating_sub(self.began);
            let records = self.restored_records;
            shared.event(&StreamsEvent::Restored { task: self.id, records, duration });
            self.stage = Stage::Waiting;
            for (question, spec) in self.questions.iter().zip(&shared.topology.broadcasts) {
                if question.answer() == Reached::NotYet {
                    let mark = task.floor(&spec.name);
                    shared.event(&StreamsEvent::WaitingForSnapshot {
                        task: self.id,
                        broadcast: &spec.name,
                        mark,
                    });
                }
            }
        } else {
            shared.views.restoring(self.id, self.progress());
        }
    }

    fn progress(&self) -> RestoreProgress {
        let sum = |of: fn(&Restore) -> Offset| self.restores.iter().map(of).sum();
        RestoreProgress {
            done: sum(|restore| (restore.position - restore.from).max(0)),
            total: sum(|restore| (restore.end - restore.from).max(0)),
        }
    }

    fn check_snapshots(&mut self, shared: &Shared, writer: &mut LogWriter) -> Result<(), StreamsError> {
        let Some(task) = &mut self.task else { return Ok(()) };
        for (question, spec) in self.questions.iter().zip(&shared.topology.broadcasts) {
            match question.answer() {
                Reached::Yes => {}
                Reached::NotYet if shared.neglects(Duty::AwaitSnapshot) => {}
                Reached::NotYet => return Ok(()),
                Reached::Never(reason) => {
                    let position = task.floor(&spec.name).map_or(-1, |mark| mark.position);
                    let broadcast = spec.name.to_string();
                    return Err(ErrorKind::SnapshotNever { broadcast, position, reason }.into());
                }
            }
        }
        self.questions.clear();
        let mut ends = vec![0; task.stores.len()];
        for restore in self.restores.drain(..) {
            ends[restore.store] = restore.end;
        }
        task.start(&ends, writer)?;
        let views = task.stores.iter().map(|store| (store.name.clone(), store.store.view())).collect();
        shared.views.ready(self.id, views);
        shared.event(&StreamsEvent::Running { task: self.id, offset: task.position() });
        self.stage = Stage::Running;
        Ok(())
    }

    /// Writes where the task stands to the status.
    pub fn note(&self, shared: &Shared) {
        let phase = match (self.stage, self.task.as_ref().and_then(Task::paused)) {
            (Stage::New | Stage::Claiming, _) => Phase::Claiming,
            (Stage::Restoring, _) => {
                let RestoreProgress { done, total } = self.progress();
                Phase::Restoring { done, total }
            }
            (Stage::Waiting, _) => Phase::WaitingForSnapshot,
            (Stage::Running, None) => Phase::Running,
            (Stage::Running, Some(reason)) => Phase::Paused(reason.to_owned()),
        };
        shared.status.change(|status| {
            let entry = status.tasks.entry(self.id).or_default();
            entry.phase = phase;
            if entry.input != self.input {
                (entry.input, entry.end) = (self.input.clone(), -1);
            }
            if let Some(task) = &self.task {
                entry.committed = task.committed_offset().unwrap_or(-1);
                entry.position = task.position().unwrap_or(-1);
                if entry.snapshots != task.committed_marks() {
                    entry.snapshots = task.committed_marks().to_vec();
                }
            }
        });
    }
}

fn stores_of(shared: &Shared, task: TaskId) -> Vec<&StoreSpec> {
    let sub_topology = &shared.topology.sub_topologies[task.sub_topology as usize];
    sub_topology.stores.iter().map(|&store| &shared.topology.stores[store]).collect()
}

fn open_store(shared: &Shared, task: TaskId, spec: &StoreSpec) -> Result<TaskStore, StreamsError> {
    let name: Arc<str> = spec.name().into();
    let failed = |error| StreamsError::store(&name, error);
    let directory = shared.directory.as_ref();
    let store: Box<dyn StateStore> = match (&spec.kind, directory) {
        (StoreKind::Persistent, Some(directory)) => {
            let (database, damage) = directory.database().map_err(failed)?;
            if let Some(reason) = damage {
                shared.event(&StreamsEvent::StoreWiped { task: None, store: None, reason: &reason });
            }
            Box::new(KeyValueStore::new(Box::new(database.store(task, spec.name()).map_err(failed)?)))
        }
        _ => {
            let context = StoreContext {
                task,
                store: name.clone(),
                directory: directory.map(|directory| directory.custom_store(task, spec.name())),
                clock: shared.environment.clock.clone(),
            };
            spec.make_volatile(&context).map_err(failed)?
        }
    };
    let kind_header = kind_header(store.kind());
    Ok(TaskStore { name, store, logged: spec.has_changelog(), kind_header })
}

/// Decides from where a store is to be restored; wipes what cannot be gone on from.
fn plan(
    shared: &Shared,
    admin: &dyn Admin,
    task: &mut Task,
    index: usize,
    committed: Option<Offset>,
    metadata: &OffsetMetadata,
) -> Result<Option<Restore>, StreamsError> {
    let changelog = task.changelog(index).clone();
    let id = task.id;
    let store = &mut task.stores[index];
    let name = store.name.clone();
    let wipe = |store: &mut TaskStore, reason: &str| {
        shared.event(&StreamsEvent::StoreWiped { task: Some(id), store: Some(&name), reason });
        store.store.wipe().map_err(|error| StreamsError::store(&name, error))
    };
    let local = match store.store.checkpoint() {
        Ok(local) => local,
        Err(error) => {
            wipe(store, &error.to_string())?;
            None
        }
    };
    if !store.logged {
        let goes_on = local.is_some_and(|local| Some(local.input) == committed);
        if !goes_on {
            store.store.wipe().map_err(|error| StreamsError::store(&name, error))?;
        }
        return Ok(None);
    }
    // The high watermark, not the last stable offset: a transaction whose offsets are committed may have its marker in
    // this partition still on the way, and a store without it would be behind its input.
    let offsets = admin.offsets(&changelog)?;
    let (earliest, end) = (offsets.earliest, offsets.high_watermark);
    let shorter = |expected| ErrorKind::ChangelogShorter {
        store: name.to_string(),
        partition: changelog.clone(),
        end,
        expected,
    };
    let known = metadata.changelogs.iter().find(|(store, _)| **store == *name);
    if let Some((_, known)) = known.filter(|(_, known)| *known > end) {
        return Err(shorter(*known).into());
    }
    let mut from = None;
    match local {
        Some(local) if local.changelog > end && committed.is_some() => {
            return Err(shorter(local.changelog).into());
        }
        Some(local) if local.changelog > end => {
            wipe(store, "the changelog is shorter than the store, and no input offset is committed")?;
        }
        Some(local) if local.changelog < earliest => {
            wipe(store, "the changelog begins after what the store knows")?;
        }
        Some(local) if local.changelog < end && is_too_old(shared, admin, changelog.topic(), &local)? => {
            // A deletion may have been compacted away meanwhile, so what is here could come back to life.
            wipe(store, "the store is older than the changelog keeps deletions (delete.retention.ms)")?;
        }
        Some(local) => from = Some(local.changelog),
        // What a wipe that was interrupted has left.
        None => store.store.wipe().map_err(|error| StreamsError::store(&name, error))?,
    }
    let from = from.unwrap_or(0);
    let position = if earliest >= end { end } else { from };
    Ok(Some(Restore { store: index, from, position, end }))
}

fn is_too_old(
    shared: &Shared,
    admin: &dyn Admin,
    topic: &str,
    local: &Checkpoint,
) -> Result<bool, StreamsError> {
    let age = shared.environment.clock.wall().saturating_sub(local.written_at);
    let limit = admin.topic_config(topic)?.delete_retention.as_millis();
    Ok(u128::try_from(age).is_ok_and(|age| age > limit))
}
