//! What the control log comes to on an instance, for queries: plain data, which keeps no model alive.

use std::sync::Arc;

use scorewheel_model::{DataTypeName, ModelKey, ModelType, Summary};

use crate::log::ControlLog;
use crate::reference::ModelReference;
use crate::rejection::Rejection;
use crate::revision::{InstalledModel, RevisionId};

/// What the control log comes to on this instance.
#[derive(Clone, Debug, Default)]
pub struct ControlView {
    /// Next offset of the control log to be folded.
    pub position: i64,
    /// The revision in force; `None` before the first is published.
    pub revision: Option<RevisionId>,
    /// What scores, by route, within a route in the order in which its models are asked.
    pub models: Vec<ModelView>,
    /// The models that each route holds by reference, highest control offset first; the first scores once it is
    /// loaded.
    pub held: Vec<(DataTypeName, Vec<ModelReference>)>,
    /// Models that a route asks for by name and that do not stand.
    pub missing: Vec<ModelKey>,
    /// Models in force on the log that are not loaded yet.
    pub loading: Vec<ModelReference>,
    /// Why a model is not loaded although it is not refused; tried again.
    pub postponed: Option<String>,
    /// The quarantined model that holds this instance back.
    pub quarantined: Option<ModelReference>,
    /// The latest rejections, oldest first.
    pub rejections: Vec<Rejection>,
    /// Rejections that are not in the rejections topic yet.
    pub rejections_unwritten: usize,
}

impl ControlView {
    /// The view of a log whose published models are `models`; without what the log does not know.
    #[must_use]
    pub fn of(log: &ControlLog, models: &[ModelView]) -> Self {
        let held = log.held().map(|(name, held)| (name.clone(), held.into_iter().cloned().collect()));
        Self {
            position: log.position(),
            revision: log.revision(),
            models: models.to_vec(),
            held: held.collect(),
            missing: log.missing(),
            loading: log.loading(),
            postponed: None,
            quarantined: log.held_back_by().cloned(),
            rejections: log.rejections().cloned().collect(),
            rejections_unwritten: 0,
        }
    }
}

/// A model in force, without what scores: a view never keeps a model alive.
#[derive(Clone, Debug)]
pub struct ModelView {
    /// What it is.
    pub reference: ModelReference,
    /// The publisher's description.
    pub description: Arc<str>,
    /// The descriptor's type.
    pub model_type: ModelType,
    /// What it is, for people.
    pub summary: Summary,
    /// Rows that it reproduced before it was accepted.
    pub verified_rows: usize,
}

impl ModelView {
    /// The view of a loaded model.
    #[must_use]
    pub fn of(model: &InstalledModel) -> Self {
        Self {
            reference: model.reference.clone(),
            description: Arc::clone(&model.description),
            model_type: model.model_type,
            summary: model.summary.clone(),
            verified_rows: model.verified_rows,
        }
    }
}
