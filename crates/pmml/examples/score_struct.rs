//! Scores structs: any `Serialize` is a record, any `Deserialize` an answer.
//!
//! `cargo run -p scorewheel-pmml --example score_struct`

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;

use scorewheel_model::{Evaluator, Limits, Mapping};
use scorewheel_pmml::PmmlModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
struct Applicant {
    monthly_income: Option<f64>,
    loans: u8,
    home: Home,
}

#[derive(Serialize)]
struct Home {
    kind: Kind,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Owned,
    Rented,
    Castle,
}

#[derive(Debug, Deserialize)]
struct Assessment {
    risk: String,
    probability_of_high: f64,
    probability: BTreeMap<String, f64>,
}

/// Scores one applicant, then three at once.
pub fn run(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let document = include_bytes!("loan.pmml");
    let model = PmmlModel::load(document, None, &Mapping::default(), &Limits::default())?;
    let mut evaluator = Evaluator::new(&model)?;
    let applicant = |monthly_income, loans, kind| Applicant { monthly_income, loans, home: Home { kind } };

    let risk: String = evaluator.score_struct(&applicant(Some(2500.0), 0, Kind::Rented))?;
    writeln!(out, "the score alone: {risk}")?;

    let applicants = [
        applicant(Some(1200.0), 1, Kind::Rented),
        applicant(None, 4, Kind::Owned),
        applicant(None, 0, Kind::Castle),
    ];
    for assessment in evaluator.score_structs(&applicants) {
        let assessment: Result<Assessment, _> = assessment;
        match assessment {
            Ok(Assessment { risk, probability_of_high, probability }) => {
                writeln!(out, "{risk}, high with {probability_of_high}: {probability:?}")?;
            }
            Err(error) => writeln!(out, "{error}")?,
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    run(&mut std::io::stdout())
}
