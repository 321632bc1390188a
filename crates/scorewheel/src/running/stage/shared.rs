//! What the threads of a stage share, and what queries see of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use scorewheel_http::{Drops, MetricsText, QueryState, Readiness, Revision, Snapshot, Task, TaskState};
use scorewheel_scoring::{Markers, Observer, ScoringEvent};
use scorewheel_serving::{ControlView, ModelReference, Rejection, Watch, Watcher};
use scorewheel_stage::{Models, Moment, StageEvent, StageHandle, Surroundings, SystemSurroundings};
use scorewheel_streams::{FaultPoint, FaultPoints};
use scorewheel_telemetry::{Exposition, Telemetry};

use super::polling::Queue;
use crate::exit_code::Failure;
use crate::running::live::ScoreSketches;
use crate::running::view::{cutover, expose, rejection, revision, routes, statistics};
use crate::running::{DriftFeed, Events};

/// Cut-overs that are kept for queries.
const RECENT: usize = 100;

/// One partition as queries see it.
pub struct PartitionView {
    /// The live state.
    pub handle: StageHandle,
    /// The committed offset; −1 if none.
    pub committed: i64,
    /// The end of the partition as last seen; −1 if not known.
    pub end: i64,
}

/// What the threads share.
pub struct StageShared {
    /// Application id.
    pub application: String,
    /// Topic of the records.
    pub records_topic: String,
    /// The data type that queries without one mean.
    pub default_data_type: String,
    /// Logs and metrics.
    pub telemetry: Arc<Telemetry>,
    /// Takes events.
    pub events: Arc<Events>,
    /// Inputs and scores under watch, unless that is switched off.
    pub drift: Option<Arc<DriftFeed>>,
    /// How its scores are distributed.
    pub scores: Arc<ScoreSketches>,
    /// Marks around what a model could kill the process with.
    pub markers: Arc<Markers>,
    /// Rejections that are to be written to their topic.
    pub rejections: Queue<Rejection>,
    /// The instance is to end.
    pub stopping: AtomicBool,
    /// The models, once their thread has read them.
    pub models: Mutex<Option<Models>>,
    /// The partitions of this instance.
    pub partitions: Mutex<BTreeMap<u32, PartitionView>>,
    /// The latest cut-overs, oldest first.
    pub cutovers: Mutex<VecDeque<scorewheel_serving::Cutover>>,
    /// What is waited for: topics, brokers.
    pub waiting: Mutex<BTreeMap<&'static str, String>>,
    /// What a thread could not go on with: the first.
    pub failure: Mutex<Option<Failure>>,
    /// The time.
    pub clock: SystemSurroundings,
    /// Where tests make it fail.
    pub faults: Arc<dyn FaultPoints>,
}

/// Locks what is held for a moment at a time.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl StageShared {
    /// Whether the instance is to end.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// A thread has come to this point.
    ///
    /// # Errors
    /// A test has ordered it.
    pub fn fault(&self, point: FaultPoint) -> Result<(), Failure> {
        let reached = self.faults.reached(point);
        reached.map_err(|_| Failure::run_time(format!("injected fault at {}", point.as_str())))
    }

    /// Notes what a thread waits for, or that it does so no more.
    pub fn wait_for(&self, thread: &'static str, what: Option<String>) {
        let mut waiting = lock(&self.waiting);
        match what {
            Some(what) => waiting.insert(thread, what),
            None => waiting.remove(thread),
        };
    }

    /// Notes a cut-over that was written, and tells it.
    pub fn cut_over(&self, entry: scorewheel_serving::Cutover) {
        self.events.observe(&ScoringEvent::CutOver(entry.clone()));
        let mut cutovers = lock(&self.cutovers);
        if cutovers.len() == RECENT {
            cutovers.pop_front();
        }
        cutovers.push_back(entry);
    }

    /// Notes why a thread has ended, and ends the others.
    pub fn fail(&self, failure: Failure) {
        lock(&self.failure).get_or_insert(failure);
        self.stopping.store(true, Ordering::Release);
    }

    fn control(&self) -> Arc<ControlView> {
        lock(&self.models).as_ref().map(Models::control).unwrap_or_default()
    }

    fn readiness(&self) -> Readiness {
        let mut reasons: Vec<String> = lock(&self.waiting).values().cloned().collect();
        if self.is_stopping() {
            reasons.push("the instance stops".to_owned());
        }
        if lock(&self.models).is_none() {
            reasons.push("the models topic is not read yet".to_owned());
        }
        if reasons.is_empty() && !self.events.is_assigned() {
            reasons.push("no partitions are assigned yet".to_owned());
        }
        reasons.extend(lock(&self.partitions).values().flat_map(|partition| partition.handle.not_ready()));
        reasons.dedup();
        Readiness { ready: reasons.is_empty(), reasons }
    }

    /// The state as of the last records handed out.
    #[must_use]
    pub fn now(&self) -> Snapshot {
        let control = self.control();
        let partitions = lock(&self.partitions);
        let tasks = partitions.iter().map(|(number, view)| self.task(*number, view, &control)).collect();
        drop(partitions);
        Snapshot {
            application: self.application.clone(),
            store: None,
            default_data_type: self.default_data_type.clone(),
            readiness: self.readiness(),
            revision: control
                .revision
                .map_or_else(|| Revision { control_offset: -1, digest: None }, revision),
            control_lag: None,
            routes: routes(&control),
            tasks,
            cutovers: lock(&self.cutovers).iter().rev().cloned().map(cutover).collect(),
            rejections: control.rejections.iter().rev().map(rejection).collect(),
            instances: Vec::new(),
        }
    }

    fn task(&self, number: u32, view: &PartitionView, control: &ControlView) -> Task {
        let handle = &view.handle;
        let done = handle.statistics();
        let conservation = done.conservation();
        Task {
            topic: self.records_topic.clone(),
            partition: number,
            state: handle.waiting().map_or(TaskState::Running, |reason| TaskState::Paused { reason }),
            offset: view.committed,
            revision: revision(handle.revision()),
            lag: (view.end >= 0).then(|| u64::try_from(view.end - view.committed.max(0)).unwrap_or(0)),
            records: conservation.records,
            results: conservation.results,
            dead_letters: conservation.all_dead_letters(),
            drops: Drops { no_model: conservation.drops },
            further: conservation.further,
            in_flight: handle.in_flight() as u64,
            age_ms: None,
            statistics: done.models().map(|model| statistics(model, control)).collect(),
        }
    }
}

impl QueryState for StageShared {
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::new(self.now())
    }
}

impl MetricsText for StageShared {
    fn render(&self) -> String {
        let mut exposition = Exposition::new();
        self.telemetry.expose(&mut exposition);
        let snapshot = self.now();
        expose(&snapshot, &mut exposition);
        self.scores.expose(&snapshot, &mut exposition);
        if let Some(drift) = &self.drift {
            drift.expose(&snapshot, &mut exposition);
        }
        exposition.render()
    }
}

impl Surroundings for StageShared {
    fn wall(&self) -> i64 {
        self.clock.wall()
    }

    fn nanoseconds(&self) -> u64 {
        self.clock.nanoseconds()
    }

    fn observe(&self, event: &StageEvent) {
        let event = match event.clone() {
            StageEvent::Installed { model, milliseconds, notes } => {
                ScoringEvent::Installed { model, milliseconds, notes }
            }
            StageEvent::Rejected(rejection) => {
                self.rejections.push(rejection.clone());
                ScoringEvent::Rejected(rejection)
            }
            StageEvent::Removed { model, control } => ScoringEvent::Removed { model, control },
            StageEvent::Postponed { control, reason } => ScoringEvent::Postponed { control, reason },
            StageEvent::Published(revision) => ScoringEvent::Published(revision),
            // Told with its place where it is written.
            StageEvent::CutOver(_) => return,
            StageEvent::ModelFails(alarm) => ScoringEvent::ModelFails(alarm),
            StageEvent::Diverged(divergence) => ScoringEvent::Diverged(divergence),
        };
        self.events.observe(&event);
    }

    fn watcher(&self) -> Option<Box<dyn Watcher>> {
        self.drift.as_ref().map(|drift| drift.watcher())
    }

    fn enter(&self, model: &ModelReference, moment: Moment) {
        match moment {
            Moment::Install => self.markers.enter(model),
            Moment::FirstBatch => _ = self.markers.enter_first_batch(model),
        }
    }

    fn leave(&self, model: &ModelReference, moment: Moment) {
        match moment {
            Moment::Install => self.markers.leave(model),
            Moment::FirstBatch => self.markers.leave_first_batch(model),
        }
    }
}
