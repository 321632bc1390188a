//! `produce`: records out of a file onto the records topic.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use clap::Args;
use scorewheel_codecs::{CsvOptions, DATA_TYPE_HEADER, DataTypeDefinition, DataTypes, RecordEncoder};
use scorewheel_columns::{Batch, Value};
use scorewheel_topics::{
    Backend, RecordTooLarge, TopicPartition, TopicsError, Writer, WriterOptions, partition_for_key,
};

use crate::arguments::ClientArguments;
use crate::clients::record_source::FURTHER_COLUMN;
use crate::clients::{RecordSource, SourceFormat, SourceRow, ensure_topic, own_topic, records_topic};
use crate::clock::now;
use crate::config::Config;
use crate::data_types::data_types;
use crate::exit_code::{ExitCode, Failure};
use crate::output::{self, say};
use crate::places::{Access, open_client};
use crate::rows::RowFormat;
use crate::rows::source::standard_stream;

/// Records that may be on their way without a look at what came back.
const UNFLUSHED: u64 = 2000;

/// Arguments of `produce`.
#[derive(Debug, Args)]
pub struct ProduceArguments {
    /// The records: CSV, or lines of JSON (.jsonl, .ndjson, .json); - is standard input [default: DATA_DIRECTORY/DATA_FILENAME]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Data type of the records, whose codec encodes them
    #[arg(long, value_name = "NAME", default_value = "wine")]
    pub data_type: String,
    /// How the records are written [default: json for a file named .jsonl, .ndjson or .json, else csv]
    #[arg(long, value_enum)]
    pub format: Option<RowFormat>,
    /// What stands between two cells of CSV
    #[arg(long, value_name = "CHARACTER", default_value = ",", value_parser = one_byte)]
    pub delimiter: u8,
    /// The first row of the CSV is a record
    #[arg(long)]
    pub no_header: bool,
    /// Names of the columns, in order [default: those of the header, or the data type's fields]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub fields: Option<Vec<String>>,
    /// Field that becomes the record's key, and so decides its partition [default: no key, partitions in turn]
    #[arg(long, value_name = "FIELD")]
    pub key: Option<String>,
    /// Topic to write [default: topics.records]
    #[arg(long, value_name = "TOPIC")]
    pub topic: Option<String>,
    /// Time between two records, such as 10ms; a bare number is milliseconds [default: 1s]
    #[arg(long, value_name = "DURATION", conflicts_with = "rate")]
    pub interval: Option<String>,
    /// Records a second, or max for as fast as possible
    #[arg(long, value_name = "N|max")]
    pub rate: Option<Rate>,
    /// Begin again after the last record, for ever
    #[arg(long = "loop")]
    pub repeat: bool,
    /// Stop after so many records
    #[arg(short = 'n', long = "count", value_name = "N")]
    pub count: Option<u64>,
    /// Where topics live.
    #[command(flatten)]
    pub client: ClientArguments,
}

/// Standard input, a pipe, a device: what was read of it is gone.
fn is_read_once(file: &Path) -> bool {
    let is_stream = |kind: std::fs::Metadata| !kind.is_file() && !kind.is_dir();
    file == standard_stream() || std::fs::metadata(file).is_ok_and(is_stream)
}

fn one_byte(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [byte] => Ok(*byte),
        _ if text == "\\t" => Ok(b'\t'),
        _ => Err("write one ASCII character, or \\t".into()),
    }
}

/// How many records a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    /// As fast as possible.
    Max,
    /// This many.
    PerSecond(f64),
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let number = text.parse::<f64>().ok().filter(|rate| rate.is_finite() && *rate > 0.0);
        number.map(Self::PerSecond).ok_or_else(|| "write a number of records a second, or max".to_owned())
    }
}

/// When the next record is due.
enum Pace {
    Max,
    /// So long after the one before.
    Interval(Duration),
    /// At its place in a second, however long the others took.
    Rate {
        per_second: f64,
        start: Instant,
    },
}

impl Pace {
    /// How long to wait before record `number`, from 0.
    fn wait(&self, number: u64) -> Duration {
        match self {
            Self::Interval(interval) if number > 0 => *interval,
            Self::Rate { per_second, start } => {
                let due = Duration::try_from_secs_f64(number as f64 / per_second).unwrap_or(Duration::MAX);
                due.saturating_sub(start.elapsed())
            }
            _ => Duration::ZERO,
        }
    }
}

impl ProduceArguments {
    /// Produces.
    ///
    /// # Errors
    /// [`Failure`] that says what is missing: a file, a topic, a permission.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let interval =
            self.interval.iter().map(|text| ("produce.interval".to_owned(), "--interval", text.clone()));
        let loaded = self.client.load(interval.collect())?;
        // What is named wrongly is known before a directory is made for topics.
        self.check(&loaded.config)?;
        let backend = open_client(&loaded, Access::Write)?;
        self.produce(&*backend, &loaded.config, &mut std::io::stdout(), &mut |pause| {
            std::thread::sleep(pause)
        })
    }

    /// Produces to `backend`, saying what was done to `out`; `pause` waits until the next record is due.
    ///
    /// # Errors
    /// As [`ProduceArguments::run`].
    pub fn produce(
        &self,
        backend: &dyn Backend,
        config: &Config,
        out: &mut dyn Write,
        pause: &mut dyn FnMut(Duration),
    ) -> Result<ExitCode, Failure> {
        let topic = self.topic(config)?;
        let types = data_types(config)?;
        let index = index_of(&types, &self.data_type)?;
        let data_type = &types.all()[index];
        let file = self.file(config)?;
        let format = self.format(&file, data_type);
        // A file that cannot be read is known before a topic is made for it.
        let mut source = RecordSource::open(&file, &format, data_type)?;
        let admin = backend.admin()?;
        let (topic, created) = ensure_topic(&*admin, &records_topic(config, topic), config.topics.create)?;
        if created {
            say(out, &format!("created topic {} (partitions: {})", topic.name, topic.partitions))?;
        }
        let mut target = Target {
            writer: backend.writer(&WriterOptions::default())?,
            partitions: (0..topic.partitions)
                .map(|number| TopicPartition::new(topic.name.as_str(), number))
                .collect(),
            encoder: data_type.encoder(),
            value: Vec::new(),
            key: self.key_field(data_type)?,
            header: (index != types.default_type()).then(|| data_type.name().to_owned()),
            type_field: data_type.type_field(),
            data_type: data_type.name().to_owned(),
        };
        let pace = match self.rate {
            Some(Rate::Max) => Pace::Max,
            Some(Rate::PerSecond(per_second)) => Pace::Rate { per_second, start: Instant::now() },
            None => Pace::Interval(config.produce.interval.0),
        };
        let (mut sent, mut skipped, mut row, mut unflushed) = (0, 0_u64, 0_u64, 0);
        let wanted = self.count.unwrap_or(u64::MAX);
        while sent < wanted {
            row += 1;
            let outcome = match source.next_row()? {
                SourceRow::End if self.repeat && sent > 0 => {
                    source = RecordSource::open(&file, &format, data_type)?;
                    row = 0;
                    continue;
                }
                SourceRow::End => break,
                SourceRow::Bad(reason) => Err(reason),
                SourceRow::Row => {
                    let wait = pace.wait(sent);
                    if !wait.is_zero() {
                        target.writer.flush()?;
                        unflushed = 0;
                        pause(wait);
                    }
                    target.put(&mut source, sent)?
                }
            };
            match outcome {
                Ok(()) => {
                    sent += 1;
                    unflushed += 1;
                }
                Err(reason) => {
                    skipped += 1;
                    output::note(&format!("record {row} is left out: {reason}"));
                }
            }
            if unflushed >= UNFLUSHED {
                target.writer.send()?;
                unflushed = 0;
            }
        }
        target.writer.flush()?;
        let left_out = if skipped > 0 { format!(", {skipped} left out") } else { String::new() };
        say(out, &format!("produced {sent} records to {}{left_out}", topic.name))?;
        Ok(if skipped > 0 { ExitCode::RunTime } else { ExitCode::Success })
    }

    /// Refuses what is named wrongly. What gives its bytes only once is not looked into.
    fn check(&self, config: &Config) -> Result<(), Failure> {
        self.topic(config)?;
        let types = data_types(config)?;
        let data_type = &types.all()[index_of(&types, &self.data_type)?];
        let file = self.file(config)?;
        if !is_read_once(&file) {
            RecordSource::open(&file, &self.format(&file, data_type), data_type)?;
        }
        Ok(())
    }

    /// The topic to write.
    fn topic<'a>(&'a self, config: &'a Config) -> Result<&'a str, Failure> {
        let topic = self.topic.as_deref().unwrap_or(&config.topics.records);
        let Some(what) = own_topic(config, topic) else { return Ok(topic) };
        let instead = if topic == config.topics.models {
            "`scorewheel publish` and `scorewheel models` write it"
        } else {
            "the application writes it alone"
        };
        Err(Failure::new(ExitCode::Usage, format!("--topic {topic}: it is {what}; {instead}")))
    }

    fn file(&self, config: &Config) -> Result<PathBuf, Failure> {
        let configured = match (&config.produce.directory, &config.produce.filename) {
            (Some(directory), Some(file)) => Some(directory.join(file)),
            (None, file) => file.clone(),
            (Some(_), None) => None,
        };
        let none = || Failure::new(ExitCode::Usage, "name the file with the records");
        let file = self.file.clone().or(configured).ok_or_else(none)?;
        if self.repeat && is_read_once(&file) {
            return Err(Failure::new(
                ExitCode::Usage,
                "standard input or a pipe cannot be begun again: no --loop",
            ));
        }
        Ok(file)
    }

    fn format(&self, file: &Path, data_type: &DataTypeDefinition) -> SourceFormat {
        let extension = file.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let by_name = match extension.as_str() {
            "jsonl" | "ndjson" | "json" => RowFormat::Json,
            _ => RowFormat::Csv,
        };
        if self.format.unwrap_or(by_name) == RowFormat::Json {
            return SourceFormat::JsonLines;
        }
        let names = match &self.fields {
            Some(fields) => Some(fields.clone()),
            None if self.no_header => Some(names_in_order(data_type)),
            None => None,
        };
        SourceFormat::Csv(CsvOptions { delimiter: self.delimiter, names, header: !self.no_header })
    }

    fn key_field(&self, data_type: &DataTypeDefinition) -> Result<Option<usize>, Failure> {
        let Some(key) = &self.key else { return Ok(None) };
        let field = data_type.schema().find(key);
        field.map(Some).map_err(|error| Failure::new(ExitCode::Usage, format!("--key: {error}")))
    }
}

/// Where a data type stands among those that are configured.
pub(crate) fn index_of(types: &DataTypes, name: &str) -> Result<usize, Failure> {
    types.find(name).ok_or_else(|| {
        let message = format!("there is no data type {name:?}; configure it in [[data_types]]");
        Failure::new(ExitCode::Usage, message)
    })
}

/// The fields of a data type but the one that names it, and room for columns that mean nothing to it.
fn names_in_order(data_type: &DataTypeDefinition) -> Vec<String> {
    const FURTHER_COLUMNS: usize = 64;
    let fields = data_type.schema().fields().iter().enumerate();
    let mut names: Vec<String> = fields
        .filter(|(index, _)| Some(*index) != data_type.type_field())
        .map(|(_, f)| f.name.to_string())
        .collect();
    names.extend((1..=FURTHER_COLUMNS).map(|number| format!("{FURTHER_COLUMN} {number}")));
    names
}

/// Where the records go, and as what.
struct Target {
    writer: Box<dyn Writer>,
    partitions: Vec<TopicPartition>,
    encoder: RecordEncoder,
    value: Vec<u8>,
    key: Option<usize>,
    /// The data type, where it is not the default and the reader must be told.
    header: Option<String>,
    type_field: Option<usize>,
    data_type: String,
}

impl Target {
    /// Puts the source's row into the writer; an inner error is about this record alone.
    fn put(&mut self, source: &mut RecordSource, number: u64) -> Result<Result<(), String>, Failure> {
        let batch = &mut source.batch;
        if let Some(field) = self.type_field {
            let names_none = match batch.column(field).get(0) {
                Value::Missing => true,
                Value::Text(name) => name.is_empty(),
                _ => false,
            };
            if names_none {
                batch.column_mut(field).write_text(0, &self.data_type);
            }
        }
        self.value.clear();
        if let Err(error) = self.encoder.encode(batch, 0, &mut self.value) {
            return Ok(Err(error.to_string()));
        }
        let key = self.key.map(|field| text_of(batch, field));
        let count = self.partitions.len() as u64;
        let index = match &key {
            Some(key) => partition_for_key(key.as_bytes(), self.partitions.len() as u32) as usize,
            None => usize::try_from(number % count.max(1)).unwrap_or(0),
        };
        let Some(partition) = self.partitions.get(index) else {
            return Err(Failure::run_time("the topic has no partitions"));
        };
        let mut record = self.writer.lend(partition)?.record(now(), key.as_deref().map(str::as_bytes));
        if let Some(data_type) = &self.header {
            record.header(DATA_TYPE_HEADER, data_type.as_bytes());
        }
        record.value().extend_from_slice(&self.value);
        Ok(record
            .finish()
            .map_err(|error: RecordTooLarge| TopicsError::too_large(partition.topic(), error).to_string()))
    }
}

/// A cell as the text of a key.
fn text_of(batch: &Batch, field: usize) -> String {
    match batch.column(field).get(0) {
        Value::Text(text) => text.into(),
        Value::F64(number) => number.to_string(),
        Value::F32(number) => number.to_string(),
        Value::I64(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Missing => String::new(),
        other => format!("{other:?}"),
    }
}
