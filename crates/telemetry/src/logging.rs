//! The log on standard error.

use std::io::IsTerminal;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people, coloured on a terminal.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Why logging cannot start.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter cannot be read.
    #[error(
        "`{filter}` is no log level: {reason}; write error, warn, info, debug or trace, or target=level pairs"
    )]
    Filter {
        /// What was written.
        filter: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Something logs already.
    #[error("the log was started twice")]
    Started,
}

/// Starts logging to standard error: what passes `filter`, such as `info` or `info,scorewheel_scoring=debug`.
///
/// # Errors
/// [`LogError`].
pub fn start_logging(filter: &str, format: LogFormat) -> Result<(), LogError> {
    let targets: Targets = filter
        .parse()
        .map_err(|error| LogError::Filter { filter: filter.to_owned(), reason: format!("{error}") })?;
    let registry = tracing_subscriber::registry().with(targets);
    let started = match format {
        LogFormat::Text => {
            let colour = std::io::stderr().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
            registry
                .with(fmt::layer().with_writer(std::io::stderr).with_ansi(colour).with_target(false))
                .try_init()
        }
        LogFormat::Json => {
            registry.with(fmt::layer().json().flatten_event(true).with_writer(std::io::stderr)).try_init()
        }
    };
    started.map_err(|_| LogError::Started)
}
