//! `AssociationModel` on one row.

use scorewheel_columns::{ErrorCode, RowError};

use crate::document::output::{RankBasis, RankOrder, RuleAlgorithm, RuleFeature};
use crate::elements::Element;
use crate::elements::association::compile::{Basket, Plan};
use crate::plan::ModelPlan;
use crate::plan::model::RuleOutput;
use crate::score::row::Evaluated;
use crate::score::{Prediction, Row};
use crate::value::{Datum, Kind};

/// Bit of an entry of [`Prediction::rules`]: the consequent is in the basket too. The others are the rule's index.
const HAS_CONSEQUENT: u32 = 1;

impl Element for Plan {
    fn score(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        let mut present = row.take_numbers();
        present.resize(self.values.len(), 0.0);
        let filled = self.fill(model, row, &mut present);
        if filled.is_ok() {
            let is_in = |itemset: u32| {
                self.itemsets[itemset as usize].iter().all(|item| present[*item as usize] != 0.0)
            };
            for (index, rule) in self.rules.iter().enumerate() {
                if is_in(rule.antecedent) {
                    let mark = if is_in(rule.consequent) { HAS_CONSEQUENT } else { 0 };
                    prediction.rules.push((index as u32) << 1 | mark);
                }
            }
        }
        row.give_numbers(present);
        filled
    }

    fn rule_output(
        &self,
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
        let figure = |rule: f64| self.rules[rule as usize].figures[basis];
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
            let count =
                if output.rank == 0 { ranking.len() } else { ranking.len().min(output.rank as usize) };
            let mut told = Vec::with_capacity(count);
            for rule in &ranking[..count] {
                told.push(self.tell(row, *rule as usize, output.feature));
            }
            Some(row.list_of(told))
        } else {
            let rule = ranking.get(output.rank as usize - 1).copied();
            rule.and_then(|rule| self.tell(row, rule as usize, output.feature))
        };
        row.give_numbers(ranking);
        Ok(result)
    }
}

impl Plan {
    /// Marks the items that are in the basket of the row.
    fn fill(&self, model: &ModelPlan, row: &mut Row<'_>, present: &mut [f64]) -> Result<(), RowError> {
        match &self.basket {
            Basket::List { slot, positions } => {
                let mut mark = |code: u32| {
                    // Several items may share a value.
                    let start = positions.partition_point(|(known, _)| *known < code);
                    for (_, item) in positions[start..].iter().take_while(|(known, _)| *known == code) {
                        present[*item as usize] = 1.0;
                    }
                };
                match row.get(*slot)? {
                    None => return Err(row.error_of(ErrorCode::MissingValue, *slot)),
                    Some(datum) if datum.kind == Kind::List => {
                        let items = row.lists.get(datum.number as u32);
                        items.iter().flatten().filter_map(|item| item.as_text()).for_each(&mut mark);
                    }
                    Some(datum) => match datum.as_text() {
                        Some(code) => mark(code),
                        None => return Err(row.error(ErrorCode::WrongType, model.place)),
                    },
                }
            }
            Basket::Fields(presences) => {
                for (presence, present) in presences.iter().zip(present) {
                    if let Some(presence) = presence
                        && let Some(value) = row.raw(presence.slot)?
                        && presence.values.contains(&value)
                    {
                        *present = 1.0;
                    }
                }
            }
        }
        Ok(())
    }

    /// What an output tells of a rule.
    fn tell(&self, row: &mut Row<'_>, rule: usize, feature: RuleFeature) -> Option<Datum> {
        let rule = &self.rules[rule];
        let figure = |at: usize| Some(rule.figures[at]).filter(|figure| !figure.is_nan()).map(Datum::double);
        match feature {
            RuleFeature::Antecedent => Some(self.items(row, rule.antecedent)),
            RuleFeature::Consequent => Some(self.items(row, rule.consequent)),
            RuleFeature::Rule => Some(Datum::text(rule.text)),
            RuleFeature::RuleId => Some(Datum::text(rule.id)),
            RuleFeature::Support => figure(0),
            RuleFeature::Confidence => figure(1),
            RuleFeature::Lift => figure(2),
            RuleFeature::Leverage => figure(3),
            RuleFeature::Affinity => figure(4),
        }
    }

    fn items(&self, row: &mut Row<'_>, itemset: u32) -> Datum {
        let items = &self.itemsets[itemset as usize];
        row.list_of(items.iter().map(|item| Some(self.values[*item as usize])))
    }
}
