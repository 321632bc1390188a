//! `man`: the manual pages.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_mangen::Man;

use crate::cli::CommandLine;
use crate::exit_code::{ExitCode, Failure};
use crate::output;

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct ManArguments {
    /// Write a page for each command into this directory, instead of the main page to standard output
    #[arg(long, value_name = "DIRECTORY")]
    pub directory: Option<PathBuf>,
}

impl ManArguments {
    /// Prints or writes the pages.
    ///
    /// # Errors
    /// [`Failure`] if they cannot be written.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let failed = |error: std::io::Error| Failure::run_time(format!("cannot write the manual: {error}"));
        match self.directory {
            Some(directory) => clap_mangen::generate_to(CommandLine::command(), directory).map_err(failed)?,
            None => {
                let mut page = Vec::new();
                Man::new(CommandLine::command()).render(&mut page).map_err(failed)?;
                output::print_bytes(&page)?;
            }
        }
        Ok(ExitCode::Success)
    }
}
