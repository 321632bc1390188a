//! TensorFlow's files: frozen graphs (`GraphDef`) and SavedModels.
//!
//! | file | what it holds |
//! |---|---|
//! | [`frames`] | loops of TensorFlow 1 as those of version 2 |
//! | [`frozen`] | frozen graphs: finding inputs and outputs |
//! | [`saved_model`], [`signature`] | SavedModels: choosing the graph and the signature |
//! | [`resources`] | which variable and table has which content |
//! | [`bundle`], [`slices`], [`crc32c`], [`snappy`] | the files of variables, and partitions of variables |
//! | [`graph_def`] | `GraphDef`, `NodeDef`, `FunctionDef` read into a [`Graph`](crate::graph::Graph) |
//! | [`tensor_proto`] | `TensorProto`, `TensorShapeProto`, `DataType` |
//!
//! Source: the `.proto` files of `tensorflow/core/framework`.

pub(crate) mod bundle;
pub(crate) mod crc32c;
pub(crate) mod frames;
pub(crate) mod frozen;
pub(crate) mod graph_def;
pub(crate) mod resources;
pub(crate) mod saved_model;
pub(crate) mod signature;
pub(crate) mod slices;
pub(crate) mod snappy;
pub(crate) mod tensor_proto;
