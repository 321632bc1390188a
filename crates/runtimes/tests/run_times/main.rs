//! One suite over all run times: the embedded engine, ONNX Runtime and TensorFlow.
//!
//! `SCOREWHEEL_TEST_ONNXRUNTIME` and `SCOREWHEEL_TEST_TENSORFLOW` name the libraries; what needs one that is not named
//! prints `skipped`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests that tell what they saw")]

mod agreement;
mod documents;
mod missing_operators;
mod refusals;
mod shared;
mod support;
