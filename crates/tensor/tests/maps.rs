//! Inputs that are maps: a field of the record for each key.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::sync::Arc;

use scorewheel_columns::{Batch, DataType, ErrorCode, Field, Schema, Scores, Value};
use scorewheel_model::{Format, InputMapping, Limits, Mapping, Model, ModelError, ModelErrorKind};
use scorewheel_tensor::OnnxFormat;
use support::onnx::{Attribute, field, integer, node, node_with, value};

const STRING: i64 = 8;
const INTEGER: i64 = 7;

/// A model of one node that reads the map `x` with keys of this type, and values of f32.
fn model(keys: i64, node: &[u8]) -> Vec<u8> {
    let values = field(1, &[0x08, 1]);
    let map = [integer(1, keys), field(2, &values)].concat();
    let input = [field(1, b"x"), field(2, &field(5, &map))].concat();
    let graph = [field(1, node), field(11, &input), field(12, &value("y"))].concat();
    let classical = [field(1, b"ai.onnx.ml"), vec![0x10, 1]].concat();
    [vec![0x08, 8], field(7, &graph), field(8, &[0x10, 17]), field(8, &classical)].concat()
}

fn load(bytes: &[u8], fields: &[&str]) -> Result<Arc<dyn Model>, ModelError> {
    let mut mapping = Mapping::default();
    if !fields.is_empty() {
        let fields = fields.iter().map(|field| (*field).into()).collect();
        mapping.inputs.push(InputMapping { input: "x".into(), fields });
    }
    OnnxFormat.load(bytes, &mapping, &Limits::default())
}

fn vectorizer(words: &[&'static str]) -> Vec<u8> {
    let words = Attribute::Texts("string_vocabulary", words.to_vec());
    node_with(&["x"], &["y"], "DictVectorizer", "ai.onnx.ml", &[words])
}

fn cast(form: &'static str) -> Vec<u8> {
    let attributes = [Attribute::Texts("unread", vec![]), Attribute::Integer("max_map", 3)];
    let mut node = node_with(&["x"], &["y"], "CastMap", "ai.onnx.ml", &attributes);
    node.extend(field(5, &[field(1, b"map_form"), field(4, form.as_bytes()), integer(20, 3)].concat()));
    node
}

/// The answers to two records of these fields; a number or nothing.
fn answers(model: &dyn Model, names: &[&str], rows: [&[Option<f64>]; 2]) -> Vec<Result<Value, ErrorCode>> {
    let fields = names.iter().map(|name| Field::new(*name, DataType::F64)).collect();
    let schema = Arc::new(Schema::new(fields).unwrap());
    let bound = model.bind(&schema, &Mapping::default()).unwrap();
    let mut batch = Batch::new(schema);
    for row in rows {
        let row: Vec<Value> = row.iter().map(|cell| cell.map_or(Value::Missing, Value::F64)).collect();
        batch.push_row(&row);
    }
    let mut scores = Scores::new();
    bound.score(&batch, 0..2, &mut bound.new_scratch(), &mut scores);
    (0..2)
        .map(|row| scores.error(row).map_or_else(|| Ok(scores.get(0, row)), |error| Err(error.code)))
        .collect()
}

fn list(numbers: &[f64]) -> Result<Value, ErrorCode> {
    Ok(Value::List(numbers.iter().map(|number| Value::F64(*number)).collect()))
}

#[test]
fn a_field_a_key_and_nothing_where_there_is_none() {
    let model = load(&model(STRING, &vectorizer(&["b", "a", "far"])), &[]).unwrap();
    let inputs: Vec<&str> = model.inputs().iter().map(|input| &*input.name).collect();
    assert_eq!(inputs, ["b", "a", "far"]);
    let found = answers(
        &*model,
        &["a", "b", "other"],
        [&[Some(1.0), None, Some(9.0)], &[Some(2.0), Some(3.0), None]],
    );
    assert_eq!(found, [list(&[0.0, 1.0, 0.0]), list(&[3.0, 2.0, 0.0])]);
}

#[test]
fn the_mapping_lists_the_fields() {
    let model = load(&model(STRING, &vectorizer(&["b", "a", "far"])), &["a", "c"]).unwrap();
    assert_eq!(model.inputs().len(), 1);
    let found = answers(&*model, &["a", "b"], [&[Some(1.0), Some(5.0)], &[None, Some(5.0)]]);
    assert_eq!(found, [list(&[0.0, 1.0, 0.0]), list(&[0.0, 0.0, 0.0])]);
}

#[test]
fn whole_numbers_as_keys() {
    let sparse = load(&model(INTEGER, &cast("SPARSE")), &[]).unwrap();
    let found = answers(&*sparse, &["0", "2"], [&[Some(1.5), None], &[Some(2.0), Some(-3.0)]]);
    assert_eq!(found, [list(&[1.5, 0.0, 0.0]), list(&[2.0, 0.0, -3.0])]);
    // A dense one is as long as the map: the mapping says which fields, and a record has all of them.
    let error = load(&model(INTEGER, &cast("DENSE")), &[]).unwrap_err();
    assert_eq!(error.kind, ModelErrorKind::Unsupported);
    assert!(error.message.contains("list its fields"), "{error}");
    let dense = load(&model(INTEGER, &cast("DENSE")), &["10", "2"]).unwrap();
    let found = answers(&*dense, &["10", "2"], [&[Some(1.0), Some(2.0)], &[None, Some(2.0)]]);
    assert_eq!(found, [list(&[2.0, 1.0]), Err(ErrorCode::MissingValue)]);
    let error = load(&model(INTEGER, &cast("DENSE")), &["ten"]).unwrap_err();
    assert!(error.message.contains("whole numbers"), "{error}");
}

#[test]
fn what_else_reads_a_map_is_refused() {
    let other = node(&["x"], &["y"], "Relu", "");
    let error = load(&model(STRING, &other), &[]).unwrap_err();
    assert!(error.message.contains("CastMap and DictVectorizer"), "{error}");
    let error = load(&model(INTEGER, &vectorizer(&["a"])), &[]).unwrap_err();
    assert!(error.message.contains("other keys"), "{error}");
}
