//! What outputs tell of rules that apply: ranked by a figure, filtered by an algorithm.

use scorewheel_columns::ErrorCode;

use crate::document::output::{RankBasis, RankOrder, RuleAlgorithm, RuleFeature};
use crate::plan::ModelPlan;
use crate::plan::model::RuleOutput;
use crate::score::row::Evaluated;
use crate::score::{Prediction, Row};
use crate::value::Datum;

/// Bit of an entry of [`Prediction::rules`]: the consequent is there too. The others are the rule's index.
const HAS_CONSEQUENT: u32 = 1;

/// The rules of a model.
pub trait Rules {
    /// Support, confidence, lift, leverage, affinity of a rule; NaN if not stated.
    fn figures(&self, rule: usize) -> &[f64; 5];

    /// What an output tells of a rule.
    fn tell(&self, row: &mut Row<'_>, rule: usize, feature: RuleFeature) -> Option<Datum>;
}

/// The entry in [`Prediction::rules`] of a rule that applies.
#[must_use]
pub fn entry(rule: usize, has_consequent: bool) -> u32 {
    (rule as u32) << 1 | if has_consequent { HAS_CONSEQUENT } else { 0 }
}

/// A figure of a rule, if it is stated.
#[must_use]
pub fn figure(figures: &[f64; 5], feature: RuleFeature) -> Option<Datum> {
    let at = match feature {
        RuleFeature::Support => 0,
        RuleFeature::Confidence => 1,
        RuleFeature::Lift => 2,
        RuleFeature::Leverage => 3,
        RuleFeature::Affinity => 4,
        _ => return None,
    };
    Some(figures[at]).filter(|figure| !figure.is_nan()).map(Datum::double)
}

/// What an output field tells of the rules that apply.
///
/// # Errors
/// [`ErrorCode::UnsupportedElement`] if rules are to be ranked by a figure that one of them does not state.
pub fn output(
    rules: &impl Rules,
    model: &ModelPlan,
    row: &mut Row<'_>,
    prediction: &Prediction,
    output: &RuleOutput,
) -> Evaluated {
    let applies = |entry: u32| match output.algorithm {
        RuleAlgorithm::Recommendation => true,
        RuleAlgorithm::ExclusiveRecommendation => entry & HAS_CONSEQUENT == 0,
        RuleAlgorithm::RuleAssociation => entry & HAS_CONSEQUENT != 0,
    };
    let mut ranking = row.take_numbers();
    let applying = prediction.rules.iter().filter(|entry| applies(**entry));
    ranking.extend(applying.map(|entry| f64::from(entry >> 1)));
    let basis = match output.basis {
        RankBasis::Support => 0,
        RankBasis::Confidence => 1,
        RankBasis::Lift => 2,
        RankBasis::Leverage => 3,
        RankBasis::Affinity => 4,
    };
    let figure = |rule: f64| rules.figures(rule as usize)[basis];
    // Rules that do not state the figure cannot be ranked by it.
    if ranking.iter().any(|rule| figure(*rule).is_nan()) {
        row.give_numbers(ranking);
        return Err(row.error(ErrorCode::UnsupportedElement, model.place));
    }
    // Equally ranked rules stay in their order.
    match output.order {
        RankOrder::Descending => ranking.sort_by(|a, b| figure(*b).total_cmp(&figure(*a))),
        RankOrder::Ascending => ranking.sort_by(|a, b| figure(*a).total_cmp(&figure(*b))),
    }
    let result = if output.is_multi_valued || output.rank == 0 {
        let count = if output.rank == 0 { ranking.len() } else { ranking.len().min(output.rank as usize) };
        let mut told = Vec::with_capacity(count);
        for rule in &ranking[..count] {
            told.push(rules.tell(row, *rule as usize, output.feature));
        }
        Some(row.list_of(told))
    } else {
        let rule = ranking.get(output.rank as usize - 1).copied();
        rule.and_then(|rule| rules.tell(row, rule as usize, output.feature))
    };
    row.give_numbers(ranking);
    Ok(result)
}
