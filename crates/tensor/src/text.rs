//! Numbers as text and back, for casts.

use scorewheel_columns::ErrorCode;
use smol_str::{SmolStr, format_smolstr};

use crate::data::Data;
use crate::element::ElementType;

/// Reads every string as an element of `to`.
///
/// # Errors
/// [`ErrorCode::UnparsableValue`] for a string that is none.
pub(crate) fn parse_all(texts: &[SmolStr], to: ElementType, out: &mut Data) -> Result<(), ErrorCode> {
    fn each<T>(texts: &[SmolStr], out: &mut [T], parse: impl Fn(&str) -> Option<T>) -> Result<(), ErrorCode> {
        for (out, text) in out.iter_mut().zip(texts) {
            *out = parse(text.trim()).ok_or(ErrorCode::UnparsableValue)?;
        }
        Ok(())
    }
    match out {
        Data::F32(out) => each(texts, out, |text| parse_float(text).map(|value| value as f32)),
        Data::F64(out) => each(texts, out, parse_float),
        Data::I64(out) => {
            let (low, high) = to.integer_range();
            each(texts, out, |text| {
                let value = text.parse::<i64>().ok().or_else(|| {
                    parse_float(text).filter(|v| v.abs() < 9.0e18 && libm::trunc(*v) == *v).map(|v| v as i64)
                })?;
                (low..=high).contains(&value).then_some(value)
            })
        }
        Data::Bool(out) => each(texts, out, |text| match text {
            "1" | "true" | "True" | "TRUE" => Some(true),
            "0" | "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }),
        Data::Text(out) => {
            out.clone_from_slice(texts);
            Ok(())
        }
    }
}

/// A number in decimal, or `NaN`, `inf`, `-inf` in any case.
fn parse_float(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// Writes every element as a string, floats with up to 8 significant digits as C++ streams do.
pub(crate) fn format_all(input: &Data, from: ElementType, out: &mut [SmolStr]) {
    match input {
        Data::F32(input) => {
            out.iter_mut().zip(input).for_each(|(out, x)| *out = format_float(f64::from(*x), 8));
        }
        Data::F64(input) => out.iter_mut().zip(input).for_each(|(out, x)| *out = format_float(*x, 8)),
        Data::I64(input) => out.iter_mut().zip(input).for_each(|(out, x)| {
            *out = if from == ElementType::U64 {
                format_smolstr!("{}", *x as u64)
            } else {
                format_smolstr!("{x}")
            };
        }),
        Data::Bool(input) => {
            out.iter_mut()
                .zip(input)
                .for_each(|(out, x)| *out = SmolStr::new_static(if *x { "1" } else { "0" }));
        }
        Data::Text(input) => out.clone_from_slice(input),
    }
}

/// `value` as `%.<digits>g` writes it.
pub(crate) fn format_float(value: f64, digits: usize) -> SmolStr {
    if value.is_nan() {
        return SmolStr::new_static("NaN");
    }
    if value.is_infinite() {
        return SmolStr::new_static(if value > 0.0 { "INF" } else { "-INF" });
    }
    if value == 0.0 {
        return SmolStr::new_static(if value.is_sign_negative() { "-0" } else { "0" });
    }
    let scientific = format!("{:.*e}", digits - 1, value);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trimmed = |text: &str| -> String {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    if exponent < -4 || exponent >= digits as i32 {
        let sign = if exponent < 0 { '-' } else { '+' };
        format_smolstr!("{}e{sign}{:02}", trimmed(mantissa), exponent.abs())
    } else {
        let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
        trimmed(&format!("{value:.decimals$}")).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_as_c_writes_them() {
        let cases = [
            (1.0, "1"),
            (0.1, "0.1"),
            (-2.5, "-2.5"),
            (123456789.0, "1.2345679e+08"),
            (12345678.0, "12345678"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (f64::from(0.1f32), "0.1"),
            (1e300, "1e+300"),
        ];
        for (value, expected) in cases {
            assert_eq!(format_float(value, 8), expected, "{value}");
        }
    }
}
