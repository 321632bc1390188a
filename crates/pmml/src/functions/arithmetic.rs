//! Arithmetic, rounding, powers, logarithms, angles.
//!
//! Integers stay integers of 32 bits, f32 stays f32; a mixture is the wider of both.

use scorewheel_columns::ErrorCode;

use crate::functions::FunctionName as Name;
use crate::value::datum::whole;
use crate::value::{Datum, Kind};

/// The type of a result of numbers of these types.
#[must_use]
pub fn common(left: Kind, right: Kind) -> Kind {
    match (left, right) {
        (Kind::Double, _) | (_, Kind::Double) => Kind::Double,
        (Kind::Float, _) | (_, Kind::Float) => Kind::Float,
        _ => Kind::Integer,
    }
}

/// A number as a result of a type: f32 is rounded, an integer must be whole and fit.
pub fn result(kind: Kind, number: f64) -> Result<Datum, ErrorCode> {
    Ok(Datum::new(
        kind,
        match kind {
            Kind::Integer => whole(number)?,
            Kind::Float => f64::from(number as f32),
            _ => number,
        },
    ))
}

/// + - * / and modulo.
pub fn binary(name: Name, arguments: &[Datum]) -> Result<Datum, ErrorCode> {
    let (left, right) = match arguments {
        [only] => (Datum::new(only.kind, 0.0), *only),
        [left, right] => (*left, *right),
        _ => return Err(ErrorCode::BadArgument),
    };
    let kind = common(left.kind, right.kind);
    let (a, b) = (left.number, right.number);
    let number = match name {
        Name::Plus => a + b,
        Name::Minus => a - b,
        // Both factors are integers of 32 bits, so that the product is exact or too large anyway.
        Name::Times => a * b,
        Name::Divide if kind == Kind::Integer => {
            if b == 0.0 {
                return Err(ErrorCode::BadArgument);
            }
            libm::trunc(a / b)
        }
        Name::Divide => a / b,
        _ => {
            if kind == Kind::Integer && b == 0.0 {
                return Err(ErrorCode::BadArgument);
            }
            // The sign of the divisor.
            a - b * libm::floor(a / b)
        }
    };
    result(kind, number)
}

/// The type of the results for numbers of these types; `None` for functions that are not of this file.
#[must_use]
pub fn result_kind(name: Name, kinds: &[Kind]) -> Option<Kind> {
    let own = *kinds.first()?;
    Some(match name {
        Name::Plus | Name::Minus | Name::Times | Name::Divide | Name::Modulo | Name::XModulo => {
            common(own, *kinds.last()?)
        }
        Name::Abs | Name::Rint | Name::XRint | Name::Threshold => own,
        Name::Floor | Name::Ceil | Name::Round => Kind::Integer,
        Name::Pow => common(own, *kinds.last()?),
        Name::Log10
        | Name::Ln
        | Name::Ln1p
        | Name::XLn1p
        | Name::Sqrt
        | Name::Exp
        | Name::Expm1
        | Name::XExpm1
        | Name::Hypot
        | Name::XHypot
        | Name::Sin
        | Name::XSin
        | Name::Asin
        | Name::XAsin
        | Name::Sinh
        | Name::XSinh
        | Name::Cos
        | Name::XCos
        | Name::Acos
        | Name::XAcos
        | Name::Cosh
        | Name::XCosh
        | Name::Tan
        | Name::XTan
        | Name::Atan
        | Name::XAtan
        | Name::Tanh
        | Name::XTanh
        | Name::Atan2
        | Name::XAtan2
        | Name::Erf => match own {
            Kind::Float => Kind::Float,
            _ => Kind::Double,
        },
        _ => return None,
    })
}

/// True for + - * / and modulo, which are missing where an argument is.
#[must_use]
pub fn is_operator(name: Name) -> bool {
    matches!(name, Name::Plus | Name::Minus | Name::Times | Name::Divide | Name::Modulo | Name::XModulo)
}

/// Functions of one or two numbers.
pub fn function(name: Name, arguments: &[Datum]) -> Result<Datum, ErrorCode> {
    let number = |at: usize| -> Result<f64, ErrorCode> {
        arguments.get(at).and_then(|datum| datum.as_number()).ok_or(ErrorCode::WrongType)
    };
    let first = number(0)?;
    let own = match arguments[0].kind {
        kind @ (Kind::Integer | Kind::Float) => kind,
        Kind::Double => Kind::Double,
        _ => Kind::Integer,
    };
    // A function of an integer is a double, of an f32 an f32.
    let real = if own == Kind::Float { Kind::Float } else { Kind::Double };
    let (kind, value) = match name {
        Name::Abs => (own, first.abs()),
        // Rounded numbers are integers, and must fit.
        Name::Floor => (Kind::Integer, libm::floor(first)),
        Name::Ceil => (Kind::Integer, libm::ceil(first)),
        // Halves go towards positive infinity.
        Name::Round => (Kind::Integer, half_up(first)),
        Name::Rint | Name::XRint => (own, libm::rint(first)),
        Name::Threshold => (own, if first > number(1)? { 1.0 } else { 0.0 }),
        Name::Pow => {
            let second = number(1)?;
            (common(own, arguments[1].kind), libm::pow(first, second))
        }
        Name::Log10 => (real, libm::log10(first)),
        Name::Ln => (real, libm::log(first)),
        Name::Ln1p | Name::XLn1p => (real, libm::log1p(first)),
        Name::Sqrt => (real, first.sqrt()),
        Name::Exp => (real, libm::exp(first)),
        Name::Expm1 | Name::XExpm1 => (real, libm::expm1(first)),
        Name::Hypot | Name::XHypot => (real, libm::hypot(first, number(1)?)),
        Name::Sin | Name::XSin => (real, libm::sin(first)),
        Name::Asin | Name::XAsin => (real, libm::asin(first)),
        Name::Sinh | Name::XSinh => (real, libm::sinh(first)),
        Name::Cos | Name::XCos => (real, libm::cos(first)),
        Name::Acos | Name::XAcos => (real, libm::acos(first)),
        Name::Cosh | Name::XCosh => (real, libm::cosh(first)),
        Name::Tan | Name::XTan => (real, libm::tan(first)),
        Name::Atan | Name::XAtan => (real, libm::atan(first)),
        Name::Tanh | Name::XTanh => (real, libm::tanh(first)),
        Name::Atan2 | Name::XAtan2 => (real, libm::atan2(first, number(1)?)),
        Name::Erf => (real, libm::erf(first)),
        _ => return Err(ErrorCode::UnsupportedElement),
    };
    result(kind, value)
}

/// The nearest whole number; of two the larger one. Adding a half first would round the greatest number below it up.
#[must_use]
pub fn half_up(number: f64) -> f64 {
    let below = libm::floor(number);
    if number - below >= 0.5 { below + 1.0 } else { below }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_stay_integers_and_overflow_is_an_error() {
        let int = |number: i64| Datum::integer(number);
        assert_eq!(binary(Name::Divide, &[int(1), int(7)]), Ok(int(0)));
        assert_eq!(binary(Name::Divide, &[int(-7), int(2)]), Ok(int(-3)));
        assert_eq!(binary(Name::Divide, &[int(1), Datum::double(4.0)]), Ok(Datum::double(0.25)));
        assert_eq!(binary(Name::Plus, &[int(i64::from(i32::MAX)), int(1)]), Err(ErrorCode::ResultOutOfType));
        assert_eq!(binary(Name::Divide, &[int(1), int(0)]), Err(ErrorCode::BadArgument));
        assert_eq!(binary(Name::Minus, &[int(3)]), Ok(int(-3)));
    }

    #[test]
    fn modulo_has_the_sign_of_the_divisor() {
        let modulo =
            |a: f64, b: f64| binary(Name::Modulo, &[Datum::double(a), Datum::double(b)]).unwrap().number;
        assert!((modulo(2.18, -0.53) - -0.47).abs() < 0.02);
        assert_eq!(modulo(-7.0, 3.0), 2.0);
        assert_eq!(modulo(7.0, -3.0), -2.0);
    }

    #[test]
    fn halves_round_up_or_to_even() {
        let apply = |name, number| function(name, &[Datum::double(number)]).unwrap().number;
        for (number, round, rint) in [
            (2.5, 3.0, 2.0),
            (-2.5, -2.0, -2.0),
            (3.5, 4.0, 4.0),
            (0.4, 0.0, 0.0),
            (0.49999999999999994, 0.0, 0.0),
            (-0.5, 0.0, 0.0),
            (-0.5000000000000001, -1.0, -1.0),
        ] {
            assert_eq!((apply(Name::Round, number), apply(Name::Rint, number)), (round, rint));
        }
    }
}
