//! `run`: scores, until it is told to stop.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use scorewheel_serving::Adopt;
use scorewheel_streams::FaultPoints;
use scorewheel_telemetry::{LogError, start_logging};

use crate::arguments::PlaceArguments;
use crate::config::{Config, Engine, Loaded, LogFormat, Store};
use crate::exit_code::{ExitCode, Failure};
use crate::output;
use crate::running::stage::StageInstance;
use crate::running::{Instance, InstanceOptions, StopSignal, open_for_running};

/// How often it is looked whether the process was told to stop.
const LOOK: Duration = Duration::from_millis(20);

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// What scores: streams, stage [default: engine.kind]
    #[arg(long, value_name = "ENGINE")]
    pub engine: Option<Engine>,
    /// Where the topology keeps its state: persistent, memory, custom [default: engine.store]
    #[arg(long, value_name = "STORE")]
    pub store: Option<Store>,
    /// Stream threads [default: engine.threads]
    #[arg(long, value_name = "N")]
    pub threads: Option<u32>,
    /// Where HTTP listens; port 0 picks a free one [default: 127.0.0.1:8888, or 5500 for the stage]
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// Lines for people, or one JSON object a line: text, json [default: log.format]
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// The models topic was made anew: take it as it is now
    #[arg(long)]
    pub adopt_log: bool,
    /// Other instances hold another set of models at the same control offset: score with this one's
    #[arg(long)]
    pub adopt_revision: bool,
    /// Where topics live.
    #[command(flatten)]
    pub place: PlaceArguments,
}

impl RunArguments {
    /// Runs an instance until SIGTERM or SIGINT, or until it cannot go on; it fails where `faults` says.
    ///
    /// # Errors
    /// [`Failure`] with what the operator has to do, and the exit code.
    pub fn run(self, faults: Arc<dyn FaultPoints>) -> Result<ExitCode, Failure> {
        let loaded = self.place.load(self.flags())?;
        log(&loaded.config)?;
        match (self.work(&loaded, faults), loaded.config.log.format) {
            // Whoever reads the log reads there why it ends.
            (Err(failure), LogFormat::Json) => {
                tracing::error!("{failure}");
                Ok(failure.code)
            }
            (Err(failure), LogFormat::Text) => Err(failure),
            (Ok(()), _) => Ok(ExitCode::Success),
        }
    }

    fn work(&self, loaded: &Loaded, faults: Arc<dyn FaultPoints>) -> Result<(), Failure> {
        let note = |line: &str| note(&loaded.config, line);
        note(&format!("topics: {}", loaded.place));
        loaded.notices.iter().for_each(|notice| note(notice));
        let stop = StopSignal::listen()
            .map_err(|error| Failure::run_time(format!("signals cannot be waited for: {error}")))?;
        let place = open_for_running(loaded)?;
        for damage in place.embedded.iter().flat_map(|topics| topics.damage()) {
            note(&format!("damage: {damage}"));
        }
        let adopt = Adopt { log: self.adopt_log, revision: self.adopt_revision };
        let options = InstanceOptions { adopt, faults };
        match loaded.config.engine.kind {
            Engine::Streams => {
                let instance = Instance::start(loaded, place, options)?;
                note(&format!("listening on {}", instance.url()));
                if let Some(signal) = until_told(&stop, || instance.wait(LOOK))? {
                    instance.stop(signal)?;
                }
            }
            Engine::Stage => {
                let instance = StageInstance::start(loaded, place, options)?;
                note(&format!("listening on {}", instance.url()));
                if let Some(signal) = until_told(&stop, || instance.wait(LOOK))? {
                    instance.stop(signal)?;
                }
            }
        }
        Ok(())
    }

    fn flags(&self) -> Vec<(String, &'static str, String)> {
        let said = [
            ("engine.kind", "--engine", self.engine.map(|engine| engine.to_string())),
            ("engine.store", "--store", self.store.map(|store| store.to_string())),
            ("engine.threads", "--threads", self.threads.map(|threads| threads.to_string())),
            ("http.listen", "--listen", self.listen.clone()),
            ("log.format", "--log-format", self.log_format.map(|format| format.to_string())),
        ];
        said.into_iter().filter_map(|(key, flag, text)| Some((key.to_owned(), flag, text?))).collect()
    }
}

/// Waits for a signal, whose name it gives, or for the instance's end by itself.
fn until_told(
    stop: &StopSignal,
    mut wait: impl FnMut() -> Option<Result<(), Failure>>,
) -> Result<Option<&'static str>, Failure> {
    loop {
        if let Some(ended) = wait() {
            return ended.map(|()| None);
        }
        if let Some(signal) = stop.received() {
            return Ok(Some(signal));
        }
    }
}

/// One line for people, or one of the log where that is read by programs.
fn note(config: &Config, line: &str) {
    match config.log.format {
        LogFormat::Text => output::note(line),
        LogFormat::Json => tracing::info!("{line}"),
    }
}

/// Starts the log.
fn log(config: &Config) -> Result<(), Failure> {
    let format = match config.log.format {
        LogFormat::Text => scorewheel_telemetry::LogFormat::Text,
        LogFormat::Json => scorewheel_telemetry::LogFormat::Json,
    };
    match start_logging(&config.log.level, format) {
        Ok(()) | Err(LogError::Started) => Ok(()),
        Err(error) => Err(Failure::new(ExitCode::Configuration, format!("log.level: {error}"))),
    }
}
