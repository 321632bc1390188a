//! `Scorecard` on a block of rows: a characteristic after another, each for all rows.

use crate::elements::scorecard::compile::{Characteristic, Partial, Plan};
use crate::elements::scorecard::read::ReasonCodeAlgorithm;
use crate::plan::ModelPlan;
use crate::plan::model::OutputFeature;
use crate::precision::Precision;
use crate::score::columnar::predicates::cuts::RankColumn;
use crate::score::columnar::predicates::{self, Condition, Predicates, Ranked};
use crate::score::columnar::{Answers, Frame, Wanted, Work};
use crate::score::emit::NO_TEXT;

/// A scorecard for blocks of rows.
#[derive(Debug)]
pub struct ScorecardColumns {
    predicates: Predicates,
    characteristics: Box<[CharacteristicColumns]>,
    /// True if no two characteristics give the same reason.
    reasons_differ: bool,
}

/// A characteristic. Behind what its attributes say stands what rows are given that match none.
#[derive(Debug)]
struct CharacteristicColumns {
    choice: Choice,
    partial_scores: Box<[f64]>,
    /// How far they are on the wrong side of the baseline.
    differences: Box<[f64]>,
    reasons: Box<[u32]>,
}

/// How the first attribute is found that holds.
#[derive(Debug)]
enum Choice {
    /// All test one field: by its rank.
    ByRank { field: usize, attributes: Box<[u16]> },
    /// By conditions, from the first on.
    ByCondition { first: usize },
}

/// Ranks times attributes up to which tables are made, all those of a scorecard together: so many predicates are tested
/// for them, and they hold no more.
const TABLE_LIMIT: usize = 1 << 22;

impl ScorecardColumns {
    /// A scorecard for blocks; `None` if an attribute takes a look at the row.
    pub fn find(characteristics: &[Characteristic], reasons: Option<ReasonCodeAlgorithm>) -> Option<Self> {
        let attributes = characteristics.iter().flat_map(|characteristic| &characteristic.attributes);
        let predicates = predicates::find(attributes.map(|attribute| &attribute.predicate))?;
        let (mut first, mut budget) = (0, TABLE_LIMIT);
        let mut compiled = Vec::with_capacity(characteristics.len());
        for characteristic in characteristics {
            let count = characteristic.attributes.len();
            let choice = Choice::new(&predicates, first, count, &mut budget);
            compiled.push(CharacteristicColumns::new(characteristic, choice, reasons)?);
            first += count;
        }
        let mut known = std::collections::HashSet::new();
        let reasons_differ = compiled.iter().all(|characteristic| {
            let own: std::collections::HashSet<u32> = characteristic.reasons.iter().copied().collect();
            own.into_iter().filter(|reason| *reason != NO_TEXT).all(|reason| known.insert(reason))
        });
        Some(Self { predicates, characteristics: compiled.into(), reasons_differ })
    }

    /// The columns that it reads.
    pub fn wanted(&self) -> impl Iterator<Item = Wanted> {
        self.predicates.wanted()
    }
}

impl CharacteristicColumns {
    fn new(
        characteristic: &Characteristic,
        choice: Choice,
        reasons: Option<ReasonCodeAlgorithm>,
    ) -> Option<Self> {
        let count = characteristic.attributes.len();
        u16::try_from(count).ok()?;
        let (mut partial_scores, mut differences, mut codes) = (Vec::new(), Vec::new(), Vec::new());
        for attribute in &characteristic.attributes {
            let Some(Partial::Constant(partial)) = attribute.partial_score else { return None };
            partial_scores.push(partial);
            if let Some(algorithm) = reasons {
                differences.push(algorithm.difference(partial, characteristic.baseline_score?));
                codes.push(attribute.reason_code?);
            }
        }
        partial_scores.push(0.0);
        differences.resize(count + 1, f64::NAN);
        codes.resize(count + 1, NO_TEXT);
        Some(Self {
            choice,
            partial_scores: partial_scores.into(),
            differences: differences.into(),
            reasons: codes.into(),
        })
    }
}

impl Choice {
    /// Takes from `budget` what a table costs; where that is not there conditions are tested.
    fn new(predicates: &Predicates, first: usize, count: usize, budget: &mut usize) -> Self {
        let conditions = &predicates.conditions[first..first + count];
        let mut field = None;
        for condition in conditions {
            match condition {
                Condition::Constant(_) => {}
                Condition::Field { field: own, .. } if field.is_none_or(|known| known == *own) => {
                    field = Some(*own);
                }
                _ => return Self::ByCondition { first },
            }
        }
        let Some(field) = field else { return Self::ByCondition { first } };
        let last = predicates.fields[field].missing();
        let Some(rest) = budget.checked_sub((last + 1).saturating_mul(count)) else {
            return Self::ByCondition { first };
        };
        *budget = rest;
        let attribute = |rank: usize| {
            let holds = |condition: &Condition| match condition {
                Condition::Constant(value) => *value == Some(true),
                Condition::Field { holds, .. } => holds.contains(rank as u16),
                Condition::Joined { .. } => false,
            };
            conditions.iter().position(holds).unwrap_or(count) as u16
        };
        Self::ByRank { field, attributes: (0..=last).map(attribute).collect() }
    }

    /// The attributes of all rows; `none` where there is none.
    fn choose(&self, ranked: &mut Ranked<'_>, none: usize, into: &mut [u16]) {
        match self {
            Self::ByRank { field, attributes } => match ranked.ranks(*field) {
                RankColumn::Small(ranks) => {
                    into.iter_mut()
                        .zip(ranks)
                        .for_each(|(into, rank)| *into = attributes[usize::from(*rank)]);
                }
                RankColumn::Large(ranks) => {
                    into.iter_mut()
                        .zip(ranks)
                        .for_each(|(into, rank)| *into = attributes[usize::from(*rank)]);
                }
            },
            Self::ByCondition { first } => {
                into.fill(none as u16);
                ranked.each(*first..first + none, |index, mask| {
                    for (into, holds) in into.iter_mut().zip(mask) {
                        let is_first = *holds != 0 && usize::from(*into) == none;
                        *into = if is_first { (index - first) as u16 } else { *into };
                    }
                });
            }
        }
    }
}

/// How many reasons are told.
pub fn told_reasons(model: &ModelPlan) -> usize {
    let ranks = model.outputs.iter().map(|output| match output.what {
        OutputFeature::ReasonCode { rank } => rank as usize,
        _ => 0,
    });
    ranks.max().unwrap_or(0)
}

/// Scores a block.
pub fn score(
    plan: &Plan,
    columns: &ScorecardColumns,
    model: &ModelPlan,
    frame: &Frame<'_>,
    work: &mut Work,
    answers: &mut Answers,
) {
    let precision = Precision::from(model.math_context);
    let rows = frame.rows;
    let Work { predicates: memory, choices, .. } = work;
    let mut ranked = columns.predicates.rank(frame, memory);
    choices.resize(columns.characteristics.len() * rows, 0);
    answers.numbers.resize(rows, precision.round(plan.initial_score));
    for (at, characteristic) in columns.characteristics.iter().enumerate() {
        let chosen = &mut choices[at * rows..][..rows];
        let none = characteristic.partial_scores.len() - 1;
        characteristic.choice.choose(&mut ranked, none, chosen);
        for (sum, attribute) in answers.numbers.iter_mut().zip(&*chosen) {
            let partial = characteristic.partial_scores[usize::from(*attribute)];
            *sum = precision.round(*sum + precision.round(partial));
        }
        if chosen.iter().fold(false, |any, attribute| any | (usize::from(*attribute) == none)) {
            answers.left.mark_where(chosen, |attribute| usize::from(*attribute) == none);
        }
    }
    // Not more than there can be: a rank is any number.
    let told = told_reasons(model).min(columns.characteristics.len());
    if plan.reasons.is_none() || told == 0 {
        return;
    }
    let (codes, points) = (&mut work.by_row, &mut work.row);
    for row in 0..rows {
        codes.clear();
        points.clear();
        for (at, characteristic) in columns.characteristics.iter().enumerate() {
            let attribute = usize::from(work.choices[at * rows + row]);
            let (reason, difference) =
                (characteristic.reasons[attribute], characteristic.differences[attribute]);
            let known = match columns.reasons_differ {
                true => None,
                false => codes.iter().position(|known| *known == reason),
            };
            match known {
                Some(known) => points[known] += difference,
                None => {
                    codes.push(reason);
                    points.push(difference);
                }
            }
        }
        largest(codes, points, told, &mut answers.reasons);
    }
}

/// Adds the `count` reasons with most points, falling, as they stand where points are equal; those below nought are none.
fn largest(reasons: &[u32], points: &[f64], count: usize, into: &mut Vec<u32>) {
    // As `f64::total_cmp` of numbers that are not negative, of which −0 is the smallest.
    let key = |points: f64| points.to_bits() as i64;
    let start = into.len();
    into.resize(start + count, NO_TEXT);
    // Indices until all are found.
    let found = &mut into[start..];
    let mut length = 0;
    for (index, own) in points.iter().enumerate().filter(|(_, points)| **points >= 0.0) {
        let mut at = length;
        while at > 0 && key(points[found[at - 1] as usize]) < key(*own) {
            if at < count {
                found[at] = found[at - 1];
            }
            at -= 1;
        }
        if at < count {
            found[at] = index as u32;
            length = (length + 1).min(count);
        }
    }
    for index in &mut found[..length] {
        *index = reasons[*index as usize];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elements::scorecard::score::rank;

    #[test]
    fn the_first_reasons_are_those_of_all() {
        let points = [0.0, 3.0, -1.0, 3.0, -0.0, 7.5, f64::NAN, 0.0, f64::INFINITY];
        let reasons: Vec<u32> = (10..19).collect();
        let mut all = reasons.clone();
        rank(&mut all, &points);
        assert_eq!(all, [18, 15, 11, 13, 10, 17, 14]);
        for count in 0..=points.len() {
            let mut some = Vec::new();
            largest(&reasons, &points, count, &mut some);
            let told = count.min(all.len());
            assert_eq!(some[..told], all[..told]);
            assert!(some[told..].iter().all(|reason| *reason == NO_TEXT));
        }
    }
}
