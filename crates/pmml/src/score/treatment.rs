//! Missing, invalid and outlying values.

use scorewheel_columns::{ErrorCode, RowError};

use crate::plan::Treatment;
use crate::plan::treatment::{InvalidRule, MissingRule, Status};
use crate::score::cell::Raw;
use crate::value::missing::MISSING;

/// What a treatment makes of a cell. `text` gives the text of an unparsable one, where the codec kept it.
pub fn prepare<'t>(
    treatment: &Treatment,
    raw: Raw,
    text: impl FnOnce() -> Option<&'t str>,
) -> Result<Option<f64>, ErrorCode> {
    match raw {
        Raw::Value(number) => prepare_number(treatment, number),
        Raw::Missing => missing(treatment),
        Raw::Unparsable => {
            if text().is_some_and(|text| treatment.status_of_text(text) == Status::Missing) {
                return missing(treatment);
            }
            fault(treatment, ErrorCode::UnparsableValue)
        }
        Raw::WrongType => fault(treatment, ErrorCode::WrongType),
        Raw::DeclaredInvalid => fault(treatment, ErrorCode::InvalidValue),
    }
}

/// What a treatment makes of a value of the field's type.
#[inline]
pub fn prepare_number(treatment: &Treatment, number: f64) -> Result<Option<f64>, ErrorCode> {
    match treatment.status(number) {
        Status::Valid => Ok(outlier(treatment, number)),
        Status::Missing => missing(treatment),
        Status::Invalid => match treatment.invalid {
            InvalidRule::Fail => Err(ErrorCode::InvalidValue),
            InvalidRule::Keep => Ok(outlier(treatment, number)),
            InvalidRule::Missing => Ok(replaced(treatment)),
            InvalidRule::Replace(replacement) => Ok(Some(replacement)),
        },
    }
}

/// What a treatment makes of no value.
pub fn missing(treatment: &Treatment) -> Result<Option<f64>, ErrorCode> {
    match treatment.missing {
        MissingRule::Keep => Ok(None),
        MissingRule::Replace(replacement) => Ok(Some(replacement)),
        MissingRule::Fail => Err(ErrorCode::MissingValue),
    }
}

/// A cell that is no value of the type cannot flow on as it is.
fn fault(treatment: &Treatment, code: ErrorCode) -> Result<Option<f64>, ErrorCode> {
    match treatment.invalid {
        InvalidRule::Fail | InvalidRule::Keep => Err(code),
        InvalidRule::Missing => Ok(replaced(treatment)),
        InvalidRule::Replace(replacement) => Ok(Some(replacement)),
    }
}

/// What an invalid value or an outlier becomes that counts as missing: errors for missing values do not apply to it.
fn replaced(treatment: &Treatment) -> Option<f64> {
    match treatment.missing {
        MissingRule::Replace(replacement) => Some(replacement),
        MissingRule::Keep | MissingRule::Fail => None,
    }
}

fn outlier(treatment: &Treatment, number: f64) -> Option<f64> {
    let Some(rule) = treatment.outliers else { return Some(number) };
    if number >= rule.low && number <= rule.high || number.is_nan() {
        Some(number)
    } else if rule.as_missing {
        replaced(treatment)
    } else if number < rule.low {
        Some(rule.low)
    } else {
        Some(rule.high)
    }
}

/// A prepared value in a column of numbers, see [`crate::value::missing`].
#[inline]
#[must_use]
pub fn column_number(prepared: Result<Option<f64>, ErrorCode>) -> f64 {
    match prepared {
        Ok(Some(number)) if !number.is_nan() => number,
        Ok(None) => MISSING,
        _ => f64::NAN,
    }
}

/// The error of an input.
#[must_use]
pub fn error_of_input(code: ErrorCode, input: u32) -> RowError {
    RowError::of_field(code, input)
}
