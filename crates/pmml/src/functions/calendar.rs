//! Dates and times as counts.

use scorewheel_columns::ErrorCode;

use crate::functions::FunctionName as Name;
use crate::score::Row;
use crate::value::datum::whole;
use crate::value::{Datum, Kind};

/// Days or seconds since the start of a year, seconds since midnight.
pub fn apply(name: Name, arguments: &[Datum], row: &mut Row<'_>) -> Result<Datum, ErrorCode> {
    let year = |at: usize| -> Result<u16, ErrorCode> {
        let number = arguments[at].as_number().ok_or(ErrorCode::WrongType)?;
        let number = whole(number)?;
        if (0.0..=9999.0).contains(&number) { Ok(number as u16) } else { Err(ErrorCode::BadArgument) }
    };
    let kind = match name {
        Name::DateDaysSinceYear => Kind::DaysSince(year(1)?),
        Name::DateSecondsSinceYear => Kind::SecondsSince(year(1)?),
        _ => Kind::TimeSeconds,
    };
    let moment = match (name, arguments[0].kind) {
        (_, Kind::Text) => {
            let first = if name == Name::DateDaysSinceYear { Kind::Date } else { Kind::DateTime };
            let other = if name == Name::DateSecondsSinceMidnight { Kind::Time } else { Kind::DateTime };
            match arguments[0].cast(first, &mut row.texts) {
                Ok(datum) => datum,
                Err(_) => arguments[0].cast(other, &mut row.texts)?,
            }
        }
        (_, Kind::Date | Kind::Time | Kind::DateTime) => arguments[0],
        _ => return Err(ErrorCode::WrongType),
    };
    let count = moment.cast(kind, &mut row.texts)?;
    whole(count.number).map(|number| Datum::new(Kind::Integer, number))
}
