//! `consume`: what lies on a topic, decoded.

use std::io::{self, Write};
use std::time::Duration;

use clap::{Args, ValueEnum};
use scorewheel_columns::temporal::write_date_time;
use scorewheel_topics::embedded::Holder;
use scorewheel_topics::{Backend, TopicsError};
use serde_json::Value;

use crate::arguments::ClientArguments;
use crate::clients::{RecordReader, Tail, TailStart, own_topic};
use crate::config::{Config, Loaded, Place};
use crate::exit_code::{ExitCode, Failure};
use crate::output;
use crate::places::Access;

/// How long to wait before a topic that is missing is looked for again.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Arguments of `consume`.
#[derive(Debug, Args)]
pub struct ConsumeArguments {
    /// Topic: results, records, models, dead-letters, rejections, cutovers, or the name of any other
    #[arg(value_name = "TOPIC", default_value = "results")]
    pub topic: String,
    /// Only this partition
    #[arg(short = 'p', long, value_name = "NUMBER")]
    pub partition: Option<u32>,
    /// Where to begin: start, end, @ and milliseconds since 1970, or an offset
    #[arg(short = 'o', long = "offset", value_name = "POSITION", default_value = "start")]
    pub start: TailStart,
    /// Stop after so many records
    #[arg(short = 'n', long = "count", value_name = "N")]
    pub count: Option<u64>,
    /// Stop at the end, instead of waiting for more
    #[arg(short = 'e', long)]
    pub exit: bool,
    /// One JSON object a line, or columns for people
    #[arg(short = 'f', long, value_enum, default_value = "json")]
    pub format: ConsumeFormat,
    /// Where topics live.
    #[command(flatten)]
    pub client: ClientArguments,
}

/// How records are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ConsumeFormat {
    /// One JSON object a line.
    Json,
    /// Columns.
    Table,
}

impl ConsumeArguments {
    /// Prints records until the count or the end is reached, or for ever.
    ///
    /// # Errors
    /// [`Failure`] if there is no such topic, or it cannot be read.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let (loaded, backend) = self.client.open(Access::Read, Vec::new())?;
        if !self.exit && others_may_write(&loaded) {
            self.wait_for_topic(&*backend, &loaded.config)?;
        }
        match self.consume(&*backend, &loaded.config, &mut io::stdout().lock()) {
            // A reader that has gone away, such as `head`, has what it wanted.
            Err(Consumed::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                Ok(ExitCode::Success)
            }
            Err(Consumed::Output(error)) => Err(Failure::output(&error)),
            Err(Consumed::Failed(failure)) => Err(failure),
            Ok(()) => Ok(ExitCode::Success),
        }
    }

    /// Waits for a topic of the application, as for its records: it comes with the first of them.
    fn wait_for_topic(&self, backend: &dyn Backend, config: &Config) -> Result<(), Failure> {
        let topic = topic_of(&self.topic, config);
        if topic == self.topic && topic != config.topics.records && own_topic(config, &topic).is_none() {
            return Ok(());
        }
        let admin = backend.admin()?;
        let mut said = false;
        while admin.describe_topic(&topic)?.is_none() {
            if !std::mem::replace(&mut said, true) {
                output::note(&format!("topic {topic} is not there yet; waiting for it"));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    }

    /// Prints records of `backend` to `out`.
    ///
    /// # Errors
    /// [`Consumed`].
    pub fn consume(
        &self,
        backend: &dyn Backend,
        config: &Config,
        out: &mut dyn Write,
    ) -> Result<(), Consumed> {
        let topic = topic_of(&self.topic, config);
        let mut reader = RecordReader::new(config)?;
        let mut tail = Tail::open(backend, &topic, self.partition, self.start)
            .map_err(|error| not_there_yet(&topic, config, error))?;
        let mut left = self.count.unwrap_or(u64::MAX);
        if self.format == ConsumeFormat::Table {
            writeln!(out, "{}", HEADING)?;
        }
        while left > 0 {
            let batch = tail.next_batch().map_err(Failure::from)?;
            if let Some(batch) = batch {
                let partition = batch.source().partition();
                for record in batch.iter() {
                    if left == 0 {
                        break;
                    }
                    left -= 1;
                    let line = reader.read(&topic, partition, &record);
                    match self.format {
                        ConsumeFormat::Json => writeln!(out, "{line}")?,
                        ConsumeFormat::Table => writeln!(out, "{}", row(&line))?,
                    }
                }
                out.flush()?;
            } else if self.exit && tail.at_end() {
                break;
            }
        }
        Ok(())
    }
}

/// The failure of a topic that cannot be read; one of the application that is missing is not made by hand.
fn not_there_yet(topic: &str, config: &Config, error: TopicsError) -> Failure {
    let maker = if topic == config.topics.models { "publish" } else { "run" };
    match error {
        TopicsError::UnknownTopic { .. } if own_topic(config, topic).is_some() => {
            Failure::run_time(format!("topic {topic} is not there yet; `scorewheel {maker}` makes it"))
        }
        error => error.into(),
    }
}

/// Whether a topic that is missing may come while this command waits: nobody else makes one in a directory that it
/// holds itself.
fn others_may_write(loaded: &Loaded) -> bool {
    match &loaded.place {
        Place::Embedded { directory, .. } => {
            Holder::of(directory).is_some_and(|holder| holder.process != std::process::id())
        }
        Place::Kafka(_) | Place::Remote(_) => true,
    }
}

/// Why consuming ended early.
#[derive(Debug)]
pub enum Consumed {
    /// Standard output cannot be written.
    Output(io::Error),
    /// Something else.
    Failed(Failure),
}

impl From<io::Error> for Consumed {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<Failure> for Consumed {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// The topic that a word stands for.
fn topic_of(word: &str, config: &Config) -> String {
    let topics = &config.topics;
    match word {
        "results" => topics.results.clone(),
        "records" => topics.records.clone(),
        "models" => topics.models.clone(),
        "dead-letters" => topics.dead_letters.clone(),
        "rejections" => topics.rejections.clone(),
        "cutovers" => config.cutovers_topic(),
        other => other.to_owned(),
    }
}

const HEADING: &str =
    "        AT  TIMESTAMP                 KEY                MODEL                   VALUE";

/// A record for people: where, when, key, model, value; why it is dead, if it is.
fn row(line: &Value) -> String {
    let at = format!("{}:{}", line["partition"], line["offset"]);
    let text = |value: &Value| match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let model = match &line["lineage"] {
        Value::Object(lineage) => match (lineage.get("model"), lineage.get("version")) {
            (Some(model), Some(version)) => format!("{} {}", text(model), text(version)),
            _ => "-".to_owned(),
        },
        _ => "-".to_owned(),
    };
    let mut value = text(&line["value"]);
    let error = &line["error"];
    if error.is_object() {
        value = format!(
            "{} at step {}: {} | {value}",
            text(&error["exception"]),
            text(&error["step"]),
            text(&error["message"])
        );
    }
    format!("{at:>10}  {:<24}  {:<17}  {model:<22}  {value}", moment(&line["timestamp"]), text(&line["key"]))
}

/// A timestamp as a date and time, UTC.
fn moment(timestamp: &Value) -> String {
    let micros = timestamp.as_i64().filter(|millis| *millis >= 0).and_then(|millis| millis.checked_mul(1000));
    let Some(micros) = micros else { return "-".to_owned() };
    let mut text = String::new();
    // Writing to a string does not fail.
    write_date_time(&mut text, micros).ok();
    text + "Z"
}
