//! `demo`: records, models that replace one another, and scores, in one process with nothing set up.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use scorewheel_http::{BindError, Server};
use scorewheel_topics::{Backend, TopicsError};

use crate::clients::{ensure_topic, models_topic, records_topic};
use crate::config::{Config, Create, Layers, Loaded, Period, Place};
use crate::demonstration::{ModelsPublisher, RecordsThread, Recount, ResultsThread, Screen};
use crate::exit_code::{ExitCode, Failure};
use crate::running::instance::wait_until;
use crate::running::{Instance, InstanceOptions, RunningPlace, StopSignal, open_for_running};

const PARTITIONS: u32 = 3;
const LISTEN: &str = "127.0.0.1:8888";
const ANY_PORT: &str = "127.0.0.1:0";
/// How long what was produced may take to be scored when the demonstration ends.
const DRAIN_WITHIN: Duration = Duration::from_secs(20);
const TICK: Duration = Duration::from_millis(20);

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// End after this time, such as 30s [default: at Ctrl-C]
    #[arg(long, value_name = "DURATION", value_parser = Period::parse)]
    pub duration: Option<Period>,
    /// Records a second
    #[arg(long, value_name = "N", default_value_t = 2000.0, value_parser = positive)]
    pub rate: f64,
    /// Time between two models
    #[arg(long, value_name = "DURATION", default_value = "3s", value_parser = Period::parse)]
    pub every: Period,
    /// Where HTTP listens [default: 127.0.0.1:8888, or a free port if that is taken]
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<String>,
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "write a number of records a second".to_owned())
}

impl DemoArguments {
    /// Shows it, until the time is over, Ctrl-C is pressed or nobody reads standard output any more.
    ///
    /// # Errors
    /// [`Failure`] if something fails, or if not every record is accounted for in the end.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let directory = Temporary::new()?;
        let server = listener(self.listen.as_deref())?;
        let loaded = Self::loaded(&directory.path, &server);
        let place = open_for_running(&loaded)?;
        let stop = StopSignal::listen()
            .map_err(|error| Failure::run_time(format!("signals cannot be waited for: {error}")))?;
        make_topics(&*place.backend, &loaded.config)?;
        let instance = Instance::start_on(server, &loaded, place, InstanceOptions::default())?;
        let mut screen = Screen::default();
        let introduce = || {
            screen.say(&format!("topics: {} (removed in the end)", loaded.place))?;
            screen.say(&format!("page: {0} in a browser (try curl {0}/v1/models)", instance.url()))
        };
        introduce().map_err(unwritable)?;
        let shown = self.show(&instance, &loaded.config, &stop, &mut screen);
        // Whatever has happened, the instance commits and leaves.
        let stopped = instance.stop("the demonstration ends");
        shown?;
        self.conclude(&stopped?, &loaded.config, &screen)
    }

    /// The configuration: nothing of files, environment and flags that are not ours.
    fn loaded(directory: &Path, server: &Server) -> Loaded {
        let mut config = Config::default();
        config.topics.partitions = PARTITIONS;
        config.topics.create = Create::All;
        config.embedded.data_dir = directory.to_owned();
        config.http.listen = Some(server.address().to_string());
        let place = Place::Embedded { directory: directory.to_owned(), by_default: false };
        Loaded { config, place, file: None, layers: Layers::default(), notices: Vec::new() }
    }

    /// Produces, publishes and shows, then waits until all that was produced is done with.
    fn show(
        &self,
        instance: &Instance,
        config: &Config,
        stop: &StopSignal,
        screen: &mut Screen,
    ) -> Result<(), Failure> {
        let backend = &instance.place().backend;
        let results = ResultsThread::start(backend, &config.topics.results)?;
        let mut models = ModelsPublisher::new(backend, config, self.every.0)?;
        let records = RecordsThread::start(backend, &config.topics.records, PARTITIONS, self.rate)?;
        let start = Instant::now();
        let mut next_line = start + Duration::from_secs(1);
        let is_over = || self.duration.is_some_and(|duration| start.elapsed() >= duration.0);
        while !is_over() && stop.received().is_none() && !screen.is_gone() {
            if let Some(ended) = instance.wait(TICK) {
                ended?;
                return Err(Failure::run_time("the instance has stopped by itself"));
            }
            models.publish_due()?;
            if Instant::now() >= next_line {
                next_line += Duration::from_secs(1);
                screen.show(&instance.snapshot(), &results.seen).map_err(unwritable)?;
            }
        }
        let produced = records.stop()?;
        let done = || {
            let tasks = instance.snapshot().tasks;
            tasks.iter().map(|task| task.records).sum::<u64>() >= produced
        };
        if !wait_until(DRAIN_WITHIN, done) {
            return Err(Failure::run_time(format!(
                "not all of the {produced} records were scored within {} s",
                DRAIN_WITHIN.as_secs()
            )));
        }
        screen.show(&instance.snapshot(), &results.seen).map_err(unwritable)?;
        results.stop()
    }

    /// Counts what lies on the topics.
    fn conclude(&self, place: &RunningPlace, config: &Config, screen: &Screen) -> Result<ExitCode, Failure> {
        let recount = Recount::of(&*place.backend, config)?;
        if !recount.holds() {
            return Err(Failure::run_time(recount.to_string()));
        }
        screen.say(&recount.to_string()).map_err(unwritable)?;
        Ok(ExitCode::Success)
    }
}

fn make_topics(backend: &dyn Backend, config: &Config) -> Result<(), TopicsError> {
    let admin = backend.admin()?;
    ensure_topic(&*admin, &models_topic(config), config.topics.create)?;
    ensure_topic(&*admin, &records_topic(config, &config.topics.records), config.topics.create)?;
    Ok(())
}

/// A listener on the port that was asked for, or on the usual one, or on any if that is taken. It stays bound, so that
/// nobody takes it meanwhile.
fn listener(asked: Option<&str>) -> Result<Server, Failure> {
    let bound = match (asked, Server::bind(asked.unwrap_or(LISTEN))) {
        (None, Err(BindError::InUse(_))) => Server::bind(ANY_PORT),
        (_, bound) => bound,
    };
    bound.map_err(|error| Failure::new(ExitCode::Configuration, error.to_string()))
}

fn unwritable(error: io::Error) -> Failure {
    Failure::output(&error)
}

/// A directory that goes when this is dropped.
struct Temporary {
    path: PathBuf,
}

impl Temporary {
    fn new() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("scorewheel-demo-{}", std::process::id()));
        // Left behind by a process of this number that was killed.
        if path.exists() {
            std::fs::remove_dir_all(&path).map_err(|error| Self::unusable(&path, &error))?;
        }
        std::fs::create_dir_all(&path).map_err(|error| Self::unusable(&path, &error))?;
        Ok(Self { path })
    }

    fn unusable(path: &Path, error: &io::Error) -> Failure {
        let message = format!("the directory {} cannot be used: {error}", path.display());
        Failure::new(ExitCode::DirectoryUnavailable, message)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What cannot be removed is left to the system's own cleaning.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
