//! How a command ends.

use std::fmt;
use std::io::{self, Write};

/// What the process tells its caller; the numbers are a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// All is well.
    Success = 0,
    /// Something went wrong while running.
    RunTime = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The model is refused.
    ModelRefused = 65,
    /// A file that was named does not exist or cannot be read.
    FileNotFound = 66,
    /// The broker or server cannot be reached (one-shot commands).
    Unreachable = 69,
    /// The ledger and what is committed contradict each other.
    LedgerMismatch = 70,
    /// The data directory is locked or full.
    DirectoryUnavailable = 73,
    /// Another process took over, or fenced this one.
    Fenced = 75,
    /// Configuration, a port in use, or a wrong partition count.
    Configuration = 78,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

/// Why a command ends early: what to tell the operator, and the exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub code: ExitCode,
    /// What, where, and what to do.
    pub message: String,
}

impl Failure {
    /// A failure with this exit code.
    pub fn new(code: ExitCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// A failure while running.
    pub fn run_time(message: impl Into<String>) -> Self {
        Self::new(ExitCode::RunTime, message)
    }

    /// Standard output cannot be written.
    #[must_use]
    pub fn output(error: &io::Error) -> Self {
        Self::run_time(format!("cannot write to standard output: {error}"))
    }

    /// Prints the message to standard error, if there is one, and gives the process's exit code.
    #[must_use]
    pub fn report(&self) -> std::process::ExitCode {
        // With standard error gone there is nobody left to tell.
        writeln!(io::stderr(), "scorewheel: {self}").ok();
        self.code.into()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
