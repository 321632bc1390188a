//! The compiled plan: immutable, shared by all threads.
//!
//! | file | what it holds |
//! |---|---|
//! | [`slot`] | [`SlotPlan`]: a field *and its treatment*, computed at most once a row |
//! | [`treatment`] | [`Treatment`]: what becomes of missing, invalid and outlying values |
//! | [`expression`] | [`Expression`] with names resolved and constants typed |
//! | [`predicate`] | [`Predicate`] in three-valued logic |
//! | [`model`] | [`ModelPlan`]: an element with its targets and outputs |
//! | [`answer`] | [`AnswerPlan`]: which columns the root model answers with |

pub mod answer;
pub mod expression;
pub mod model;
pub mod predicate;
pub mod slot;
pub mod treatment;

use scorewheel_columns::Dictionary;
use scorewheel_model::InputField;

use crate::functions::text_index::Tokenizer;
pub use answer::AnswerPlan;
pub use expression::{Expression, FunctionPlan};
pub use model::{ModelId, ModelPlan, OutputPlan, TargetPlan};
pub use predicate::Predicate;
pub use slot::{InputPlan, Slot, SlotPlan, Source};
pub use treatment::Treatment;

/// Finds the element that raised an error: an index into [`Plan::places`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place(pub u32);

/// A compiled document.
#[derive(Debug)]
pub struct Plan {
    /// The strings that the document names; their codes are the first ones.
    pub texts: Dictionary,
    /// The inputs of the root model.
    pub inputs: Vec<InputPlan>,
    /// The same as the contract shows them.
    pub input_fields: Vec<InputField>,
    /// All fields of all scopes.
    pub slots: Vec<SlotPlan>,
    /// Functions of the document.
    pub functions: Vec<FunctionPlan>,
    /// How texts become words.
    pub tokenizers: Vec<Tokenizer>,
    /// All models, segments before what holds them.
    pub models: Vec<ModelPlan>,
    /// The model that answers.
    pub root: ModelId,
    /// The columns it answers with.
    pub answer: AnswerPlan,
    /// Elements that can raise errors, in words. The first stands for the record as a whole.
    pub places: Vec<Box<str>>,
    /// Elements that some records cannot be scored by, in words.
    pub reservations: Vec<String>,
}

impl Plan {
    /// A model of the plan.
    #[must_use]
    pub fn model(&self, id: ModelId) -> &ModelPlan {
        &self.models[id.0 as usize]
    }
}
