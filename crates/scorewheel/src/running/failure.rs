//! Errors of the run time as exit codes.

use scorewheel_streams::{Actor, ErrorKind, StoreError, StreamsError};

use crate::exit_code::{ExitCode, Failure};
use crate::places::topics_failure;

/// How an instance ends that cannot go on because of `error`.
#[must_use]
pub fn streams_failure(error: &StreamsError) -> Failure {
    let code = match &*error.kind {
        ErrorKind::Topics(cause) => topics_failure(cause).code,
        ErrorKind::SnapshotNever { .. } => ExitCode::LedgerMismatch,
        ErrorKind::ChangelogMissing { .. } | ErrorKind::ChangelogShorter { .. } => ExitCode::LedgerMismatch,
        ErrorKind::StateLocked { .. } | ErrorKind::StateDirectory { .. } => ExitCode::DirectoryUnavailable,
        // The engine works on that directory and nothing else.
        ErrorKind::Store { source: StoreError::Engine { .. } | StoreError::NoStateDirectory, .. } => {
            ExitCode::DirectoryUnavailable
        }
        ErrorKind::Store { source: StoreError::ForeignChangelog { found, expected }, store } => {
            let message = format!(
                "the changelog of store {store} holds records of {found}, this store writes {expected}; run with the --store \
                 that wrote it, or let it begin empty: scorewheel reset --store {store} --yes"
            );
            return Failure::new(ExitCode::Configuration, message);
        }
        ErrorKind::Configuration { .. } => ExitCode::Configuration,
        _ if error.actor() == Actor::Successor => ExitCode::Fenced,
        _ => ExitCode::RunTime,
    };
    Failure::new(code, error.to_string())
}

impl From<StreamsError> for Failure {
    fn from(error: StreamsError) -> Self {
        streams_failure(&error)
    }
}
