//! From the raw prediction to the target's value.

use scorewheel_columns::{ErrorCode, RowError};

use crate::document::targets::CastInteger;
use crate::functions::arithmetic::half_up;
use crate::plan::model::TargetRules;
use crate::plan::{ModelPlan, TargetPlan};
use crate::score::prediction::largest;
use crate::score::{Prediction, Row};
use crate::value::Datum;

/// Applies the rules of a model's target to its prediction.
pub fn apply(model: &ModelPlan, row: &mut Row<'_>, prediction: &mut Prediction) -> Result<(), RowError> {
    let Some(target) = model.targets.get(prediction.target as usize) else { return Ok(()) };
    if prediction.model != model.id {
        // A segment's own prediction, handed on: its own target is done; the model around it may add rules.
        if let (Some(rules), Some(value)) = (&target.rules, prediction.value)
            && value.kind.is_number()
        {
            let number = rescale(rules, value.number);
            prediction.value = Some(Datum::new(value.kind, number));
        }
        return Ok(());
    }
    if model.element.answers_with_lists() {
        return Ok(());
    }
    if target.categories.is_empty() {
        apply_number(model, target, row, prediction)
    } else {
        apply_category(model, target, row, prediction)
    }
}

fn apply_number(
    model: &ModelPlan,
    target: &TargetPlan,
    row: &mut Row<'_>,
    prediction: &mut Prediction,
) -> Result<(), RowError> {
    if prediction.value.is_none()
        && let Some(default) = target.rules.as_ref().and_then(|rules| rules.default)
    {
        prediction.value = Some(Datum::double(default));
    }
    let Some(mut datum) = prediction.value else { return Ok(()) };
    if let Some(rules) = &target.rules
        && datum.kind.is_number()
    {
        datum = Datum::double(rescale(rules, datum.number));
    }
    match datum.cast(target.kind, &mut row.texts) {
        Ok(datum) => {
            prediction.value = Some(datum);
            Ok(())
        }
        Err(code) => Err(row.error(code, model.place)),
    }
}

/// Range, factor, constant, whole number: in this order.
#[must_use]
pub fn rescale(rules: &TargetRules, number: f64) -> f64 {
    let mut number = number;
    if let Some(min) = rules.min {
        number = if number < min { min } else { number };
    }
    if let Some(max) = rules.max {
        number = if number > max { max } else { number };
    }
    // Left out where they change nothing, so that -0 and the rounding of f32 stay as they are.
    if rules.factor != 1.0 {
        number *= rules.factor;
    }
    if rules.constant != 0.0 {
        number += rules.constant;
    }
    match rules.cast_integer {
        None => number,
        Some(CastInteger::Round) => half_up(number),
        Some(CastInteger::Ceiling) => number.ceil(),
        Some(CastInteger::Floor) => number.floor(),
    }
}

/// A missing category becomes the one of the highest prior probability.
fn apply_category(
    model: &ModelPlan,
    target: &TargetPlan,
    row: &mut Row<'_>,
    prediction: &mut Prediction,
) -> Result<(), RowError> {
    if prediction.value.is_some() {
        return Ok(());
    }
    let Some(rules) = &target.rules else { return Ok(()) };
    if rules.priors.is_empty() {
        return Ok(());
    }
    let mut probabilities = vec![0.0; target.categories.len()];
    for (datum, prior) in &rules.priors {
        let Some(prior) = prior else { return Err(row.error(ErrorCode::NoAnswer, model.place)) };
        if let Some(index) = target.categories.iter().position(|known| known == datum) {
            probabilities[index] = *prior;
        }
    }
    prediction.value = largest(&probabilities).map(|index| target.categories[index]);
    prediction.probabilities = probabilities;
    Ok(())
}
