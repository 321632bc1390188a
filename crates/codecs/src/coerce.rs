//! How a value of a record becomes a cell of its field's type; the rules are the same in every text format.
//!
//! | field | number | text | truth value |
//! |---|---|---|---|
//! | f64, f32 | as it is | decimal, `NaN`, `Infinity`, `-Infinity`; else unparsable | wrong type |
//! | i64 | if whole and in range, else wrong type | integer, or decimal that is whole; else unparsable | wrong type |
//! | bool | 0 and 1, else wrong type | `true`, `false` in any case, `0`, `1`; else unparsable | as it is |
//! | string | wrong type | as it is | wrong type |
//! | date, time, date-time | wrong type | ISO 8601, else unparsable | wrong type |
//!
//! White space around numbers is ignored; strings are taken as they are. A fault keeps the text that caused it.

use scorewheel_columns::{Cell, Column, Values, temporal};

/// A number as the format gives it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    Integer(i64),
    /// Above the range of `i64`.
    Unsigned(u64),
    Float(f64),
}

impl Number {
    fn to_f64(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Unsigned(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    fn to_i64(self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(value),
            Self::Unsigned(_) => None,
            Self::Float(value) => whole(value),
        }
    }

    fn show(self, out: &mut Vec<u8>) {
        match self {
            Self::Integer(value) => crate::text::write_i64(out, value),
            Self::Unsigned(value) => out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes()),
            Self::Float(value) => crate::text::write_f64(out, value),
        }
    }
}

/// The integer that `value` is, if it is one that fits.
pub(crate) fn whole(value: f64) -> Option<i64> {
    // -2^63 is a float, 2^63 is the first beyond the range.
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value);
    (fits && value as i64 as f64 == value).then_some(value as i64)
}

/// Reads a decimal number, or one of the names of the non-finite ones.
pub(crate) fn parse_f64(text: &str) -> Option<f64> {
    let text = text.trim_ascii();
    match text.as_bytes().last()? {
        b'0'..=b'9' | b'.' => text.parse().ok(),
        _ => non_finite(text),
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

/// Reads a number for a column of 32-bit floating point, rounded once.
pub(crate) fn parse_f32(text: &str) -> Option<f32> {
    let text = text.trim_ascii();
    match text.as_bytes().last()? {
        b'0'..=b'9' | b'.' => text.parse().ok(),
        _ => non_finite(text).map(|value| value as f32),
    }
}

/// Reads an integer, or a decimal number that is one.
pub(crate) fn parse_i64(text: &str) -> Option<i64> {
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

/// Writes a text into the cell, read by the column's type.
pub(crate) fn write_text(column: &mut Column, row: usize, text: &str) {
    let written = match column.values() {
        Values::Text { .. } => column.write_text(row, text),
        Values::F64(_) => parse_f64(text).is_some_and(|value| column.write_f64(row, value)),
        Values::F32(_) => parse_f32(text).is_some_and(|value| column.write_f32(row, value)),
        Values::I64(_) => parse_i64(text).is_some_and(|value| column.write_i64(row, value)),
        Values::Bool(_) => parse_bool(text).is_some_and(|value| column.write_bool(row, value)),
        Values::Date(_) => temporal::parse_date(text).is_some_and(|value| column.write_i64(row, value)),
        Values::Time(_) => temporal::parse_time(text).is_some_and(|value| column.write_i64(row, value)),
        Values::DateTime(_) => {
            temporal::parse_date_time(text).is_some_and(|value| column.write_i64(row, value))
        }
        Values::TensorF32 { width: 1, .. }
        | Values::TensorF64 { width: 1, .. }
        | Values::TensorI64 { width: 1, .. }
        | Values::TensorText { width: 1, .. } => write_element(column, row, 0, Element::Text(text)),
        _ => {
            column.set_fault(row, Cell::WrongType, text);
            return;
        }
    };
    if !written {
        column.set_fault(row, Cell::Unparsable, text);
    }
}

/// Writes a number into the cell, converted where nothing is lost.
pub(crate) fn write_number(column: &mut Column, row: usize, number: Number) {
    let written = match column.values() {
        Values::F64(_) => column.write_f64(row, number.to_f64()),
        Values::F32(_) => column.write_f32(row, number.to_f64() as f32),
        Values::I64(_) => number.to_i64().is_some_and(|value| column.write_i64(row, value)),
        Values::Bool(_) => match number.to_i64() {
            Some(value @ (0 | 1)) => column.write_bool(row, value == 1),
            _ => false,
        },
        Values::TensorF32 { width: 1, .. }
        | Values::TensorF64 { width: 1, .. }
        | Values::TensorI64 { width: 1, .. } => write_element(column, row, 0, Element::Number(number)),
        _ => false,
    };
    if !written {
        let mut text = Vec::new();
        number.show(&mut text);
        wrong_type(column, row, &String::from_utf8_lossy(&text));
    }
}

/// Writes a truth value into the cell.
pub(crate) fn write_truth(column: &mut Column, row: usize, value: bool) {
    let written = match column.values() {
        Values::Bool(_) => column.write_bool(row, value),
        Values::TensorF32 { width: 1, .. }
        | Values::TensorF64 { width: 1, .. }
        | Values::TensorI64 { width: 1, .. } => write_element(column, row, 0, Element::Truth(value)),
        _ => false,
    };
    if !written {
        wrong_type(column, row, if value { "true" } else { "false" });
    }
}

/// Says that the cell holds a value of another type.
pub(crate) fn wrong_type(column: &mut Column, row: usize, text: &str) {
    column.set_fault(row, Cell::WrongType, text);
}

/// One element of a tensor as the format gives it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Element<'a> {
    Number(Number),
    Text(&'a str),
    Truth(bool),
}

/// Writes one element of a row of a tensor; false if it is none of the tensor's type.
pub(crate) fn write_element(column: &mut Column, row: usize, at: usize, element: Element<'_>) -> bool {
    let float = || match element {
        Element::Number(number) => Some(number.to_f64()),
        Element::Text(text) => parse_f64(text),
        Element::Truth(value) => Some(f64::from(u8::from(value))),
    };
    match column.values() {
        Values::TensorF32 { .. } => {
            let value = match element {
                Element::Text(text) => parse_f32(text),
                _ => float().map(|value| value as f32),
            };
            let (Some(value), Some(elements)) = (value, column.tensor_f32_mut(row)) else { return false };
            elements.get_mut(at).map(|slot| *slot = value).is_some()
        }
        Values::TensorF64 { .. } => {
            let (Some(value), Some(elements)) = (float(), column.tensor_f64_mut(row)) else { return false };
            elements.get_mut(at).map(|slot| *slot = value).is_some()
        }
        Values::TensorI64 { .. } => {
            let value = match element {
                Element::Number(number) => number.to_i64(),
                Element::Text(text) => parse_i64(text),
                Element::Truth(value) => Some(i64::from(value)),
            };
            let (Some(value), Some(elements)) = (value, column.tensor_i64_mut(row)) else { return false };
            elements.get_mut(at).map(|slot| *slot = value).is_some()
        }
        Values::TensorText { .. } => match element {
            Element::Text(text) => column.write_tensor_text(row, at, text),
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scorewheel_columns::{DataType, Value};

    fn cell(data_type: DataType, write: impl Fn(&mut Column)) -> (Cell, Value) {
        let mut column = Column::new(&data_type);
        column.resize(1, true);
        write(&mut column);
        (column.cell(0), column.get(0))
    }

    #[test]
    fn texts_are_read_by_the_type_of_the_field() {
        use Cell::{Unparsable, Value as Good, WrongType};
        let big = f64::INFINITY;
        for (data_type, text, want, value) in [
            (DataType::F64, "307", Good, Value::F64(307.0)),
            (DataType::F64, " 3.5 ", Good, Value::F64(3.5)),
            (DataType::F64, "1e400", Good, Value::F64(big)),
            (DataType::F64, "-Infinity", Good, Value::F64(-big)),
            (DataType::F64, "12,5", Unparsable, Value::Missing),
            (DataType::F64, "nan", Unparsable, Value::Missing),
            (DataType::F64, "", Unparsable, Value::Missing),
            (DataType::F32, "0.1", Good, Value::F32(0.1)),
            (DataType::I64, "8", Good, Value::I64(8)),
            (DataType::I64, "8.0", Good, Value::I64(8)),
            (DataType::I64, "8.5", Unparsable, Value::Missing),
            (DataType::I64, "1e400", Unparsable, Value::Missing),
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
            let found = cell(data_type.clone(), |column| write_text(column, 0, text));
            assert_eq!(found, (want, value), "{data_type} {text:?}");
        }
        let (kind, value) = cell(DataType::F64, |column| write_text(column, 0, "NaN"));
        assert!(kind == Good && value.as_f64().is_some_and(f64::is_nan));
    }

    #[test]
    fn numbers_and_truths_are_converted_where_nothing_is_lost() {
        use Cell::{Value as Good, WrongType};
        for (data_type, number, want, value) in [
            (DataType::F64, Number::Integer(3), Good, Value::F64(3.0)),
            (DataType::F64, Number::Unsigned(u64::MAX), Good, Value::F64(18_446_744_073_709_551_615.0)),
            (DataType::I64, Number::Float(3.0), Good, Value::I64(3)),
            (DataType::I64, Number::Float(3.5), WrongType, Value::Missing),
            (DataType::I64, Number::Float(1e300), WrongType, Value::Missing),
            (DataType::I64, Number::Unsigned(u64::MAX), WrongType, Value::Missing),
            (DataType::Bool, Number::Integer(1), Good, Value::Bool(true)),
            (DataType::Bool, Number::Float(98_765.432_1), WrongType, Value::Missing),
            (DataType::Text, Number::Integer(8), WrongType, Value::Missing),
            (DataType::Date, Number::Integer(8), WrongType, Value::Missing),
        ] {
            let found = cell(data_type.clone(), |column| write_number(column, 0, number));
            assert_eq!(found, (want, value), "{data_type} {number:?}");
        }
        assert_eq!(cell(DataType::Bool, |c| write_truth(c, 0, true)), (Good, Value::Bool(true)));
        assert_eq!(cell(DataType::F64, |c| write_truth(c, 0, true)).0, WrongType);
        let mut column = Column::new(&DataType::I64);
        column.resize(1, true);
        write_number(&mut column, 0, Number::Float(2.5));
        assert_eq!(column.fault_text(0), Some("2.5"));
    }
}
