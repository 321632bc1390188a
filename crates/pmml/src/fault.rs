//! What is wrong with a document, and where.

use scorewheel_model::{ModelError, ModelErrorKind};

use crate::reader::locate;

/// A defect of the document, known by byte offset only; line, column and element path are found when it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What the publisher must change.
    pub kind: ModelErrorKind,
    /// What is wrong, and what is supported instead.
    pub message: String,
    /// Offset in the transcoded text; `None` for the document as a whole.
    pub offset: Option<u32>,
}

impl Fault {
    /// A document that contradicts itself or the rules of PMML.
    pub fn invalid(offset: u32, message: impl Into<String>) -> Self {
        Self { kind: ModelErrorKind::Invalid, message: message.into(), offset: Some(offset) }
    }

    /// A document that uses what this engine does not evaluate.
    pub fn unsupported(offset: u32, message: impl Into<String>) -> Self {
        Self { kind: ModelErrorKind::Unsupported, message: message.into(), offset: Some(offset) }
    }

    /// A document that is not well-formed XML.
    pub fn malformed(offset: u32, message: impl Into<String>) -> Self {
        Self { kind: ModelErrorKind::Malformed, message: message.into(), offset: Some(offset) }
    }

    /// A document that exceeds a limit.
    pub fn too_large(offset: u32, message: impl Into<String>) -> Self {
        Self { kind: ModelErrorKind::TooLarge, message: message.into(), offset: Some(offset) }
    }

    /// A defect of the document as a whole.
    pub fn whole(kind: ModelErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), offset: None }
    }

    /// The same with line, column and element path, counted in `source` only now.
    #[must_use]
    pub fn locate(self, source: &str) -> ModelError {
        let error = ModelError::new(self.kind, self.message);
        let Some(offset) = self.offset else { return error };
        let place = locate::locate(source, offset as usize);
        error.at(place.path).on(place.line, place.column)
    }
}

/// What reading and compiling return.
pub type Result<T> = std::result::Result<T, Fault>;
