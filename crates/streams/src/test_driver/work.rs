//! The driver at work: everything that can be done, done at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use scorewheel_topics::{Clock, Offset, RecordBatch, TopicPartition};

use super::driver::{DriverBroadcast, DriverTask, TopologyTestDriver};
use super::log::Topics;
use crate::batch_view::BatchView;
use crate::broadcast::{BroadcastFold, BuildOutcome, Closing, Questions, Reached, SnapshotSlot};
use crate::error::{ErrorKind, StreamsError};
use crate::store::{Checkpoint, StoreContext, TaskStore, kind_header};
use crate::task::{BatchOutcome, Metadata, NewTask, Task};
use crate::task_id::TaskId;

#[derive(Debug)]
struct NotClosing;

impl Closing for NotClosing {
    fn is_closing(&self) -> bool {
        false
    }
}

impl TopologyTestDriver {
    pub(super) fn start_broadcasts(&mut self, held: &BTreeSet<String>) -> Result<(), StreamsError> {
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

    pub(super) fn make_task(&mut self, id: TaskId) -> Result<(), StreamsError> {
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
    pub(super) fn run(&mut self) -> Result<(), StreamsError> {
        let worked = self.work();
        self.abort_after(worked)?;
        if self.options.auto_commit { self.commit() } else { Ok(()) }
    }

    pub(super) fn abort_after(&mut self, result: Result<(), StreamsError>) -> Result<(), StreamsError> {
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
