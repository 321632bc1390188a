//! The last committed state of an instance, for queries and metrics.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use scorewheel_http::{
    Cutover, Drops, Instance, MetricsText, ModelReference, ModelStatistics, QueryState, Readiness, Rejection,
    Revision, Route, Snapshot, Task, TaskState,
};
use scorewheel_scoring::{ModelStoreView, ServingState, TaskView};
use scorewheel_serving::{self as serving, ControlView, RevisionId};
use scorewheel_streams::{Phase, State, Streams, StreamsStatus, TaskId, TaskStatus};
use scorewheel_telemetry::{Exposition, Metric, Telemetry};

use super::DriftFeed;
use super::events::Events;
use super::live::ScoreSketches;
use super::parts::STORE;
use crate::config::Store;

/// Makes [`Snapshot`]s of an instance.
pub struct InstanceView {
    /// Application id.
    pub application: String,
    /// Where the topology keeps its state.
    pub store: Store,
    /// The data type that queries without one mean.
    pub default_data_type: String,
    /// Where HTTP listens.
    pub listener: (String, u16),
    /// What scoring knows.
    pub serving: Arc<ServingState>,
    /// Logs and metrics.
    pub telemetry: Arc<Telemetry>,
    /// What the run time has told.
    pub events: Arc<Events>,
    /// How its scores are distributed.
    pub scores: Arc<ScoreSketches>,
    /// Inputs and scores under watch, unless that is switched off.
    pub drift: Option<Arc<DriftFeed>>,
    /// The run time, once it is there: queries are answered before.
    pub streams: OnceLock<Arc<Streams>>,
}

impl InstanceView {
    /// The state as of the last commits.
    #[must_use]
    pub fn now(&self) -> Snapshot {
        let control = self.serving.control();
        let status = self.streams.get().map(|streams| streams.status()).unwrap_or_default();
        let committed = self.committed();
        let store = (self.store != Store::Memory).then(|| STORE.to_owned());
        let (host, port) = self.listener.clone();
        let tasks =
            status.tasks.iter().map(|(id, task)| self.task(*id, task, committed.get(id), &control)).collect();
        Snapshot {
            application: self.application.clone(),
            default_data_type: self.default_data_type.clone(),
            readiness: self.readiness(&status),
            revision: control.revision.map_or_else(before_any, revision),
            control_lag: control_lag(&status),
            routes: routes(&control),
            tasks,
            cutovers: self.serving.cutovers().into_iter().rev().map(cutover).collect(),
            rejections: control.rejections.iter().rev().map(rejection).collect(),
            instances: store
                .iter()
                .map(|store| Instance { host: host.clone(), port, store_names: vec![store.clone()] })
                .collect(),
            store,
        }
    }

    /// What each task has committed, where its store is complete.
    fn committed(&self) -> BTreeMap<TaskId, TaskView> {
        let Some(streams) = self.streams.get() else { return BTreeMap::new() };
        let views = streams.views();
        let found: Vec<(TaskId, Arc<dyn Any + Send + Sync>)> = match self.store {
            Store::Custom => {
                let found = views.get::<ModelStoreView>(STORE).unwrap_or_default();
                found.into_iter().map(|(task, view)| (task, view as Arc<dyn Any + Send + Sync>)).collect()
            }
            Store::Persistent | Store::Memory => {
                let found = views.key_value(STORE).unwrap_or_default();
                found.into_iter().map(|(task, view)| (task, view as Arc<dyn Any + Send + Sync>)).collect()
            }
        };
        found.iter().filter_map(|(task, view)| Some((*task, TaskView::read(view).ok()?))).collect()
    }

    fn readiness(&self, status: &StreamsStatus) -> Readiness {
        let mut reasons = Vec::new();
        match self.streams.get().map(|streams| streams.state()) {
            Some(State::Running) => {}
            Some(State::Closing | State::Stopped) => reasons.push("the instance stops".to_owned()),
            Some(State::Starting) | None => reasons.push("the instance starts".to_owned()),
        }
        if !status.missing_topics.is_empty() {
            reasons.push(format!("topics are missing: {}", status.missing_topics.join(", ")));
        }
        for broadcast in &status.broadcasts {
            reasons.extend(
                broadcast.trouble.iter().map(|trouble| format!("topic `{}`: {trouble}", broadcast.topic)),
            );
        }
        if status.missing_topics.is_empty() && !self.events.is_assigned() {
            reasons.push("no partitions are assigned yet".to_owned());
        }
        for (id, task) in &status.tasks {
            match &task.phase {
                Phase::Claiming => reasons.push(format!("task {id} is being taken over")),
                Phase::Restoring { done, total } => {
                    reasons.push(format!("task {id} restores its store: {done} of {total}"));
                }
                Phase::WaitingForSnapshot => {
                    reasons.push(format!("task {id} waits for its committed revision"));
                }
                Phase::Running | Phase::Paused(_) => {}
            }
        }
        reasons.extend(self.serving.not_ready());
        Readiness { ready: reasons.is_empty(), reasons }
    }

    fn task(
        &self,
        id: TaskId,
        status: &TaskStatus,
        committed: Option<&TaskView>,
        control: &ControlView,
    ) -> Task {
        let state = match &status.phase {
            Phase::Claiming => TaskState::Restoring { done: 0, total: 0 },
            Phase::Restoring { done, total } => TaskState::Restoring {
                done: u64::try_from(*done).unwrap_or(0),
                total: u64::try_from(*total).unwrap_or(0),
            },
            Phase::WaitingForSnapshot => TaskState::AwaitingRevision {
                control_offset: status.snapshots.first().map_or(-1, |mark| mark.position),
            },
            Phase::Running => TaskState::Running,
            Phase::Paused(reason) => TaskState::Paused { reason: reason.clone() },
        };
        let offset = status.committed;
        let lag = (status.end >= 0).then(|| u64::try_from(status.end - offset.max(0)).unwrap_or(0));
        let mut task = Task {
            topic: status.input.topic().to_owned(),
            partition: id.partition,
            state,
            offset,
            revision: before_any(),
            lag,
            in_flight: u64::try_from(status.position - offset.max(0)).unwrap_or(0),
            ..Task::default()
        };
        if let Some(view) = committed {
            let conservation = view.statistics.conservation();
            task.offset = view.offset.max(offset);
            task.revision = revision(view.revision);
            let age = (view.committed_at > 0).then(|| crate::clock::now().saturating_sub(view.committed_at));
            task.age_ms = age.map(|age| u64::try_from(age).unwrap_or(0));
            task.records = conservation.records;
            task.results = conservation.results;
            task.dead_letters = conservation.all_dead_letters();
            task.drops = Drops { no_model: conservation.drops };
            task.further = conservation.further;
            task.statistics = view.statistics.models().map(|model| statistics(model, control)).collect();
        }
        task
    }
}

fn before_any() -> Revision {
    Revision { control_offset: -1, digest: None }
}

pub(super) fn revision(id: RevisionId) -> Revision {
    Revision { control_offset: id.control, digest: id.set.map(|digest| digest.to_string()) }
}

fn control_lag(status: &StreamsStatus) -> Option<u64> {
    let broadcast = status.broadcasts.first().filter(|broadcast| broadcast.end >= 0)?;
    u64::try_from(broadcast.end - broadcast.position).ok()
}

/// A model in force, or one that is only held: then the descriptor's texts are not known.
fn reference(model: &serving::ModelReference, control: &ControlView) -> ModelReference {
    let loaded = control.models.iter().find(|loaded| loaded.reference.offset == model.offset);
    ModelReference {
        data_type: model.key.data_type.to_string(),
        name: model.key.name.to_string(),
        version: model.version.to_string(),
        sha256: model.known_sha256().map(|sha256| sha256.to_string()).unwrap_or_default(),
        control_offset: model.offset,
        description: loaded.map(|loaded| loaded.description.to_string()).unwrap_or_default(),
        model_type: loaded.map(|loaded| loaded.model_type.as_str().to_owned()).unwrap_or_default(),
    }
}

pub(super) fn routes(control: &ControlView) -> Vec<Route> {
    let mut routes: BTreeMap<String, Route> = BTreeMap::new();
    for model in &control.models {
        let data_type = model.reference.key.data_type.to_string();
        let model = reference(&model.reference, control);
        let route =
            routes.entry(data_type.clone()).or_insert_with(|| Route { data_type, ..Route::default() });
        match route.in_force {
            None => route.in_force = Some(model),
            Some(_) => route.further.push(model),
        }
    }
    for missing in &control.missing {
        let data_type = missing.data_type.to_string();
        let route =
            routes.entry(data_type.clone()).or_insert_with(|| Route { data_type, ..Route::default() });
        route.missing.push(missing.name.to_string());
    }
    for (data_type, held) in &control.held {
        let data_type = data_type.to_string();
        let route =
            routes.entry(data_type.clone()).or_insert_with(|| Route { data_type, ..Route::default() });
        let in_force: Vec<i64> = route.asked().map(|model| model.control_offset).collect();
        let others = held.iter().filter(|model| !in_force.contains(&model.offset));
        route.held = others.map(|model| reference(model, control)).collect();
    }
    routes.into_values().collect()
}

pub(super) fn statistics(model: &serving::ModelStatistics, control: &ControlView) -> ModelStatistics {
    let loaded = control.models.iter().find(|loaded| loaded.reference.offset == model.control);
    ModelStatistics {
        model: ModelReference {
            data_type: model.data_type.to_string(),
            name: model.name.to_string(),
            version: model.version.to_string(),
            sha256: model.sha256.to_string(),
            control_offset: model.control,
            description: loaded.map(|loaded| loaded.description.to_string()).unwrap_or_default(),
            model_type: loaded.map(|loaded| loaded.model_type.as_str().to_owned()).unwrap_or_default(),
        },
        since: model.since,
        invocations: model.count,
        duration_ns: model.sum_nanoseconds,
        min_ns: model.min_nanoseconds,
        max_ns: model.max_nanoseconds,
        duration_whole_ms: model.sum_milliseconds,
    }
}

pub(super) fn cutover(entry: serving::Cutover) -> Cutover {
    Cutover {
        topic: entry.topic,
        partition: entry.partition,
        offset: entry.offset,
        revision: Revision { control_offset: entry.revision, digest: entry.set },
    }
}

pub(super) fn rejection(rejection: &serving::Rejection) -> Rejection {
    Rejection {
        control_offset: rejection.offset,
        name: rejection.name.clone(),
        version: rejection.version.clone(),
        sha256: rejection.sha256.clone(),
        reason: rejection.reason.clone(),
    }
}

impl QueryState for InstanceView {
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::new(self.now())
    }
}

impl MetricsText for InstanceView {
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

/// Figures of the last committed state.
pub(super) fn expose(snapshot: &Snapshot, exposition: &mut Exposition) {
    let number = |count: u64| count as f64;
    exposition.sample(Metric::ReadyState, &[], f64::from(u8::from(snapshot.readiness.ready)));
    exposition.sample(Metric::RevisionOffset, &[], snapshot.revision.control_offset as f64);
    if let Some(lag) = snapshot.control_lag {
        exposition.sample(Metric::ControlLagRecords, &[], number(lag));
    }
    let mut states =
        BTreeMap::from([("restoring", 0), ("awaiting_revision", 0), ("running", 0), ("paused", 0)]);
    for task in &snapshot.tasks {
        let partition = task.partition.to_string();
        let labels = [task.topic.as_str(), partition.as_str()];
        exposition.sample(Metric::InputRecords, &labels, number(task.records));
        exposition.sample(Metric::ResultRecords, &labels, number(task.results));
        exposition.sample(Metric::DeadLetterRecords, &labels, number(task.dead_letters));
        let by_cause = [labels[0], labels[1], "no_model"];
        exposition.sample(Metric::DroppedRecords, &by_cause, number(task.drops.no_model));
        exposition.sample(Metric::InFlightRecords, &labels, number(task.in_flight));
        if let Some(lag) = task.lag {
            exposition.sample(Metric::ConsumerLagRecords, &labels, number(lag));
        }
        exposition.sample(Metric::TaskRevisionOffset, &labels, task.revision.control_offset as f64);
        let state = match task.state {
            TaskState::Restoring { .. } => "restoring",
            TaskState::AwaitingRevision { .. } => "awaiting_revision",
            TaskState::Running => "running",
            TaskState::Paused { .. } => "paused",
        };
        *states.entry(state).or_insert(0) += 1;
    }
    for (state, count) in states {
        exposition.sample(Metric::TasksCount, &[state], f64::from(count));
    }
    let in_force = snapshot.routes.iter().flat_map(Route::asked).count();
    let held: usize = snapshot.routes.iter().map(|route| route.held.len()).sum();
    let rejected = snapshot.rejections.len();
    for (state, count) in [("in_force", in_force), ("held", held), ("rejected", rejected)] {
        exposition.sample(Metric::ModelsCount, &[state], count as f64);
    }
    // Only models of the revision: names that come from outside must not pile up.
    let merged = scorewheel_http::merge::merge_tasks(&snapshot.tasks);
    for model in snapshot.routes.iter().flat_map(Route::asked) {
        let done = merged.iter().find(|done| done.model.control_offset == model.control_offset);
        let labels = [model.data_type.as_str(), model.name.as_str()];
        exposition.sample(Metric::ModelRows, &labels, done.map_or(0.0, |done| number(done.invocations)));
        let seconds = done.map_or(0.0, |done| done.duration_ns as f64 / 1e9);
        exposition.sample(Metric::ModelSeconds, &labels, seconds);
    }
}
