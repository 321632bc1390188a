//! The binary `scorewheel`: command line, wiring, and which model formats and topics exist.
//!
//! | file | what it holds |
//! |---|---|
//! | [`arguments`] | arguments that several commands share |
//! | [`cli`] | the command line: one variant a command, whose arguments stand in the command's own file |
//! | [`clients`] | what the client commands have in common |
//! | [`clock`] | the time |
//! | [`commands`] | one file a command |
//! | [`config`] | the configuration: file, environment, flags |
//! | [`data_types`](mod@data_types) | the data types of a configuration |
//! | [`demonstration`] | what the command `demo` shows |
//! | [`exit_code`] | [`ExitCode`], [`Failure`]: how a command ends |
//! | [`folder`] | a model that is a folder, as one message |
//! | [`formats`] | [`Formats`]: which model formats exist |
//! | [`model_file`] | a model on disk: file or directory, and the side file that maps its inputs and outputs |
//! | [`output`] | standard output |
//! | [`mod@references`] | models by reference, as commands see them |
//! | [`rows`] | rows of a file on their way through a model: where they come from, their schema, what is expected of them |
//! | [`running`] | an instance at work |
//! | [`places`] | where topics live, opened; the way in over HTTP and its other end |
//!
//! It is a library so that a second binary can fill the hooks that the product's leaves empty.

pub mod arguments;
pub mod cli;
pub mod clients;
pub mod clock;
pub mod commands;
pub mod config;
pub mod data_types;
pub mod demonstration;
pub mod exit_code;
pub mod folder;
pub mod formats;
pub mod model_file;
pub mod output;
pub mod places;
pub mod references;
pub mod rows;
pub mod running;

pub use cli::{Command, CommandLine};
pub use exit_code::{ExitCode, Failure};
pub use formats::Formats;

use std::ffi::OsString;
use std::sync::Arc;

use clap::Parser;
use scorewheel_streams::{FaultPoints, NoFaults};

/// Runs the command line `arguments`, the program's name first, and says how the process is to end.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> std::process::ExitCode {
    run_with_faults(arguments, Arc::new(NoFaults))
}

/// The same, with an instance that fails where `faults` says.
pub fn run_with_faults(
    arguments: impl IntoIterator<Item = OsString>,
    faults: Arc<dyn FaultPoints>,
) -> std::process::ExitCode {
    let command_line = match CommandLine::try_parse_from(arguments) {
        Ok(command_line) => command_line,
        Err(error) => {
            // Help and version are errors to clap, too; they go to standard output and end with 0.
            let code = if error.use_stderr() { ExitCode::Usage } else { ExitCode::Success };
            return if error.print().is_ok() { code.into() } else { ExitCode::RunTime.into() };
        }
    };
    match command_line.command.run(faults) {
        Ok(code) => code.into(),
        Err(failure) => failure.report(),
    }
}
