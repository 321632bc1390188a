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
//!
//! # How a document becomes a plan
//!
//! 1. **Read.** [`reader`] transcodes the bytes and pulls start tags one by one; nobody builds a tree of nodes. Each
//!    element is read by the function that knows it, which asks for its attributes and children by name. What nobody
//!    asked for is refused with its path. Positions are byte offsets; lines are counted only for an error.
//! 2. **Type.** The result is [`document`]: enums for closed lists, numbers as numbers, names still as names.
//! 3. **Compile.** [`mod@compile`] gives every field of every scope a slot, every string a code, every constant the
//!    type of what it is compared with. A field that a nested model treats otherwise is another slot. Each of
//!    [`elements`] makes a plan of its own from that. What no record can survive is refused here; what only some paths
//!    meet is noted and becomes an error of the records that take them.
//! 4. **Bind.** The plan meets the schema of the records: inputs find their columns, once.
//! 5. **Score.** Where the element can, whole blocks go through it column by column ([`score::columnar`]): derived fields
//!    as formulas, predicates as ranges of ranks, sums and distances with rows side by side. Rows that need a closer look,
//!    and documents that do, take the exact path: each row asks the plan's root for its prediction; a slot is computed when
//!    it is first read, and can fail only then. Both give the same bits.
//!
//! ```
//! use scorewheel_columns::{Batch, Scores, Value};
//! use scorewheel_model::{Limits, Mapping, Model};
//! use scorewheel_pmml::PmmlModel;
//!
//! let document = br#"<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4">
//!   <Header/>
//!   <DataDictionary>
//!     <DataField name="x" optype="continuous" dataType="double"/>
//!     <DataField name="y" optype="continuous" dataType="double"/>
//!   </DataDictionary>
//!   <RegressionModel functionName="regression">
//!     <MiningSchema><MiningField name="x"/><MiningField name="y" usageType="target"/></MiningSchema>
//!     <RegressionTable intercept="1"><NumericPredictor name="x" coefficient="2"/></RegressionTable>
//!   </RegressionModel>
//! </PMML>"#;
//! let model = PmmlModel::load(document, None, &Mapping::default(), &Limits::default())?;
//! let schema = model.schema()?;
//! let bound = model.bind(&schema, &Mapping::default())?;
//!
//! let mut batch = Batch::new(schema);
//! batch.push_row(&[Value::F64(1.5)]);
//! batch.push_row(&[Value::Missing]);
//! let mut scores = Scores::new();
//! bound.score(&batch, 0..2, &mut bound.new_scratch(), &mut scores);
//! assert_eq!(scores.get(0, 0), Value::F64(4.0));
//! assert_eq!(scores.get(0, 1), Value::Missing);
//! # Ok::<(), scorewheel_model::ModelError>(())
//! ```
//!
//! # Maps, structs, Arrow
//!
//! For records that are not columns yet there is [`Evaluator`](scorewheel_model::Evaluator), which has the bound model
//! and all buffers inside. A map:
//!
//! ```
//! use scorewheel_columns::Value;
//! use scorewheel_model::{Evaluator, Limits, Mapping};
//! use scorewheel_pmml::PmmlModel;
//!
//! let document = include_bytes!("../examples/loan.pmml");
//! let model = PmmlModel::load(document, None, &Mapping::default(), &Limits::default())?;
//! let mut evaluator = Evaluator::new(&model)?;
//! let answers = evaluator.score_map([("monthly_income", Value::F64(1200.0)), ("home.kind", Value::from("rented"))])?;
//! assert_eq!(answers["risk"], Value::from("high"));
//! assert_eq!(answers["probability of high"], Value::F64(0.75));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Structs in, structs out (feature `serde`, on unless default features are left out):
//!
//! ```
//! # #[cfg(feature = "serde")] {
//! use scorewheel_model::{Evaluator, Limits, Mapping};
//! use scorewheel_pmml::PmmlModel;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize)]
//! struct Applicant {
//!     monthly_income: Option<f64>,
//!     loans: u8,
//! }
//!
//! #[derive(Debug, PartialEq, Deserialize)]
//! struct Assessment {
//!     risk: String,
//!     probability_of_high: f64,
//! }
//!
//! let document = include_bytes!("../examples/loan.pmml");
//! let model = PmmlModel::load(document, None, &Mapping::default(), &Limits::default())?;
//! let mut evaluator = Evaluator::new(&model)?;
//! let assessment: Assessment = evaluator.score_struct(&Applicant { monthly_income: None, loans: 4 })?;
//! assert_eq!(assessment, Assessment { risk: "high".into(), probability_of_high: 0.6 });
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Examples to run, `cargo run --example NAME`: `inputs_and_outputs` (what a document takes and answers), `score_map`,
//! `score_struct`, `score_columns` (the fastest way), `score_arrow` (feature `arrow`).

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
#[cfg(feature = "arrow")]
pub use scorewheel_columns::edges::arrow;
