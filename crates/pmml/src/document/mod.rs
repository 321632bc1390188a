//! The document as typed data: what the reader makes and the compiler consumes.
//!
//! | file | what it holds |
//! |---|---|
//! | [`root`] | [`Document`]: the whole |
//! | [`dictionary`] | fields of the data, their types, values and intervals |
//! | [`schema`] | [`MiningSchema`]: which fields a model reads, and their treatments |
//! | [`expression`] | expressions, derived fields, functions of the document |
//! | [`predicate`] | predicates |
//! | [`output`] | output fields and decisions |
//! | [`targets`] | targets |
//! | [`table`] | inline tables, arrays, matrices |
//! | [`training`] | rows that a model compares records with |
//! | [`statistics`] | how the fields were distributed in training |
//! | [`verification`] | verification rows |
//! | [`head`] | [`ModelHead`]: what all model elements have in common |

pub mod dictionary;
pub mod expression;
pub mod head;
pub mod output;
pub mod predicate;
pub mod root;
pub mod schema;
pub mod statistics;
pub mod table;
pub mod targets;
pub mod training;
pub mod verification;

pub use dictionary::{DataField, DataType, OpType};
pub use expression::{DefineFunction, DerivedField, Expression};
pub use head::{MiningFunction, ModelDocument, ModelHead};
pub use output::{Output, OutputField};
pub use predicate::Predicate;
pub use root::Document;
pub use schema::{MiningField, MiningSchema};
pub use targets::{Target, Targets};
pub use training::TrainingInstances;
