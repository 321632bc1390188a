//! Errors of topics as exit codes.

use scorewheel_topics::TopicsError;

use crate::exit_code::{ExitCode, Failure};

/// How a command ends that cannot go on because of `error`.
#[must_use]
pub fn topics_failure(error: &TopicsError) -> Failure {
    let code = match error {
        TopicsError::Unreachable { .. } | TopicsError::Busy { .. } => ExitCode::Unreachable,
        TopicsError::Locked { .. } | TopicsError::Full { .. } => ExitCode::DirectoryUnavailable,
        TopicsError::Fenced { .. } => ExitCode::Fenced,
        TopicsError::Configuration { .. }
        | TopicsError::WrongPartitionCount { .. }
        | TopicsError::Authentication { .. } => ExitCode::Configuration,
        _ => ExitCode::RunTime,
    };
    Failure::new(code, error.to_string())
}

impl From<TopicsError> for Failure {
    fn from(error: TopicsError) -> Self {
        topics_failure(&error)
    }
}
