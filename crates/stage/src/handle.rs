//! What a stage can be asked while it runs.

use std::sync::Arc;

use scorewheel_model::DataTypeName;
use scorewheel_serving::{
    Alarm, Conservation, ControlView, ModelStatistics, ModelView, RevisionId, TaskStatistics,
};

use crate::checkpoint::Checkpoint;
use crate::record::CutOver;
use crate::shared::Shared;
use crate::start::{Answer, Start};
use crate::task::Task;

/// The live state of a stage, from any thread. Figures are as of the last record that the stage has handed out.
#[derive(Clone)]
pub struct StageHandle {
    shared: Arc<Shared>,
    task: Arc<Task>,
    start: Arc<Start>,
}

/// The model in force for a data type, and what it has done: what the original's `/stats` shows.
#[derive(Clone, Debug)]
pub struct ModelInForce {
    /// The model.
    pub model: ModelView,
    /// What it has done in this stage; nothing yet if it has scored no record.
    pub statistics: ModelStatistics,
}

impl StageHandle {
    pub(crate) fn new(shared: Arc<Shared>, task: Arc<Task>, start: Arc<Start>) -> Self {
        Self { shared, task, start }
    }

    /// The model in force for a data type, with its figures; `None` while there is none.
    #[must_use]
    pub fn model(&self, data_type: &DataTypeName) -> Option<ModelInForce> {
        let view = self.shared.view();
        let model = view.models.iter().find(|model| model.reference.key.data_type == *data_type)?.clone();
        let reference = &model.reference;
        let done = self.task.state().statistics.model(reference.offset).cloned();
        let statistics = done.unwrap_or_else(|| ModelStatistics::new(reference, reference.timestamp));
        Some(ModelInForce { model, statistics })
    }

    /// The data types that a model is in force for.
    #[must_use]
    pub fn data_types(&self) -> Vec<DataTypeName> {
        let view = self.shared.view();
        view.models.iter().map(|model| model.reference.key.data_type.clone()).collect()
    }

    /// What the control log comes to: models in force and held, rejections.
    #[must_use]
    pub fn control(&self) -> Arc<ControlView> {
        self.shared.view()
    }

    /// Statistics by model, and what became of the records.
    #[must_use]
    pub fn statistics(&self) -> TaskStatistics {
        self.task.state().statistics.clone()
    }

    /// What became of the records.
    #[must_use]
    pub fn conservation(&self) -> Conservation {
        self.task.state().statistics.conservation()
    }

    /// Records taken in and not handed out yet.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.task.in_flight()
    }

    /// The revision that governed the last record handed out.
    #[must_use]
    pub fn revision(&self) -> RevisionId {
        self.task.state().mark.map_or(RevisionId::EMPTY, |mark| mark.revision)
    }

    /// The latest cut-overs, oldest first.
    #[must_use]
    pub fn cutovers(&self) -> Vec<CutOver> {
        self.task.state().cutovers.iter().copied().collect()
    }

    /// The latest alarms about models that fail, oldest first.
    #[must_use]
    pub fn alarms(&self) -> Vec<Alarm> {
        self.task.state().alarms.iter().cloned().collect()
    }

    /// Why the stage's next record waits, if it does.
    #[must_use]
    pub fn waiting(&self) -> Option<String> {
        self.task.state().waiting.clone()
    }

    /// Why the stage does not score; empty if it does.
    #[must_use]
    pub fn not_ready(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        if let Answer::Waiting(reason) = self.start.answer() {
            reasons.push(reason.to_string());
            if self.shared.has_ended() {
                reasons.push("the stream of models has ended".to_owned());
            }
        }
        reasons.extend(self.shared.view().postponed.clone());
        if let Some(model) = &self.shared.view().quarantined {
            reasons
                .push(format!("the model {} at control offset {} is quarantined", model.key, model.offset));
        }
        reasons
    }

    /// The state as of the last record handed out, to be written to a file.
    ///
    /// `position` says where the records are to be read from after a restart, in a form that is the caller's own. Taken
    /// when all records handed out are done with, and with the position after them, the figures are exact after a
    /// restart from it; else records between are counted again.
    #[must_use]
    pub fn checkpoint(&self, position: impl Into<Vec<u8>>) -> Checkpoint {
        let state = self.task.state();
        Checkpoint {
            position: position.into(),
            mark: state.mark,
            references: state.references.iter().map(|reference| (**reference).clone()).collect(),
            statistics: TaskStatistics::of(state.statistics.totals(), state.statistics.models().cloned()),
            written_at: self.shared.surroundings.wall(),
        }
    }

    /// The position of the checkpoint that the stage was restarted from.
    #[must_use]
    pub fn restored_position(&self) -> Option<Vec<u8>> {
        self.task.state().restored.clone()
    }
}
