//! Files that are no models, and models that contradict themselves: each is one clear error.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::sync::Arc;

use scorewheel_columns::{Batch, DataType, ErrorCode, Field, Schema, Scores, TensorElement, Value};
use scorewheel_model::{Format, InputMapping, Limits, Mapping, Model, ModelError, ModelErrorKind};
use scorewheel_tensor::{ArchiveFormat, FrozenGraphFormat, OnnxFormat, pack};
use support::onnx::{node, onnx};
use support::{folder, shared, wine};

/// A file of a folder: name and bytes.
type NamedFile = (String, Vec<u8>);

fn load(bytes: &[u8]) -> Result<Arc<dyn Model>, ModelError> {
    OnnxFormat.load(bytes, &Mapping::default(), &Limits::default())
}

fn refused(bytes: &[u8], kind: ModelErrorKind, words: &[&str]) {
    let error = load(bytes).unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind, kind, "{text}");
    words.iter().for_each(|word| assert!(text.contains(word), "{text} lacks {word:?}"));
}

#[test]
fn onnx_is_refused_with_the_nodes_name() {
    load(&onnx(&[node(&["x"], &["y"], "Relu", "")], 17)).unwrap();
    refused(&onnx(&[node(&["x"], &["y"], "Fly", "")], 17), ModelErrorKind::Unsupported, &["Fly", "y"]);
    let foreign = onnx(&[node(&["x"], &["y"], "CDist", "com.microsoft")], 17);
    refused(&foreign, ModelErrorKind::Unsupported, &["com.microsoft", "CDist"]);
    refused(&onnx(&[node(&["x"], &["y"], "Relu", "")], 99), ModelErrorKind::Unsupported, &["99", "25"]);
    refused(&onnx(&[node(&["z"], &["y"], "Relu", "")], 17), ModelErrorKind::Invalid, &["\"z\"", "Relu"]);
    let cycle = [node(&["b"], &["y"], "Relu", ""), node(&["y"], &["b"], "Relu", "")];
    refused(&onnx(&cycle, 17), ModelErrorKind::Invalid, &["cycle", "Relu"]);
    let twice = [node(&["x"], &["y"], "Relu", ""), node(&["x"], &["y"], "Abs", "")];
    refused(&onnx(&twice, 17), ModelErrorKind::Invalid, &["twice"]);
    refused(&onnx(&[node(&["x"], &["w"], "Relu", "")], 17), ModelErrorKind::Invalid, &["output", "y"]);
}

#[test]
fn what_is_cut_short_or_no_model_is_refused() {
    let whole = onnx(&[node(&["x"], &["y"], "Relu", "")], 17);
    for end in 0..whole.len() {
        // A prefix may be a file without a version of its operator set; it must never panic.
        let _ = load(&whole[..end]);
    }
    for text in [&b"hello, I am text"[..], b"", b"<PMML/>", &[0xff; 40]] {
        assert!(load(text).is_err());
        assert!(FrozenGraphFormat.load(text, &Mapping::default(), &Limits::default()).is_err());
        assert!(ArchiveFormat.load(text, &Mapping::default(), &Limits::default()).is_err());
    }
    let small = Limits { bytes: 10, ..Limits::default() };
    let error = OnnxFormat.load(&whole, &Mapping::default(), &small).unwrap_err();
    assert_eq!(error.kind, ModelErrorKind::TooLarge);
    for path in ["data/wine/optimized_WineQuality.pb", "tensor-suite/scaler_mlp_nozm.onnx"] {
        let Some(bytes) = shared(path) else { return };
        for end in (0..bytes.len()).step_by(211) {
            let _ = load(&bytes[..end]);
            let _ = FrozenGraphFormat.load(&bytes[..end], &Mapping::default(), &Limits::default());
        }
    }
}

#[test]
fn saved_models_that_lack_a_part_are_refused() {
    let Some(files) = folder("data/wine/saved_model") else { return };
    let load = |change: &dyn Fn(&mut Vec<NamedFile>), mapping: &Mapping| {
        let mut files = files.clone();
        change(&mut files);
        let bytes = pack(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
        let error = ArchiveFormat.load(&bytes, mapping, &Limits::default()).err();
        error.map(|error| error.to_string()).unwrap_or_default()
    };
    let none = Mapping::default();
    assert_eq!(load(&|_| {}, &none), "");
    let without = |part: &'static str| {
        move |files: &mut Vec<(String, Vec<u8>)>| files.retain(|(name, _)| !name.contains(part))
    };
    assert!(load(&without("saved_model.pb"), &none).contains("saved_model.pb"));
    assert!(load(&without("variables.index"), &none).contains("variables.index"));
    assert!(load(&without("data-00000"), &none).contains("data-00000-of-00001"));
    let named = Mapping { signature: Some("train".into()), ..Mapping::default() };
    assert!(load(&|_| {}, &named).contains("predict"));
    let damage = |part: &'static str, at: usize| {
        move |files: &mut Vec<(String, Vec<u8>)>| {
            let file = files.iter_mut().find(|(name, _)| name.contains(part));
            if let Some((_, bytes)) = file {
                bytes.iter_mut().skip(at).step_by(16).for_each(|byte| *byte ^= 1);
            }
        }
    };
    assert!(load(&damage("data-00000", 5), &none).contains("checksum"));
    assert!(!load(&damage("variables.index", 8), &none).is_empty());
    let cut = |files: &mut Vec<(String, Vec<u8>)>| {
        files.iter_mut().for_each(|(_, bytes)| bytes.truncate(bytes.len() / 2));
    };
    assert!(!load(&cut, &none).is_empty());
    let outside = |files: &mut Vec<(String, Vec<u8>)>| files.push(("../x".into(), vec![1]));
    assert!(load(&outside, &none).contains("leaves"));
}

#[test]
fn a_record_that_does_not_fit_is_an_error_of_its_row() {
    let model = load(&onnx(&[node(&["x"], &["y"], "Relu", "")], 17)).unwrap();
    let names = ["a", "b", "c"];
    let fields = names.iter().map(|name| Field::new(*name, DataType::F64)).collect();
    let schema = Arc::new(Schema::new(fields).unwrap());
    let mapped = |fields: &[&str]| Mapping {
        inputs: vec![InputMapping {
            input: "x".into(),
            fields: fields.iter().map(|field| (*field).into()).collect(),
        }],
        ..Mapping::default()
    };
    let error = model.bind(&schema, &mapped(&["a", "b"])).err().unwrap();
    assert_eq!(error.kind, ModelErrorKind::WrongSchema);
    let bound = model.bind(&schema, &mapped(&names)).unwrap();
    let mut batch = Batch::new(Arc::clone(&schema));
    batch.push_row(&[Value::F64(1.0), Value::F64(-2.0), Value::F64(f64::NAN)]);
    batch.push_row(&[Value::F64(1.0), Value::Missing, Value::F64(3.0)]);
    batch.push_row(&[Value::F64(1.0), Value::from("red"), Value::F64(3.0)]);
    batch.push_row(&[Value::F64(1.0), Value::F64(-2.0), Value::F64(3.0)]);
    let mut scores = Scores::new();
    bound.score(&batch, 0..4, &mut bound.new_scratch(), &mut scores);
    assert_eq!(scores.error(0), None);
    assert_eq!(scores.error(1).map(|error| error.code), Some(ErrorCode::MissingValue));
    assert_eq!(scores.error(2).map(|error| error.code), Some(ErrorCode::WrongType));
    assert_eq!(scores.get(0, 3), Value::List(vec![Value::F64(1.0), Value::F64(0.0), Value::F64(3.0)]));
    let explained = bound.explain(scores.error(1).unwrap(), &batch, 1).message;
    assert_eq!(explained, "input \"x\" (field \"b\") is missing; it takes a number of 32 bits");
    let explained = bound.explain(scores.error(2).unwrap(), &batch, 2).message;
    assert!(
        explained.starts_with("input \"x\" (field \"b\") holds a value of another type; it takes"),
        "{explained}"
    );
    // A list is not shown: what helps is what the model takes, and the list may be long.
    let list = DataType::Tensor { element: TensorElement::F64, shape: [3].into() };
    let schema = Arc::new(Schema::new(vec![Field::new("x", list)]).unwrap());
    let bound = model.bind(&schema, &Mapping::default()).unwrap();
    let mut batch = Batch::new(Arc::clone(&schema));
    batch.push_row(&[Value::List([1.0, 1e300, 2.0].map(Value::F64).to_vec())]);
    bound.score(&batch, 0..1, &mut bound.new_scratch(), &mut scores);
    assert_eq!(
        bound.explain(scores.error(0).unwrap(), &batch, 0).message,
        "input \"x\" (field \"x\") holds a value that the model does not take; it takes a list of 3 numbers of 32 bits"
    );
    let Some(other) = wine() else { return };
    assert!(model.bind(other.schema(), &Mapping::default()).is_err());
}
