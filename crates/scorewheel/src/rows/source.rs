//! Rows of JSON lines or CSV.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;
use scorewheel_codecs::{
    Codec, CsvDecoder, CsvOptions, CsvRows, DataTypeDefinition, DecodeError, DecodeErrorKind, Line, Lines,
    RecordDecoder,
};
use scorewheel_columns::{Batch, Schema};
use serde_json::Value;

use crate::exit_code::{ExitCode, Failure};

/// Longest line of JSON; a row of an image model takes a few megabytes.
const LINE_LIMIT: usize = 64 << 20;

/// How the rows of a file are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RowFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// Comma-separated values.
    Csv,
}

impl RowFormat {
    /// The format that a file's name tells: CSV for `.csv`, else JSON lines.
    #[must_use]
    pub fn of_path(path: &Path) -> Self {
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
            Self::Csv
        } else {
            Self::Json
        }
    }
}

/// Rows of one file, or of standard input.
pub struct RowSource {
    name: String,
    rows: Rows,
}

enum Rows {
    Json { lines: Lines<Input>, first: Option<Vec<u8>>, decoder: Option<Box<RecordDecoder>> },
    Csv { rows: Box<CsvRows<Input>>, decoder: Option<CsvDecoder> },
}

/// A file or standard input, buffered.
enum Input {
    File(BufReader<File>),
    Standard(BufReader<io::Stdin>),
}

impl Input {
    /// True if a further read may wait for whoever writes.
    fn may_wait(&self) -> bool {
        matches!(self, Self::Standard(reader) if reader.buffer().is_empty())
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(reader) => reader.read(buffer),
            Self::Standard(reader) => reader.read(buffer),
        }
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Self::File(reader) => reader.fill_buf(),
            Self::Standard(reader) => reader.fill_buf(),
        }
    }

    fn consume(&mut self, amount: usize) {
        match self {
            Self::File(reader) => reader.consume(amount),
            Self::Standard(reader) => reader.consume(amount),
        }
    }
}

/// Opens a file of rows.
///
/// # Errors
/// [`ExitCode::FileNotFound`] if it cannot be read, or is a directory.
pub(crate) fn open_file(path: &Path) -> Result<File, Failure> {
    let unreadable =
        |why: String| Failure::new(ExitCode::FileNotFound, format!("cannot read {}: {why}", path.display()));
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(unreadable("it is a directory".to_owned()));
    }
    Ok(file)
}

/// What the first row shows: its fields in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FirstRow {
    /// Name and what stands there.
    pub fields: Vec<(String, Sample)>,
}

/// What a field of the first row holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sample {
    /// A number.
    Number,
    /// Nothing.
    Missing,
    /// Text, a truth value or an object.
    Other,
    /// A list: the lengths of its dimensions, as its first elements show them.
    List(Vec<usize>),
}

impl RowSource {
    /// Opens `path`, or standard input for `-`.
    ///
    /// # Errors
    /// [`ExitCode::FileNotFound`] if the file cannot be opened, [`ExitCode::RunTime`] if its header cannot be read.
    pub fn open(path: &Path, format: RowFormat, csv: &CsvOptions) -> Result<Self, Failure> {
        let (name, input) = if path == Path::new("-") {
            ("standard input".to_owned(), Input::Standard(BufReader::with_capacity(1 << 20, io::stdin())))
        } else {
            let file = open_file(path)?;
            (path.display().to_string(), Input::File(BufReader::with_capacity(1 << 20, file)))
        };
        let rows = match format {
            RowFormat::Json => {
                Rows::Json { lines: Lines::new(input, LINE_LIMIT), first: None, decoder: None }
            }
            RowFormat::Csv => {
                let rows = CsvRows::new(input, csv).map_err(|error| broken(&name, &error))?;
                Rows::Csv { rows: Box::new(rows), decoder: None }
            }
        };
        Ok(Self { name, rows })
    }

    /// What the first row shows, without taking it; `None` if there is no row.
    ///
    /// # Errors
    /// If the source fails.
    pub fn first_row(&mut self) -> Result<Option<FirstRow>, Failure> {
        match &mut self.rows {
            Rows::Json { lines, first, .. } => {
                if first.is_none() {
                    *first = match lines.next_line().map_err(|error| broken(&self.name, &error))? {
                        Some(Line::Text(line)) => Some(line.to_vec()),
                        // A line beyond the limit is told when its turn comes; an empty one stands for it here.
                        Some(Line::TooLong) => Some(Vec::new()),
                        None => None,
                    };
                }
                Ok(first.as_deref().map(show_json))
            }
            Rows::Csv { rows, .. } => {
                let names = rows.names().to_vec();
                let row = rows.peek_row().map_err(|error| broken(&self.name, &error))?;
                Ok(row.map(|row| show_csv(names, row.cells())))
            }
        }
    }

    /// Says what the rows look like; to be called before [`RowSource::fill`].
    ///
    /// # Errors
    /// [`ExitCode::Usage`] if two columns of a CSV file stand for one field, or none stands for any: then the delimiter
    /// or the header is another, and every answer would be that of a row without values.
    pub fn decode_as(&mut self, schema: &Arc<Schema>) -> Result<(), Failure> {
        let wrong = |error| Failure::new(ExitCode::Usage, format!("{}: {error}", self.name));
        match &mut self.rows {
            Rows::Json { decoder, .. } => {
                let definition = DataTypeDefinition::of_fields("row", Codec::Json, schema.fields().to_vec())
                    .map_err(wrong)?;
                *decoder = Some(Box::new(definition.decoder()));
            }
            Rows::Csv { rows, decoder } => {
                if !schema.is_empty() && !rows.names().iter().any(|name| schema.find(name).is_ok()) {
                    return Err(no_column(&self.name, rows.names(), schema));
                }
                *decoder = Some(CsvDecoder::new(schema, rows.names()).map_err(wrong)?);
            }
        }
        Ok(())
    }

    /// Reads up to `limit` rows into `batch`, which is emptied first; what cannot be read is noted in `outcomes`,
    /// which gets an entry a row: its row in the batch, or why it has none. Returns early where a further read would
    /// wait. No entries: the end.
    ///
    /// # Errors
    /// If the source fails.
    pub fn fill(
        &mut self,
        limit: usize,
        batch: &mut Batch,
        outcomes: &mut Vec<Result<usize, DecodeError>>,
    ) -> Result<(), Failure> {
        outcomes.clear();
        batch.clear();
        let mut used = 0;
        while outcomes.len() < limit {
            if used == batch.rows() {
                batch.resize((used * 2).clamp(16.min(limit), limit));
            }
            let decoded = match &mut self.rows {
                Rows::Json { decoder: None, .. } | Rows::Csv { decoder: None, .. } => None,
                Rows::Json { lines, first, decoder: Some(decoder) } => {
                    if first.is_none() && !outcomes.is_empty() && lines.source().may_wait() {
                        break;
                    }
                    match first.take() {
                        Some(line) if line.is_empty() => Some(Err(too_long())),
                        Some(line) => Some(decoder.decode(&line, batch, used)),
                        None => match lines.next_line().map_err(|error| broken(&self.name, &error))? {
                            Some(Line::Text(line)) => Some(decoder.decode(line, batch, used)),
                            Some(Line::TooLong) => Some(Err(too_long())),
                            None => None,
                        },
                    }
                }
                Rows::Csv { rows, decoder: Some(decoder) } => {
                    let row = rows.next_row().map_err(|error| broken(&self.name, &error))?;
                    row.map(|row| decoder.decode(row, batch, used))
                }
            };
            match decoded {
                None => break,
                Some(Ok(())) => {
                    outcomes.push(Ok(used));
                    used += 1;
                }
                Some(Err(error)) => outcomes.push(Err(error)),
            }
        }
        batch.resize(used);
        batch.settle();
        Ok(())
    }
}

fn too_long() -> DecodeError {
    DecodeErrorKind::TooLong(LINE_LIMIT).at(0)
}

/// The failure of a CSV file of which no column is an input.
fn no_column(file: &str, names: &[String], schema: &Schema) -> Failure {
    let few = |names: &mut dyn Iterator<Item = &str>| {
        let names: Vec<&str> = names.take(4).collect();
        names.join("`, `")
    };
    let message = format!(
        "{file}: no column is an input of the model; the columns are `{}`, the inputs `{}`, …; say --delimiter if cells are \
         separated by another character than a comma, --no-header with --fields if the first row is no header",
        few(&mut names.iter().map(String::as_str)),
        few(&mut schema.fields().iter().map(|field| &*field.name)),
    );
    Failure::new(ExitCode::Usage, message)
}

fn broken(name: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::run_time(format!("{name}: {error}"))
}

/// The fields of a JSON object in their order; of anything else none.
fn show_json(line: &[u8]) -> FirstRow {
    struct Members;
    impl<'de> serde::de::Visitor<'de> for Members {
        type Value = Vec<(String, Value)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<M: serde::de::MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    let mut reader = serde_json::Deserializer::from_slice(line);
    let members = serde::Deserializer::deserialize_map(&mut reader, Members).unwrap_or_default();
    let sample = |value: &Value| match value {
        Value::Null => Sample::Missing,
        Value::Number(_) => Sample::Number,
        Value::Array(_) => {
            let mut lengths = Vec::new();
            let mut inner = value;
            while let Value::Array(items) = inner {
                lengths.push(items.len());
                let Some(first) = items.first() else { break };
                inner = first;
            }
            Sample::List(lengths)
        }
        // Non-finite numbers are written as strings.
        Value::String(text) if matches!(&**text, "NaN" | "Infinity" | "-Infinity") => Sample::Number,
        _ => Sample::Other,
    };
    FirstRow { fields: members.iter().map(|(name, value)| (name.clone(), sample(value))).collect() }
}

fn show_csv<'a>(names: Vec<String>, cells: impl Iterator<Item = std::borrow::Cow<'a, str>>) -> FirstRow {
    let sample = |text: &str| match text.trim() {
        "" => Sample::Missing,
        text if text.parse::<f64>().is_ok() => Sample::Number,
        text if text.starts_with('[') => match serde_json::from_str::<Vec<Value>>(text) {
            Ok(items) => Sample::List(vec![items.len()]),
            Err(_) => Sample::Other,
        },
        _ => Sample::Other,
    };
    let mut cells = cells;
    let fields =
        names.into_iter().map(|name| (name, cells.next().map_or(Sample::Missing, |cell| sample(&cell))));
    FirstRow { fields: fields.collect() }
}

/// Where `-` stands for a standard stream.
#[must_use]
pub fn standard_stream() -> PathBuf {
    PathBuf::from("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_row_shows_names_and_kinds_in_order() {
        let row = show_json(br#"{"b": 1, "a": null, "x": [[1, 2, 3], [4, 5, 6]], "t": "red", "n": "NaN"}"#);
        let wanted = [
            ("b", Sample::Number),
            ("a", Sample::Missing),
            ("x", Sample::List(vec![2, 3])),
            ("t", Sample::Other),
            ("n", Sample::Number),
        ];
        assert_eq!(row.fields, wanted.map(|(name, sample)| (name.to_owned(), sample)));
        assert_eq!(show_json(b"[1]"), FirstRow::default());
        let names = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        let row = show_csv(names, ["1.5", "", "[1,2]"].into_iter().map(Into::into));
        let samples: Vec<Sample> = row.fields.into_iter().map(|(_, sample)| sample).collect();
        assert_eq!(samples, [Sample::Number, Sample::Missing, Sample::List(vec![2]), Sample::Missing]);
    }
}
