//! Two families of errors: the model is bad, the record is bad.

use std::fmt;

use scorewheel_columns::RowError;

/// Why a model is refused: what kind of thing the publisher must change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ModelErrorKind {
    /// The bytes are of no format that this build knows, or not of the format they claim.
    UnknownFormat,
    /// The bytes are not a well-formed document of their format.
    Malformed,
    /// Well-formed, but it contradicts itself or its format's rules.
    Invalid,
    /// It uses something that this engine does not evaluate.
    Unsupported,
    /// It does not fit the schema of its route's records.
    WrongSchema,
    /// A documented bound on bytes, depth, nodes or shapes is exceeded.
    TooLarge,
    /// It does not reproduce the rows that it carries for verification.
    FailsVerification,
    /// An optional run time that it needs is not enabled or not installed.
    MissingRuntime,
}

impl ModelErrorKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::UnknownFormat,
        Self::Malformed,
        Self::Invalid,
        Self::Unsupported,
        Self::WrongSchema,
        Self::TooLarge,
        Self::FailsVerification,
        Self::MissingRuntime,
    ];

    /// The kind in words, as used in rejections and for labels of metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownFormat => "unknown_format",
            Self::Malformed => "malformed",
            Self::Invalid => "invalid",
            Self::Unsupported => "unsupported",
            Self::WrongSchema => "wrong_schema",
            Self::TooLarge => "too_large",
            Self::FailsVerification => "fails_verification",
            Self::MissingRuntime => "missing_runtime",
        }
    }
}

impl fmt::Display for ModelErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The model is bad: it is refused, and the one in force stays.
///
/// The verdict is a pure function of the bytes, the schema, documented limits and the engine's version; a lack of
/// memory, time or disk is never a `ModelError`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.describe())]
pub struct ModelError {
    /// What must change.
    pub kind: ModelErrorKind,
    /// What is wrong, and what is supported instead where that helps.
    pub message: String,
    /// Where: element path, node name, field; empty if the whole.
    pub path: String,
    /// Line and column in the document, both from 1, where the format has lines.
    pub position: Option<(u32, u32)>,
}

impl ModelError {
    /// An error of the model as a whole.
    pub fn new(kind: ModelErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), path: String::new(), position: None }
    }

    /// The same error, found at this element path or node.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// The same error, found at this line and column, both from 1.
    #[must_use]
    pub fn on(mut self, line: u32, column: u32) -> Self {
        self.position = Some((line, column));
        self
    }

    fn describe(&self) -> String {
        let mut text = self.message.clone();
        if !self.path.is_empty() {
            text.push_str(" (at ");
            text.push_str(&self.path);
            text.push(')');
        }
        if let Some((line, column)) = self.position {
            text.push_str(&format!(", line {line}, column {column}"));
        }
        text
    }
}

/// The record is bad: the message that a dead letter or the command `score` shows for a row.
///
/// Made only when shown; on the scoring path there is a [`RowError`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RecordError {
    /// The error of the row.
    pub error: RowError,
    /// Field, value and rule in words.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_and_where() {
        let error = ModelError::new(ModelErrorKind::Unsupported, "function \"foo\" is not known");
        let error = error.at("PMML/TransformationDictionary/DerivedField[y]").on(12, 5);
        assert_eq!(
            error.to_string(),
            "function \"foo\" is not known (at PMML/TransformationDictionary/DerivedField[y]), line 12, column 5"
        );
    }
}
