//! Tensor models, scored without a shared library: ONNX, TensorFlow, and the tree libraries' own files. Where there
//! is a library, a model may be handed to it.
//!
//! A front end reads a file into a graph; the graph is followed once with every shape known, which checks it, bounds
//! it and computes what is constant; the steps that remain run on kernels of our own, row by row or many rows side by
//! side, with the same bits either way.
//!
//! | module | what it holds |
//! |---|---|
//! | [`mod@formats`] | the formats, as the rest of Scorewheel sees them |
//! | `loading`, `model` | from a graph to a [`Model`](scorewheel_model::Model) |
//! | `maps` | inputs that are maps |
//! | `records`, `answers` | from columns to tensors and back |
//! | `onnx`, `tensorflow` | front ends |
//! | `archive` | archives, in memory |
//! | `xgboost`, `lightgbm`, `boosting` | the tree libraries' own files, on `scorewheel-trees` |
//! | `refused` | formats that are refused by name |
//! | [`run_time`] | run times outside this crate: the contract, and what is handed to them |
//! | `graph` | what every front end reads its file into |
//! | `engine` | from a graph to something that computes rows |
//! | `operators` | one builder an operator |
//! | `gemm`, `math`, `number`, `text` | arithmetic that gives the same bits everywhere |
//! | `protobuf` | a bounded reader of the wire format |
//! | [`element`], [`data`], [`tensor`] | element types, buffers, tensors |

mod answers;
mod archive;
mod boosting;
pub mod data;
pub mod element;
mod engine;
mod error;
pub mod formats;
mod gemm;
mod graph;
mod lightgbm;
mod loading;
mod maps;
mod math;
mod model;
mod number;
mod onnx;
mod operators;
mod protobuf;
mod records;
mod refused;
pub mod run_time;
pub mod tensor;
mod tensorflow;
mod text;
mod xgboost;

pub use archive::tar::pack;
pub use formats::{ArchiveFormat, FrozenGraphFormat, OnnxFormat, formats, formats_with};
pub use lightgbm::LightGbmFormat;
pub use refused::RefusedFormats;
pub use xgboost::XgBoostFormat;
