//! Scores a map of names and values.
//!
//! `cargo run -p scorewheel-pmml --example score_map`

use std::collections::HashMap;
use std::error::Error;
use std::io::Write;

use scorewheel_columns::Value;
use scorewheel_model::{Evaluator, Limits, Mapping};
use scorewheel_pmml::PmmlModel;

/// Scores three applicants.
pub fn run(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let document = include_bytes!("loan.pmml");
    let model = PmmlModel::load(document, None, &Mapping::default(), &Limits::default())?;
    let mut evaluator = Evaluator::new(&model)?;

    // Names are matched in any manner of writing; what is nested stands for the field "home.kind".
    let home = |kind: &str| Value::Map(vec![("kind".into(), Value::from(kind))]);
    let applicant = HashMap::from([
        ("monthly_income", Value::from(1200.0)),
        ("loans", Value::from(1_i64)),
        ("home", home("rented")),
    ]);
    for (name, answer) in evaluator.score_map(&applicant)? {
        writeln!(out, "{name}: {answer}")?;
    }

    // An income that is not given is what the document says about missing ones.
    let answers = evaluator.score_map([("loans", Value::from(4_i64)), ("home", home("owned"))])?;
    writeln!(out, "without income: {}", answers["risk"])?;

    // A value that the document calls invalid is an error of the record.
    match evaluator.score_map([("home.kind", Value::from("castle"))]) {
        Ok(answers) => writeln!(out, "castle: {}", answers["risk"])?,
        Err(error) => writeln!(out, "castle: {error}")?,
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    run(&mut std::io::stdout())
}
