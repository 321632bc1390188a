//! Files of models.

use scorewheel_pmml::PmmlFormat;
use scorewheel_tensor::{ArchiveFormat, FrozenGraphFormat, LightGbmFormat, OnnxFormat, XgBoostFormat, pack};

use super::scoring::load_and_score;
use crate::corpus;
use crate::table::table;

/// A PMML document.
pub fn pmml(bytes: &[u8]) {
    load_and_score(&PmmlFormat, bytes);
}

/// A frozen graph.
pub fn graphdef(bytes: &[u8]) {
    load_and_score(&FrozenGraphFormat, bytes);
}

/// An ONNX file.
pub fn onnx(bytes: &[u8]) {
    load_and_score(&OnnxFormat, bytes);
}

/// An archive with a SavedModel: `.zip`, `.tar`, `.tar.gz`; and a bare SavedModel in one.
pub fn saved_model(bytes: &[u8]) {
    load_and_score(&ArchiveFormat, bytes);
    load_and_score(&ArchiveFormat, &pack([("saved_model.pb", bytes)]));
}

/// A checkpoint in a SavedModel that is otherwise whole. The first byte says what the others are: the index, the block of
/// data in it with its checksum made right, or the values.
pub fn tensor_bundle(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let model = corpus::saved_model();
    let whole = || table(&model.block);
    let (index, values) = match which % 3 {
        0 => (bytes.to_vec(), &*model.values),
        1 => (table(bytes), &*model.values),
        _ => (whole(), bytes),
    };
    let files = [
        ("saved_model.pb", &*model.graph),
        ("variables/variables.index", &*index),
        ("variables/variables.data-00000-of-00001", values),
    ];
    load_and_score(&ArchiveFormat, &pack(files));
}

/// XGBoost's files: JSON and UBJSON.
pub fn xgboost(bytes: &[u8]) {
    load_and_score(&XgBoostFormat, bytes);
}

/// LightGBM's text.
pub fn lightgbm(bytes: &[u8]) {
    load_and_score(&LightGbmFormat, bytes);
}
