//! Text to values, as the reference reads it.

use scorewheel_columns::temporal;

use crate::value::Kind;
use crate::value::datum::whole;

/// The number that `text` is as a value of `kind`; a string's code comes from `intern`.
#[must_use]
pub fn parse(kind: Kind, text: &str, intern: impl FnOnce(&str) -> u32) -> Option<f64> {
    match kind {
        Kind::Text => Some(f64::from(intern(text))),
        _ => parse_known(kind, text),
    }
}

/// The number that `text` is as a value of a kind other than a string.
#[must_use]
pub fn parse_known(kind: Kind, text: &str) -> Option<f64> {
    match kind {
        Kind::Integer => parse_integer(text),
        Kind::Float => parse_double(text).map(|number| {
            // Rounded once, from the digits: by way of f64 it would be rounded twice.
            text.trim().parse::<f32>().map_or(f64::from(number as f32), f64::from)
        }),
        Kind::Double => parse_double(text),
        Kind::Boolean => match text {
            _ if text.eq_ignore_ascii_case("true") => Some(1.0),
            _ if text.eq_ignore_ascii_case("false") => Some(0.0),
            _ => match parse_double(text) {
                Some(number) if number == 0.0 || number == 1.0 => Some(number),
                _ => None,
            },
        },
        Kind::Date => temporal::parse_date(text).map(|days| days as f64),
        Kind::Time => temporal::parse_time(text).map(|micros| micros as f64),
        Kind::DateTime => temporal::parse_date_time(text).map(|micros| micros as f64),
        Kind::DaysSince(year) => {
            let days = temporal::parse_date(text)?;
            Some((days - super::kind::new_year(i64::from(year))) as f64)
        }
        Kind::TimeSeconds => temporal::parse_time(text).map(|micros| (micros / 1_000_000) as f64),
        Kind::SecondsSince(year) => {
            let micros = temporal::parse_date_time(text)?;
            let start = super::kind::new_year(i64::from(year)) * 86_400;
            Some((micros.div_euclid(1_000_000) - start) as f64)
        }
        Kind::Text | Kind::List => None,
    }
}

/// A 32-bit integer; a whole number written with a fraction of zeros is one as well.
#[must_use]
pub fn parse_integer(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if let Ok(number) = digits.parse::<i32>() {
        return Some(f64::from(number));
    }
    whole(parse_double(text)?).ok()
}

/// A number: decimal or scientific, `NaN`, `Infinity`, with a sign, blanks around it do not matter.
#[must_use]
pub fn parse_double(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c: char| c <= ' ');
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    match unsigned.as_bytes().first()? {
        b'0'..=b'9' | b'.' => {
            // A type suffix is part of a Java number.
            let digits = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
            digits.parse().ok()
        }
        _ => match unsigned {
            "NaN" => Some(f64::NAN),
            "Infinity" | "INF" if text.starts_with('-') => Some(f64::NEG_INFINITY),
            "Infinity" | "INF" => Some(f64::INFINITY),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_reference_reads_them() {
        for (text, expected) in [
            ("1", 1.0),
            (" +1.5e2 ", 150.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e400", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
        ] {
            assert_eq!(parse_double(text), Some(expected), "{text}");
        }
        assert!(parse_double("NaN").is_some_and(f64::is_nan));
        for bad in ["", "abc", "1,5", "nan", "inf", "infinity", "1e", "--1", "0x10", "e5"] {
            assert_eq!(parse_double(bad), None, "{bad}");
        }
        assert_eq!(parse_integer("12"), Some(12.0));
        assert_eq!(parse_integer("12.5"), None);
        assert_eq!(parse_integer("1e400"), None);
        assert_eq!(parse_integer("3000000000"), None);
    }
}
