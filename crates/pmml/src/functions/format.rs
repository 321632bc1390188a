//! `formatNumber` (printf) and `formatDatetime` (strftime).

use std::fmt::Write;

use scorewheel_columns::ErrorCode;
use scorewheel_columns::temporal::{MICROS_PER_DAY, civil_of_days, days_of_civil};

use crate::functions::FunctionName as Name;
use crate::functions::text::text;
use crate::score::Row;
use crate::value::{Datum, Kind};

/// Writes a number or a moment by a pattern.
pub fn apply(name: Name, arguments: &[Datum], row: &mut Row<'_>) -> Result<Datum, ErrorCode> {
    let pattern = text(arguments[1], row)?;
    let mut out = row.texts.take_buffer();
    let pattern = row.texts.get(pattern);
    let written = match name {
        Name::FormatNumber => format_number(&mut out, arguments[0], pattern),
        _ => format_moment(&mut out, arguments[0], pattern),
    };
    let code = row.texts.intern(&out);
    row.texts.give_buffer(out);
    written.map(|()| Datum::text(code))
}

/// One conversion of printf, with literal text around it.
fn format_number(out: &mut String, datum: Datum, pattern: &str) -> Result<(), ErrorCode> {
    let number = datum.as_number().ok_or(ErrorCode::WrongType)?;
    let mut rest = pattern;
    let mut converted = false;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let flags_end = rest.find(|c| !"-+ 0,#(".contains(c)).ok_or(ErrorCode::BadArgument)?;
        let flags = &rest[..flags_end];
        rest = &rest[flags_end..];
        let width_end = rest.find(|c: char| !c.is_ascii_digit()).ok_or(ErrorCode::BadArgument)?;
        let width: usize = if width_end == 0 { 0 } else { parse(&rest[..width_end])? };
        rest = &rest[width_end..];
        let mut precision = None;
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(|c: char| !c.is_ascii_digit()).ok_or(ErrorCode::BadArgument)?;
            precision = Some(if end == 0 { 0 } else { parse(&after[..end])? });
            rest = &after[end..];
        }
        let mut characters = rest.chars();
        let conversion = characters.next().ok_or(ErrorCode::BadArgument)?;
        rest = characters.as_str();
        if width > 1000 || precision.is_some_and(|precision| precision > 1000) || converted {
            return Err(ErrorCode::BadArgument);
        }
        converted = true;
        let digits = match conversion {
            'd' | 'i' if datum.kind != Kind::Float && datum.kind != Kind::Double => {
                format!("{}", number.abs() as i64)
            }
            'f' if datum.kind != Kind::Integer => {
                format!("{:.*}", precision.unwrap_or(6), Rounded(number.abs()))
            }
            'e' | 'E' if datum.kind != Kind::Integer => {
                let text = exponent(number.abs(), precision.unwrap_or(6));
                if conversion == 'E' { text.to_uppercase() } else { text }
            }
            's' => crate::value::writing::double_text(number.abs()),
            _ => return Err(ErrorCode::BadArgument),
        };
        let digits = if flags.contains(',') { grouped(&digits) } else { digits };
        let sign = match () {
            () if number < 0.0 => "-",
            () if flags.contains('+') => "+",
            () if flags.contains(' ') => " ",
            () => "",
        };
        let padding = width.saturating_sub(sign.len() + digits.len());
        if flags.contains('-') {
            let _ = write!(out, "{sign}{digits}{}", " ".repeat(padding));
        } else if flags.contains('0') {
            let _ = write!(out, "{sign}{}{digits}", "0".repeat(padding));
        } else {
            let _ = write!(out, "{}{sign}{digits}", " ".repeat(padding));
        }
    }
    out.push_str(rest);
    Ok(())
}

/// A number that is shown with halves rounded away from zero, by its decimal digits.
struct Rounded(f64);

impl std::fmt::Display for Rounded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let precision = f.precision().unwrap_or(6);
        let digits = format!("{}", self.0);
        let Some((whole, fraction)) = digits.split_once('.') else {
            return write!(f, "{:.precision$}", self.0);
        };
        if fraction.len() <= precision {
            return write!(f, "{whole}.{fraction:0<precision$}");
        }
        let mut kept: Vec<u8> = whole.bytes().chain(fraction.bytes().take(precision)).collect();
        if fraction.as_bytes()[precision] >= b'5' {
            let carried = kept.iter_mut().rev().all(|digit| {
                let full = *digit == b'9';
                *digit = if full { b'0' } else { *digit + 1 };
                full
            });
            if carried {
                kept.insert(0, b'1');
            }
        }
        let point = kept.len() - precision;
        let text: String = kept.into_iter().map(char::from).collect();
        if precision == 0 { f.write_str(&text) } else { write!(f, "{}.{}", &text[..point], &text[point..]) }
    }
}

fn parse(digits: &str) -> Result<usize, ErrorCode> {
    digits.parse().map_err(|_| ErrorCode::BadArgument)
}

/// Scientific notation with a sign and two digits of exponent at least.
fn exponent(number: f64, precision: usize) -> String {
    let text = format!("{number:.precision$e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => {
            let exponent: i32 = exponent.parse().unwrap_or(0);
            format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
        }
        None => text,
    }
}

fn grouped(digits: &str) -> String {
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Conversions of strftime, in English.
fn format_moment(out: &mut String, datum: Datum, pattern: &str) -> Result<(), ErrorCode> {
    let micros = match datum.kind {
        Kind::Date => (datum.number as i64).saturating_mul(MICROS_PER_DAY),
        Kind::DateTime | Kind::Time => datum.number as i64,
        _ => return Err(ErrorCode::WrongType),
    };
    let (days, in_day) = (micros.div_euclid(MICROS_PER_DAY), micros.rem_euclid(MICROS_PER_DAY));
    let (year, month, day) = civil_of_days(days);
    let seconds = in_day / 1_000_000;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let day_of_year = days - days_of_civil(year, 1, 1).unwrap_or(days) + 1;
    // 1970-01-01 was a Thursday; Monday is 0.
    let weekday = (days + 3).rem_euclid(7);
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            out.push(character);
            continue;
        }
        let written = match characters.next().ok_or(ErrorCode::BadArgument)? {
            'a' => write!(out, "{}", &DAYS[weekday as usize][..3]),
            'A' => write!(out, "{}", DAYS[weekday as usize]),
            'b' | 'h' => write!(out, "{}", &MONTHS[month as usize - 1][..3]),
            'B' => write!(out, "{}", MONTHS[month as usize - 1]),
            'C' => write!(out, "{:02}", year.div_euclid(100)),
            'd' => write!(out, "{day:02}"),
            'D' => write!(out, "{month:02}/{day:02}/{:02}", year.rem_euclid(100)),
            'e' => write!(out, "{day:2}"),
            'F' => write!(out, "{year:04}-{month:02}-{day:02}"),
            'H' => write!(out, "{hour:02}"),
            'I' => write!(out, "{:02}", (hour + 11) % 12 + 1),
            'j' => write!(out, "{day_of_year:03}"),
            'k' => write!(out, "{hour:2}"),
            'l' => write!(out, "{:2}", (hour + 11) % 12 + 1),
            'm' => write!(out, "{month:02}"),
            'M' => write!(out, "{minute:02}"),
            'n' => out.write_char('\n'),
            'p' => write!(out, "{}", if hour < 12 { "AM" } else { "PM" }),
            'r' => write!(
                out,
                "{:02}:{minute:02}:{second:02} {}",
                (hour + 11) % 12 + 1,
                if hour < 12 { "AM" } else { "PM" }
            ),
            'R' => write!(out, "{hour:02}:{minute:02}"),
            's' => write!(out, "{}", micros.div_euclid(1_000_000)),
            'S' => write!(out, "{second:02}"),
            't' => out.write_char('\t'),
            'T' => write!(out, "{hour:02}:{minute:02}:{second:02}"),
            'u' => write!(out, "{}", weekday + 1),
            'w' => write!(out, "{}", (weekday + 1) % 7),
            'y' => write!(out, "{:02}", year.rem_euclid(100)),
            'Y' => write!(out, "{year:04}"),
            '%' => write!(out, "%"),
            _ => return Err(ErrorCode::BadArgument),
        };
        // Writing to a string cannot fail.
        let _ = written;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_printf_does() {
        for (pattern, datum, expected) in [
            ("%3d", Datum::integer(2), "  2"),
            ("%.2f", Datum::double(1.005), "1.01"),
            ("%08.3f", Datum::double(-2.7456), "-002.746"),
            ("%+,d", Datum::integer(1_234_567), "+1,234,567"),
            ("%e", Datum::double(12345.678), "1.234568e+04"),
            ("%.0f%%", Datum::double(99.5), "100%"),
        ] {
            let mut out = String::new();
            format_number(&mut out, datum, pattern).unwrap();
            assert_eq!(out, expected, "{pattern}");
        }
        assert!(format_number(&mut String::new(), Datum::double(1.5), "%d").is_err());
    }

    #[test]
    fn moments_are_written_as_strftime_does() {
        let date = Datum::new(Kind::Date, 12_650.0);
        for (pattern, expected) in [("%m/%d/%y", "08/20/04"), ("%A %j", "Friday 233"), ("%H:%M", "00:00")] {
            let mut out = String::new();
            format_moment(&mut out, date, pattern).unwrap();
            assert_eq!(out, expected);
        }
    }
}
