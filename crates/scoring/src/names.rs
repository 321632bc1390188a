//! The names of the application's topics and store.

use std::sync::Arc;

/// Name of the broadcast source that the models come from, in topologies and offset metadata.
pub const MODELS: &str = "models";

/// Name of the scoring processor in topologies.
pub const SCORE: &str = "score";

/// Output of the scoring processor that dead letters go to.
pub const DEAD_LETTERS: &str = "dead-letters";

/// Output of the scoring processor that cut-overs go to.
pub const CUTOVERS: &str = "cutovers";

/// Topics and store of one application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// Records to be scored.
    pub records: Arc<str>,
    /// The control log.
    pub models: Arc<str>,
    /// Results.
    pub results: Arc<str>,
    /// Records that could not be scored.
    pub dead_letters: Arc<str>,
    /// Refused control messages.
    pub rejections: Arc<str>,
    /// From which record on a revision scores a partition.
    pub cutovers: Arc<str>,
    /// The queryable store.
    pub store: Arc<str>,
}

impl Names {
    /// The default names of an application with this id.
    #[must_use]
    pub fn of_application(application: &str) -> Self {
        Self {
            records: "models_data".into(),
            models: "models_models".into(),
            results: "models_results".into(),
            dead_letters: "models_deadletters".into(),
            rejections: "models_rejections".into(),
            cutovers: format!("{application}-cutovers").into(),
            store: "modelStore".into(),
        }
    }
}
