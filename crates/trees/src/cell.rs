//! One cell as the trees see it.

use crate::ensemble::{CodeRule, Feature, Number};
use crate::input::{Column, State, Values};
use crate::split::UNKNOWN_CATEGORY;

/// One cell as the trees see it: rounded to the feature's precision, or turned into a code.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cell {
    Number(f64),
    Code(u32),
    Missing,
    Fault,
}

impl Cell {
    pub(crate) fn of_number(feature: Feature, value: f64) -> Self {
        match feature {
            Feature::Number(Number::F64) => Self::Number(value),
            Feature::Number(Number::F32) => Self::Number(f64::from(value as f32)),
            Feature::Category(rule) => code_of(rule, value),
        }
    }

    pub(crate) fn of_integer(feature: Feature, value: i64) -> Self {
        match feature {
            // Rounded once: by way of f64 it would be rounded twice.
            Feature::Number(Number::F32) => Self::Number(f64::from(value as f32)),
            Feature::Number(Number::F64) => Self::Number(value as f64),
            Feature::Category(_) => Self::Code(u32::try_from(value).unwrap_or(UNKNOWN_CATEGORY)),
        }
    }

    pub(crate) fn read(feature: Feature, column: &Column<'_>, row: usize) -> Self {
        match column.state(row) {
            State::Missing => return Self::Missing,
            State::Fault => return Self::Fault,
            State::Value => {}
        }
        let at = row * column.stride;
        match column.values {
            Values::F64(values) => Self::of_number(feature, values[at]),
            Values::F32(values) => Self::of_number(feature, f64::from(values[at])),
            Values::I64(values) => Self::of_integer(feature, values[at]),
            Values::Codes(codes) => Self::Code(codes[at]),
        }
    }
}

pub(crate) fn code_of(rule: CodeRule, value: f64) -> Cell {
    if value.is_nan() {
        return Cell::Missing;
    }
    let below = match rule {
        CodeRule::Truncated => value <= -1.0,
        CodeRule::NonNegative => value < 0.0,
    };
    // Casts of floating point truncate and saturate, so that what is too large becomes the unknown category.
    if below { Cell::Code(UNKNOWN_CATEGORY) } else { Cell::Code(value as u32) }
}
