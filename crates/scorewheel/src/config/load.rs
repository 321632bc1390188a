//! File, environment and flags together.

use std::path::{Path, PathBuf};

use super::address::{check_url, is_host_and_port};
use super::choices::InfluxVersion;
use super::data_type;
use super::environment;
use super::file;
use super::layers::{Layers, Source};
use super::place::{Place, decide};
use super::problem::{Problem, Problems};
use super::references;
use super::settings::Config;
use super::value::Raw;

/// The file that is read when none is named and it is there.
pub const DEFAULT_FILE: &str = "scorewheel.toml";

/// From what a configuration is to be made.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The file that was named.
    pub file: Option<PathBuf>,
    /// The environment.
    pub environment: Vec<(String, String)>,
    /// Settings given as arguments: key, the argument's name, its text.
    pub flags: Vec<(String, &'static str, String)>,
}

/// A configuration and how it came about.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// Where topics live.
    pub place: Place,
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// Who said what.
    pub layers: Layers,
    /// What is worth knowing, but not wrong.
    pub notices: Vec<String>,
}

/// Makes a configuration.
///
/// # Errors
/// [`Problems`]: all that is wrong.
pub fn load(request: &Request) -> Result<Loaded, Problems> {
    let mut layers = Layers::default();
    let mut problems = Vec::new();
    let mut notices = Vec::new();
    let (file, mut contents) = match read_file(request.file.as_deref(), &mut problems) {
        Some((path, text)) => {
            let contents = file::read(&path, &text, &mut layers, &mut problems);
            (Some(path), contents)
        }
        None => (None, file::FileContents::default()),
    };
    let credentials =
        environment::read(request.environment.iter().cloned(), &mut layers, &mut problems, &mut notices);
    references::add_credentials(&mut contents.references, credentials, &mut problems);
    for (key, flag, text) in &request.flags {
        let source = Source::Flag((*flag).to_owned());
        if file::keys().any(|known| known == *key) {
            layers.say(key, source, Raw::One(text.clone()));
        } else if let Some((table, entry)) = file::entry_of_table(key) {
            layers.say(table, source, Raw::Map([(entry, text.clone())].into()));
        } else {
            problems.push(file::unknown(key, source));
        }
    }
    let mut config = Config::read(&layers, &mut problems);
    data_type::check(&contents.data_types, &mut problems);
    config.data_types = contents.data_types.into_iter().map(|(entry, _)| entry).collect();
    references::check(&contents.references, config.models.max_size, &mut problems);
    config.references = contents.references.into_iter().map(|(entry, _)| entry).collect();
    check(&config, &layers, &mut problems);
    let place = decide(&config, &layers, &mut problems);
    if problems.is_empty() {
        Ok(Loaded { config, place, file, layers, notices })
    } else {
        Err(Problems(problems))
    }
}

fn read_file(named: Option<&Path>, problems: &mut Vec<Problem>) -> Option<(PathBuf, String)> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    match std::fs::read_to_string(path) {
        Ok(text) => Some((path.to_owned(), text)),
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            let source = Source::File { path: path.to_owned(), line: 1 };
            problems.push(Problem::new(source, format!("cannot be read: {error}")));
            None
        }
    }
}

/// What a type alone cannot say about values.
fn check(config: &Config, layers: &Layers, problems: &mut Vec<Problem>) {
    let mut require = |holds: bool, key: &str, what: &str| {
        if !holds {
            problems.push(Problem::new(layers.source(key), format!("`{key}` {what}")));
        }
    };
    let is_name = |text: &str| scorewheel_model::DataTypeName::new(text).is_ok();
    const NAME: &str = "holds a character outside A-Z a-z 0-9 . _ -, or is longer than 128";
    require(is_name(&config.application.id), "application.id", NAME);
    let topics = [
        ("topics.records", &config.topics.records),
        ("topics.models", &config.topics.models),
        ("topics.results", &config.topics.results),
        ("topics.dead_letters", &config.topics.dead_letters),
        ("topics.rejections", &config.topics.rejections),
    ];
    for (index, (key, topic)) in topics.iter().enumerate() {
        require(is_name(topic), key, NAME);
        if let Some((other, _)) = topics[..index].iter().find(|(_, earlier)| earlier == topic) {
            require(false, key, &format!("is the same topic as `{other}`"));
        }
    }
    if let Some(Err(reason)) = config.client.url.as_deref().map(check_url) {
        require(false, "client.url", &format!("does not do: {reason}"));
    }
    let listens = config.http.listen.as_deref().is_none_or(is_host_and_port);
    require(listens, "http.listen", "is not HOST:PORT, such as 127.0.0.1:8888");
    require(config.topics.partitions >= 1, "topics.partitions", "is 0; a topic has at least one partition");
    require(config.topics.replication != Some(0), "topics.replication", "is 0; there is at least one copy");
    require((1..=256).contains(&config.engine.threads), "engine.threads", "is not between 1 and 256");
    let (heartbeat, expiry) = (config.cluster.heartbeat.0, config.cluster.expiry.0);
    require(!heartbeat.is_zero(), "cluster.heartbeat", "is 0");
    require(expiry > heartbeat * 2, "cluster.expiry", "is not longer than two of `cluster.heartbeat`");
    require(!config.cluster.timeout.0.is_zero(), "cluster.timeout", "is 0");
    let share = config.scoring.failure_share;
    require(share > 0.0 && share <= 1.0, "scoring.failure_share", "is not above 0 and up to 1");
    require(config.scoring.failure_rows >= 1, "scoring.failure_rows", "is 0");
    let fetches = config.models.reference_fetches;
    require((1..=64).contains(&fetches), "models.reference_fetches", "is not between 1 and 64");
    require(config.memory.batch_records >= 1, "memory.batch_records", "is 0");
    require(config.memory.batch_size.0 >= 1, "memory.batch_size", "is 0");
    require(config.commit.interval.0.as_millis() >= 1, "commit.interval", "is 0");
    require(
        config.commit.transaction_timeout > config.commit.interval,
        "commit.transaction_timeout",
        "is not longer than `commit.interval`",
    );
    if config.influx_url().is_some() {
        let (influx, two) = (&config.influx, config.influx.version == InfluxVersion::Two);
        const NEEDED: &str = "is needed for InfluxDB 2";
        require(!two || influx.organization.is_some(), "influx.organization", NEEDED);
        require(!two || influx.token.is_some(), "influx.token", NEEDED);
        let user = influx.user.is_some();
        require(user || influx.password.is_none(), "influx.password", "needs `influx.user` as well");
        require(influx.queue >= 1, "influx.queue", "is 0");
    }
    let drift = &config.drift;
    for (key, period) in [("drift.reference", drift.reference), ("drift.window", drift.window)] {
        require(
            (1_000..=31 * 86_400_000).contains(&period.0.as_millis()),
            key,
            "is not between 1 s and 31 days",
        );
    }
    let rows = drift.rows_per_second;
    require((1..=1_000_000).contains(&rows), "drift.rows_per_second", "is not between 1 and 1,000,000");
    require(config.traces.one_in >= 1, "traces.one_in", "is 0");
    require(
        config.kafka.heartbeat_interval < config.kafka.session_timeout,
        "kafka.heartbeat_interval",
        "is not shorter than `kafka.session_timeout`",
    );
}
