//! Predicates: true, false or unknown. `or` and `surrogate` stop as soon as they are decided.

use scorewheel_columns::{ErrorCode, RowError};

use crate::document::predicate::BooleanOperator;
use crate::plan::predicate::Comparison;
use crate::plan::{Place, Predicate, Slot};
use crate::score::Row;
use crate::value::{Datum, Kind};

impl Row<'_> {
    /// Evaluates a predicate: `None` is unknown.
    pub fn test(&mut self, predicate: &Predicate) -> Result<Option<bool>, RowError> {
        Ok(match predicate {
            Predicate::True => Some(true),
            Predicate::False => Some(false),
            Predicate::Missing(slot) => Some(self.get(*slot)?.is_none()),
            Predicate::Present(slot) => Some(self.get(*slot)?.is_some()),
            Predicate::Compare { slot, operator, constant } => {
                self.raw(*slot)?.map(|number| operator.holds(number, *constant))
            }
            Predicate::CompareText { slot, operator, text, place } => match self.get(*slot)? {
                None => None,
                Some(datum) => Some(self.compare_text(*slot, datum, *operator, *text, *place)?),
            },
            Predicate::InSet { slot, set, negated } => {
                self.raw(*slot)?.map(|number| contains(set, number) != *negated)
            }
            Predicate::Compound { operator, parts } => self.test_compound(*operator, parts)?,
            Predicate::Absent(place) => return Err(self.error(ErrorCode::UnsupportedElement, *place)),
            Predicate::Unfit { slot, place } => match self.get(*slot)? {
                None => None,
                Some(_) => return Err(self.error(ErrorCode::WrongType, *place)),
            },
        })
    }

    fn test_compound(
        &mut self,
        operator: BooleanOperator,
        parts: &[Predicate],
    ) -> Result<Option<bool>, RowError> {
        self.step()?;
        let mut result = match operator {
            BooleanOperator::And => Some(true),
            BooleanOperator::Or | BooleanOperator::Xor => Some(false),
            BooleanOperator::Surrogate => None,
        };
        for part in parts {
            let value = self.test(part)?;
            match (operator, value) {
                (BooleanOperator::Or, Some(true)) => return Ok(value),
                (BooleanOperator::Surrogate, Some(_)) => return Ok(value),
                // The reference reads all parts of an `and`, decided or not: docs/pmml/one-record.md has the cases.
                (BooleanOperator::And, Some(false)) => result = Some(false),
                (BooleanOperator::And, None) if result == Some(true) => result = None,
                (BooleanOperator::Or, None) => result = None,
                (BooleanOperator::Xor, None) => return Ok(None),
                (BooleanOperator::Xor, Some(value)) => result = result.map(|result| result != value),
                _ => {}
            }
        }
        Ok(result)
    }

    fn compare_text(
        &mut self,
        slot: Slot,
        datum: Datum,
        operator: Comparison,
        text: u32,
        place: Place,
    ) -> Result<bool, RowError> {
        let constant = match Datum::text(text).cast(datum.kind, &mut self.texts) {
            Ok(constant) => constant,
            Err(_) => return Err(self.error(ErrorCode::WrongType, place)),
        };
        let plan = self.plan;
        if let Some(order) = &plan.slots[slot.index()].order {
            let rank = |number: f64| order.iter().position(|listed| *listed == number);
            return match (rank(datum.number), rank(constant.number)) {
                (Some(left), Some(right)) => Ok(operator.holds_for(left.cmp(&right))),
                _ if !operator.needs_order() => Ok(operator.holds(datum.number, constant.number)),
                _ => Err(self.error(ErrorCode::InvalidValue, place)),
            };
        }
        if datum.kind == Kind::Text && operator.needs_order() {
            let left = self.texts.get(datum.number as u32);
            return Ok(operator.holds_for(left.cmp(self.texts.get(constant.number as u32))));
        }
        Ok(operator.holds(datum.number, constant.number))
    }
}

/// Whether a number is in an ascending set.
#[must_use]
pub fn contains(set: &[f64], number: f64) -> bool {
    if set.len() <= 8 {
        return set.contains(&number);
    }
    set.binary_search_by(|entry| entry.total_cmp(&(number + 0.0))).is_ok()
}
