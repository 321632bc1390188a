//! Which columns the root model answers with.

use std::sync::Arc;

use scorewheel_columns::OutputSchema;

use crate::plan::Slot;
use crate::score::emit::LabelCodes;

/// The columns of the answer, and for every model that can answer where its figures go.
#[derive(Debug, Default)]
pub struct AnswerPlan {
    /// The columns.
    pub schema: Arc<OutputSchema>,
    /// By column: how values become label codes, where it holds labels.
    pub codes: Vec<Option<LabelCodes>>,
    /// By model: where its answer goes, if it can be the one that answers.
    pub by_model: Vec<Option<Box<ModelAnswer>>>,
}

/// Where the figures of one answering model go.
#[derive(Debug, Default)]
pub struct ModelAnswer {
    /// One entry a target.
    pub targets: Vec<TargetAnswer>,
    /// Outputs with their columns.
    pub outputs: Vec<(Slot, usize)>,
}

/// Where the figures about one target go: indices of columns.
#[derive(Debug)]
pub struct TargetAnswer {
    /// The prediction.
    pub value: usize,
    /// Probabilities by category.
    pub probability: Option<DistributionAnswer>,
    /// Confidences by category.
    pub confidence: Option<DistributionAnswer>,
    /// Affinities by entity.
    pub affinity: Option<DistributionAnswer>,
    /// The winning entity.
    pub entity: Option<usize>,
    /// Entities from best to worst.
    pub ranking: Option<DistributionAnswer>,
}

/// A distribution's column, and where each of the model's categories lies in it.
#[derive(Debug)]
pub struct DistributionAnswer {
    /// The column.
    pub column: usize,
    /// By category of the model: the index within the column.
    pub positions: Box<[u32]>,
}
