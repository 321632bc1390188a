//! `AssociationModel` on one row.

use scorewheel_columns::{ErrorCode, RowError};

use crate::document::output::{RankBasis, RankOrder, RuleAlgorithm, RuleFeature};
use crate::elements::Element;
use crate::elements::association::compile::{Input, Plan, Presence, RulePlan};
use crate::plan::ModelPlan;
use crate::plan::model::RuleOutput;
use crate::score::row::Evaluated;
use crate::score::{Prediction, Row};
use crate::value::Datum;

/// Marks a rule of the prediction whose consequent is there too; the other bits are its index.
const HOLDS: u32 = 1 << 31;

impl Element for Plan {
    fn score(
        &self,
        _model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        let mut present = row.take_numbers();
        present.resize(self.names.len(), 0.0);
        let outcome = self.mark(row, &mut present);
        if outcome.is_ok() {
            let holds =
                |set: u32| self.itemsets[set as usize].iter().all(|item| present[*item as usize] > 0.0);
            for (index, rule) in self.rules.iter().enumerate() {
                if holds(rule.antecedent) {
                    let mark = if holds(rule.consequent) { HOLDS } else { 0 };
                    prediction.rules.push(index as u32 | mark);
                }
            }
        }
        row.give_numbers(present);
        outcome
    }

    fn rule_output(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &Prediction,
        output: &RuleOutput,
    ) -> Evaluated {
        let applies = |entry: &&u32| match output.algorithm {
            RuleAlgorithm::Recommendation => true,
            RuleAlgorithm::ExclusiveRecommendation => **entry & HOLDS == 0,
            RuleAlgorithm::RuleAssociation => **entry & HOLDS != 0,
        };
        let mut ranked = Vec::new();
        for entry in prediction.rules.iter().filter(applies) {
            let rule = &self.rules[(entry & !HOLDS) as usize];
            let figure = figure(rule, output.basis);
            let figure = figure.ok_or_else(|| row.error(ErrorCode::UndefinedName, model.place))?;
            ranked.push((figure, rule));
        }
        // Stable: equal ones stay in document order.
        match output.order {
            RankOrder::Descending => ranked.sort_by(|(a, _), (b, _)| b.total_cmp(a)),
            RankOrder::Ascending => ranked.sort_by(|(a, _), (b, _)| a.total_cmp(b)),
        }
        let rank = output.rank as usize;
        if output.is_multi_valued || rank == 0 {
            let count = if rank == 0 { ranked.len() } else { rank.min(ranked.len()) };
            let mut values = Vec::with_capacity(count);
            for (_, rule) in &ranked[..count] {
                values.push(self.feature(rule, output.feature, row));
            }
            return Ok(Some(row.list_of(values)));
        }
        Ok(ranked.get(rank - 1).and_then(|(_, rule)| self.feature(rule, output.feature, row)))
    }
}

impl Plan {
    /// Marks the items that are there.
    fn mark(&self, row: &mut Row<'_>, present: &mut [f64]) -> Result<(), RowError> {
        match &self.input {
            Input::List { slot, items } => {
                let Some(list) = row.get(*slot)? else {
                    return Err(row.error_of(ErrorCode::MissingValue, *slot));
                };
                for datum in row.lists.get(list.number as u32).iter().flatten() {
                    let code = datum.number as u32;
                    let start = items.partition_point(|(name, _)| *name < code);
                    for (_, item) in items[start..].iter().take_while(|(name, _)| *name == code) {
                        present[*item as usize] = 1.0;
                    }
                }
            }
            Input::Fields(presences) => {
                for (presence, present) in presences.iter().zip(present) {
                    row.step()?;
                    let Presence::OneOf(slot, values) = presence else { continue };
                    if row.raw(*slot)?.is_some_and(|value| values.contains(&value)) {
                        *present = 1.0;
                    }
                }
            }
        }
        Ok(())
    }

    fn feature(&self, rule: &RulePlan, feature: RuleFeature, row: &mut Row<'_>) -> Option<Datum> {
        let items = |set: u32| {
            self.itemsets[set as usize].iter().map(|item| Some(Datum::text(self.names[*item as usize])))
        };
        match feature {
            RuleFeature::Antecedent => Some(row.list_of(items(rule.antecedent))),
            RuleFeature::Consequent => Some(row.list_of(items(rule.consequent))),
            RuleFeature::Rule => Some(Datum::text(rule.text)),
            RuleFeature::RuleId => Some(Datum::text(rule.id)),
            RuleFeature::Confidence => Some(Datum::double(rule.confidence)),
            RuleFeature::Support => Some(Datum::double(rule.support)),
            RuleFeature::Lift => rule.lift.map(Datum::double),
            RuleFeature::Leverage => rule.leverage.map(Datum::double),
            RuleFeature::Affinity => rule.affinity.map(Datum::double),
        }
    }
}

fn figure(rule: &RulePlan, basis: RankBasis) -> Option<f64> {
    match basis {
        RankBasis::Confidence => Some(rule.confidence),
        RankBasis::Support => Some(rule.support),
        RankBasis::Lift => rule.lift,
        RankBasis::Leverage => rule.leverage,
        RankBasis::Affinity => rule.affinity,
    }
}
