//! Errors of single rows, small enough to be kept in an array.

use std::fmt;

/// Why a row has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum ErrorCode {
    /// A field that must be there is missing.
    MissingValue,
    /// A value outside what the field allows, and the field's treatment is to return an error.
    InvalidValue,
    /// Text that does not parse as the field's type.
    UnparsableValue,
    /// A value of another type than the field's.
    WrongType,
    /// A computed value does not fit its type: an overflow, a fraction where an integer must be.
    ResultOutOfType,
    /// A computed value is not a number.
    ResultNotANumber,
    /// No rule, leaf, segment or attribute of the model answers this row.
    NoAnswer,
    /// The row's path reaches an element that cannot be evaluated.
    UnsupportedElement,
    /// The row's path reaches a name that the model does not define.
    UndefinedName,
    /// A function cannot take these arguments.
    BadArgument,
    /// Scoring exceeded a documented bound.
    LimitExceeded,
    /// The engine panicked on this row; a defect of ours.
    EnginePanicked,
    /// A run time outside this process or library failed on this row.
    RuntimeFailed,
}

impl ErrorCode {
    /// The code in words, as used for `kind` in answers and for labels of metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingValue => "missing_value",
            Self::InvalidValue => "invalid_value",
            Self::UnparsableValue => "unparsable_value",
            Self::WrongType => "wrong_type",
            Self::ResultOutOfType => "result_out_of_type",
            Self::ResultNotANumber => "result_not_a_number",
            Self::NoAnswer => "no_answer",
            Self::UnsupportedElement => "unsupported_element",
            Self::UndefinedName => "undefined_name",
            Self::BadArgument => "bad_argument",
            Self::LimitExceeded => "limit_exceeded",
            Self::EnginePanicked => "engine_panicked",
            Self::RuntimeFailed => "runtime_failed",
        }
    }

    /// True if the input record is at fault, and not the model or the engine.
    #[must_use]
    pub fn is_fault_of_input(self) -> bool {
        matches!(self, Self::MissingValue | Self::InvalidValue | Self::UnparsableValue | Self::WrongType)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The error of one row: code, field, and a place that only the model understands.
///
/// It is made on the scoring path and so holds no text; the bound model turns it into a message when it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RowError {
    /// What went wrong.
    pub code: ErrorCode,
    /// The model's input that is at fault (its index among the model's inputs), if one is.
    pub field: Option<u32>,
    /// A number by which the model finds the element that raised the error; 0 if it does not say.
    pub place: u32,
}

impl RowError {
    /// An error of the row as a whole.
    #[must_use]
    pub fn new(code: ErrorCode) -> Self {
        Self { code, field: None, place: 0 }
    }

    /// An error about one of the model's inputs.
    #[must_use]
    pub fn of_field(code: ErrorCode, field: u32) -> Self {
        Self { code, field: Some(field), place: 0 }
    }

    /// The same error, raised at `place`.
    #[must_use]
    pub fn at(self, place: u32) -> Self {
        Self { place, ..self }
    }
}
