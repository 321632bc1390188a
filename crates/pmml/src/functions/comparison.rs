//! Equality, order, membership, `and`, `or`; `if`, which reads only the branch that is taken.

use scorewheel_columns::{ErrorCode, RowError};

use crate::functions::apply::Applied;
use crate::functions::{Builtin, FunctionName as Name};
use crate::plan::expression::{Call, Expression};
use crate::plan::predicate::Comparison;
use crate::score::Row;
use crate::score::row::Evaluated;
use crate::value::{Datum, Kind};

/// Compares two values; of different types in the type that holds both.
pub fn compare(name: Name, left: Datum, right: Datum, row: &mut Row<'_>) -> Result<Datum, ErrorCode> {
    let comparison = match name {
        Name::Equal => Comparison::Equal,
        Name::NotEqual => Comparison::NotEqual,
        Name::LessThan => Comparison::Less,
        Name::LessOrEqual => Comparison::LessOrEqual,
        Name::GreaterThan => Comparison::Greater,
        _ => Comparison::GreaterOrEqual,
    };
    if !comparison.needs_order() {
        let equal = equals(left, right, row);
        return Ok(Datum::boolean(equal == (comparison == Comparison::Equal)));
    }
    let (left, right) = unify(left, right, row).ok_or(ErrorCode::WrongType)?;
    let holds = match left.kind {
        Kind::Text => {
            let order = row.texts.get(left.number as u32).cmp(row.texts.get(right.number as u32));
            comparison.holds_for(order)
        }
        _ => comparison.holds(left.number, right.number),
    };
    Ok(Datum::boolean(holds))
}

/// Whether two values are equal; values of types that cannot be compared are not.
pub fn equals(left: Datum, right: Datum, row: &mut Row<'_>) -> bool {
    unify(left, right, row).is_some_and(|(left, right)| left.number == right.number)
}

/// Two values in the type that holds both: numbers as they are, a string as what the other one is.
fn unify(left: Datum, right: Datum, row: &mut Row<'_>) -> Option<(Datum, Datum)> {
    if left.kind == right.kind || left.kind.counts() && right.kind.counts() {
        return Some((left, right));
    }
    match (left.kind, right.kind) {
        (Kind::Text, kind) => Some((left.cast(kind, &mut row.texts).ok()?, right)),
        (kind, Kind::Text) => Some((left, right.cast(kind, &mut row.texts).ok()?)),
        (Kind::Boolean, kind) | (kind, Kind::Boolean) if kind.is_number() => Some((left, right)),
        (kind, _) => Some((left, right.cast(kind, &mut row.texts).ok()?)),
    }
}

/// Whether the first argument is among the others. A missing one is not.
pub fn membership(name: Name, arguments: &[Option<Datum>], row: &mut Row<'_>) -> Applied {
    let Some((Some(value), others)) = arguments.split_first() else {
        return Ok(Some(Datum::boolean(name == Name::IsNotIn)));
    };
    let mut found = false;
    for other in others.iter().flatten() {
        found |= match other.kind {
            Kind::List => {
                let items = row.lists.get(other.number as u32).to_vec();
                items.into_iter().flatten().any(|item| equals(*value, item, row))
            }
            _ => equals(*value, *other, row),
        };
    }
    Ok(Some(Datum::boolean(found == (name == Name::IsIn))))
}

impl Builtin {
    /// Evaluates `if`, `and`, `or`.
    pub fn evaluate_lazily(&self, row: &mut Row<'_>, call: &Call) -> Evaluated {
        match self.name {
            Name::If => {
                let condition = match condition(row, call, &call.arguments[0])? {
                    None => return Ok(call.missing),
                    Some(condition) => condition,
                };
                let branch = if condition { call.arguments.get(1) } else { call.arguments.get(2) };
                match branch {
                    None => Ok(None),
                    Some(branch) => Ok(row.evaluate(branch)?.or(call.missing)),
                }
            }
            name => {
                let decides = name == Name::Or;
                let mut result = !decides;
                // The reference reads all arguments, decided or not (case 43330f7f5cbb).
                for argument in &call.arguments {
                    match condition(row, call, argument)? {
                        None => return Ok(call.missing),
                        Some(value) if value == decides => result = decides,
                        Some(_) => {}
                    }
                }
                Ok(Some(Datum::boolean(result)))
            }
        }
    }
}

/// A truth value; `None` if it is missing and the call says what that makes of it.
fn condition(row: &mut Row<'_>, call: &Call, argument: &Expression) -> Result<Option<bool>, RowError> {
    match row.evaluate(argument)? {
        None if call.missing.is_some() => Ok(None),
        None => Err(row.error(ErrorCode::MissingValue, call.place)),
        Some(datum) => match datum.cast(Kind::Boolean, &mut row.texts) {
            Ok(datum) => Ok(Some(datum.number != 0.0)),
            Err(code) => Err(row.error(code, call.place)),
        },
    }
}
