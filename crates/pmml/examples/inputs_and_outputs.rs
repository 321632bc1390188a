//! Loads a document and shows what it is, what it takes and what it answers.
//!
//! `cargo run -p scorewheel-pmml --example inputs_and_outputs [FILE]`

use std::error::Error;
use std::io::Write;

use scorewheel_columns::AnswerNames;
use scorewheel_model::{Limits, Mapping, Model};
use scorewheel_pmml::PmmlModel;

/// Describes the document.
pub fn run(document: &[u8], out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    // A bad document is an error with line, column and element; none panics.
    let model = PmmlModel::load(document, None, &Mapping::default(), &Limits::default())?;
    let summary = model.summary();
    writeln!(out, "{}, {}", summary.format, summary.kind)?;
    for input in model.inputs() {
        writeln!(out, "in:  {}, {}", input.name, input.data_type)?;
    }
    let names = AnswerNames::new(model.outputs());
    for (name, field) in names.all().iter().zip(&model.outputs().fields) {
        writeln!(out, "out: {name}, {:?}", field.role)?;
    }
    let verification = model.verify();
    writeln!(out, "{} rows of its own, {} not reproduced", verification.rows, verification.failures.len())?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let document = match std::env::args_os().nth(1) {
        Some(file) => std::fs::read(file)?,
        None => include_bytes!("loan.pmml").to_vec(),
    };
    run(&document, &mut std::io::stdout())
}
