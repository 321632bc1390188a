//! Small models of every kind with the answers of the libraries that made them, by `conformance/generate.py`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that tells what it saw")]

#[path = "support/cases.rs"]
mod cases;
mod support;

use std::sync::Arc;

use cases::{Case, cases};
use scorewheel_columns::{Batch, DataType, Scores, Value};
use scorewheel_model::{BoundModel, Limits, Mapping, Model};
use serde_json::Value as Json;
use support::near;

/// What is not held against a library, because the library itself departs from the operator's definition or runs nothing.
const DEPARTURES: &str = "
Left out:

- `TreeEnsembleClassifier` of two classes whose leaves speak of both, with whole numbers other than 0 and 1 as labels: ONNX
  Runtime 1.32 then answers 0 or 1, which are no labels of the model. Which class it is follows the library; we give its label.
- What ONNX Runtime does not run: `f64` of some operators, `layout = 1` of recurrent ones, sets of numbers that are no
  integers in `TreeEnsemble`. `generate.py` prints each.
- `CountVectorizer` and `TfidfVectorizer` on sentences: what skl2onnx writes for them did not start in ONNX Runtime here.
  `TfIdfVectorizer` itself is held against it.
- Keras layers that are not recurrent, saved by `tf.Module`: their files lack a variable's content. They are saved by
  `model.export` instead.
- Three of the 68 lines of the project's reference suite: `keras_transformer_saved` in batches of 1, 64 and 256. The suite's
  answers are those of the ONNX file of the same name, whose weights are others: of its 14 tensors that are not constant, 13
  occur nowhere in the SavedModel's variables. TensorFlow 2.21 answers for the SavedModel as we do. The other 65 agree.
- What is refused by name: [operators](operators.md#not-taken).
";

/// The families, in the order of the page, and what they hold.
const FAMILIES: [(&str, &str); 12] = [
    (
        "operators",
        "ONNX operators one by one, in the versions in which they changed (7 to 25) | ONNX Runtime",
    ),
    ("control", "ONNX branches, loops, local functions, side files, short floats | ONNX Runtime"),
    ("networks", "small convolutional, recurrent and attention networks | ONNX Runtime"),
    ("classical", "ai.onnx.ml operators one by one | ONNX Runtime"),
    ("pipelines", "scikit-learn estimators and pipelines through skl2onnx | ONNX Runtime, scikit-learn"),
    ("forests", "tree ensembles of versions 1, 3 and 5 | ONNX Runtime"),
    ("boosters", "XGBoost's and LightGBM's own files | the libraries"),
    ("tensorflow_graphs", "frozen graphs and SavedModels | TensorFlow"),
    (
        "further",
        "maps, attention, determinants, images and what follows convolutions, two classes with leaves for both, NaN, hash buckets, loops of TensorFlow 1 | ONNX Runtime, TensorFlow",
    ),
    ("imputation", "scikit-learn's `KNNImputer`, alone and before other steps | ONNX Runtime, scikit-learn"),
    (
        "sequences",
        "sequences of ONNX, scikit-learn's estimators of several classes at once | ONNX Runtime, scikit-learn",
    ),
    (
        "texts",
        "strings one by one, numbers counted and written out, diagonals, Keras's layers of categories and phrases | TensorFlow",
    ),
];

fn rows_of(column: &Json) -> &[Json] {
    column["rows"].as_array().unwrap()
}

/// One element of an input or output.
fn element(json: &Json, kind: &str) -> Value {
    match json {
        Json::Null => Value::F64(f64::NAN),
        Json::Bool(value) => Value::Bool(*value),
        Json::String(text) if kind == "text" => Value::from(text.as_str()),
        Json::String(text) => Value::F64(text.parse().unwrap()),
        Json::Number(number) if kind == "i64" => Value::I64(number.as_i64().unwrap()),
        Json::Number(number) => Value::F64(number.as_f64().unwrap()),
        _ => panic!("{json}"),
    }
}

fn input_value(json: &Json, kind: &str, data_type: &DataType) -> Value {
    let elements: Vec<Value> = json.as_array().unwrap().iter().map(|value| element(value, kind)).collect();
    match data_type {
        DataType::Tensor { .. } => Value::List(
            // Truth values travel as numbers in tensors.
            elements
                .into_iter()
                .map(|value| match value {
                    Value::Bool(flag) => Value::I64(i64::from(flag)),
                    value => value,
                })
                .collect(),
        ),
        _ => elements[0].clone(),
    }
}

fn flat(value: &Value, out: &mut Vec<Value>) {
    match value {
        Value::List(values) => values.iter().for_each(|value| flat(value, out)),
        value => out.push(value.clone()),
    }
}

fn same(found: &Value, expected: &Value, tolerance: f64) -> bool {
    match (found, expected) {
        (Value::Bool(found), Value::Bool(expected)) => found == expected,
        (found, Value::Text(expected)) => found.as_text() == Some(expected),
        _ => match (found.as_f64(), expected.as_f64()) {
            (Some(found), Some(expected)) => near(found, expected, tolerance),
            _ => false,
        },
    }
}

/// Whether an output of a row is what the library gives.
fn agrees(found: &Value, expected: &Json, kind: &str, tolerance: f64) -> bool {
    if let (Value::Map(found), Json::Object(expected)) = (found, expected) {
        return found.len() == expected.len()
            && found.iter().all(|(key, value)| {
                expected.get(&**key).is_some_and(|json| same(value, &element(json, "f64"), tolerance))
            });
    }
    let Some(expected) = expected.as_array() else { return false };
    let mut elements = Vec::new();
    flat(found, &mut elements);
    elements.len() == expected.len()
        && elements
            .iter()
            .zip(expected)
            .all(|(found, expected)| same(found, &element(expected, kind), tolerance))
}

/// Every output by name, row by row, in batches of `size`.
fn score(bound: &dyn BoundModel, batch: &Batch, size: usize) -> Result<Vec<Vec<(String, Value)>>, String> {
    let (mut scratch, mut scores) = (bound.new_scratch(), Scores::new());
    let mut found = Vec::new();
    for start in (0..batch.rows().max(1)).step_by(size) {
        let end = batch.rows().min(start + size);
        bound.score(batch, start..end, &mut scratch, &mut scores);
        for row in 0..end - start {
            if let Some(error) = scores.error(row) {
                return Err(format!("row {row}: {}", bound.explain(error, batch, start + row).message));
            }
            let fields = scores.schema().fields.iter().enumerate();
            found.push(
                fields
                    .filter_map(|(index, field)| {
                        Some((field.name.as_ref()?.to_string(), scores.get(index, row)))
                    })
                    .collect(),
            );
        }
    }
    Ok(found)
}

/// Text that tells NaNs, zeros and all digits apart.
fn bits(answers: &[Vec<(String, Value)>]) -> String {
    format!("{answers:?}")
}

fn load(bytes: &[u8]) -> Result<Arc<dyn Model>, String> {
    let formats = scorewheel_tensor::formats();
    let format = formats.iter().find(|format| format.recognises(bytes)).ok_or("no format")?;
    format.load(bytes, &Mapping::default(), &Limits::default()).map_err(|error| error.to_string())
}

/// Holds a model against its case; the number of rows that agree.
fn check(case: &Case) -> Result<usize, String> {
    let model = load(&case.model)?;
    let schema = model.schema().map_err(|error| error.to_string())?;
    let bound = model.bind(&schema, &Mapping::default()).map_err(|error| error.to_string())?;
    let mut batch = Batch::new(Arc::clone(&schema));
    if !score(&*bound, &batch, 8)?.is_empty() {
        return Err("an empty batch has answers".into());
    }
    let count = case.inputs.as_object().unwrap().values().map(|column| rows_of(column).len()).max();
    let count = count.unwrap_or(0);
    // Small models get enough rows for whole blocks and a rest.
    let wide = case
        .inputs
        .as_object()
        .unwrap()
        .values()
        .any(|column| rows_of(column).first().and_then(Json::as_array).is_some_and(|row| row.len() > 64));
    let rows = if wide { count } else { count.max(1) * 300_usize.div_ceil(count.max(1)) };
    for row in (0..rows).map(|row| row % count.max(1)) {
        let values: Result<Vec<Value>, String> = model
            .inputs()
            .iter()
            .map(|input| {
                let column = &case.inputs[&*input.name];
                // An entry that a map does not have.
                if !input.required && column["rows"][row][0].is_null() {
                    return Ok(Value::Missing);
                }
                let kind = column["kind"].as_str().ok_or_else(|| format!("no input {:?}", input.name))?;
                Ok(input_value(&rows_of(column)[row], kind, &input.data_type))
            })
            .collect();
        batch.push_row(&values?);
    }
    let found = score(&*bound, &batch, 1_000)?;
    for size in [1, 3, 50] {
        if bits(&score(&*bound, &batch, size)?) != bits(&found) {
            return Err(format!("other bits in batches of {size}"));
        }
    }
    for (name, column) in case.outputs.as_object().unwrap() {
        let kind = column["kind"].as_str().unwrap();
        let expected = rows_of(column);
        if expected.len() != count || found.len() != rows {
            return Err(format!("{} rows, not {count}", found.len()));
        }
        for (row, (found, expected)) in found.iter().zip(expected.iter().cycle()).enumerate() {
            let value = found.iter().find(|(found, _)| found == name);
            let (_, value) = value.ok_or_else(|| format!("no output {name:?}"))?;
            if !agrees(value, expected, kind, case.tolerance) {
                return Err(format!("row {row}, {name}: {value}, not {expected}")
                    .chars()
                    .take(400)
                    .collect());
            }
        }
    }
    Ok(count)
}

/// The page of the counts, which only grow.
fn page(counts: &[(usize, usize)]) -> String {
    let mut page = String::from(
        "# Conformance of tensor models\n\nSmall models made by `crates/tensor/tests/conformance/generate.py` with \
         the libraries themselves, and held against the libraries' own answers within 1e-5, absolute or relative, \
         unless a case says otherwise. Each is scored in batches of 1, 3, 50 and all rows (small ones repeated to 300), with the same bits, and with no row at all.\n\nWritten by a test (`UPDATE=1 cargo test -p scorewheel-tensor --test conformance`), which fails \
         if a model disagrees or a count falls.\n\n\
         | family | what it holds | answers of | models | rows | agree |\n|---|---|---|---|---|---|\n",
    );
    for ((name, what), (models, rows)) in FAMILIES.iter().zip(counts) {
        page.push_str(&format!("| {name} | {what} | {models} | {rows} | all |\n"));
    }
    let sum = counts.iter().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    page.push_str(&format!("| **all** | | | **{}** | **{}** | **all** |\n", sum.0, sum.1));
    page.push_str(DEPARTURES);
    page
}

#[test]
fn every_model_agrees_with_its_library() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut counts = Vec::new();
    let mut wrong = Vec::new();
    for (family, _) in FAMILIES {
        let mut count = (0, 0);
        for case in cases(family).iter().filter(|case| case.name.contains(&only)) {
            match check(case) {
                Ok(rows) => count = (count.0 + 1, count.1 + rows),
                Err(error) => wrong.push(format!("{family}: {}: {error}", case.name)),
            }
        }
        println!("{family}: {} models, {} rows agree", count.0, count.1);
        counts.push(count);
    }
    wrong.iter().for_each(|line| println!("{line}"));
    assert!(wrong.is_empty(), "{} models differ from their library", wrong.len());
    if !only.is_empty() {
        return;
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/tensor/conformance.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, page(&counts)).unwrap();
    }
    let recorded = std::fs::read_to_string(path).unwrap_or_default();
    assert!(recorded == page(&counts), "run this test with UPDATE=1, if no count falls");
}
