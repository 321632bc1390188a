//! What happens to records that no model can score.

use serde::{Deserialize, Serialize};

/// What becomes of a record while its data type has no model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoModel {
    /// It is dropped and counted.
    #[default]
    Drop,
    /// Its partition waits before it until a model arrives.
    Wait,
    /// It becomes a dead letter.
    DeadLetter,
}

/// What becomes of a route whose model fails on records that are not at fault themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnModelFailure {
    /// The records go on becoming dead letters; an alarm is raised.
    Continue,
    /// The partition waits until another model is in force; an alarm is raised.
    #[default]
    Pause,
}

/// When a model counts as failing: the share of errors among the last rows of one task and route, rows at fault
/// themselves left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FailureShare {
    /// Share of errors, above 0 and at most 1.
    pub share: f64,
    /// Number of consecutive rows, at least 1.
    pub rows: u32,
}

impl Default for FailureShare {
    fn default() -> Self {
        Self { share: 1.0, rows: 1000 }
    }
}

/// The policies of a scorer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Policies {
    /// While there is no model.
    pub no_model: NoModel,
    /// When a model fails.
    pub on_model_failure: OnModelFailure,
    /// When that is.
    pub failure: FailureShare,
}
