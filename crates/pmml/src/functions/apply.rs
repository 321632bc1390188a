//! What becomes of missing arguments; which file evaluates what.

use scorewheel_columns::ErrorCode;

use crate::functions::{
    Builtin, FunctionName as Name, arithmetic, calendar, comparison, format, statistics, text,
};
use crate::score::Row;
use crate::value::{Datum, Kind};

/// A value, a missing one, or an error of the function.
pub type Applied = Result<Option<Datum>, ErrorCode>;

impl Builtin {
    /// Applies the function to evaluated arguments.
    pub fn apply(&self, arguments: &[Option<Datum>], row: &mut Row<'_>) -> Applied {
        match self.name {
            Name::Plus | Name::Minus | Name::Times | Name::Divide | Name::Modulo | Name::XModulo => {
                // Arithmetic with a missing argument is missing.
                if arguments.iter().any(Option::is_none) {
                    return Ok(None);
                }
                arithmetic::binary(self.name, &numbers(arguments)?).map(Some)
            }
            Name::Min | Name::Max | Name::Sum | Name::Avg | Name::Median | Name::Product => {
                statistics::aggregate(self.name, &numbers(arguments)?)
            }
            Name::IsMissing => Ok(Some(Datum::boolean(arguments[0].is_none()))),
            Name::IsNotMissing => Ok(Some(Datum::boolean(arguments[0].is_some()))),
            // An invalid value is an error of its field before any function sees it.
            Name::IsValid => Ok(Some(Datum::boolean(arguments[0].is_some()))),
            Name::IsNotValid => Ok(Some(Datum::boolean(arguments[0].is_none()))),
            Name::IsIn | Name::IsNotIn => comparison::membership(self.name, arguments, row),
            Name::Concat => text::concat(arguments, row),
            _ => {
                let mut present = [Datum::double(0.0); 3];
                for (slot, argument) in present.iter_mut().zip(arguments) {
                    *slot = argument.ok_or(ErrorCode::MissingValue)?;
                }
                self.apply_present(&present[..arguments.len().min(3)], row).map(Some)
            }
        }
    }

    /// Applies a function that takes no missing argument.
    fn apply_present(&self, arguments: &[Datum], row: &mut Row<'_>) -> Result<Datum, ErrorCode> {
        match self.name {
            Name::Equal
            | Name::NotEqual
            | Name::LessThan
            | Name::LessOrEqual
            | Name::GreaterThan
            | Name::GreaterOrEqual => comparison::compare(self.name, arguments[0], arguments[1], row),
            Name::Not => {
                arguments[0].as_boolean().map(|value| Datum::boolean(!value)).ok_or(ErrorCode::WrongType)
            }
            Name::NormalCdf
            | Name::NormalPdf
            | Name::NormalIdf
            | Name::StdNormalCdf
            | Name::StdNormalPdf
            | Name::StdNormalIdf => statistics::normal(self.name, arguments),
            Name::Uppercase
            | Name::Lowercase
            | Name::StringLength
            | Name::Substring
            | Name::TrimBlanks
            | Name::Replace
            | Name::Matches => text::apply(self, arguments, row),
            Name::FormatNumber | Name::FormatDatetime => format::apply(self.name, arguments, row),
            Name::DateDaysSinceYear | Name::DateSecondsSinceYear | Name::DateSecondsSinceMidnight => {
                calendar::apply(self.name, arguments, row)
            }
            _ => arithmetic::function(self.name, arguments),
        }
    }
}

/// The arguments that are there; those that are no numbers are an error.
fn numbers(arguments: &[Option<Datum>]) -> Result<Vec<Datum>, ErrorCode> {
    let mut found = Vec::with_capacity(arguments.len());
    for datum in arguments.iter().flatten() {
        match datum.kind {
            kind if kind.counts() => found.push(*datum),
            Kind::Boolean => return Err(ErrorCode::WrongType),
            _ => return Err(ErrorCode::WrongType),
        }
    }
    Ok(found)
}
