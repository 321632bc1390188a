//! How numbers of one type become another.

use crate::value::Kind;
use crate::value::datum::whole;

/// What is known of an expression's type before any row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Values are of this type.
    Of(Kind),
    /// Values are integers or doubles, which one only the row tells.
    Number,
    /// There is never a value.
    Never,
}

impl Type {
    /// The type of values that are of one type or the other, by row.
    #[must_use]
    pub fn or(self, other: Self) -> Option<Self> {
        use Type::{Never, Number, Of};
        Some(match (self, other) {
            (one, other) if one == other => one,
            (Never, one) | (one, Never) => one,
            (Of(Kind::Integer | Kind::Double) | Number, Of(Kind::Integer | Kind::Double) | Number) => Number,
            _ => return None,
        })
    }

    /// The type with one more value in it, if there is one.
    #[must_use]
    pub fn or_datum(self, datum: Option<crate::value::Datum>) -> Option<Self> {
        match datum {
            None => Some(self),
            Some(datum) => self.or(Self::Of(datum.kind)),
        }
    }

    /// True for what arithmetic takes.
    #[must_use]
    pub fn counts(self) -> bool {
        match self {
            Self::Of(kind) => kind.counts(),
            Self::Number => true,
            Self::Never => false,
        }
    }
}

/// What is made of numbers of one type to be another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// Nothing.
    None,
    /// They are rounded to f32.
    Round,
    /// They must be whole and fit into 32 bits.
    Whole,
}

impl Conversion {
    /// How values of a type become another; `None` if that takes a look at the row, or cannot be.
    ///
    /// The same as [`crate::value::Datum::cast`].
    #[must_use]
    pub fn of(from: Type, to: Kind) -> Option<Self> {
        let (counts, is_boolean, is_number) = match from {
            Type::Never => return Some(Self::None),
            Type::Of(kind) if kind == to => return Some(Self::None),
            Type::Of(kind) => (kind.counts(), kind == Kind::Boolean, kind.is_number()),
            Type::Number => (true, false, true),
        };
        Some(match to {
            Kind::Double | Kind::Integer | Kind::Float if is_boolean => Self::None,
            Kind::Double if counts => Self::None,
            Kind::Float if counts => Self::Round,
            Kind::Integer if counts => Self::Whole,
            Kind::DaysSince(_) | Kind::SecondsSince(_) | Kind::TimeSeconds if is_number => Self::Whole,
            _ => return None,
        })
    }

    /// Converts the numbers of a column; what is none stays as it is.
    pub fn apply(self, numbers: &mut [f64]) {
        match self {
            Self::None => {}
            Self::Round => {
                for number in numbers {
                    // An f32 does not hold all bits of the mark of a missing value.
                    *number = if number.is_nan() { *number } else { f64::from(*number as f32) };
                }
            }
            Self::Whole => {
                for number in numbers.iter_mut().filter(|number| !number.is_nan()) {
                    *number = whole(*number).unwrap_or(f64::NAN);
                }
            }
        }
    }
}
