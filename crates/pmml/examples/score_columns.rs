//! Scores a batch of columns in reused buffers: the fastest way, and the one that the streams take.
//!
//! `cargo run -p scorewheel-pmml --example score_columns`

use std::error::Error;
use std::io::Write;
use std::sync::Arc;

use scorewheel_columns::{Batch, Cell, OutputValues, Scores};
use scorewheel_model::{Limits, Mapping, Model};
use scorewheel_pmml::PmmlModel;

/// Scores 10,000 applicants in batches of 1,000.
pub fn run(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let document = include_bytes!("loan.pmml");
    let model = PmmlModel::load(document, None, &Mapping::default(), &Limits::default())?;
    let schema = model.schema()?;
    let bound = model.bind(&schema, &Mapping::default())?;
    let field = |name| schema.find(name);
    let (income, loans, kind) = (field("monthly income")?, field("loans")?, field("home.kind")?);

    // All three are used again: nothing is allocated after the first batch.
    let (mut batch, mut scratch, mut scores) =
        (Batch::new(Arc::clone(&schema)), bound.new_scratch(), Scores::new());
    let (mut high, mut failed) = (0, 0);
    for first in (0..10_000_i64).step_by(1_000) {
        batch.clear();
        batch.resize(1_000);
        for (row, applicant) in (first..first + 1_000).enumerate() {
            batch.column_mut(income).write_f64(row, (applicant % 30) as f64 * 100.0);
            batch.column_mut(loans).write_i64(row, applicant % 5);
            match applicant % 100 {
                99 => batch.column_mut(kind).set_fault(row, Cell::DeclaredInvalid, "castle"),
                share if share % 2 == 0 => {
                    batch.column_mut(kind).write_text(row, "rented");
                }
                _ => {} // It stays missing.
            }
        }
        batch.settle();
        bound.score(&batch, 0..batch.rows(), &mut scratch, &mut scores);
        failed += scores.errors().len();
        if let OutputValues::Label(codes) = &scores.columns()[0].values {
            high += (0..scores.rows()).filter(|row| scores.error(*row).is_none() && codes[*row] == 1).count();
        }
    }
    writeln!(out, "{high} of 10000 are of high risk, {failed} have no answer")?;
    if let Some((row, error)) = scores.errors().first() {
        writeln!(out, "row {row}: {}", bound.explain(*error, &batch, *row as usize))?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    run(&mut std::io::stdout())
}
