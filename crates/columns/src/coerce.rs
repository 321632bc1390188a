//! How a value becomes a cell of its field's type.
//!
//! | field | number | text | truth value |
//! |---|---|---|---|
//! | f64, f32 | as it is | decimal, `NaN`, `Infinity`, `-Infinity`; else unparsable | wrong type |
//! | i64 | if whole and in range, else wrong type | integer, or decimal that is whole; else unparsable | wrong type |
//! | bool | 0 and 1, else wrong type | `true`, `false` in any case, `0`, `1`; else unparsable | as it is |
//! | string | wrong type | as it is | wrong type |
//! | date, time, date-time | wrong type | ISO 8601, else unparsable | wrong type |
//!
//! White space around numbers is ignored; strings are taken as they are. A tensor of one element takes what its element takes. A fault keeps the text that caused it.

use crate::cell::Cell;
use crate::column::{Column, Values};
use crate::list::ListWriter;
use crate::schema::DataType;
use crate::temporal;
use crate::value::Value;

/// A value that is no list: what formats, structs and maps have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar<'a> {
    /// An integer.
    Integer(i64),
    /// An integer above the range of `i64`.
    Unsigned(u64),
    /// A floating-point number.
    Float(f64),
    /// A truth value.
    Truth(bool),
    /// A string.
    Text(&'a str),
}

impl Scalar<'_> {
    fn to_f64(self) -> Option<f64> {
        match self {
            Self::Integer(value) => Some(value as f64),
            Self::Unsigned(value) => Some(value as f64),
            Self::Float(value) => Some(value),
            Self::Truth(_) => None,
            Self::Text(text) => parse_f64(text),
        }
    }

    fn to_f32(self) -> Option<f32> {
        match self {
            Self::Text(text) => parse_f32(text),
            _ => self.to_f64().map(|value| value as f32),
        }
    }

    fn to_i64(self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(value),
            Self::Unsigned(_) | Self::Truth(_) => None,
            Self::Float(value) => whole(value),
            Self::Text(text) => parse_i64(text),
        }
    }

    fn to_bool(self) -> Option<bool> {
        match self {
            Self::Truth(value) => Some(value),
            Self::Text(text) => parse_bool(text),
            _ => match self.to_i64() {
                Some(value @ (0 | 1)) => Some(value == 1),
                _ => None,
            },
        }
    }

    /// The value as an element of a tensor, where a truth value is 0 or 1.
    fn as_element(self) -> Self {
        match self {
            Self::Truth(value) => Self::Integer(i64::from(value)),
            other => other,
        }
    }

    /// The integer, which may be above the range of `i64`.
    #[must_use]
    pub fn unsigned(value: u64) -> Self {
        i64::try_from(value).map_or(Self::Unsigned(value), Self::Integer)
    }

    /// The text that a fault keeps.
    fn with_text(self, use_text: impl FnOnce(&str)) {
        match self {
            Self::Integer(value) => use_text(&value.to_string()),
            Self::Unsigned(value) => use_text(&value.to_string()),
            Self::Float(value) => use_text(&format!("{value:?}")),
            Self::Truth(value) => use_text(if value { "true" } else { "false" }),
            Self::Text(text) => use_text(text),
        }
    }
}

/// The integer that `value` is, if it is one that fits.
#[must_use]
pub fn whole(value: f64) -> Option<i64> {
    // -2^63 is a float, 2^63 is the first beyond the range.
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value);
    (fits && value as i64 as f64 == value).then_some(value as i64)
}

/// Reads a decimal number, or one of the names of the non-finite ones.
fn parse_f64(text: &str) -> Option<f64> {
    let text = text.trim_ascii();
    match text.as_bytes().last()? {
        b'0'..=b'9' | b'.' => text.parse().ok(),
        _ => non_finite(text),
    }
}

/// Reads a number for 32-bit floating point, rounded once.
fn parse_f32(text: &str) -> Option<f32> {
    let text = text.trim_ascii();
    match text.as_bytes().last()? {
        b'0'..=b'9' | b'.' => text.parse().ok(),
        _ => non_finite(text).map(|value| value as f32),
    }
}

fn non_finite(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" | "+Infinity" | "INF" => Some(f64::INFINITY),
        "-Infinity" | "-INF" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

fn parse_i64(text: &str) -> Option<i64> {
    let text = text.trim_ascii();
    text.parse().ok().or_else(|| parse_f64(text).and_then(whole))
}

fn parse_bool(text: &str) -> Option<bool> {
    let text = text.trim_ascii();
    if text.eq_ignore_ascii_case("true") || text == "1" {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") || text == "0" {
        Some(false)
    } else {
        None
    }
}

/// Writes a value into a cell, read by the column's type; what does not fit becomes a fault of the cell.
#[inline]
pub fn write_scalar(column: &mut Column, row: usize, scalar: Scalar<'_>) {
    let written = match column.values() {
        Values::F64(_) => scalar.to_f64().is_some_and(|value| column.write_f64(row, value)),
        Values::F32(_) => scalar.to_f32().is_some_and(|value| column.write_f32(row, value)),
        Values::I64(_) => scalar.to_i64().is_some_and(|value| column.write_i64(row, value)),
        Values::Bool(_) => scalar.to_bool().is_some_and(|value| column.write_bool(row, value)),
        Values::Text { .. } => matches!(scalar, Scalar::Text(text) if column.write_text(row, text)),
        Values::Date(_) => write_temporal(column, row, scalar, temporal::parse_date),
        Values::Time(_) => write_temporal(column, row, scalar, temporal::parse_time),
        Values::DateTime(_) => write_temporal(column, row, scalar, temporal::parse_date_time),
        Values::TensorF32 { width: 1, .. }
        | Values::TensorF64 { width: 1, .. }
        | Values::TensorI64 { width: 1, .. }
        | Values::TensorText { width: 1, .. } => write_element(column, row, 0, scalar),
        _ => false,
    };
    if !written {
        let scalar_column = column.width() == 1 && !matches!(column.values(), Values::TextList(_));
        let fault = match scalar {
            Scalar::Text(_) if scalar_column => Cell::Unparsable,
            _ => Cell::WrongType,
        };
        scalar.with_text(|text| column.set_fault(row, fault, text));
    }
}

fn write_temporal(
    column: &mut Column,
    row: usize,
    scalar: Scalar<'_>,
    parse: impl Fn(&str) -> Option<i64>,
) -> bool {
    let Scalar::Text(text) = scalar else { return false };
    parse(text).is_some_and(|value| column.write_i64(row, value))
}

/// Writes one element of a row of a tensor; false if it is none of the tensor's type.
#[inline]
pub fn write_element(column: &mut Column, row: usize, at: usize, element: Scalar<'_>) -> bool {
    let element = element.as_element();
    match column.values() {
        Values::TensorF32 { .. } => {
            let (Some(value), Some(elements)) = (element.to_f32(), column.tensor_f32_mut(row)) else {
                return false;
            };
            elements.get_mut(at).map(|slot| *slot = value).is_some()
        }
        Values::TensorF64 { .. } => {
            let (Some(value), Some(elements)) = (element.to_f64(), column.tensor_f64_mut(row)) else {
                return false;
            };
            elements.get_mut(at).map(|slot| *slot = value).is_some()
        }
        Values::TensorI64 { .. } => {
            let (Some(value), Some(elements)) = (element.to_i64(), column.tensor_i64_mut(row)) else {
                return false;
            };
            elements.get_mut(at).map(|slot| *slot = value).is_some()
        }
        Values::TensorText { .. } => match element {
            Scalar::Text(text) => column.write_tensor_text(row, at, text),
            _ => false,
        },
        _ => false,
    }
}

/// Writes a [`Value`] into a cell of a field of this type. Dates and times fit columns of their own type only; maps
/// fit none.
pub fn write_value(column: &mut Column, row: usize, data_type: &DataType, value: &Value) {
    match value {
        Value::Missing => column.set_cell(row, Cell::Missing),
        Value::Date(number) => write_temporal_value(column, row, *number, &DataType::Date, data_type),
        Value::Time(number) => write_temporal_value(column, row, *number, &DataType::Time, data_type),
        Value::DateTime(number) => write_temporal_value(column, row, *number, &DataType::DateTime, data_type),
        Value::List(items) => {
            let mut list = ListWriter::new(column, row, data_type);
            write_items(&mut list, 0, items);
            list.finish();
        }
        Value::Map(_) => column.set_fault(row, Cell::WrongType, "{…}"),
        scalar => {
            if let Some(scalar) = scalar_of(scalar) {
                write_scalar(column, row, scalar);
            }
        }
    }
}

fn write_temporal_value(column: &mut Column, row: usize, number: i64, is: &DataType, wanted: &DataType) {
    if is != wanted || !column.write_i64(row, number) {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = match is {
            DataType::Date => temporal::write_date(&mut text, number),
            DataType::Time => temporal::write_time(&mut text, number),
            _ => temporal::write_date_time(&mut text, number),
        };
        column.set_fault(row, Cell::WrongType, &text);
    }
}

fn scalar_of(value: &Value) -> Option<Scalar<'_>> {
    match value {
        Value::F64(value) => Some(Scalar::Float(*value)),
        Value::F32(value) => Some(Scalar::Float(f64::from(*value))),
        Value::I64(value) => Some(Scalar::Integer(*value)),
        Value::Bool(value) => Some(Scalar::Truth(*value)),
        Value::Text(value) => Some(Scalar::Text(value)),
        _ => None,
    }
}

fn write_items(list: &mut ListWriter<'_>, depth: usize, items: &[Value]) {
    for item in items {
        match (item, scalar_of(item)) {
            (_, Some(scalar)) => list.element(depth + 1, scalar),
            (Value::List(items), _) => write_items(list, depth + 1, items),
            _ => list.misfit(),
        }
    }
    list.end(depth, items.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(data_type: DataType, scalar: Scalar<'_>) -> (Cell, Value) {
        let mut column = Column::new(&data_type);
        column.resize(1, true);
        write_scalar(&mut column, 0, scalar);
        (column.cell(0), column.get(0))
    }

    #[test]
    fn texts_are_read_by_the_type_of_the_field() {
        use Cell::{Unparsable, Value as Good, WrongType};
        for (data_type, text, want, value) in [
            (DataType::F64, "307", Good, Value::F64(307.0)),
            (DataType::F64, " 3.5 ", Good, Value::F64(3.5)),
            (DataType::F64, "1e400", Good, Value::F64(f64::INFINITY)),
            (DataType::F64, "-Infinity", Good, Value::F64(f64::NEG_INFINITY)),
            (DataType::F64, "12,5", Unparsable, Value::Missing),
            (DataType::F64, "nan", Unparsable, Value::Missing),
            (DataType::F64, "", Unparsable, Value::Missing),
            (DataType::F32, "0.1", Good, Value::F32(0.1)),
            (DataType::I64, "8", Good, Value::I64(8)),
            (DataType::I64, "8.5", Unparsable, Value::Missing),
            (DataType::I64, "1e400", Unparsable, Value::Missing),
            (DataType::I64, "8.0", Good, Value::I64(8)),
            (DataType::I64, "9223372036854775808", Unparsable, Value::Missing),
            (DataType::Bool, "FALSE", Good, Value::Bool(false)),
            (DataType::Bool, "yes", Unparsable, Value::Missing),
            (DataType::Text, " a ", Good, Value::from(" a ")),
            (DataType::Date, "1970-01-03", Good, Value::Date(2)),
            (DataType::Time, "00:00:01", Good, Value::Time(1_000_000)),
            (DataType::DateTime, "1970-01-01T00:00:01", Good, Value::DateTime(1_000_000)),
            (DataType::DateTime, "1970-01-01", Unparsable, Value::Missing),
            (DataType::TextList, "a", WrongType, Value::Missing),
        ] {
            assert_eq!(cell(data_type.clone(), Scalar::Text(text)), (want, value), "{data_type} {text:?}");
        }
        let (kind, value) = cell(DataType::F64, Scalar::Text("NaN"));
        assert!(kind == Good && value.as_f64().is_some_and(f64::is_nan));
    }

    #[test]
    fn what_loses_something_is_a_fault_that_keeps_its_text() {
        use Cell::{Value as Good, WrongType};
        for (data_type, scalar, want, value) in [
            (DataType::F64, Scalar::Integer(3), Good, Value::F64(3.0)),
            (DataType::F64, Scalar::Unsigned(u64::MAX), Good, Value::F64(18_446_744_073_709_551_615.0)),
            (DataType::I64, Scalar::Float(3.5), WrongType, Value::Missing),
            (DataType::Bool, Scalar::Float(98_765.432_1), WrongType, Value::Missing),
            (DataType::Bool, Scalar::Truth(true), Good, Value::Bool(true)),
            (DataType::I64, Scalar::Float(3.0), Good, Value::I64(3)),
            (DataType::I64, Scalar::Float(1e300), WrongType, Value::Missing),
            (DataType::I64, Scalar::Unsigned(u64::MAX), WrongType, Value::Missing),
            (DataType::Bool, Scalar::Integer(1), Good, Value::Bool(true)),
            (DataType::Bool, Scalar::Integer(2), WrongType, Value::Missing),
            (DataType::F64, Scalar::Truth(true), WrongType, Value::Missing),
            (DataType::Text, Scalar::Integer(8), WrongType, Value::Missing),
            (DataType::Date, Scalar::Integer(8), WrongType, Value::Missing),
        ] {
            assert_eq!(cell(data_type.clone(), scalar), (want, value), "{data_type} {scalar:?}");
        }
        let mut column = Column::new(&DataType::I64);
        column.resize(1, true);
        write_scalar(&mut column, 0, Scalar::Float(2.5));
        assert_eq!(column.fault_text(0), Some("2.5"));
        write_value(&mut column, 0, &DataType::I64, &Value::Date(2));
        assert_eq!((column.cell(0), column.fault_text(0)), (WrongType, Some("1970-01-03")));
    }
}
