//! Tree ensembles compiled to one fast, deterministic kernel: what PMML trees and forests, ai.onnx.ml tree
//! ensembles and XGBoost and LightGBM files have in common.
//!
//! A reader fills an [`Ensemble`], which is plain data; [`Ensemble::compile`] checks it and gives an immutable
//! [`Kernel`] that threads share, each with its own [`Scratch`].
//!
//! ```
//! use scorewheel_trees::{
//!     Column, Combine, Ensemble, Feature, Leaves, Missing, Node, Number, Row, Scratch, Split, Sum, Test, Tree,
//! };
//!
//! // x0 < 2.5 ? 10 : 20, missing goes to 10.
//! let root = Split::new(0, Test::Less(2.5), 1, 2).missing(Missing::Yes);
//! let tree = Tree::new(vec![Node::Split(root), Node::Leaf(0), Node::Leaf(1)]);
//! let kernel = Ensemble {
//!     features: vec![Feature::Number(Number::F64)],
//!     sets: vec![],
//!     trees: vec![tree],
//!     leaves: Leaves::Numbers { width: 1, values: vec![10.0, 20.0] },
//!     outputs: 1,
//!     combine: Combine::Sum(Sum { base: vec![0.5], ..Sum::default() }),
//! }
//! .compile()?;
//!
//! let mut scratch = Scratch::new();
//! let mut out = [0.0; 3];
//! kernel.score(&[Column::f64(&[1.0, 3.0, f64::NAN])], 3, &mut scratch, &mut out)?;
//! assert_eq!(out, [10.5, 20.5, 10.5]);
//!
//! let mut one = [0.0];
//! assert_eq!(kernel.score_row(Row::new(&[3.0]), &mut scratch, &mut one)?, None);
//! assert_eq!(one, [20.5]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How a file's ideas are told
//!
//! | in the file | here |
//! |---|---|
//! | XGBoost split `x < t`, default child | [`Feature::Number`]\([`Number::F32`]\), [`Test::Less`], [`Missing::Yes`] or [`Missing::No`] |
//! | XGBoost category split | [`Feature::Category`]\([`CodeRule::NonNegative`]\), [`Test::InSet`] |
//! | XGBoost margin | [`Sum`] in [`Number::F32`], [`BasePlace::First`]; dart: [`Tree::weight`]; classes: [`Tree::output`] |
//! | LightGBM `decision_type` | [`Test::LessOrEqual`], [`Reading`] for the missing type; categories: [`CodeRule::Truncated`] |
//! | ai.onnx.ml `BRANCH_*`, `missing_value_tracks_true` | the six comparisons, [`Missing`] |
//! | PMML nullPrediction, lastPrediction, defaultChild, none | [`Missing::Null`], [`Missing::Leaf`], [`Missing::Yes`], [`Missing::No`] |
//! | PMML nodes with several children | a chain of splits, each `no` leading to the next child's test |
//! | PMML median, max, selectAll, entityId | [`Kernel::score_leaves`] and the caller's own table |
//!
//! # Files
//!
//! | file | what it holds |
//! |---|---|
//! | [`ensemble`] | [`Ensemble`], [`Feature`], [`Tree`], [`Node`], [`Leaves`] |
//! | [`split`] | [`Split`], [`Test`], [`Missing`], [`Reading`], [`CategorySet`] |
//! | [`combine`] | [`Combine`], [`Sum`], [`NullTree`] |
//! | [`limits`] | [`Limits`]: caps of what is compiled |
//! | [`error`] | [`CompileError`], [`InputError`], [`Exception`] |
//! | [`input`] | [`Column`], [`Row`], [`State`]: what is scored, borrowed |
//! | [`kernel`] | [`Kernel`], [`Scratch`] |
//! | `columns`, `cuts`, `lower` | from tests on values to comparisons of small integers, the ranks |
//! | `rank`, `search` | a row's or a block's ranks |
//! | `forest` | the tables that are walked, and which shape a tree gets |
//! | `unchecked` | the fast walks and searches, the only unsafe code |
//! | `direct` | a lone tree by its thresholds, without ranks |
//! | `wide` | [`vectorised`]: plain loops compiled for wider registers as well |
//! | `exponential` | [`exponentials`]: e^x of many f64, for all crates the same |
//! | `walk`, `reference` | the same walks told plainly, on the tables and on the description |
//! | `engine`, `sink`, `answers` | rows and blocks to slots, slots to sums, votes and leaf numbers |
//!
//! The crate knows no file format, no schema and no thread.

mod answers;
mod cell;
mod columns;
pub mod combine;
mod cuts;
mod direct;
mod engine;
pub mod ensemble;
pub mod error;
mod exponential;
mod forest;
pub mod input;
pub mod kernel;
pub mod limits;
mod lower;
mod rank;
mod reference;
mod search;
mod sink;
pub mod split;
mod unchecked;
mod validate;
mod walk;
mod wide;

pub use answers::NULL_LEAF;
pub use combine::{BasePlace, Combine, NullTree, Sum};
pub use ensemble::{CodeRule, Ensemble, Feature, Leaves, Node, Number, Tree};
pub use error::{CompileError, Exception, InputError};
pub use exponential::exponentials;
pub use input::{Column, Row, State, Values};
pub use kernel::{Kernel, Scratch};
pub use limits::Limits;
pub use split::{CategorySet, Missing, Reading, Split, Test, UNKNOWN_CATEGORY};
pub use wide::{vectorised, widest};
