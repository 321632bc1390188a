//! The contract between models and the rest of Scorewheel.
//!
//! A [`Format`] recognises and loads bytes as a [`Model`]; a model is bound once to the schema of its records and
//! becomes a [`BoundModel`]; a bound model scores batches into reused [`scorewheel_columns::Scores`]. An [`Evaluator`]
//! has all of that inside, for programs that have records of their own and want answers.
//!
//! | file | what it holds |
//! |---|---|
//! | [`mod@format`] | [`Format`], [`Limits`]: from bytes to a model |
//! | [`contract`] | [`Model`], [`BoundModel`], [`Scratch`]: from a model to scores |
//! | [`evaluator`] | [`Evaluator`]: maps, structs, columns or Arrow through a model |
//! | [`binding`] | [`resolve_inputs`]: which fields of a schema feed which input |
//! | [`mapping`] | [`Mapping`]: what a descriptor or side file says about inputs and outputs |
//! | [`training`] | [`FieldStatistics`]: how inputs were distributed in training |
//! | [`descriptor`] | [`ModelDescriptor`]: the message that carries a model |
//! | [`identity`] | [`ModelKey`], [`DataTypeName`], …: names that are safe as keys |
//! | [`digest`] | [`Digest`]: SHA-256 |
//! | [`error`] | [`ModelError`] (the model is bad), [`RecordError`] (the record is bad) |
//!
//! Model crates know no Kafka, no HTTP, no async run time, no clock; they spawn nothing.

pub mod binding;
pub mod contract;
pub mod descriptor;
pub mod digest;
pub mod error;
pub mod evaluator;
pub mod format;
pub mod identity;
pub mod mapping;
pub mod training;

pub use binding::{BoundInput, resolve_inputs};
pub use contract::{BoundModel, InputField, Model, Scratch, Summary, Verification};
pub use descriptor::{Content, DescriptorError, GoldenRow, ModelDescriptor, ModelType, TypeNumbering};
pub use digest::Digest;
pub use error::{ModelError, ModelErrorKind, RecordError};
pub use evaluator::{AnswerMap, EvaluationError, Evaluator};
pub use format::{Format, Limits};
pub use identity::{DataTypeName, ModelKey, ModelName, NameError};
pub use mapping::{FieldCodes, InputMapping, LabelRule, Mapping, OutputMapping, RunTimeChoice};
pub use training::{FieldStatistics, TrainedInterval, TrainedValues};
