//! The binary `scorewheel`: command line, wiring, and which model formats and topics exist.
//!
//! | file | what it holds |
//! |---|---|
//! | [`arguments`] | arguments that several commands share |
//! | [`cli`] | the command line: one variant a command, whose arguments stand in the command's own file |
//! | [`clients`] | what the client commands have in common |
//! | [`commands`] | one file a command |
//! | [`config`] | the configuration: file, environment, flags |
//! | [`exit_code`] | [`ExitCode`], [`Failure`]: how a command ends |
//! | [`folder`] | a model that is a folder, as one message |
//! | [`formats`] | [`Formats`]: which model formats exist |
//! | [`model_file`] | a model on disk: file or directory, and the side file that maps its inputs and outputs |
//! | [`output`] | standard output |
//! | [`rows`] | rows of a file on their way through a model: where they come from, their schema, what is expected of them |
//! | [`places`] | where topics live, opened; the way in over HTTP and its other end |
//!
//! It is a library so that a second binary can fill the hooks that the product's leaves empty.

pub mod arguments;
pub mod cli;
pub mod clients;
pub mod commands;
pub mod config;
pub mod exit_code;
pub mod folder;
pub mod formats;
pub mod model_file;
pub mod output;
pub mod places;
pub mod rows;

pub use cli::{Command, CommandLine};
pub use exit_code::{ExitCode, Failure};
pub use formats::Formats;

use std::ffi::OsString;

use clap::Parser;

/// Runs the command line `arguments`, the program's name first, and says how the process is to end.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> std::process::ExitCode {
    let command_line = match CommandLine::try_parse_from(arguments) {
        Ok(command_line) => command_line,
        Err(error) => {
            // Help and version are errors to clap, too; they go to standard output and end with 0.
            let code = if error.use_stderr() { ExitCode::Usage } else { ExitCode::Success };
            return if error.print().is_ok() { code.into() } else { ExitCode::RunTime.into() };
        }
    };
    match command_line.command.run() {
        Ok(code) => code.into(),
        Err(failure) => failure.report(),
    }
}
