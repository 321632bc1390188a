//! What one cell of a column is.

/// State of one cell: a value, missing, or a fault that keeps its kind.
///
/// A fault is not judged where it is found. It reaches the model, whose treatment of the field may replace it
/// or make it missing; only otherwise, and only if that row's path reads the field, is it an error of the row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Cell {
    /// The column's buffer holds the value of this row.
    #[default]
    Value = 0,
    /// The record does not have the field, or has it as null.
    Missing = 1,
    /// Text that does not parse as the column's type.
    Unparsable = 2,
    /// A value of another shape or type: a list for a number, 2.5 for an integer.
    WrongType = 3,
    /// The source itself declares the value invalid.
    DeclaredInvalid = 4,
}

impl Cell {
    /// True for the kinds that are neither a value nor missing.
    #[must_use]
    pub fn is_fault(self) -> bool {
        self as u8 >= Self::Unparsable as u8
    }

    /// The kind in words, for messages.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Value => "a value",
            Self::Missing => "missing",
            Self::Unparsable => "text that does not parse as the field's type",
            Self::WrongType => "a value of another type",
            Self::DeclaredInvalid => "declared invalid",
        }
    }
}
