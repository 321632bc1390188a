//! `AssociationModel` on one row.

use scorewheel_columns::{ErrorCode, RowError};

use crate::document::output::RuleFeature;
use crate::elements::Element;
use crate::elements::association::compile::{Basket, Plan};
use crate::elements::association::rules::{self, Rules};
use crate::plan::ModelPlan;
use crate::plan::model::RuleOutput;
use crate::score::row::Evaluated;
use crate::score::{Prediction, Row};
use crate::value::{Datum, Kind};

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
                    prediction.rules.push(rules::entry(index, is_in(rule.consequent)));
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
        rules::output(self, model, row, prediction, output)
    }
}

impl Rules for Plan {
    fn figures(&self, rule: usize) -> &[f64; 5] {
        &self.rules[rule].figures
    }

    fn tell(&self, row: &mut Row<'_>, rule: usize, feature: RuleFeature) -> Option<Datum> {
        let rule = &self.rules[rule];
        match feature {
            RuleFeature::Antecedent => Some(self.items(row, rule.antecedent)),
            RuleFeature::Consequent => Some(self.items(row, rule.consequent)),
            RuleFeature::Rule => Some(Datum::text(rule.text)),
            RuleFeature::RuleId => Some(Datum::text(rule.id)),
            figure => rules::figure(&rule.figures, figure),
        }
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

    fn items(&self, row: &mut Row<'_>, itemset: u32) -> Datum {
        let items = &self.itemsets[itemset as usize];
        row.list_of(items.iter().map(|item| Some(self.values[*item as usize])))
    }
}
