//! Strings.

use scorewheel_columns::ErrorCode;

use crate::functions::apply::Applied;
use crate::functions::pattern::Pattern;
use crate::functions::{Builtin, FunctionName as Name};
use crate::score::Row;
use crate::value::{Datum, Kind, writing};

/// Strings of all arguments, one after another; a missing one is empty.
pub fn concat(arguments: &[Option<Datum>], row: &mut Row<'_>) -> Applied {
    let mut out = row.texts.take_buffer();
    for datum in arguments.iter().flatten() {
        writing::write(&mut out, *datum, &row.texts);
    }
    let code = row.texts.intern(&out);
    row.texts.give_buffer(out);
    Ok(Some(Datum::text(code)))
}

/// Functions of strings.
pub fn apply(builtin: &Builtin, arguments: &[Datum], row: &mut Row<'_>) -> Result<Datum, ErrorCode> {
    let code = text(arguments[0], row)?;
    match builtin.name {
        Name::StringLength => Ok(Datum::integer(row.texts.get(code).chars().count() as i64)),
        Name::Matches => {
            let made;
            let pattern = match &builtin.pattern {
                Some(pattern) => pattern,
                None => {
                    made = pattern_of(arguments[1], row)?;
                    &made
                }
            };
            Ok(Datum::boolean(pattern.matches(row.texts.get(code))))
        }
        _ => {
            let mut out = row.texts.take_buffer();
            let built = build(builtin, arguments, code, row, &mut out);
            let code = row.texts.intern(&out);
            row.texts.give_buffer(out);
            built.map(|()| Datum::text(code))
        }
    }
}

fn build(
    builtin: &Builtin,
    arguments: &[Datum],
    code: u32,
    row: &mut Row<'_>,
    out: &mut String,
) -> Result<(), ErrorCode> {
    match builtin.name {
        Name::Uppercase => out.extend(row.texts.get(code).chars().flat_map(char::to_uppercase)),
        Name::Lowercase => out.push_str(&row.texts.get(code).to_lowercase()),
        Name::TrimBlanks => out.push_str(row.texts.get(code).trim()),
        Name::Substring => {
            let whole = |datum: Datum| match datum.as_number() {
                Some(number) if libm::trunc(number) == number => Ok(number),
                _ => Err(ErrorCode::WrongType),
            };
            let (start, length) = (whole(arguments[1])?, whole(arguments[2])?);
            if start < 1.0 || length < 0.0 {
                return Err(ErrorCode::BadArgument);
            }
            // Beyond the end there is nothing.
            out.extend(row.texts.get(code).chars().skip(start as usize - 1).take(length as usize));
        }
        _ => {
            let made;
            let pattern = match &builtin.pattern {
                Some(pattern) => pattern,
                None => {
                    made = pattern_of(arguments[1], row)?;
                    &made
                }
            };
            let replacement = text(arguments[2], row)?;
            pattern.replace_into(row.texts.get(code), row.texts.get(replacement), out);
        }
    }
    Ok(())
}

/// A pattern that only the row tells.
fn pattern_of(datum: Datum, row: &mut Row<'_>) -> Result<Pattern, ErrorCode> {
    let code = text(datum, row)?;
    Pattern::new(row.texts.get(code), None).map_err(|_| ErrorCode::BadArgument)
}

/// The code of an argument as a string.
pub fn text(datum: Datum, row: &mut Row<'_>) -> Result<u32, ErrorCode> {
    datum.cast(Kind::Text, &mut row.texts).map(|datum| datum.number as u32)
}
