//! All that the page shows, as one value.

use std::collections::BTreeSet;

use serde::Serialize;

use super::drift_row::DriftRow;
use super::figures::{LiveFigures, RecentRecords, ScoreDistribution};
use super::history::{History, Lane, SECONDS, Second, SeenCutover, place};
use super::together::{ClusterView, Known};
use crate::merge::merge_tasks;
use crate::snapshot::{
    Drops, Engine, Instance, ModelReference, ModelStatistics, Readiness, Rejection, Revision, Route,
    Snapshot, TaskState,
};

/// Milliseconds that the time line covers at least.
const SHORTEST_WINDOW: i64 = 60_000;
/// Models that are listed; the JSON behind the list has them all.
pub const MOST_MODELS: usize = 40;
/// Distributions of scores that are listed, if not that many models are in force.
const MOST_SCORES: usize = 12;
/// Rejections and partitions that are listed; the JSON behind each part has them all.
const MOST_REJECTIONS: usize = 20;
const MOST_PARTITIONS: usize = 64;

/// All that the page shows, at one moment.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Frame {
    /// The moment, milliseconds since the epoch.
    pub at: i64,
    /// Milliseconds that the time line covers.
    pub window: i64,
    /// Version of the program.
    pub program: &'static str,
    /// Application id.
    pub application: String,
    /// The engine.
    pub engine: Engine,
    /// Whether scoring is under way.
    pub readiness: Readiness,
    /// The newest revision that is ready here.
    pub revision: Revision,
    /// Messages on the control log that are not read yet; `null` if not known.
    pub control_lag: Option<u64>,
    /// Sums over the partitions.
    pub totals: Totals,
    /// The last minutes of this instance, a second each, oldest first.
    pub seconds: Vec<Second>,
    /// The models in force and held.
    pub models: Vec<ModelRow>,
    /// Models that are not listed.
    pub more_models: usize,
    /// Models in force by data type, over time.
    pub lanes: Vec<Lane>,
    /// Cut-overs within the window, oldest first.
    pub cutovers: Vec<SeenCutover>,
    /// How the scores of this instance are distributed, by model.
    pub scores: Vec<ScoresRow>,
    /// How far inputs and scores are from what they were, by model; `null` if that is not watched.
    pub drift: Option<Vec<DriftRow>>,
    /// The last results and dead letters.
    pub recent: RecentRecords,
    /// Refused messages, newest first.
    pub rejections: Vec<RejectionRow>,
    /// Rejections that are not listed.
    pub more_rejections: usize,
    /// The partitions.
    pub partitions: Vec<PartitionRow>,
    /// Partitions that are not listed.
    pub more_partitions: usize,
    /// The instances that are known to hold stores.
    pub instances: Vec<Instance>,
    /// All instances, where there are others: sums, models, rejections, drift and partitions are of all of them. `null`: of
    /// this one.
    pub cluster: Option<ClusterView>,
}

/// Sums over the partitions: of all instances, where there are others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Records read.
    pub records: u64,
    /// Results written.
    pub results: u64,
    /// Dead letters written.
    pub dead_letters: u64,
    /// Records dropped on purpose.
    pub drops: u64,
    /// Records that are not read yet; `null` if not known of every partition.
    pub lag: Option<u64>,
    /// Whether every record is accounted for.
    pub balanced: bool,
}

/// A model and what it has done.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelRow {
    /// Whether it scores; else it is only held.
    pub in_force: bool,
    /// Its colour on the time line.
    pub colour: Option<u8>,
    /// The model.
    pub model: ModelReference,
    /// What it has done; `null` if nothing.
    pub statistics: Option<ModelStatistics>,
}

/// How the scores of a model are distributed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScoresRow {
    /// Its colour on the time line.
    pub colour: Option<u8>,
    /// The distribution.
    #[serde(flatten)]
    pub scores: ScoreDistribution,
}

/// A refused message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RejectionRow {
    /// When it was seen, milliseconds since the epoch; `null` if before this process began.
    pub at: Option<i64>,
    /// The rejection.
    #[serde(flatten)]
    pub rejection: Rejection,
}

/// A partition.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PartitionRow {
    /// Input topic.
    pub topic: String,
    /// Input partition.
    pub partition: u32,
    /// The instance that has it; `null` if there is but one.
    pub instance: Option<String>,
    /// What it is doing.
    pub state: TaskState,
    /// Committed input offset.
    pub offset: i64,
    /// Control offset of the revision that the committed offset carries.
    pub revision: i64,
    /// Records that are not read yet.
    pub lag: Option<u64>,
    /// Records a second.
    pub rate: Option<f64>,
    /// Results written.
    pub results: u64,
    /// Dead letters written.
    pub dead_letters: u64,
    /// Records dropped on purpose.
    pub drops: Drops,
}

impl Frame {
    /// The frame of this instance's state, or of all instances' if it is known that there are others.
    #[must_use]
    pub fn of(
        engine: Engine,
        own: &Snapshot,
        history: &History,
        figures: &dyn LiveFigures,
        known: Option<&Known>,
    ) -> Self {
        let known = known.filter(|known| !known.is_alone());
        let snapshot = known.map_or(own, Known::snapshot);
        let at = figures.now();
        // As long as there is anything to show, from a minute to what is kept.
        let covered = history.first().map_or(0, |first| at - first);
        let window = covered.clamp(SHORTEST_WINDOW, SECONDS as i64 * 1000);
        let models = models(snapshot, history);
        let rejections = &snapshot.rejections;
        Self {
            at,
            window,
            program: env!("CARGO_PKG_VERSION"),
            application: snapshot.application.clone(),
            engine,
            readiness: snapshot.readiness.clone(),
            revision: snapshot.revision.clone(),
            control_lag: snapshot.control_lag,
            totals: totals(snapshot),
            seconds: history.seconds().copied().collect(),
            more_models: models.len().saturating_sub(MOST_MODELS),
            models: models.into_iter().take(MOST_MODELS).collect(),
            lanes: history.lanes(at - window),
            cutovers: cutovers(history, known, at - window),
            scores: scores(snapshot, history, figures),
            drift: known
                .and_then(Known::drift)
                .or_else(|| figures.drift())
                .map(|models| DriftRow::of(models, |control| history.colour_of(control))),
            recent: figures.recent(),
            rejections: rejections
                .iter()
                .take(MOST_REJECTIONS)
                .map(|rejection| RejectionRow {
                    at: history.rejected_at(rejection.control_offset),
                    rejection: rejection.clone(),
                })
                .collect(),
            more_rejections: rejections.len().saturating_sub(MOST_REJECTIONS),
            partitions: partitions(snapshot, history, known),
            more_partitions: snapshot.tasks.len().saturating_sub(MOST_PARTITIONS),
            instances: snapshot.instances.clone(),
            cluster: known.map(Known::view),
        }
    }

    /// The second of this instance that ended last.
    #[must_use]
    pub fn now(&self) -> Option<&Second> {
        self.seconds.last()
    }
}

fn totals(snapshot: &Snapshot) -> Totals {
    let mut totals = Totals { balanced: true, lag: Some(0), ..Totals::default() };
    for task in &snapshot.tasks {
        totals.records += task.records;
        totals.results += task.results;
        totals.dead_letters += task.dead_letters;
        totals.drops += task.drops.total();
        totals.lag = totals.lag.zip(task.lag).map(|(sum, lag)| sum + lag);
        totals.balanced &= task.is_balanced();
    }
    totals
}

/// Those in force first, then those held; a store that is read back has no figures yet.
fn models(snapshot: &Snapshot, history: &History) -> Vec<ModelRow> {
    let done = merge_tasks(&snapshot.tasks);
    let row = |in_force, model: &ModelReference| ModelRow {
        in_force,
        colour: history.colour_of(model.control_offset),
        model: model.clone(),
        statistics: done
            .iter()
            .find(|done| {
                done.model.control_offset == model.control_offset && done.model.data_type == model.data_type
            })
            .cloned(),
    };
    let scoring = snapshot.routes.iter().flat_map(Route::asked);
    let held = snapshot.routes.iter().flat_map(|route| &route.held);
    scoring.map(|model| row(true, model)).chain(held.map(|model| row(false, model))).collect()
}

/// Those of the models in force, and of others the newest.
fn scores(snapshot: &Snapshot, history: &History, figures: &dyn LiveFigures) -> Vec<ScoresRow> {
    let in_force: BTreeSet<(&str, i64)> = snapshot
        .routes
        .iter()
        .flat_map(|route| route.asked().map(|model| (route.data_type.as_str(), model.control_offset)))
        .collect();
    let listed = figures.scores().into_iter().enumerate().filter(|(index, scores)| {
        *index < MOST_SCORES || in_force.contains(&(scores.data_type.as_str(), scores.control_offset))
    });
    listed.map(|(_, scores)| ScoresRow { colour: history.colour_of(scores.control_offset), scores }).collect()
}

/// Those of this instance, and those of others that were seen while somebody looked.
fn cutovers(history: &History, known: Option<&Known>, from: i64) -> Vec<SeenCutover> {
    let mut seen = history.cutovers(from);
    let own: BTreeSet<_> = seen.iter().map(|seen| place(&seen.cutover)).collect();
    let others = known.map(|known| known.cutovers(from)).unwrap_or_default();
    let others: Vec<_> = others.into_iter().filter(|seen| !own.contains(&place(&seen.cutover))).collect();
    drop(own);
    seen.extend(others);
    seen.sort_by_key(|seen| seen.at);
    seen
}

fn partitions(snapshot: &Snapshot, history: &History, known: Option<&Known>) -> Vec<PartitionRow> {
    let rows = snapshot.tasks.iter().take(MOST_PARTITIONS).map(|task| PartitionRow {
        topic: task.topic.clone(),
        partition: task.partition,
        instance: known.and_then(|known| known.instance_of(&task.topic, task.partition)).map(str::to_owned),
        state: task.state.clone(),
        offset: task.offset,
        revision: task.revision.control_offset,
        lag: task.lag,
        rate: match known {
            Some(known) => known.rate_of(&task.topic, task.partition),
            None => history.rate_of(&task.topic, task.partition),
        },
        results: task.results,
        dead_letters: task.dead_letters,
        drops: task.drops.clone(),
    });
    rows.collect()
}
