//! TensorFlow's files: frozen graphs (`GraphDef`) and SavedModels.
//!
//! | file | what it holds |
//! |---|---|
//! | [`frozen`] | frozen graphs: finding inputs and outputs |
//! | [`graph_def`] | `GraphDef`, `NodeDef`, `FunctionDef` read into a [`Graph`](crate::graph::Graph) |
//! | [`tensor_proto`] | `TensorProto`, `TensorShapeProto`, `DataType` |
//!
//! Source: the `.proto` files of `tensorflow/core/framework`.

pub(crate) mod frozen;
pub(crate) mod graph_def;
pub(crate) mod tensor_proto;
