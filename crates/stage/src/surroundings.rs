//! The time, and who is told what happens.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use scorewheel_serving::{Alarm, Divergence, ModelReference, Rejection, RevisionId, Watcher};

/// Something that happened. A closed list.
#[derive(Clone, Debug, PartialEq)]
pub enum StageEvent {
    /// A model passed every check and waits for its revision.
    Installed {
        /// The model.
        model: ModelReference,
        /// How long it took to load, check and bind it, milliseconds.
        milliseconds: i64,
        /// What was decided for it, as [`scorewheel_model::BoundModel::notes`] tells.
        notes: Vec<String>,
    },
    /// A control message was refused; to be written to the rejections topic, if there is one.
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
    /// A revision is in force.
    Published(RevisionId),
    /// A stage has handed out the first record of another revision.
    CutOver(RevisionId),
    /// A model fails on its records.
    ModelFails(Alarm),
    /// This process must not go on where the checkpoint's left off.
    Diverged(Divergence),
}

/// When a model may take the process with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It is parsed, compiled and verified.
    Install,
    /// It scores its first batch in a stage.
    FirstBatch,
}

/// What a stage and its models ask of the process around them. Every call is short.
pub trait Surroundings: Send + Sync {
    /// Milliseconds since the epoch.
    fn wall(&self) -> i64;

    /// A time in nanoseconds, of which only differences are used.
    fn nanoseconds(&self) -> u64;

    /// Something happened.
    fn observe(&self, event: &StageEvent) {
        let _ = event;
    }

    /// Who looks at the columns and scores of one more stage, if anybody does.
    fn watcher(&self) -> Option<Box<dyn Watcher>> {
        None
    }

    /// What comes next may be the last thing that the process does; a mark now shows what it was.
    fn enter(&self, model: &ModelReference, moment: Moment) {
        let _ = (model, moment);
    }

    /// The process has survived it.
    fn leave(&self, model: &ModelReference, moment: Moment) {
        let _ = (model, moment);
    }
}

/// The system's clock; nobody is told anything.
#[derive(Clone, Copy, Debug)]
pub struct SystemSurroundings {
    start: Instant,
}

impl Default for SystemSurroundings {
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Surroundings for SystemSurroundings {
    fn wall(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    fn nanoseconds(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}
