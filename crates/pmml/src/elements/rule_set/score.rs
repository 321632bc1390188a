//! `RuleSetModel` on one row.

use scorewheel_columns::{ErrorCode, RowError};

use crate::elements::Element;
use crate::elements::rule_set::columns;
use crate::elements::rule_set::compile::Plan;
use crate::elements::rule_set::read::Criterion;
use crate::plan::ModelPlan;
use crate::score::columnar::{Answers, Frame, Wanted, Work};
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
        prediction.confidences.resize(width, 0.0);
        let mut totals = row.take_numbers();
        let answer = self.answer(&fired, &mut prediction.confidences, &mut totals);
        row.give_numbers(totals);
        prediction.rules = fired;
        let Some((category, entity)) = answer else {
            return Err(row.error(ErrorCode::NoAnswer, model.place));
        };
        prediction.entity = entity;
        prediction.value = Some(model.categories()[category as usize]);
        Ok(())
    }

    fn columns(&self, _: &ModelPlan, wanted: &mut Vec<Wanted>) -> Option<()> {
        wanted.extend(self.columns.as_ref()?.wanted());
        Some(())
    }

    fn score_columns(&self, model: &ModelPlan, frame: &Frame<'_>, work: &mut Work, answers: &mut Answers) {
        match &self.columns {
            Some(predicates) => columns::score(self, predicates, model, frame, work, answers),
            None => answers.left.mark_all(),
        }
    }

    fn found_per_row(&self) -> usize {
        self.conditions.len() + self.rules.len()
    }
}

impl Plan {
    /// The category that the rules which fire decide for, and the rule that does; confidences, which come as noughts.
    pub(super) fn answer(
        &self,
        fired: &[u32],
        confidences: &mut [f64],
        totals: &mut Vec<f64>,
    ) -> Option<(u32, Option<u32>)> {
        let Some(winner) = self.select(fired, confidences.len(), totals) else {
            let (category, confidence) = self.default?;
            confidences[category as usize] = confidence;
            return Some((category, None));
        };
        // Later rules are written first, so that what the deciding rule of a category says stays.
        for index in fired.iter().rev() {
            let rule = &self.rules[*index as usize];
            let confidence = &mut confidences[rule.category as usize];
            match self.criterion {
                Criterion::FirstHit => *confidence = rule.confidence,
                Criterion::WeightedSum => *confidence += rule.weight / fired.len() as f64,
                Criterion::WeightedMax => {}
            }
        }
        let rule = &self.rules[winner as usize];
        if self.criterion == Criterion::WeightedMax {
            confidences[rule.category as usize] = rule.confidence;
        }
        Some((rule.category, Some(winner)))
    }

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
    fn select(&self, fired: &[u32], categories: usize, totals: &mut Vec<f64>) -> Option<u32> {
        let weight = |index: u32| self.rules[index as usize].weight;
        let heavier = |best: u32, next: u32| if weight(next) > weight(best) { next } else { best };
        match self.criterion {
            Criterion::FirstHit => fired.first().copied(),
            Criterion::WeightedMax => fired.iter().copied().reduce(heavier),
            Criterion::WeightedSum => {
                let category = |index: u32| self.rules[index as usize].category;
                totals.clear();
                totals.resize(categories, 0.0);
                for rule in fired {
                    totals[category(*rule) as usize] += weight(*rule);
                }
                let total = |of: u32| totals[of as usize];
                let winner = fired
                    .iter()
                    .map(|rule| category(*rule))
                    .reduce(|best, next| if total(next) > total(best) { next } else { best })?;
                fired.iter().copied().filter(|rule| category(*rule) == winner).reduce(heavier)
            }
        }
    }
}
