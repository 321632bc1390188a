//! The command line.

use std::sync::Arc;

use clap::{Parser, Subcommand};
use scorewheel_streams::FaultPoints;

use crate::commands::completions::CompletionsArguments;
use crate::commands::config::ConfigCommand;
use crate::commands::consume::ConsumeArguments;
use crate::commands::demo::DemoArguments;
use crate::commands::inspect::InspectArguments;
use crate::commands::man::ManArguments;
use crate::commands::models::ModelsCommand;
use crate::commands::produce::ProduceArguments;
use crate::commands::publish::PublishArguments;
use crate::commands::reset::ResetArguments;
use crate::commands::run::RunArguments;
use crate::commands::score::ScoreArguments;
use crate::commands::status::StatusArguments;
use crate::commands::topology::TopologyArguments;
use crate::exit_code::{ExitCode, Failure};

/// Real-time scoring of record streams with models that change under way.
#[derive(Debug, Parser)]
#[command(name = "scorewheel", version, about, disable_help_subcommand = true)]
pub struct CommandLine {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands; each is run by the file of its name in `commands/`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// See it at work: records, models that replace one another, scores; nothing to set up
    Demo(DemoArguments),
    /// Score records with the models that come, until told to stop
    Run(Box<RunArguments>),
    /// Score rows of a file with a model, without topics
    Score(ScoreArguments),
    /// Say what a model is: format, inputs, outputs, and whether it reproduces its own rows
    Inspect(InspectArguments),
    /// Produce records out of a file
    Produce(ProduceArguments),
    /// Publish models
    Publish(PublishArguments),
    /// Print what lies on a topic: results, records, models, dead letters
    Consume(ConsumeArguments),
    /// List, remove, go back to or retry models
    Models(ModelsCommand),
    /// Say where the application stands
    Status(StatusArguments),
    /// Begin anew: forget offsets, stores and internal topics, never records or models
    Reset(ResetArguments),
    /// Print what the scoring topology consists of
    Topology(TopologyArguments),
    /// Show or check the configuration
    Config(ConfigCommand),
    /// Print what a shell needs to complete the commands
    Completions(CompletionsArguments),
    /// Print the manual
    Man(ManArguments),
}

impl Command {
    /// Runs the command; an instance fails where `faults` says.
    ///
    /// # Errors
    /// [`Failure`] with what to tell the operator, and the exit code.
    pub fn run(self, faults: Arc<dyn FaultPoints>) -> Result<ExitCode, Failure> {
        match self {
            Self::Demo(arguments) => arguments.run(),
            Self::Run(arguments) => arguments.run(faults),
            Self::Status(arguments) => arguments.run(),
            Self::Reset(arguments) => arguments.run(),
            Self::Consume(arguments) => arguments.run(),
            Self::Topology(arguments) => arguments.run(),
            Self::Score(arguments) => arguments.run(),
            Self::Inspect(arguments) => arguments.run(),
            Self::Produce(arguments) => arguments.run(),
            Self::Publish(arguments) => arguments.run(),
            Self::Models(arguments) => arguments.run(),
            Self::Config(arguments) => arguments.run(),
            Self::Completions(arguments) => arguments.run(),
            Self::Man(arguments) => arguments.run(),
        }
    }
}
