//! The tensor suite: ONNX models with ONNX Runtime's own answers, and SavedModels with the same.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that tells what it saw")]

mod support;

use std::sync::Arc;

use scorewheel_columns::{Batch, DataType, Field, Schema, Scores, Value};
use scorewheel_model::{Limits, Mapping, Model};
use support::{near, packed_folder, shared, shared_path};

/// Rows of a case that are looked at; a row's answer does not depend on its neighbours. Without optimisation, few of
/// those models that take long.
fn rows_of(case: &Case) -> usize {
    let width: usize = case.inputs.iter().map(|input| input.rows.first().map_or(0, Vec::len)).sum();
    let rows = if !cfg!(debug_assertions) || width < 16 { 256 } else { 4 };
    case.rows.min(rows)
}

/// One tensor of a case, as rows of values.
struct Column {
    name: String,
    rows: Vec<Vec<Value>>,
}

#[derive(Default)]
struct Case {
    model: (String, String),
    rows: usize,
    inputs: Vec<Column>,
    outputs: Vec<Column>,
}

fn column(name: &str, kind: &str, shape: &str, file: &str) -> Column {
    let bytes = std::fs::read(shared_path("tensor-suite").join(file)).unwrap();
    let values: Vec<Value> = match kind {
        "f32" => bytes.as_chunks().0.iter().map(|b| Value::F64(f64::from(f32::from_le_bytes(*b)))).collect(),
        "f64" => bytes.as_chunks().0.iter().map(|b| Value::F64(f64::from_le_bytes(*b))).collect(),
        "i64" => bytes.as_chunks().0.iter().map(|b| Value::I64(i64::from_le_bytes(*b))).collect(),
        "i32" => bytes.as_chunks().0.iter().map(|b| Value::I64(i32::from_le_bytes(*b).into())).collect(),
        _ => String::from_utf8(bytes).unwrap().split('\n').map(Value::from).collect(),
    };
    let count = shape.split('x').next().and_then(|rows| rows.parse().ok()).unwrap_or(1).max(1);
    let width = values.len() / count;
    Column { name: name.to_owned(), rows: values.chunks(width.max(1)).map(<[Value]>::to_vec).collect() }
}

fn cases() -> Vec<Case> {
    let Some(manifest) = shared("tensor-suite/MANIFEST") else { return Vec::new() };
    let mut cases: Vec<Case> = Vec::new();
    let mut model = (String::new(), String::new());
    for line in String::from_utf8(manifest).unwrap().lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[0] {
            "MODEL" => model = (words[1].to_owned(), words[2].to_owned()),
            "CASE" => {
                let rows = words[1].parse().unwrap();
                cases.push(Case { model: model.clone(), rows, ..Case::default() });
            }
            _ if words[2] == "seq" => {}
            kind => {
                let column = column(words[1], words[2], words[3], words[4]);
                let case = cases.last_mut().unwrap();
                if kind == "IN" { &mut case.inputs } else { &mut case.outputs }.push(column);
            }
        }
    }
    cases
}

fn load(bytes: &[u8]) -> Result<Arc<dyn Model>, String> {
    let formats = scorewheel_tensor::formats();
    let format = formats.iter().find(|format| format.recognises(bytes)).ok_or("no format")?;
    format.load(bytes, &Mapping::default(), &Limits::default()).map_err(|error| error.to_string())
}

fn shaped(data_type: &DataType, row: &[Value]) -> Value {
    match data_type {
        DataType::Tensor { .. } => Value::List(row.to_vec()),
        _ => row[0].clone(),
    }
}

fn flat(value: &Value, out: &mut Vec<Value>) {
    match value {
        Value::List(values) => values.iter().for_each(|value| flat(value, out)),
        value => out.push(value.clone()),
    }
}

fn same(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (found, Value::Text(expected)) => found.as_text() == Some(expected),
        _ => match (found.as_f64(), expected.as_f64()) {
            (Some(found), Some(expected)) => near(found, expected, 1e-5),
            _ => false,
        },
    }
}

/// Holds a model's answers against one case; a saved model names its only output as it likes.
fn check(model: &dyn Model, case: &Case, by_name: bool) -> Result<(), String> {
    let fields = model.inputs().iter().map(|input| Field::new(input.name.clone(), input.data_type.clone()));
    let schema = Arc::new(Schema::new(fields.collect()).unwrap());
    let bound = model.bind(&schema, &Mapping::default()).map_err(|error| error.to_string())?;
    let mut batch = Batch::new(Arc::clone(&schema));
    let rows = rows_of(case);
    for row in 0..rows {
        let values: Result<Vec<Value>, String> = model
            .inputs()
            .iter()
            .map(|input| {
                let lone = case.inputs.len() == 1;
                let column = case.inputs.iter().find(|column| lone || *column.name == *input.name);
                let column = column.ok_or_else(|| format!("no input {:?}", input.name))?;
                Ok(shaped(&input.data_type, &column.rows[row]))
            })
            .collect();
        batch.push_row(&values?);
    }
    let mut scores = Scores::new();
    bound.score(&batch, 0..rows, &mut bound.new_scratch(), &mut scores);
    for row in 0..rows {
        if let Some(error) = scores.error(row) {
            return Err(format!("row {row}: {}", bound.explain(error, &batch, row).message));
        }
        for output in &case.outputs {
            let expected = &output.rows[row];
            let columns = &scores.schema().fields;
            let columns = columns.iter().enumerate().filter(|(_, field)| match by_name {
                true => field.name.as_deref() == Some(&output.name),
                false => field.name.is_some(),
            });
            let mut found = Vec::new();
            for (index, _) in columns.take(1) {
                flat(&scores.get(index, row), &mut found);
            }
            if found.len() != expected.len() {
                return Err(format!("row {row}, {}: {} values", output.name, found.len()));
            }
            for (found, expected) in found.iter().zip(expected) {
                if !same(found, expected) {
                    return Err(format!("row {row}, {}: {found:?}, not {expected:?}", output.name));
                }
            }
        }
    }
    Ok(())
}

/// A model, or why it is refused.
type Loaded = Result<Arc<dyn Model>, String>;

#[test]
fn onnx_models_agree_with_onnx_runtime() {
    let (mut good, mut bad) = (0, Vec::new());
    let mut loaded: Option<(String, Loaded)> = None;
    for case in cases() {
        let file = &case.model.1;
        if loaded.as_ref().is_none_or(|(name, _)| name != file) {
            let bytes = std::fs::read(shared_path("tensor-suite").join(file)).unwrap();
            loaded = Some((file.clone(), load(&bytes)));
        }
        let outcome = match &loaded {
            Some((_, Ok(model))) => check(&**model, &case, true),
            Some((_, Err(error))) => Err(error.clone()),
            None => continue,
        };
        match outcome {
            Ok(()) => good += 1,
            Err(error) => bad.push(format!("{}, {} rows: {error}", case.model.0, case.rows)),
        }
    }
    println!("{good} cases agree, {} do not", bad.len());
    bad.iter().for_each(|line| println!("{line}"));
    assert!(bad.is_empty(), "{} cases of the suite differ", bad.len());
    let expected = if cases().is_empty() { 0 } else { EXPECTED };
    assert!(good >= expected, "only {good} cases agree, {expected} did");
}

#[test]
fn saved_models_agree_with_tensorflow() {
    let mut good = 0;
    let mut loaded: Option<(String, Arc<dyn Model>)> = None;
    for case in cases() {
        let folder = format!("tensor-suite/{}_saved", case.model.0);
        if !shared_path(&folder).is_dir() {
            continue;
        }
        if loaded.as_ref().is_none_or(|(name, _)| *name != folder) {
            let model =
                load(&packed_folder(&folder).unwrap()).unwrap_or_else(|error| panic!("{folder}: {error}"));
            loaded = Some((folder.clone(), model));
        }
        if let Some((_, model)) = &loaded {
            if case.model.0 == "keras_transformer" {
                // Its folder holds other weights than the ONNX file: 13 of 14 tensors of the one are not in the other.
                assert!(check(&**model, &case, false).is_err_and(|error| !error.contains("values")));
                continue;
            }
            check(&**model, &case, false).unwrap_or_else(|error| panic!("{folder}: {error}"));
            good += 1;
        }
    }
    println!("{good} cases agree");
    assert!(good == EXPECTED_SAVED || cases().is_empty(), "{good} cases");
}

/// Cases of SavedModels that agree.
const EXPECTED_SAVED: usize = 5;
/// Cases of ONNX models that agree.
const EXPECTED: usize = 65;
