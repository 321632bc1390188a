//! Which columns a model answers with.

use std::sync::Arc;

use crate::labels::Labels;

/// Type of an output column.
#[derive(Clone, Debug, PartialEq)]
pub enum OutputType {
    /// 64-bit floating point.
    F64,
    /// 32-bit floating point.
    F32,
    /// 64-bit signed integer.
    I64,
    /// Truth value.
    Bool,
    /// One of a closed list of categories, as a code.
    Label(Arc<Labels>),
    /// Strings made while scoring.
    Text,
    /// Days since 1970-01-01.
    Date,
    /// Microseconds since midnight.
    Time,
    /// Microseconds since 1970-01-01T00:00:00.
    DateTime,
    /// One number for each category; row-major, `labels.len()` numbers a row.
    Distribution(Arc<Labels>),
    /// Categories from first to last, as their codes; row-major, `labels.len()` numbers a row, of which those after the
    /// last one are below 0.
    Ranking(Arc<Labels>),
    /// Lists of numbers, all of this shape; the row dimension left out.
    Tensor(Box<[usize]>),
    /// Lists, maps, and answers whose type differs by row.
    Any,
}

/// What an auxiliary output tells about its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Auxiliary {
    /// Probability by category.
    Probability,
    /// Confidence by category.
    Confidence,
    /// Affinity (similarity or distance) by entity.
    Affinity,
    /// The winning entity: node, cluster, rule, neuron, neighbour.
    EntityId,
    /// Entities from best to worst.
    EntityIdRanking,
}

impl Auxiliary {
    /// The key under `aux` in the command `score`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Probability => "probability",
            Self::Confidence => "confidence",
            Self::Affinity => "affinity",
            Self::EntityId => "entityId",
            Self::EntityIdRanking => "entityIdRanking",
        }
    }
}

/// Why a column is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// A target of the model: its prediction.
    Target,
    /// A named output beside the targets.
    Output,
    /// Figures about a target that the model computes even if it names no output for them.
    Auxiliary {
        /// Index of the target's column in the schema.
        target: usize,
        /// What the figures are.
        what: Auxiliary,
    },
}

/// One output column.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputField {
    /// Name; a model may have one nameless target.
    pub name: Option<Box<str>>,
    /// Why the column is there.
    pub role: Role,
    /// Its type.
    pub output_type: OutputType,
}

/// The output columns of a model: targets first, in their order, then outputs, then auxiliaries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OutputSchema {
    /// The columns.
    pub fields: Vec<OutputField>,
}

impl OutputSchema {
    /// A schema of these columns.
    #[must_use]
    pub fn new(fields: Vec<OutputField>) -> Self {
        Self { fields }
    }

    /// The first target: the column whose value is *the* score.
    #[must_use]
    pub fn score(&self) -> Option<usize> {
        self.fields.iter().position(|field| field.role == Role::Target)
    }

    /// The column of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name.as_deref() == Some(name))
    }
}
