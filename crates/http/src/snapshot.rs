//! The last committed state of an instance, as one value from which every view is made.
//!
//! Names are those of the JSON under `/v1`, in camel case. Times are milliseconds since the epoch, durations
//! nanoseconds, unless a name says otherwise.

use serde::{Deserialize, Serialize};

/// Which engine runs, and so which of the original's routes are served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// A topology with a store: the original's routes below `/state`.
    #[default]
    Streams,
    /// The stage: the original's `/stats`, `/models`, `/state`.
    Stage,
}

impl Engine {
    /// The port that the original serves this engine's queries on.
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Self::Streams => 8888,
            Self::Stage => 5500,
        }
    }
}

/// Whether scoring is under way, and if not, why not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Readiness {
    /// True when models are folded, stores restored and nothing is in alarm.
    pub ready: bool,
    /// What is missing, for people; empty when ready.
    pub reasons: Vec<String>,
}

/// The identity of a revision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    /// Control offset of the last message that changed the set; −1 before the first.
    pub control_offset: i64,
    /// Digest over the set, in hexadecimal; `null` before the first.
    pub digest: Option<String>,
}

/// One model as the ledger names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ModelReference {
    /// The route.
    pub data_type: String,
    /// Name within the route.
    pub name: String,
    /// Version of the descriptor, else `@<control offset>`.
    pub version: String,
    /// SHA-256 of the model's bytes, in hexadecimal.
    pub sha256: String,
    /// Offset of its message on the control log.
    pub control_offset: i64,
    /// Text for people from the descriptor; left out where there is none, or the descriptor is not kept: of a model that
    /// is only held.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Type of the descriptor: `PMML`, `TENSORFLOW`, …; left out where the descriptor is not kept.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub model_type: String,
}

/// What scores one data type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Route {
    /// The data type.
    pub data_type: String,
    /// The model in force; `null` while there is none.
    pub in_force: Option<ModelReference>,
    /// The models in force that are asked after it, in order: `score` of the data type asks several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub further: Vec<ModelReference>,
    /// Names that `score` of the data type asks for and that have no model.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Accepted models of other names, newest first.
    pub held: Vec<ModelReference>,
}

/// What one model has done in one task, or merged over tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ModelStatistics {
    /// The model.
    pub model: ModelReference,
    /// When it first scored, milliseconds since the epoch.
    pub since: i64,
    /// Rows scored.
    pub invocations: u64,
    /// Sum of the rows' durations. A row's duration is its batch's scoring time divided by its rows.
    pub duration_ns: u64,
    /// Shortest row; 0 without invocations.
    pub min_ns: u64,
    /// Longest row; 0 without invocations.
    pub max_ns: u64,
    /// Sum of the rows' durations, each rounded down to whole milliseconds, as the original counts.
    pub duration_whole_ms: u64,
}

/// Records that were dropped on purpose, by cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Drops {
    /// No model was in force for the record's data type.
    pub no_model: u64,
}

impl Drops {
    /// All causes together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.no_model
    }
}

/// What a task is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum TaskState {
    /// Its store is read back from the changelog.
    Restoring {
        /// Changelog records applied.
        done: u64,
        /// Changelog records to apply.
        total: u64,
    },
    /// It waits for the revision that its committed offset names.
    AwaitingRevision {
        /// The control offset that this instance must reach.
        control_offset: i64,
    },
    /// It scores.
    #[default]
    Running,
    /// It is paused: no model, or a model that fails.
    Paused {
        /// Why, for people.
        reason: String,
    },
}

/// One partition's state as of its last commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Task {
    /// Input topic.
    pub topic: String,
    /// Input partition.
    pub partition: u32,
    /// What it is doing.
    pub state: TaskState,
    /// Committed input offset: the next to be read after a restart; −1 before the first commit.
    pub offset: i64,
    /// The revision that the committed offset carries.
    pub revision: Revision,
    /// End of the input partition as last seen, less `offset`; `null` if not known.
    pub lag: Option<u64>,
    /// Records read.
    pub records: u64,
    /// Results written.
    pub results: u64,
    /// Dead letters written.
    pub dead_letters: u64,
    /// Records dropped on purpose.
    pub drops: Drops,
    /// Results and dead letters beyond the first of their record, where several models score it.
    #[serde(skip_serializing_if = "is_zero")]
    pub further: u64,
    /// Records read and not yet committed.
    pub in_flight: u64,
    /// Milliseconds since the last commit; `null` before the first, or if it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<u64>,
    /// What each model has done.
    pub statistics: Vec<ModelStatistics>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
pub(crate) fn is_zero(figure: &u64) -> bool {
    *figure == 0
}

/// The first record of a partition that a revision governed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cutover {
    /// Input topic.
    pub topic: String,
    /// Input partition.
    pub partition: u32,
    /// First input offset that the revision governs.
    pub offset: i64,
    /// The revision.
    pub revision: Revision,
}

/// A refused control message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rejection {
    /// Offset of the message on the control log.
    pub control_offset: i64,
    /// Name as the message gives it, if it could be read.
    pub name: Option<String>,
    /// Version as the message gives it, if it could be read.
    pub version: Option<String>,
    /// SHA-256 of the message's data, in hexadecimal, if it could be read.
    pub sha256: Option<String>,
    /// Why it was refused.
    pub reason: String,
}

/// An instance that holds stores, as the original's `/state/instances` names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Instance {
    /// Host of its HTTP listener.
    pub host: String,
    /// Port of its HTTP listener.
    pub port: u16,
    /// The stores it holds.
    pub store_names: Vec<String>,
}

/// Everything that can be asked, as of the last commits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Snapshot {
    /// Application id.
    pub application: String,
    /// Name of the queryable store; `null` if the engine has none that can be asked by name.
    pub store: Option<String>,
    /// The data type that queries without one mean.
    pub default_data_type: String,
    /// Whether scoring is under way.
    pub readiness: Readiness,
    /// The newest revision that is ready on this instance.
    pub revision: Revision,
    /// End of the control log less this instance's position in it; `null` if not known.
    pub control_lag: Option<u64>,
    /// The routes, by data type.
    pub routes: Vec<Route>,
    /// The tasks of this instance, by topic and partition.
    pub tasks: Vec<Task>,
    /// Recent cut-overs, newest first.
    pub cutovers: Vec<Cutover>,
    /// Rejections, newest first.
    pub rejections: Vec<Rejection>,
    /// The instances that are known to hold stores.
    pub instances: Vec<Instance>,
}

impl Route {
    /// The models in force, in the order in which they are asked.
    pub fn asked(&self) -> impl Iterator<Item = &ModelReference> {
        self.in_force.iter().chain(&self.further)
    }
}

impl Task {
    /// Whether every record is accounted for.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.records + self.further == self.results + self.dead_letters + self.drops.total()
    }
}

impl Snapshot {
    /// The route of a data type.
    #[must_use]
    pub fn route(&self, data_type: &str) -> Option<&Route> {
        self.routes.iter().find(|route| route.data_type == data_type)
    }

    /// Where each task stands.
    #[must_use]
    pub fn positions(&self) -> Vec<Position<'_>> {
        self.tasks.iter().map(Position::of).collect()
    }
}

/// Where one task stands: what the figures beside it are as of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Position<'a> {
    /// Input topic.
    pub topic: &'a str,
    /// Input partition.
    pub partition: u32,
    /// Committed input offset.
    pub offset: i64,
    /// The revision that the offset carries.
    pub revision: &'a Revision,
}

impl<'a> Position<'a> {
    fn of(task: &'a Task) -> Self {
        Self { topic: &task.topic, partition: task.partition, offset: task.offset, revision: &task.revision }
    }
}
