//! A value by itself, and how it becomes another type.

use scorewheel_columns::ErrorCode;
use scorewheel_columns::temporal::MICROS_PER_DAY;

use crate::value::kind::{Kind, new_year};
use crate::value::{Texts, parsing, writing};

/// A value that is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Datum {
    /// Its type.
    pub kind: Kind,
    /// What the type makes of a number: the number itself, 0 or 1, the code of a string, a day, microseconds.
    pub number: f64,
}

impl Datum {
    /// A value of this type.
    #[must_use]
    pub fn new(kind: Kind, number: f64) -> Self {
        Self { kind, number }
    }

    /// A number.
    #[must_use]
    pub fn double(number: f64) -> Self {
        Self { kind: Kind::Double, number }
    }

    /// An integer.
    #[must_use]
    pub fn integer(number: i64) -> Self {
        Self { kind: Kind::Integer, number: number as f64 }
    }

    /// A truth value.
    #[must_use]
    pub fn boolean(value: bool) -> Self {
        Self { kind: Kind::Boolean, number: f64::from(u8::from(value)) }
    }

    /// A string by code.
    #[must_use]
    pub fn text(code: u32) -> Self {
        Self { kind: Kind::Text, number: f64::from(code) }
    }

    /// The value as a number, if it is one or counts something.
    #[must_use]
    pub fn as_number(self) -> Option<f64> {
        self.kind.counts().then_some(self.number)
    }

    /// The code of a string.
    #[must_use]
    pub fn as_text(self) -> Option<u32> {
        (self.kind == Kind::Text).then_some(self.number as u32)
    }

    /// The value as a truth value, if it is one.
    #[must_use]
    pub fn as_boolean(self) -> Option<bool> {
        (self.kind == Kind::Boolean).then_some(self.number != 0.0)
    }

    /// The value as another type.
    ///
    /// Strings are parsed, anything becomes a string, integers take whole numbers of 32 bits only.
    ///
    /// # Errors
    /// [`ErrorCode::UnparsableValue`], [`ErrorCode::ResultOutOfType`] or [`ErrorCode::WrongType`].
    pub fn cast(self, to: Kind, texts: &mut Texts<'_>) -> Result<Self, ErrorCode> {
        if self.kind == to {
            return Ok(self);
        }
        if self.kind == Kind::Text {
            let number = parsing::parse_known(to, texts.get(self.number as u32));
            return match number {
                Some(number) => Ok(Self::new(to, number)),
                None => Err(ErrorCode::UnparsableValue),
            };
        }
        if to == Kind::Text {
            let mut buffer = texts.take_buffer();
            writing::write(&mut buffer, self, texts);
            let code = texts.intern(&buffer);
            texts.give_buffer(buffer);
            return Ok(Self::text(code));
        }
        self.convert(to).map(|number| Self::new(to, number))
    }

    /// The number of this value as another type than a string.
    fn convert(self, to: Kind) -> Result<f64, ErrorCode> {
        let number = self.number;
        let days = match self.kind {
            Kind::Date => Some(number),
            Kind::DateTime => Some((number / MICROS_PER_DAY as f64).floor()),
            _ => None,
        };
        match to {
            Kind::Integer => match self.kind {
                Kind::Boolean => Ok(number),
                _ if self.kind.counts() => whole(number),
                _ => Err(ErrorCode::WrongType),
            },
            Kind::Float if self.kind.counts() || self.kind == Kind::Boolean => Ok(f64::from(number as f32)),
            Kind::Double if self.kind.counts() || self.kind == Kind::Boolean => Ok(number),
            Kind::Boolean if self.kind.is_number() && (number == 0.0 || number == 1.0) => Ok(number),
            Kind::Date => days.ok_or(ErrorCode::WrongType),
            Kind::DateTime => match self.kind {
                Kind::Date => Ok(number * MICROS_PER_DAY as f64),
                _ => Err(ErrorCode::WrongType),
            },
            Kind::Time => match self.kind {
                Kind::DateTime => Ok(number - days.unwrap_or(0.0) * MICROS_PER_DAY as f64),
                _ => Err(ErrorCode::WrongType),
            },
            Kind::DaysSince(year) => match days {
                Some(days) => Ok(days - new_year(i64::from(year)) as f64),
                None if self.kind.is_number() => whole(number),
                None => Err(ErrorCode::WrongType),
            },
            Kind::SecondsSince(year) => match (self.kind, days) {
                (Kind::DateTime, _) => {
                    Ok((number / 1e6).floor() - new_year(i64::from(year)) as f64 * 86_400.0)
                }
                (_, Some(days)) => Ok((days - new_year(i64::from(year)) as f64) * 86_400.0),
                _ if self.kind.is_number() => whole(number),
                _ => Err(ErrorCode::WrongType),
            },
            Kind::TimeSeconds => match self.kind {
                Kind::Time => Ok((number / 1e6).floor()),
                Kind::DateTime => Ok(((number - days.unwrap_or(0.0) * MICROS_PER_DAY as f64) / 1e6).floor()),
                _ if self.kind.is_number() => whole(number),
                _ => Err(ErrorCode::WrongType),
            },
            _ => Err(ErrorCode::WrongType),
        }
    }
}

/// A number as a 32-bit integer.
///
/// # Errors
/// [`ErrorCode::ResultOutOfType`] unless it is whole and fits.
pub fn whole(number: f64) -> Result<f64, ErrorCode> {
    let fits = libm::trunc(number) == number && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number);
    // Adding zero makes a negative zero the integer that it stands for.
    if fits { Ok(number + 0.0) } else { Err(ErrorCode::ResultOutOfType) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scorewheel_columns::Dictionary;

    #[test]
    fn values_become_other_types_or_do_not() {
        let fixed = Dictionary::new();
        let mut own = Dictionary::new();
        let mut texts = Texts::new(&fixed, &mut own);
        let code = |text: &str, texts: &mut Texts<'_>| Datum::text(texts.intern(text));
        let cases = [
            (Datum::double(3.0), Kind::Integer, Ok(3.0)),
            (Datum::double(3.5), Kind::Integer, Err(ErrorCode::ResultOutOfType)),
            (Datum::double(3e10), Kind::Integer, Err(ErrorCode::ResultOutOfType)),
            (Datum::double(0.1), Kind::Float, Ok(f64::from(0.1_f32))),
            (Datum::boolean(true), Kind::Double, Ok(1.0)),
            (code("4.5", &mut texts), Kind::Double, Ok(4.5)),
            (code("x", &mut texts), Kind::Double, Err(ErrorCode::UnparsableValue)),
            (code("1970-01-02", &mut texts), Kind::Date, Ok(1.0)),
            (Datum::new(Kind::Date, 1.0), Kind::DaysSince(1970), Ok(1.0)),
            (Datum::new(Kind::Date, 0.0), Kind::DaysSince(1960), Ok(3653.0)),
            (Datum::new(Kind::DateTime, 1.5e6), Kind::SecondsSince(1970), Ok(1.0)),
            (Datum::new(Kind::Time, 2e6), Kind::TimeSeconds, Ok(2.0)),
            (Datum::new(Kind::Time, 2e6), Kind::Date, Err(ErrorCode::WrongType)),
        ];
        for (datum, to, expected) in cases {
            assert_eq!(datum.cast(to, &mut texts).map(|d| d.number), expected, "{datum:?} {to:?}");
        }
        let text = Datum::double(10.0).cast(Kind::Text, &mut texts).unwrap();
        assert_eq!(texts.get(text.number as u32), "10.0");
    }
}
