//! The formats of this crate, as the rest of Scorewheel sees them.

use std::sync::Arc;

use scorewheel_model::{Format, Limits, Mapping, Model, ModelError, ModelType};

use crate::error::too_large;
use crate::lightgbm::LightGbmFormat;
use crate::loading::load_graph;
use crate::onnx::model_proto::read_model;
use crate::onnx::tensor_proto::NoSideFiles;
use crate::protobuf::{Reader, Wire};
use crate::refused::RefusedFormats;
use crate::tensorflow::frozen::read_frozen_graph;
use crate::xgboost::XgBoostFormat;

/// All formats of this crate.
#[must_use]
pub fn formats() -> Vec<Box<dyn Format>> {
    vec![
        Box::new(OnnxFormat),
        Box::new(FrozenGraphFormat),
        Box::new(XgBoostFormat),
        Box::new(LightGbmFormat),
        Box::new(RefusedFormats),
    ]
}

pub(crate) fn check_size(bytes: &[u8], limits: &Limits) -> Result<(), ModelError> {
    if bytes.len() > limits.bytes {
        return Err(too_large(format!("{} bytes are more than the limit of {}", bytes.len(), limits.bytes)));
    }
    Ok(())
}

/// TensorFlow's frozen graphs (`GraphDef`).
#[derive(Clone, Copy, Debug, Default)]
pub struct FrozenGraphFormat;

impl Format for FrozenGraphFormat {
    fn name(&self) -> &'static str {
        "TensorFlow frozen graph"
    }

    fn model_types(&self) -> &'static [ModelType] {
        &[ModelType::TensorFlow]
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        // The first field is a node, whose first field is its name.
        match Reader::new(bytes).next_field() {
            Ok(Some((1, Wire::Bytes(node)))) => node.first() == Some(&0x0a),
            _ => false,
        }
    }

    fn load(&self, bytes: &[u8], mapping: &Mapping, limits: &Limits) -> Result<Arc<dyn Model>, ModelError> {
        check_size(bytes, limits)?;
        let file = read_frozen_graph(bytes, mapping, limits)?;
        Ok(Arc::new(load_graph(&file, mapping, limits)?))
    }
}

/// ONNX, as one file without side files.
#[derive(Clone, Copy, Debug, Default)]
pub struct OnnxFormat;

impl Format for OnnxFormat {
    fn name(&self) -> &'static str {
        "ONNX"
    }

    fn model_types(&self) -> &'static [ModelType] {
        &[ModelType::Onnx]
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        // The IR version, then anything but the graphs that follow the version of a SavedModel.
        let mut reader = Reader::new(bytes);
        match reader.next_field() {
            Ok(Some((1, Wire::Varint(version)))) if version <= 64 => {
                !matches!(reader.next_field(), Ok(Some((2, Wire::Bytes(first)))) if first.first() == Some(&0x0a))
            }
            _ => false,
        }
    }

    fn load(&self, bytes: &[u8], mapping: &Mapping, limits: &Limits) -> Result<Arc<dyn Model>, ModelError> {
        check_size(bytes, limits)?;
        let file = read_model(bytes, &NoSideFiles, limits)?;
        Ok(Arc::new(load_graph(&file, mapping, limits)?))
    }
}
