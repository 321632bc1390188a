//! What a stage has handed out so far, counted: the part of its state that others look at.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use scorewheel_serving::{Alarm, Mark, ModelReference, TaskStatistics};

use crate::checkpoint::Checkpoint;
use crate::record::CutOver;

/// Cut-overs and alarms that are kept for queries.
const RECENT: usize = 100;

/// The state of one stage.
pub(crate) struct Task {
    state: Mutex<TaskState>,
    in_flight: AtomicUsize,
}

/// As of the last record handed out.
#[derive(Clone, Default)]
pub(crate) struct TaskState {
    pub statistics: TaskStatistics,
    /// The revision that governed that record.
    pub mark: Option<Mark>,
    /// Its models.
    pub references: Arc<[Arc<ModelReference>]>,
    /// The position that a checkpoint was restored with.
    pub restored: Option<Vec<u8>>,
    pub cutovers: VecDeque<CutOver>,
    pub alarms: VecDeque<Alarm>,
    /// Why the next record waits.
    pub waiting: Option<String>,
}

impl Task {
    pub fn new(restart: Option<&Checkpoint>) -> Self {
        let state = restart.map_or_else(TaskState::default, |checkpoint| TaskState {
            statistics: checkpoint.statistics.clone(),
            mark: checkpoint.mark,
            references: checkpoint.references.iter().cloned().map(Arc::new).collect(),
            restored: Some(checkpoint.position.clone()),
            ..TaskState::default()
        });
        Self { state: Mutex::new(state), in_flight: AtomicUsize::new(0) }
    }

    /// Held for a moment at a time.
    pub fn state(&self) -> MutexGuard<'_, TaskState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub fn set_in_flight(&self, records: usize) {
        self.in_flight.store(records, Ordering::Relaxed);
    }
}

impl TaskState {
    pub fn push_cut_over(&mut self, cut_over: CutOver) {
        push_recent(&mut self.cutovers, cut_over);
    }

    pub fn push_alarm(&mut self, alarm: Alarm) {
        push_recent(&mut self.alarms, alarm);
    }
}

fn push_recent<T>(recent: &mut VecDeque<T>, item: T) {
    if recent.len() == RECENT {
        recent.pop_front();
    }
    recent.push_back(item);
}
