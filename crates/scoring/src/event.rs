//! What scoring lets its surroundings know.

use scorewheel_serving::{Alarm, Cutover, Divergence, ModelReference, Rejection, RevisionId, Step};

/// Something that happened. A closed list.
#[derive(Clone, Debug, PartialEq)]
pub enum ScoringEvent {
    /// A model passed every check and waits for its revision.
    Installed {
        /// The model.
        model: ModelReference,
        /// How long it took to load, check and bind it, milliseconds.
        milliseconds: i64,
        /// What was decided for it, as [`scorewheel_model::BoundModel::notes`] tells.
        notes: Vec<String>,
    },
    /// A control message was refused.
    Rejected(Rejection),
    /// A model was removed.
    Removed {
        /// `dataType/name`.
        model: String,
        /// Control offset of the removal.
        control: i64,
    },
    /// A model could not be installed for a reason that is no verdict; it is tried again.
    Postponed {
        /// Its control offset.
        control: i64,
        /// Why.
        reason: String,
    },
    /// A revision is in force on this instance.
    Published(RevisionId),
    /// A task has moved to another revision; said once it is committed.
    CutOver(Cutover),
    /// Rows were scored.
    Scored {
        /// How many have an answer.
        rows: u64,
        /// How long it took, nanoseconds.
        nanoseconds: u64,
    },
    /// Records became dead letters.
    DeadLettered {
        /// At which step.
        step: Step,
        /// How many.
        records: u64,
    },
    /// A model fails on its records.
    ModelFails(Alarm),
    /// This instance must not take partitions that others have scored.
    Diverged(Divergence),
    /// A model killed the process twice; this instance does not touch it.
    Quarantined {
        /// Its control offset.
        control: i64,
        /// What to do about it.
        message: String,
    },
}

/// Takes events: logs them, counts them. Called from scoring threads; every call is short.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn observe(&self, event: &ScoringEvent);
}

/// Nobody listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn observe(&self, _: &ScoringEvent) {}
}
