//! Functions on the arguments of one row, some of which may be missing.

use crate::functions::{arithmetic, statistics};
use crate::score::columnar::formula::node::{Call, Operation};
use crate::value::missing::{MISSING, is_fault, is_missing};
use crate::value::{Datum, Kind};

/// Arguments of functions of all numbers that are told without allocation.
const INLINE_ARGUMENTS: usize = 8;

/// An error of the row, which the exact path tells.
struct Fault;

impl Call {
    /// The result for the arguments of one row.
    ///
    /// The same as [`crate::score::Row`] gives, but for functions of the document, whose bodies are formulas.
    #[must_use]
    pub fn of_row(&self, arguments: &[f64]) -> f64 {
        match self.result(arguments) {
            Err(Fault) => f64::NAN,
            Ok(number) => self.finished(number),
        }
    }

    /// What becomes of a result that is missing, or not a number.
    #[must_use]
    pub fn finished(&self, number: f64) -> f64 {
        if is_missing(number) {
            self.default
        } else if number.is_nan() {
            if self.invalid_as_missing { self.default } else { f64::NAN }
        } else {
            number
        }
    }

    fn result(&self, arguments: &[f64]) -> Result<f64, Fault> {
        match &self.operation {
            Operation::If => {
                let condition = match self.condition(arguments[0])? {
                    None => return Ok(self.missing),
                    Some(condition) => condition,
                };
                let Some(branch) = arguments.get(if condition { 1 } else { 2 }) else { return Ok(MISSING) };
                if is_missing(*branch) { Ok(self.missing) } else { there(*branch) }
            }
            Operation::All | Operation::Any => {
                let decides = matches!(self.operation, Operation::Any);
                let mut result = !decides;
                for argument in arguments {
                    match self.condition(*argument)? {
                        None => return Ok(self.missing),
                        Some(value) if value == decides => result = decides,
                        Some(_) => {}
                    }
                }
                Ok(boolean(result))
            }
            _ => {
                for argument in arguments {
                    if is_fault(*argument) {
                        return Err(Fault);
                    }
                    if is_missing(*argument) && !is_missing(self.missing) {
                        return Ok(self.missing);
                    }
                }
                self.strict(arguments)
            }
        }
    }

    /// A truth value; `None` if it is missing and the call says what that makes of it.
    fn condition(&self, argument: f64) -> Result<Option<bool>, Fault> {
        if is_missing(argument) {
            return if is_missing(self.missing) { Err(Fault) } else { Ok(None) };
        }
        there(argument).map(|number| Some(number != 0.0))
    }

    /// A function of arguments that are values or missing.
    fn strict(&self, arguments: &[f64]) -> Result<f64, Fault> {
        let any_missing = || arguments.iter().copied().any(is_missing);
        Ok(match &self.operation {
            Operation::Arithmetic { name, kinds } => {
                if any_missing() {
                    return if arithmetic::is_operator(*name) { Ok(MISSING) } else { Err(Fault) };
                }
                let data = [0, 1].map(|at| Datum::new(kinds[at], arguments.get(at).copied().unwrap_or(0.0)));
                let data = &data[..arguments.len().min(2)];
                let found = if arithmetic::is_operator(*name) {
                    arithmetic::binary(*name, data)
                } else {
                    arithmetic::function(*name, data)
                };
                found.map_err(|_| Fault)?.number
            }
            Operation::Aggregate { name, kinds } => {
                let numbers = arguments.iter().zip(kinds).filter(|(number, _)| !is_missing(**number));
                let datum = |(number, kind): (&f64, &Kind)| Datum::new(*kind, *number);
                let mut inline = [Datum::double(0.0); INLINE_ARGUMENTS];
                let found = if arguments.len() <= INLINE_ARGUMENTS {
                    let mut count = 0;
                    for (slot, number) in inline.iter_mut().zip(numbers.map(datum)) {
                        *slot = number;
                        count += 1;
                    }
                    statistics::aggregate(*name, &inline[..count])
                } else {
                    statistics::aggregate(*name, &numbers.map(datum).collect::<Vec<Datum>>())
                };
                found.map_err(|_| Fault)?.map_or(MISSING, |datum| datum.number)
            }
            Operation::IsMissing => boolean(is_missing(arguments[0])),
            Operation::IsPresent => boolean(!is_missing(arguments[0])),
            Operation::Among(wanted) => {
                let Some((value, others)) = arguments.split_first() else { return Err(Fault) };
                let found = !is_missing(*value) && others.iter().any(|other| other == value);
                boolean(found == *wanted)
            }
            Operation::Compare(_) | Operation::Not if any_missing() => return Err(Fault),
            Operation::Compare(comparison) => boolean(comparison.holds(arguments[0], arguments[1])),
            Operation::Not => boolean(arguments[0] == 0.0),
            Operation::If | Operation::All | Operation::Any | Operation::Defined(_) => return Err(Fault),
        })
    }
}

/// A value, not an error.
fn there(number: f64) -> Result<f64, Fault> {
    if number.is_nan() { Err(Fault) } else { Ok(number) }
}

/// A truth value as a number.
#[inline(always)]
#[must_use]
pub fn boolean(value: bool) -> f64 {
    f64::from(u8::from(value))
}
