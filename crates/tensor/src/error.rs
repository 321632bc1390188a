//! Short ways to the errors of a bad model.

use scorewheel_model::{ModelError, ModelErrorKind};

/// Not a well-formed file of its format.
pub(crate) fn malformed(message: impl Into<String>) -> ModelError {
    ModelError::new(ModelErrorKind::Malformed, message)
}

/// Well-formed, but it contradicts itself or its format's rules.
pub(crate) fn invalid(message: impl Into<String>) -> ModelError {
    ModelError::new(ModelErrorKind::Invalid, message)
}

/// Something that no run time of this build evaluates.
pub(crate) fn unsupported(message: impl Into<String>) -> ModelError {
    ModelError::new(ModelErrorKind::Unsupported, message)
}

/// A documented bound is exceeded.
pub(crate) fn too_large(message: impl Into<String>) -> ModelError {
    ModelError::new(ModelErrorKind::TooLarge, message)
}

/// A run time that it needs is not there.
pub(crate) fn missing_run_time(message: impl Into<String>) -> ModelError {
    ModelError::new(ModelErrorKind::MissingRuntime, message)
}

/// It does not fit the records of its route.
pub(crate) fn wrong_schema(message: impl Into<String>) -> ModelError {
    ModelError::new(ModelErrorKind::WrongSchema, message)
}
