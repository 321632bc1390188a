//! Scores an Arrow record batch.
//!
//! `cargo run -p scorewheel-pmml --features arrow --example score_arrow`

use std::error::Error;
use std::io::Write;
use std::sync::Arc;

use scorewheel_model::{Evaluator, Limits, Mapping};
use scorewheel_pmml::PmmlModel;
use scorewheel_pmml::arrow::arrow_array::cast::AsArray;
use scorewheel_pmml::arrow::arrow_array::types::{Float64Type, Int32Type};
use scorewheel_pmml::arrow::arrow_array::{
    Array, ArrayRef, DictionaryArray, Float32Array, Int8Array, RecordBatch, StringArray,
};

/// Scores four applicants.
pub fn run(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let document = include_bytes!("loan.pmml");
    let model = PmmlModel::load(document, None, &Mapping::default(), &Limits::default())?;
    let mut evaluator = Evaluator::new(&model)?;

    // Types are converted where nothing is lost, nulls are missing.
    let kinds: DictionaryArray<Int32Type> =
        [Some("rented"), Some("owned"), None, Some("castle")].into_iter().collect();
    let income: ArrayRef = Arc::new(Float32Array::from(vec![Some(1200.0), None, Some(900.0), None]));
    let loans: ArrayRef = Arc::new(Int8Array::from(vec![1, 4, 0, 0]));
    let applicants = RecordBatch::try_from_iter([
        ("monthly_income", income),
        ("loans", loans),
        ("home.kind", Arc::new(kinds) as ArrayRef),
    ])?;

    let answers = evaluator.score_arrow(&applicants)?;
    let column = |name: &str| answers.column_by_name(name).ok_or_else(|| format!("no column {name:?}"));
    let (risk, errors) = (column("risk")?, column("error")?.as_string::<i32>());
    let risk = risk.as_dictionary::<Int32Type>();
    let labels: &StringArray = risk.values().as_string();
    let probability = column("probability of high")?.as_primitive::<Float64Type>();
    for row in 0..answers.num_rows() {
        match risk.key(row) {
            Some(label) => writeln!(out, "{}, high with {}", labels.value(label), probability.value(row))?,
            None if errors.is_valid(row) => writeln!(out, "{}", errors.value(row))?,
            None => writeln!(out, "no answer")?,
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    run(&mut std::io::stdout())
}
