//! PMML: a document becomes a compiled plan, a plan bound to a schema scores batches of rows.
//!
//! | folder | what it holds |
//! |---|---|
//! | [`reader`] | bytes → elements: transcoding, streaming, limits, positions |
//! | [`document`] | elements → typed data |
//! | [`elements`] | the model elements, one folder each: read, compile, score |
//! | [`compile`] | typed data → plan: names to slots, categories to codes, constants to values |
//! | [`plan`] | the plan: immutable, shared by all threads |
//! | [`functions`] | the functions of the standard |
//! | [`value`] | typed values of 16 bytes, strings by code |
//! | [`score`] | plan + batch → scores, lazily by row, ahead by block where that cannot fail |
//! | [`mod@format`] | [`PmmlFormat`]: the contract's way in |
//! | [`model`] | [`PmmlModel`]: a loaded document |
//! | [`verify`] | the rows of `ModelVerification`, scored and compared |
//!
//! The rules where the specification leaves a choice are those of the reference evaluator, JPMML.

#[macro_use]
pub mod reader;

pub mod compile;
pub mod document;
pub mod elements;
pub mod fault;
pub mod format;
pub mod functions;
pub mod model;
pub mod plan;
pub mod precision;
pub mod score;
pub mod value;
pub mod verify;

#[cfg(test)]
mod testing;

pub use format::PmmlFormat;
pub use model::PmmlModel;
