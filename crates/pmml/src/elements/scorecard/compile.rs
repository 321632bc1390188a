//! `Scorecard` compiled: predicates, partial scores, reasons by code.

use crate::compile::{Compiled, ModelContext};
use crate::document::MiningFunction;
use crate::elements::ElementPlan;
use crate::elements::scorecard::columns::ScorecardColumns;
use crate::elements::scorecard::read::{Document, PartialScore, ReasonCodeAlgorithm};
use crate::fault::{Fault, Result};
use crate::plan::{Expression, Place, Predicate};

/// A compiled `Scorecard`.
#[derive(Debug)]
pub struct Plan {
    /// Summand of every row.
    pub initial_score: f64,
    /// Which side of the baseline is a reason; `None` if reasons are not given.
    pub reasons: Option<ReasonCodeAlgorithm>,
    /// The characteristics.
    pub characteristics: Box<[Characteristic]>,
    /// The same for columns, if they can be scored by all.
    pub columns: Option<ScorecardColumns>,
}

/// A characteristic.
#[derive(Debug)]
pub struct Characteristic {
    /// Where it stands.
    pub place: Place,
    /// What its partial score is compared with.
    pub baseline_score: Option<f64>,
    /// The attributes.
    pub attributes: Box<[Attribute]>,
}

/// An attribute.
#[derive(Debug)]
pub struct Attribute {
    /// When it counts.
    pub predicate: Predicate,
    /// What it adds; `None` is an error of the row.
    pub partial_score: Option<Partial>,
    /// The code of its reason.
    pub reason_code: Option<u32>,
}

/// What an attribute adds.
#[derive(Debug)]
pub enum Partial {
    /// Always the same.
    Constant(f64),
    /// An expression.
    Complex(Expression),
}

/// Compiles a `Scorecard`.
pub fn compile<'d, 'a>(
    document: &'d Document<'a>,
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<Compiled> {
    if context.head.function != MiningFunction::Regression {
        return Err(Fault::invalid(context.head.offset, "a Scorecard is for regression"));
    }
    let mut characteristics = Vec::with_capacity(document.characteristics.len());
    for characteristic in &document.characteristics {
        let place = context.place(match characteristic.name {
            Some(name) => format!("Characteristic {name:?}"),
            None => "Characteristic".to_owned(),
        });
        let mut attributes = Vec::with_capacity(characteristic.attributes.len());
        for attribute in &characteristic.attributes {
            let reason_code = attribute.reason_code.or(characteristic.reason_code);
            attributes.push(Attribute {
                predicate: context.predicate(&attribute.predicate)?,
                partial_score: match &attribute.partial_score {
                    PartialScore::Constant(number) => Some(Partial::Constant(*number)),
                    PartialScore::Complex(expression) => {
                        Some(Partial::Complex(context.expression(expression)?))
                    }
                    PartialScore::Absent => None,
                },
                reason_code: reason_code.map(|code| context.text(code)),
            });
        }
        characteristics.push(Characteristic {
            place,
            baseline_score: characteristic.baseline_score.or(document.baseline_score),
            attributes: attributes.into(),
        });
    }
    let reasons = document.use_reason_codes.then_some(document.algorithm);
    let plan = Plan {
        initial_score: document.initial_score,
        reasons,
        columns: ScorecardColumns::find(&characteristics, reasons),
        characteristics: characteristics.into(),
    };
    Ok(Compiled::new(ElementPlan::Scorecard(Box::new(plan))))
}
