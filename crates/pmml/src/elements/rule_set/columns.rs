//! `RuleSetModel` on a block of rows: a rule after another, each for all rows.

use crate::elements::rule_set::compile::Plan;
use crate::plan::ModelPlan;
use crate::score::columnar::answers::{NO_ENTITY, each_set};
use crate::score::columnar::predicates::Predicates;
use crate::score::columnar::{Answers, Frame, Work};

/// Scores a block.
pub fn score(
    plan: &Plan,
    predicates: &Predicates,
    model: &ModelPlan,
    frame: &Frame<'_>,
    work: &mut Work,
    answers: &mut Answers,
) {
    let (rows, width) = (frame.rows, model.categories().len());
    let first_rule = plan.conditions.len();
    let Work { predicates: memory, masks, found, .. } = work;
    let mut ranked = predicates.rank(frame, memory);
    masks.clear();
    ranked.each(0..first_rule, |index, mask| {
        narrow(mask, plan.conditions[index].1, masks);
        masks.extend_from_slice(mask);
    });
    found.clear();
    ranked.each(first_rule..first_rule + plan.rules.len(), |index, mask| {
        let rule = index - first_rule;
        narrow(mask, plan.rules[rule].condition, masks);
        each_set(mask, |row| found.push((row as u32, rule as u32)));
    });
    work.sort_found(rows);
    answers.confidences.resize(rows * width, 0.0);
    for (row, confidences) in answers.confidences.chunks_exact_mut(width).enumerate() {
        let fired = &work.by_row[work.starts[row] as usize..work.starts[row + 1] as usize];
        let (category, entity) = plan.answer(fired, confidences, &mut work.row).unwrap_or_else(|| {
            answers.left.mark(row);
            (0, None)
        });
        answers.winners.push(category);
        answers.entities.push(entity.unwrap_or(NO_ENTITY));
    }
}

/// Leaves the rows for which the condition around holds too.
fn narrow(mask: &mut [u8], around: Option<u32>, masks: &[u8]) {
    if let Some(around) = around {
        let around = &masks[around as usize * mask.len()..][..mask.len()];
        mask.iter_mut().zip(around).for_each(|(mask, around)| *mask &= around);
    }
}
