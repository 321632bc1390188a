//! `RuleSetModel` on one row.

use scorewheel_columns::{ErrorCode, RowError};

use crate::elements::Element;
use crate::elements::rule_set::compile::Plan;
use crate::elements::rule_set::read::Criterion;
use crate::plan::ModelPlan;
use crate::score::{Prediction, Row};

impl Element for Plan {
    fn score(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        let mut fired = std::mem::take(&mut prediction.rules);
        self.fire(row, &mut fired)?;
        let width = model.categories().len();
        let Some(winner) = self.select(&fired) else {
            let Some((category, confidence)) = self.default else {
                return Err(row.error(ErrorCode::NoAnswer, model.place));
            };
            prediction.confidences.resize(width, 0.0);
            prediction.confidences[category as usize] = confidence;
            prediction.value = Some(model.categories()[category as usize]);
            prediction.rules = fired;
            return Ok(());
        };
        prediction.confidences.resize(width, 0.0);
        // Later rules are written first, so that what the deciding rule of a category says stays.
        for index in fired.iter().rev() {
            let rule = &self.rules[*index as usize];
            let confidence = &mut prediction.confidences[rule.category as usize];
            match self.criterion {
                Criterion::FirstHit => *confidence = rule.confidence,
                Criterion::WeightedSum => *confidence += rule.weight / fired.len() as f64,
                Criterion::WeightedMax => {}
            }
        }
        if self.criterion == Criterion::WeightedMax {
            let rule = &self.rules[winner as usize];
            prediction.confidences[rule.category as usize] = rule.confidence;
        }
        prediction.entity = Some(winner);
        let category = self.rules[winner as usize].category;
        prediction.value = Some(model.categories()[category as usize]);
        prediction.rules = fired;
        Ok(())
    }
}

impl Plan {
    /// The rules that fire, in document order.
    fn fire(&self, row: &mut Row<'_>, fired: &mut Vec<u32>) -> Result<(), RowError> {
        let mut holds: Vec<Option<bool>> = vec![None; self.conditions.len()];
        for (index, rule) in self.rules.iter().enumerate() {
            row.step()?;
            if let Some(condition) = rule.condition
                && !self.condition(row, condition, &mut holds)?
            {
                continue;
            }
            if row.test(&rule.predicate)? == Some(true) {
                fired.push(index as u32);
            }
        }
        Ok(())
    }

    fn condition(&self, row: &mut Row<'_>, index: u32, holds: &mut [Option<bool>]) -> Result<bool, RowError> {
        if let Some(known) = holds[index as usize] {
            return Ok(known);
        }
        let (predicate, around) = &self.conditions[index as usize];
        let outer = match around {
            Some(around) => self.condition(row, *around, holds)?,
            None => true,
        };
        let own = outer && row.test(predicate)? == Some(true);
        holds[index as usize] = Some(own);
        Ok(own)
    }

    /// The rule that decides.
    fn select(&self, fired: &[u32]) -> Option<u32> {
        let weight = |index: u32| self.rules[index as usize].weight;
        let heavier = |best: u32, next: u32| if weight(next) > weight(best) { next } else { best };
        match self.criterion {
            Criterion::FirstHit => fired.first().copied(),
            Criterion::WeightedMax => fired.iter().copied().reduce(heavier),
            Criterion::WeightedSum => {
                let category = |index: u32| self.rules[index as usize].category;
                let total = |of: u32| -> f64 {
                    fired.iter().filter(|rule| category(**rule) == of).map(|rule| weight(*rule)).sum()
                };
                let winner = fired
                    .iter()
                    .map(|rule| category(*rule))
                    .reduce(|best, next| if total(next) > total(best) { next } else { best })?;
                fired.iter().copied().filter(|rule| category(*rule) == winner).reduce(heavier)
            }
        }
    }
}
