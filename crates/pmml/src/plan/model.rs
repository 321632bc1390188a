//! An element with its targets and outputs.

use crate::document::head::{MathContext, MiningFunction};
use crate::document::output::Feature;
use crate::document::targets::CastInteger;
use crate::elements::ElementPlan;
use crate::plan::{Expression, Place, Slot};
use crate::value::{Datum, Kind};

/// Index of a model in its plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ModelId(pub u32);

/// A compiled model.
#[derive(Debug)]
pub struct ModelPlan {
    /// Its index.
    pub id: ModelId,
    /// Name of the element.
    pub element_name: &'static str,
    /// What it is for.
    pub function: MiningFunction,
    /// True for a model within another one: of what it does not find its outputs are missing, and not absent.
    pub is_embedded: bool,
    /// The precision in which it computes.
    pub math_context: MathContext,
    /// What is its own.
    pub element: ElementPlan,
    /// What it predicts; at least one, possibly nameless.
    pub targets: Vec<TargetPlan>,
    /// Names of its nodes, clusters, rules, neurons or instances.
    pub entities: Entities,
    /// Which figures it computes beside its prediction.
    pub figures: Figures,
    /// What it tells beside, in order.
    pub outputs: Vec<OutputPlan>,
    /// Where it stands.
    pub place: Place,
}

impl ModelPlan {
    /// The first target.
    #[must_use]
    pub fn target(&self) -> &TargetPlan {
        &self.targets[0]
    }

    /// The categories of the first target.
    #[must_use]
    pub fn categories(&self) -> &[Datum] {
        &self.targets[0].categories
    }

    /// True if its own prediction is the answer, and not that of a segment.
    #[must_use]
    pub fn answers_itself(&self) -> bool {
        self.element.delegates().is_none()
    }

    /// True if it tells categories apart.
    #[must_use]
    pub fn is_classification(&self) -> bool {
        self.function == MiningFunction::Classification
    }
}

/// Which figures a model computes beside its prediction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Probabilities by category.
    pub probability: bool,
    /// Confidences by category.
    pub confidence: bool,
    /// Affinities by entity.
    pub affinity: bool,
    /// The winning entity.
    pub entity: bool,
    /// Entities from best to worst.
    pub ranking: bool,
}

/// Names of entities.
#[derive(Clone, Debug, Default)]
pub enum Entities {
    /// The model has none.
    #[default]
    None,
    /// Known by position, from 1.
    Positions(u32),
    /// Codes of their names.
    Named(Box<[u32]>),
}

impl Entities {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Positions(count) => *count as usize,
            Self::Named(names) => names.len(),
        }
    }

    /// True without any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a model predicts.
#[derive(Debug)]
pub struct TargetPlan {
    /// Its name.
    pub name: Option<Box<str>>,
    /// Type of the prediction.
    pub kind: Kind,
    /// The categories that the model can answer with, in the order in which ties are decided.
    pub categories: Vec<Datum>,
    /// What becomes of the raw prediction.
    pub rules: Option<Box<TargetRules>>,
    /// Values with the code of how the data dictionary shows them.
    pub displays: Vec<(Datum, u32)>,
}

/// What becomes of a raw prediction.
#[derive(Debug, Default)]
pub struct TargetRules {
    /// Smallest prediction.
    pub min: Option<f64>,
    /// Largest prediction.
    pub max: Option<f64>,
    /// Factor.
    pub factor: f64,
    /// Summand.
    pub constant: f64,
    /// How it becomes whole.
    pub cast_integer: Option<CastInteger>,
    /// Instead of a missing number.
    pub default: Option<f64>,
    /// Values with their probability if nothing else is known.
    pub priors: Vec<(Datum, Option<f64>)>,
    /// Values with the code of how they are shown.
    pub displays: Vec<(Datum, u32)>,
}

impl TargetRules {
    /// True if a prediction that is there flows on as it is.
    #[must_use]
    pub fn leaves_values(&self) -> bool {
        self.min.is_none()
            && self.max.is_none()
            && self.factor == 1.0
            && self.constant == 0.0
            && self.cast_integer.is_none()
    }
}

/// What a model tells beside its target.
#[derive(Debug)]
pub struct OutputPlan {
    /// Its name.
    pub name: Box<str>,
    /// Where its value is kept.
    pub slot: Slot,
    /// Type that its value is cast to.
    pub kind: Option<Kind>,
    /// What it tells.
    pub what: OutputFeature,
    /// Where it stands.
    pub place: Place,
}

/// What an output field tells.
#[derive(Debug)]
pub enum OutputFeature {
    /// The prediction of a target.
    PredictedValue(u32),
    /// The prediction of a target as it is shown.
    PredictedDisplayValue(u32),
    /// The category of the second largest probability, or of a later one.
    RankedValue {
        /// The target.
        target: u32,
        /// From 2.
        rank: u32,
        /// True if it is told as it is shown.
        is_shown: bool,
    },
    /// Probability of a category; of the predicted one without a category.
    Probability(Category),
    /// Confidence of a category.
    Confidence(Category),
    /// Affinity of an entity.
    Affinity(Category),
    /// The winning entity, or the one of this rank.
    EntityId {
        /// From 1.
        rank: u32,
    },
    /// An expression over fields and outputs before this one.
    Expression(Expression),
    /// Observed minus predicted value, or 1 − probability of the observed one.
    Residual {
        /// The target.
        target: u32,
        /// The observed value.
        observed: Slot,
    },
    /// How uncertain the prediction is.
    Uncertainty(Uncertainty),
    /// A reason code of a scorecard.
    ReasonCode {
        /// From 1.
        rank: u32,
    },
    /// What an association rule tells.
    Rule(Box<RuleOutput>),
    /// The result of a segment: its target, or a feature of it.
    Segment {
        /// Code of the segment's id.
        segment: u32,
        /// What is told of it.
        what: Box<OutputFeature>,
    },
    /// An output of a segment; missing if the segment did not run.
    SegmentOutput(Slot),
    /// The prediction of a target that the model does not have: an error of the row.
    UnknownTarget,
    /// Always missing: what the model does not compute.
    Absent,
    /// Not evaluated: reading it is an error of the row.
    Unsupported(Feature),
}

/// A figure of how uncertain a predicted number is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Uncertainty {
    /// The standard error of the prediction.
    StandardError,
    /// The standard deviation of what is predicted.
    StandardDeviation,
    /// An end of an interval: the prediction moved by so many standard errors.
    Bound(f64),
}

/// Which category or entity an output is about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Category {
    /// The predicted one, or of this rank.
    Predicted {
        /// From 1.
        rank: u32,
    },
    /// The one with this index.
    Index(u32),
    /// One that the model does not know.
    Unknown,
}

/// An output field about association rules.
#[derive(Debug)]
pub struct RuleOutput {
    /// What is told.
    pub feature: crate::document::output::RuleFeature,
    /// Which rules apply.
    pub algorithm: crate::document::output::RuleAlgorithm,
    /// Which of several; 0 for all.
    pub rank: u32,
    /// By what they are ranked.
    pub basis: crate::document::output::RankBasis,
    /// Which end is first.
    pub order: crate::document::output::RankOrder,
    /// True for a list of all.
    pub is_multi_valued: bool,
}
