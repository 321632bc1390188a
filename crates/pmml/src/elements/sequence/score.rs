//! `SequenceModel` on one row.

use scorewheel_columns::{ErrorCode, RowError};

use crate::document::output::RuleFeature;
use crate::elements::Element;
use crate::elements::association::rules::{self, Rules};
use crate::elements::sequence::compile::{Plan, Step, items_of};
use crate::plan::ModelPlan;
use crate::plan::model::RuleOutput;
use crate::score::row::Evaluated;
use crate::score::{Prediction, Row};
use crate::value::{Datum, Kind};

/// Comparisons of items that count as one step of a row.
const COMPARISONS: usize = 64;

/// Items and transactions of a row. Buffers are to be given back.
struct History {
    /// Codes of the items, oldest first.
    items: Vec<f64>,
    /// Where transactions end within `items`.
    ends: Vec<f64>,
    /// By transaction: 1 if a sequence may end there.
    reached: Vec<f64>,
    /// The same for the next set.
    next: Vec<f64>,
}

impl Element for Plan {
    fn score(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        let mut history = History {
            items: row.take_numbers(),
            ends: row.take_numbers(),
            reached: row.take_numbers(),
            next: row.take_numbers(),
        };
        let found =
            self.fill(model, row, &mut history).and_then(|()| self.apply(row, &mut history, prediction));
        for buffer in [history.items, history.ends, history.reached, history.next] {
            row.give_numbers(buffer);
        }
        found?;
        // Of the rules that apply the surest one; of equal ones the first.
        let figures = |rule: u32| self.rules[rule as usize].figures;
        let basis = usize::from(self.rules.iter().any(|rule| rule.consequent.is_some()));
        let mut winner: Option<u32> = None;
        for entry in &prediction.rules {
            let rule = entry >> 1;
            let is_better = |best: u32| {
                let (own, other) = (figures(rule)[basis], figures(best)[basis]);
                own > other || (other.is_nan() && !own.is_nan())
            };
            if winner.is_none_or(is_better) {
                winner = Some(rule);
            }
        }
        prediction.entity = winner;
        prediction.value = winner.map(|rule| Datum::text(self.rules[rule as usize].id));
        Ok(())
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
            RuleFeature::Antecedent => Some(self.sets_of(row, rule.antecedent)),
            RuleFeature::Consequent => rule.consequent.map(|(_, sequence)| self.sets_of(row, sequence)),
            RuleFeature::Rule => Some(Datum::text(rule.text)),
            RuleFeature::RuleId => Some(Datum::text(rule.id)),
            figure => rules::figure(&rule.figures, figure),
        }
    }
}

impl Plan {
    /// A sequence as a list of its sets.
    fn sets_of(&self, row: &mut Row<'_>, sequence: u32) -> Datum {
        let steps = &self.sequences[sequence as usize];
        let mut sets = Vec::with_capacity(steps.len());
        for (_, set) in steps {
            sets.push(Some(row.list_of(items_of(&self.sets[*set as usize]))));
        }
        row.list_of(sets)
    }

    /// Reads the items of a row and splits them into transactions.
    fn fill(&self, model: &ModelPlan, row: &mut Row<'_>, history: &mut History) -> Result<(), RowError> {
        match row.get(self.items)? {
            None => return Err(row.error_of(ErrorCode::MissingValue, self.items)),
            Some(datum) if datum.kind == Kind::List => {
                let items = row.lists.get(datum.number as u32);
                history.items.extend(items.iter().flatten().filter_map(|item| item.as_text()).map(f64::from));
            }
            Some(datum) => match datum.as_text() {
                Some(code) => history.items.push(f64::from(code)),
                None => return Err(row.error(ErrorCode::WrongType, model.place)),
            },
        }
        let count = history.items.len();
        let times = match self.times {
            Some(slot) => row.get(slot)?.filter(|datum| datum.kind == Kind::List),
            None => None,
        };
        let Some(times) = times else {
            history.ends.extend((1..=count).map(|end| end as f64));
            return Ok(());
        };
        let times = times.number as u32;
        if row.lists.get(times).len() != count {
            return Err(row.error(ErrorCode::InvalidValue, self.place));
        }
        let mut before = f64::NEG_INFINITY;
        for at in 0..count {
            let time = row.lists.get(times)[at];
            let time = time.and_then(|time| time.cast(Kind::Double, &mut row.texts).ok());
            match time.map(|time| time.number) {
                Some(time) if time > before => {
                    if at > 0 {
                        history.ends.push(at as f64);
                    }
                    before = time;
                }
                Some(time) if time == before => {}
                // What is no time, or lies before the item before it.
                _ => return Err(row.error(ErrorCode::InvalidValue, self.place)),
            }
        }
        if count > 0 {
            history.ends.push(count as f64);
        }
        Ok(())
    }

    /// Finds the rules that apply.
    fn apply(
        &self,
        row: &mut Row<'_>,
        history: &mut History,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        for (index, rule) in self.rules.iter().enumerate() {
            history.reached.clear();
            if !self.reach(row, history, Step::First, rule.antecedent)? {
                continue;
            }
            let has_consequent = match rule.consequent {
                Some((step, sequence)) => self.reach(row, history, step, sequence)?,
                None => false,
            };
            prediction.rules.push(rules::entry(index, has_consequent));
        }
        Ok(())
    }

    /// Where a sequence may end that begins as `first` says; false if it is nowhere.
    fn reach(
        &self,
        row: &mut Row<'_>,
        history: &mut History,
        first: Step,
        sequence: u32,
    ) -> Result<bool, RowError> {
        let History { items, ends, reached, next } = history;
        for (at, (own, set)) in self.sequences[sequence as usize].iter().enumerate() {
            let step = if at == 0 { first } else { *own };
            let set = &self.sets[*set as usize];
            next.clear();
            let (mut start, mut any) = (0, false);
            // Whether a transaction before the last one, or one before that, was reached.
            let (mut later, mut after_gap) = (false, false);
            for (transaction, end) in ends.iter().enumerate() {
                row.step()?;
                let before = |back: usize| transaction >= back && reached[transaction - back] != 0.0;
                if step != Step::First {
                    after_gap |= before(2);
                    later |= before(1);
                }
                let follows = match step {
                    Step::First => true,
                    Step::Same => before(0),
                    Step::Next => before(1),
                    Step::Later => later,
                    Step::AfterGap => after_gap,
                };
                let own = &items[start..*end as usize];
                if follows {
                    // A step is not for ever, however long lists are.
                    for _ in 0..own.len().saturating_mul(set.len()) / COMPARISONS {
                        row.step()?;
                    }
                }
                let is_there = follows && set.iter().all(|code| own.contains(&f64::from(*code)));
                next.push(f64::from(u8::from(is_there)));
                any |= is_there;
                start = *end as usize;
            }
            std::mem::swap(reached, next);
            if !any {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
