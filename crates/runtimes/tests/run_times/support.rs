//! Run times, models and records.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use scorewheel_columns::{Batch, Field, Schema, Scores, Value};
use scorewheel_model::{Limits, Mapping, Model, ModelError, RunTimeChoice};
use scorewheel_runtimes::onnxruntime::OnnxRuntimeSettings;
use scorewheel_runtimes::tensorflow::TensorFlowSettings;
use scorewheel_runtimes::{OnnxRuntime, TensorFlow};
use scorewheel_tensor::formats_with;
use scorewheel_tensor::run_time::{RunTime, RunTimes};

/// The library that an environment variable names.
fn library(variable: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(variable)?);
    assert!(path.is_file(), "{variable} names {}, which is not there", path.display());
    Some(path)
}

fn onnxruntime() -> Option<Arc<dyn RunTime>> {
    let settings = OnnxRuntimeSettings { sessions: 2, ..OnnxRuntimeSettings::default() };
    Some(Arc::new(OnnxRuntime::new(library("SCOREWHEEL_TEST_ONNXRUNTIME")?, settings)))
}

fn tensorflow() -> Option<Arc<dyn RunTime>> {
    let settings = TensorFlowSettings::default();
    Some(Arc::new(TensorFlow::new(library("SCOREWHEEL_TEST_TENSORFLOW")?, settings)))
}

/// All run times whose libraries are there.
pub fn run_times() -> RunTimes {
    static ALL: OnceLock<RunTimes> = OnceLock::new();
    ALL.get_or_init(|| RunTimes::new([onnxruntime(), tensorflow()].into_iter().flatten().collect())).clone()
}

/// Whether a run time is there; says so if it is not.
pub fn is_there(choice: RunTimeChoice) -> bool {
    let there = choice == RunTimeChoice::Embedded || run_times().find(choice).is_some();
    if !there {
        println!("skipped: {} not found", choice.as_str());
    }
    there
}

/// Loads a model with the run times that are there.
pub fn load(bytes: &[u8], choice: RunTimeChoice) -> Result<Arc<dyn Model>, ModelError> {
    load_with(bytes, choice, &run_times())
}

/// Loads a model with these run times.
pub fn load_with(
    bytes: &[u8],
    choice: RunTimeChoice,
    run_times: &RunTimes,
) -> Result<Arc<dyn Model>, ModelError> {
    let formats = formats_with(run_times);
    let format = formats.iter().find(|format| format.recognises(bytes)).expect("a format");
    format.load(bytes, &Mapping { run_time: choice, ..Mapping::default() }, &Limits::default())
}

/// Records of the model's own inputs.
pub fn batch(model: &dyn Model, rows: &[Vec<Value>]) -> Batch {
    let fields = model.inputs().iter().map(|input| Field::new(input.name.clone(), input.data_type.clone()));
    let mut batch = Batch::new(Arc::new(Schema::new(fields.collect()).unwrap()));
    rows.iter().for_each(|row| batch.push_row(row));
    batch
}

/// The scores of records of the model's own inputs.
pub fn score(model: &dyn Model, rows: &[Vec<Value>]) -> Scores {
    let batch = batch(model, rows);
    let bound = model.bind(batch.schema(), &Mapping::default()).unwrap();
    let mut scores = Scores::new();
    bound.score(&batch, 0..batch.rows(), &mut bound.new_scratch(), &mut scores);
    scores
}

/// A list of numbers.
pub fn list(numbers: &[f64]) -> Value {
    Value::List(numbers.iter().map(|number| Value::F64(*number)).collect())
}

/// The numbers of a value.
pub fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::List(items) => items.iter().flat_map(numbers).collect(),
        value => vec![value.as_f64().unwrap_or(f64::NAN)],
    }
}

/// A committed model of the demonstration.
pub fn demonstration(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../demo/models");
    std::fs::read(folder.join(name)).unwrap()
}
