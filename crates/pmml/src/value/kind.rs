//! The type of a value.

use scorewheel_columns::temporal;

use crate::document::DataType;

/// Type of a value or a slot. What [`crate::value::Datum::number`] means depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A 32-bit integer.
    Integer,
    /// A number rounded to f32.
    Float,
    /// A number.
    Double,
    /// 0 or 1.
    Boolean,
    /// The code of a string, see [`crate::value::Texts`].
    Text,
    /// Days since 1970-01-01.
    Date,
    /// Microseconds since midnight.
    Time,
    /// Microseconds since 1970-01-01T00:00:00.
    DateTime,
    /// Days since 1 January of a year.
    DaysSince(u16),
    /// Seconds since midnight.
    TimeSeconds,
    /// Seconds since 1 January of a year.
    SecondsSince(u16),
    /// The number of a list, see [`crate::value::texts::Lists`].
    List,
}

impl Kind {
    /// The kind of a declared type.
    #[must_use]
    pub fn of(data_type: DataType) -> Self {
        match data_type {
            DataType::String => Self::Text,
            DataType::Integer => Self::Integer,
            DataType::Float => Self::Float,
            DataType::Double => Self::Double,
            DataType::Boolean => Self::Boolean,
            DataType::Date => Self::Date,
            DataType::Time => Self::Time,
            DataType::DateTime => Self::DateTime,
            DataType::DateDaysSince0 => Self::DaysSince(0),
            DataType::DateDaysSince1960 => Self::DaysSince(1960),
            DataType::DateDaysSince1970 => Self::DaysSince(1970),
            DataType::DateDaysSince1980 => Self::DaysSince(1980),
            DataType::DateDaysSince1990 => Self::DaysSince(1990),
            DataType::DateDaysSince2000 => Self::DaysSince(2000),
            DataType::DateDaysSince2010 => Self::DaysSince(2010),
            DataType::DateDaysSince2020 => Self::DaysSince(2020),
            DataType::TimeSeconds => Self::TimeSeconds,
            DataType::DateTimeSecondsSince0 => Self::SecondsSince(0),
            DataType::DateTimeSecondsSince1960 => Self::SecondsSince(1960),
            DataType::DateTimeSecondsSince1970 => Self::SecondsSince(1970),
            DataType::DateTimeSecondsSince1980 => Self::SecondsSince(1980),
            DataType::DateTimeSecondsSince1990 => Self::SecondsSince(1990),
            DataType::DateTimeSecondsSince2000 => Self::SecondsSince(2000),
            DataType::DateTimeSecondsSince2010 => Self::SecondsSince(2010),
            DataType::DateTimeSecondsSince2020 => Self::SecondsSince(2020),
        }
    }

    /// True for integers, floats and doubles.
    #[must_use]
    pub fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Float | Self::Double)
    }

    /// True for what arithmetic takes: numbers, and counts of days and seconds.
    #[must_use]
    pub fn counts(self) -> bool {
        self.is_number() || matches!(self, Self::DaysSince(_) | Self::TimeSeconds | Self::SecondsSince(_))
    }

    /// The kind in words, for messages.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Integer => "an integer",
            Self::Float | Self::Double => "a number",
            Self::Boolean => "a truth value",
            Self::Text => "a string",
            Self::Date => "a date",
            Self::Time => "a time",
            Self::DateTime => "a date-time",
            Self::DaysSince(_) => "a count of days",
            Self::TimeSeconds | Self::SecondsSince(_) => "a count of seconds",
            Self::List => "a list",
        }
    }
}

/// The day number of 1 January of a year.
#[must_use]
pub fn new_year(year: i64) -> i64 {
    temporal::days_of_civil(year, 1, 1).unwrap_or(0)
}
