//! Values to text, as the reference writes it: numbers the Java way.

use std::fmt::Write;

use scorewheel_columns::temporal;

use crate::value::{Datum, Kind, Texts};

/// Appends `datum` to `out`.
pub fn write(out: &mut String, datum: Datum, texts: &Texts<'_>) {
    // Writing to a string cannot fail.
    let _ = match datum.kind {
        Kind::Integer | Kind::DaysSince(_) | Kind::TimeSeconds | Kind::SecondsSince(_) => {
            write!(out, "{}", datum.number as i64)
        }
        Kind::Float => {
            write_decimal(out, &format!("{:e}", datum.number as f32), datum.number);
            Ok(())
        }
        Kind::Double => {
            write_decimal(out, &format!("{:e}", datum.number), datum.number);
            Ok(())
        }
        Kind::Boolean => out.write_str(if datum.number == 0.0 { "false" } else { "true" }),
        Kind::Text => out.write_str(texts.get(datum.number as u32)),
        Kind::Date => temporal::write_date(out, datum.number as i64),
        Kind::Time => temporal::write_time(out, datum.number as i64),
        Kind::DateTime => temporal::write_date_time(out, datum.number as i64),
        Kind::List => out.write_str("[]"),
    };
}

/// The Java form of a double.
#[must_use]
pub fn double_text(number: f64) -> String {
    let mut out = String::new();
    write_decimal(&mut out, &format!("{number:e}"), number);
    out
}

/// Rewrites shortest digits `d.ddde±n` the Java way: plain from 1e-3 below 1e7, else scientific; always a fraction.
fn write_decimal(out: &mut String, shortest: &str, number: f64) {
    if !number.is_finite() {
        out.push_str(match number {
            _ if number.is_nan() => "NaN",
            _ if number < 0.0 => "-Infinity",
            _ => "Infinity",
        });
        return;
    }
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let mantissa = match mantissa.strip_prefix('-') {
        Some(rest) => {
            out.push('-');
            rest
        }
        None => mantissa,
    };
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    if number == 0.0 {
        out.push_str("0.0");
    } else if (-3..7).contains(&exponent) {
        if exponent < 0 {
            out.push_str("0.");
            out.extend(std::iter::repeat_n('0', (-exponent - 1) as usize));
            out.push_str(&digits);
        } else {
            let point = exponent as usize + 1;
            if digits.len() > point {
                out.push_str(&digits[..point]);
                out.push('.');
                out.push_str(&digits[point..]);
            } else {
                out.push_str(&digits);
                out.extend(std::iter::repeat_n('0', point - digits.len()));
                out.push_str(".0");
            }
        }
    } else {
        let (first, rest) = digits.split_at(1);
        let _ = write!(out, "{first}.{}E{exponent}", if rest.is_empty() { "0" } else { rest });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_the_java_way() {
        for (number, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-2.5, "-2.5"),
            (0.001, "0.001"),
            (0.0001, "1.0E-4"),
            (123456.789, "123456.789"),
            (1e6, "1000000.0"),
            (1e7, "1.0E7"),
            (1e10, "1.0E10"),
            (1.25e-7, "1.25E-7"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(double_text(number), expected);
        }
    }
}
