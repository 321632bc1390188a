//! `completions`: what shells need to complete our commands.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::CommandLine;
use crate::exit_code::{ExitCode, Failure};
use crate::output;

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArguments {
    /// The shell
    pub shell: Shell,
}

impl CompletionsArguments {
    /// Prints the script.
    ///
    /// # Errors
    /// [`Failure`] if standard output cannot be written.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut CommandLine::command(), "scorewheel", &mut script);
        output::print_bytes(&script)?;
        Ok(ExitCode::Success)
    }
}
