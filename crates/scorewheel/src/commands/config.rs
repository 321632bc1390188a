//! `config`: what is in effect, and what is wrong.

use clap::{Args, Subcommand};

use crate::arguments::ConfigArguments;
use crate::config::Place;
use crate::config::show::show;
use crate::data_types::data_types;
use crate::exit_code::{ExitCode, Failure};
use crate::output;
use crate::places::check_kafka_settings;

/// Arguments of `config`.
#[derive(Debug, Args)]
pub struct ConfigCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Say all that is wrong with the configuration; exit code 78 if anything is
    Check(ConfigArguments),
    /// Print the settings in effect as TOML and who said them, secrets hidden
    Show(ConfigArguments),
}

impl ConfigCommand {
    /// Loads the configuration, and says or shows.
    ///
    /// # Errors
    /// [`Failure`] with all that is wrong.
    pub fn run(self) -> Result<ExitCode, Failure> {
        match self.action {
            Action::Check(arguments) => {
                let loaded = arguments.load(Vec::new())?;
                // What `run` would refuse before it asks anybody anything.
                data_types(&loaded.config)?;
                if let Place::Kafka(brokers) = &loaded.place {
                    check_kafka_settings(brokers, &loaded.config)?;
                }
                let file =
                    loaded.file.map_or_else(|| "no file".to_owned(), |file| file.display().to_string());
                let mut text = format!("configuration is fine ({file}); topics: {}\n", loaded.place);
                for notice in loaded.notices {
                    text.push_str(&format!("note: {notice}\n"));
                }
                output::print(&text)?;
            }
            Action::Show(arguments) => output::print(&show(&arguments.load(Vec::new())?))?,
        }
        Ok(ExitCode::Success)
    }
}
