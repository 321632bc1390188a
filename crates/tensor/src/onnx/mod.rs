//! ONNX.
//!
//! | file | what it holds |
//! |---|---|
//! | [`model_proto`] | `ModelProto`, `GraphProto`, `NodeProto`, `FunctionProto` read into a [`Graph`](crate::graph::Graph) |
//! | [`tensor_proto`] | `TensorProto`, `TypeProto`, with constants in side files |
//! | [`nearest_imputation`] | `KNNImputer` as skl2onnx writes it, with every length known |
//!
//! Source: `onnx/onnx.proto` of ONNX 1.20, IR version 13.

pub(crate) mod model_proto;
pub(crate) mod nearest_imputation;
pub(crate) mod tensor_proto;
