//! The suite beside the repository on the run times that its answers come from.

use std::path::{Path, PathBuf};

use scorewheel_columns::{DataType, Value};
use scorewheel_model::{Model, RunTimeChoice};

use crate::support::{is_there, load, numbers, score};

/// Rows of a case that are looked at.
const ROWS: usize = 16;

fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(path);
    if !path.exists() {
        println!("skipped: {} not found", path.display());
        return None;
    }
    Some(path)
}

/// One tensor of a case: its name, and the values of each row.
struct Column {
    name: String,
    rows: Vec<Vec<Value>>,
}

fn column(suite: &Path, words: &[&str]) -> Column {
    let [_, name, kind, shape, file] = words else { panic!("a line of five words: {words:?}") };
    let bytes = std::fs::read(suite.join(file)).unwrap();
    let values: Vec<Value> = match *kind {
        "f32" => bytes.as_chunks().0.iter().map(|b| Value::F64(f32::from_le_bytes(*b).into())).collect(),
        "f64" => bytes.as_chunks().0.iter().map(|b| Value::F64(f64::from_le_bytes(*b))).collect(),
        "i64" => bytes.as_chunks().0.iter().map(|b| Value::I64(i64::from_le_bytes(*b))).collect(),
        "i32" => bytes.as_chunks().0.iter().map(|b| Value::I64(i32::from_le_bytes(*b).into())).collect(),
        _ => String::from_utf8(bytes).unwrap().split('\n').map(Value::from).collect(),
    };
    let rows: usize = shape.split('x').next().unwrap().parse().unwrap();
    let width = (values.len() / rows.max(1)).max(1);
    let rows = values.chunks(width).take(ROWS).map(<[Value]>::to_vec).collect();
    Column { name: (*name).to_owned(), rows }
}

/// Model, file, inputs and outputs of the largest case of each model.
fn cases(suite: &Path) -> Vec<(String, Vec<Column>, Vec<Column>)> {
    let manifest = std::fs::read_to_string(suite.join("MANIFEST")).unwrap();
    let mut cases: Vec<(String, Vec<Column>, Vec<Column>)> = Vec::new();
    for line in manifest.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[0] {
            "MODEL" => cases.push((words[1].to_owned(), Vec::new(), Vec::new())),
            "CASE" => {
                let (_, inputs, outputs) = cases.last_mut().unwrap();
                inputs.clear();
                outputs.clear();
            }
            _ if words[2] == "seq" => {}
            "IN" => cases.last_mut().unwrap().1.push(column(suite, &words)),
            _ => cases.last_mut().unwrap().2.push(column(suite, &words)),
        }
    }
    cases
}

/// The rows of a case as records of the model's inputs.
fn records(model: &dyn Model, inputs: &[Column]) -> Vec<Vec<Value>> {
    let lone = inputs.len() == 1;
    let value = |row: usize, name: &str, data_type: &DataType| {
        let column = inputs.iter().find(|column| lone || column.name == name).unwrap();
        match data_type {
            DataType::Tensor { .. } => Value::List(column.rows[row].clone()),
            _ => column.rows[row][0].clone(),
        }
    };
    (0..inputs[0].rows.len())
        .map(|row| model.inputs().iter().map(|input| value(row, &input.name, &input.data_type)).collect())
        .collect()
}

/// Holds a model's answers against a case; a SavedModel names its only output as it likes.
fn check(model: &dyn Model, inputs: &[Column], outputs: &[Column], by_name: bool) -> Result<(), String> {
    let scores = score(model, &records(model, inputs));
    for row in 0..scores.rows() {
        if let Some(error) = scores.error(row) {
            return Err(format!("row {row}: {}", error.code));
        }
        for output in outputs {
            let mut columns = scores.schema().fields.iter().enumerate();
            let found = columns.find(|(_, field)| match by_name {
                true => field.name.as_deref() == Some(&output.name),
                false => field.name.is_some(),
            });
            let (index, _) = found.ok_or_else(|| format!("no output {:?}", output.name))?;
            let found = scores.get(index, row);
            let expected = &output.rows[row];
            if let Some(text) = expected[0].as_text() {
                if found.as_text() != Some(text) {
                    return Err(format!("row {row}: {found:?}, not {text:?}"));
                }
                continue;
            }
            let found = numbers(&found);
            let near = |found: f64, expected: f64| {
                (found.is_nan() && expected.is_nan())
                    || (found - expected).abs() <= 1e-5 * 1.0f64.max(expected.abs())
            };
            let same = found.len() == expected.len()
                && found.iter().zip(expected).all(|(found, expected)| near(*found, numbers(expected)[0]));
            if !same {
                return Err(format!("row {row}, {}: {found:?}, not {expected:?}", output.name));
            }
        }
    }
    Ok(())
}

fn judge(name: &str, outcome: Result<(), String>, bad: &mut Vec<String>) {
    if let Err(error) = outcome {
        bad.push(format!("{name}: {error}"));
    }
}

#[test]
fn onnx_models_answer_on_onnx_runtime_as_they_did_in_it() {
    let Some(suite) = shared("tensor-suite") else { return };
    if !is_there(RunTimeChoice::OnnxRuntime) {
        return;
    }
    let mut bad = Vec::new();
    let cases = cases(&suite);
    for (name, inputs, outputs) in &cases {
        let bytes = std::fs::read(suite.join(format!("{name}.onnx"))).unwrap();
        let outcome = load(&bytes, RunTimeChoice::OnnxRuntime).map_err(|error| error.to_string());
        judge(name, outcome.and_then(|model| check(&*model, inputs, outputs, true)), &mut bad);
    }
    println!("{} of {} models agree", cases.len() - bad.len(), cases.len());
    assert!(bad.is_empty(), "{bad:#?}");
}

/// The files of a folder, as one archive.
fn packed(folder: &Path) -> Vec<u8> {
    fn walk(root: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, files);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    let mut files = Vec::new();
    walk(folder, folder, &mut files);
    scorewheel_tensor::pack(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())))
}

#[test]
fn saved_models_answer_on_tensorflow_as_on_the_embedded_engine() {
    let Some(suite) = shared("tensor-suite") else { return };
    if !is_there(RunTimeChoice::TensorFlow) {
        return;
    }
    for (name, inputs, outputs) in cases(&suite) {
        let folder = suite.join(format!("{name}_saved"));
        if !folder.is_dir() {
            continue;
        }
        let bytes = packed(&folder);
        let model = load(&bytes, RunTimeChoice::TensorFlow).unwrap_or_else(|error| panic!("{name}: {error}"));
        if name == "keras_transformer" {
            // Its folder holds other weights than the ONNX file that the answers are of.
            let embedded = load(&bytes, RunTimeChoice::Embedded).unwrap();
            let rows = records(&*model, &inputs);
            let (ours, theirs) = (score(&*embedded, &rows), score(&*model, &rows));
            for row in 0..rows.len() {
                let pairs = numbers(&ours.get(0, row)).into_iter().zip(numbers(&theirs.get(0, row)));
                assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-5), "row {row}");
            }
            continue;
        }
        check(&*model, &inputs, &outputs, false).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn the_originals_models_answer_on_tensorflow_as_they_did_in_it() {
    let Some(wine) = shared("data/wine") else { return };
    if !is_there(RunTimeChoice::TensorFlow) {
        return;
    }
    let lines = std::fs::read_to_string(wine.join("winequality_red.csv")).unwrap();
    let row = |line: &str| {
        let numbers = line.split(';').take(11).map(|number| Value::F64(number.parse().unwrap()));
        vec![Value::List(numbers.collect())]
    };
    let rows: Vec<Vec<Value>> = lines.lines().map(row).collect();
    let graph = std::fs::read(wine.join("optimized_WineQuality.pb")).unwrap();
    for (bytes, reference) in
        [(graph, "optimized_WineQuality"), (packed(&wine.join("saved_model")), "saved_model")]
    {
        let path = wine.join(format!("reference/{reference}.tensorflow.csv"));
        let Ok(expected) = std::fs::read_to_string(&path) else {
            println!("skipped: {} not found", path.display());
            continue;
        };
        let model = load(&bytes, RunTimeChoice::TensorFlow).unwrap();
        let scores = score(&*model, &rows);
        for (row, line) in expected.lines().skip(1).enumerate() {
            let expected: Vec<f64> = line.split(',').skip(1).map(|number| number.parse().unwrap()).collect();
            let (argmax, probabilities) = expected.split_last().unwrap();
            assert_eq!(scores.get(0, row), Value::I64(*argmax as i64), "{reference}, row {row}");
            for (found, expected) in numbers(&scores.get(1, row)).iter().zip(probabilities) {
                assert!((found - expected).abs() < 1e-6, "{reference}, row {row}: {found} {expected}");
            }
        }
        assert_eq!(scores.rows(), expected.lines().count() - 1);
    }
}
