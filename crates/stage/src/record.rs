//! What goes through a stage.

use std::sync::Arc;

use bytes::Bytes;
use scorewheel_model::DataTypeName;
use scorewheel_serving::{Adoption, Cutover, ModelReference, Order, RevisionId, Step};

/// A record to be scored, with whatever its owner wants back beside the result: an offset, a span, a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record<C> {
    /// The record's bytes; none becomes a dead letter.
    pub value: Option<Bytes>,
    /// The header `scorewheel-data-type`, if there is one.
    pub data_type: Option<Bytes>,
    /// Opaque to the stage.
    pub context: C,
}

impl<C> Record<C> {
    /// A record without headers.
    #[must_use]
    pub fn new(value: impl Into<Bytes>, context: C) -> Self {
        Self { value: Some(value.into()), data_type: None, context }
    }
}

/// A record that came through the stage.
#[derive(Clone, Debug)]
pub struct ScoredRecord<C, O> {
    /// The record as it went in.
    pub record: Record<C>,
    /// The revision that governed it.
    pub revision: RevisionId,
    /// Said of the first record that this revision governs here.
    pub cut_over: Option<CutOver>,
    /// What became of it.
    pub outcome: Outcome<O>,
    /// What the other models made of it, in the order in which they are asked, where its route asks several.
    pub further: Vec<Outcome<O>>,
}

impl<C, O> ScoredRecord<C, O> {
    /// All outcomes, the first one first.
    pub fn outcomes(&self) -> impl Iterator<Item = &Outcome<O>> {
        std::iter::once(&self.outcome).chain(&self.further)
    }
}

/// What became of a record.
#[derive(Clone, Debug)]
pub enum Outcome<O> {
    /// It was scored.
    Result {
        /// What the stage's encoder made of the answer.
        output: O,
        /// The one model that scored it.
        model: Arc<ModelReference>,
        /// The batch's scoring time divided by its rows, nanoseconds.
        nanoseconds: u64,
    },
    /// It could not be scored.
    DeadLetter {
        /// At which step.
        step: Step,
        /// The kind, a word.
        kind: &'static str,
        /// What is wrong, in words.
        message: String,
        /// The model that it was given to, and which of its route's it is, if it came that far.
        asked: Option<(Arc<ModelReference>, Order)>,
    },
    /// No model was in force for its data type, and the policy is to drop it.
    Dropped {
        /// The data type.
        data_type: DataTypeName,
    },
}

impl<O> Outcome<O> {
    /// The output of a result.
    #[must_use]
    pub fn output(&self) -> Option<&O> {
        match self {
            Self::Result { output, .. } => Some(output),
            Self::DeadLetter { .. } | Self::Dropped { .. } => None,
        }
    }
}

/// From this record on, another revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutOver {
    /// The revision.
    pub revision: RevisionId,
    /// Said if it was not reached from the one before.
    pub adopted: Option<Adoption>,
}

impl CutOver {
    /// The entry for the cut-overs topic; only the owner of the record knows where it came from.
    #[must_use]
    pub fn entry(&self, topic: &str, partition: u32, offset: i64) -> Cutover {
        Cutover::new(topic, partition, offset, self.revision, self.adopted)
    }
}

/// An answer that cannot be encoded: its record becomes a dead letter of the step `encode`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct EncodeError {
    /// The kind, a word such as `result_too_large`.
    pub kind: &'static str,
    /// What is wrong, in words.
    pub reason: String,
}
