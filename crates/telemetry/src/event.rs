//! What can happen.

use std::time::Duration;

use crate::influx::SenderNote;
use crate::traces::TracesNote;

/// Something that happened and that an operator may want to know. A closed list: who adds one says how it is logged and
/// counted, in [`crate::recorder`].
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The process is up.
    Started {
        /// Application id.
        application: String,
        /// Where topics live.
        place: String,
        /// The engine.
        engine: String,
    },
    /// Something is waited for or gone about in a round-about way, and passes by itself.
    Waiting {
        /// For what or why, for people.
        reason: String,
    },
    /// A topic of the application was created or widened.
    TopicCreated {
        /// Its name.
        topic: String,
        /// Its partitions.
        partitions: u32,
    },
    /// Partitions came or went.
    Rebalanced {
        /// Partitions of this instance from now on.
        partitions: Vec<String>,
        /// True if they were taken without being given back in order.
        lost: bool,
    },
    /// A store was read back.
    Restored {
        /// The task's partition.
        partition: String,
        /// Changelog records applied.
        records: u64,
        /// How long it took.
        took: Duration,
    },
    /// A model is ready and in force.
    Installed {
        /// `dataType/name`.
        model: String,
        /// Its version.
        version: String,
        /// Its control offset.
        control_offset: i64,
        /// How long it took to load, check and bind it.
        took: Duration,
        /// What was decided for it that its publisher did not state, a sentence each.
        notes: Vec<String>,
    },
    /// A control message was refused.
    Rejected {
        /// Its control offset.
        control_offset: i64,
        /// `dataType/name`, if it could be read.
        model: Option<String>,
        /// The kind of refusal, one of a closed list.
        kind: String,
        /// Why, for people.
        reason: String,
    },
    /// A model was removed.
    Removed {
        /// `dataType/name`.
        model: String,
        /// Control offset of the tombstone.
        control_offset: i64,
    },
    /// A task moved to another revision.
    CutOver {
        /// The task's partition.
        partition: String,
        /// First input offset that the revision governs.
        offset: i64,
        /// Control offset of the revision.
        control_offset: i64,
    },
    /// A batch was scored.
    BatchScored {
        /// Its rows.
        rows: u64,
        /// How long scoring took.
        took: Duration,
    },
    /// Records became dead letters.
    DeadLettered {
        /// The step that failed: `decode`, `route`, `score`, `encode`.
        step: &'static str,
        /// How many.
        records: u64,
    },
    /// Work was committed.
    Committed {
        /// How long the commit took.
        took: Duration,
        /// Age of the oldest record that it covers, where there was one.
        oldest: Option<Duration>,
    },
    /// A transaction was aborted; its work is done again.
    Aborted {
        /// Why, for people.
        reason: String,
    },
    /// A partition waits.
    Paused {
        /// The partition.
        partition: String,
        /// Why, for people.
        reason: String,
    },
    /// A partition goes on.
    Resumed {
        /// The partition.
        partition: String,
    },
    /// Something that an operator must look at.
    Alarm {
        /// The kind, one of a closed list.
        kind: &'static str,
        /// What, where, and what to do.
        message: String,
    },
    /// Something that an operator should look at, while all that is promised holds.
    Warning {
        /// The kind, one of a closed list; counted among the alarms.
        kind: &'static str,
        /// What, where, and what to do.
        message: String,
    },
    /// What the way to InfluxDB tells.
    Influx(SenderNote),
    /// What the way to a collector of traces tells.
    Traces(TracesNote),
    /// What became of a model by reference.
    Reference(Reference),
    /// What was made in Grafana, or is not as it would have been made.
    Grafana {
        /// What, for people.
        note: String,
    },
    /// Grafana cannot be set up.
    GrafanaFailed {
        /// Why, for people.
        reason: String,
        /// Whether it is tried again.
        again: bool,
    },
    /// The process stops.
    Stopping {
        /// Why, for people.
        reason: String,
    },
}

/// What became of a model by reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// It was fetched.
    Fetched {
        /// Where from.
        location: String,
        /// The scheme of its place.
        scheme: &'static str,
        /// How large it is.
        bytes: u64,
        /// How long it took.
        took: Duration,
    },
    /// It was found in the state directory.
    Cached {
        /// Where it would have come from.
        location: String,
    },
    /// It is on its way for some time.
    Progress {
        /// Where from.
        location: String,
        /// How much is here.
        bytes: u64,
        /// Of how much, if that is known.
        total: Option<u64>,
    },
    /// It did not come, for a reason that passes.
    Failed {
        /// Where from.
        location: String,
        /// The scheme of its place.
        scheme: &'static str,
        /// Why, for people.
        reason: String,
        /// When it is tried again.
        again: Duration,
    },
    /// It is refused.
    Refused {
        /// The scheme of its place; empty if it is in none.
        scheme: &'static str,
    },
}
