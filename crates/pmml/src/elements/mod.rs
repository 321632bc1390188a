//! Model elements, one folder each, all of the same shape:
//!
//! | file | what it holds |
//! |---|---|
//! | `mod.rs` | what the element is; `Document`, `Plan`, `read`, `compile` for the registry |
//! | `read.rs` | `Document<'a>`: the element as typed data; `read` |
//! | `compile.rs` | `Plan`: the element compiled; `compile` |
//! | `score.rs` | `impl Element for Plan`: one row, and where it pays a block of rows |
//! | `tests.rs` | documents of our own with expected values from the specification or by hand |
//!
//! [`registry`] names them all; an element is added there with one line.

pub mod element;
pub mod registry;

pub mod anomaly_detection;
pub mod association;
pub mod baseline;
pub mod bayesian_network;
pub mod clustering;
pub mod gaussian_process;
pub mod general_regression;
pub mod measure;
pub mod mining;
pub mod naive_bayes;
pub mod nearest_neighbor;
pub mod neural_network;
pub mod regression;
pub mod rule_set;
pub mod scorecard;
pub mod sequence;
pub mod support_vector_machine;
pub mod text;
pub mod time_series;
pub mod tree;

pub use element::Element;
pub use registry::{ElementDocument, ElementPlan, compile};
