//! From a cell of the record to a number of the field's type.

use scorewheel_columns::temporal::MICROS_PER_DAY;
use scorewheel_columns::{Cell, Column, Values};

use crate::value::datum::whole;
use crate::value::kind::new_year;
use crate::value::{Datum, Kind, Texts, parsing};

/// A cell as a field of some type sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Raw {
    /// A value of the field's type.
    Value(f64),
    /// None.
    Missing,
    /// Text that does not parse as the field's type.
    Unparsable,
    /// A value of another type.
    WrongType,
    /// The source itself declares it invalid.
    DeclaredInvalid,
}

const MICROS_PER_SECOND: i64 = 1_000_000;

/// Days from the epoch beyond which a moment is none: a million years. Sums of such days stay in range.
const FARTHEST_DAY: u64 = 365_250_000;

/// Reads the cell of `row` as a value of `kind`.
///
/// `code` gives the plan's code of a string by its code in the batch; lists are handed to `list`.
pub fn read(
    column: &Column,
    row: usize,
    kind: Kind,
    texts: &mut Texts<'_>,
    code: impl FnOnce(u32, &mut Texts<'_>) -> u32,
) -> Raw {
    match column.cell(row) {
        Cell::Value => {}
        Cell::Missing => return Raw::Missing,
        Cell::Unparsable => return Raw::Unparsable,
        Cell::WrongType => return Raw::WrongType,
        Cell::DeclaredInvalid => return Raw::DeclaredInvalid,
    }
    let datum = match column.values() {
        Values::F64(values) => Datum::double(values[row]),
        Values::F32(values) => Datum::new(Kind::Float, f64::from(values[row])),
        Values::I64(values) => return integer(values[row], kind, texts),
        Values::Bool(values) => Datum::boolean(values[row]),
        Values::Date(values) if values[row].unsigned_abs() <= FARTHEST_DAY => {
            Datum::new(Kind::Date, values[row] as f64)
        }
        Values::Time(values) if (0..=MICROS_PER_DAY).contains(&values[row]) => {
            Datum::new(Kind::Time, values[row] as f64)
        }
        Values::DateTime(values) if values[row].unsigned_abs() / MICROS_PER_DAY as u64 <= FARTHEST_DAY => {
            return date_time(values[row], kind, texts);
        }
        // Outside a day, or a million years away.
        Values::Date(_) | Values::Time(_) | Values::DateTime(_) => return Raw::WrongType,
        Values::Text { codes, dictionary } => {
            if kind == Kind::Text {
                return Raw::Value(f64::from(code(codes[row], texts)));
            }
            return match parsing::parse_known(kind, dictionary.get(codes[row])) {
                Some(number) => Raw::Value(number),
                None => Raw::Unparsable,
            };
        }
        Values::TextList(_)
        | Values::TensorF32 { .. }
        | Values::TensorF64 { .. }
        | Values::TensorI64 { .. }
        | Values::TensorText { .. } => return Raw::WrongType,
    };
    convert(datum, kind, texts)
}

fn convert(datum: Datum, kind: Kind, texts: &mut Texts<'_>) -> Raw {
    match datum.cast(kind, texts) {
        Ok(datum) => Raw::Value(datum.number),
        Err(_) => Raw::WrongType,
    }
}

fn integer(value: i64, kind: Kind, texts: &mut Texts<'_>) -> Raw {
    match kind {
        Kind::Integer => whole(value as f64).map_or(Raw::WrongType, Raw::Value),
        Kind::Double => Raw::Value(value as f64),
        // Rounded once: by way of f64 it would be rounded twice.
        Kind::Float => Raw::Value(f64::from(value as f32)),
        Kind::DaysSince(_) | Kind::SecondsSince(_) | Kind::TimeSeconds => Raw::Value(value as f64),
        _ => convert(Datum::integer(value), kind, texts),
    }
}

fn date_time(micros: i64, kind: Kind, texts: &mut Texts<'_>) -> Raw {
    match kind {
        // Seconds are taken from the integer: far from the epoch an f64 does not hold every microsecond.
        Kind::SecondsSince(year) => {
            let start = new_year(i64::from(year)) * 86_400;
            Raw::Value((micros.div_euclid(MICROS_PER_SECOND) - start) as f64)
        }
        _ => convert(Datum::new(Kind::DateTime, micros as f64), kind, texts),
    }
}
