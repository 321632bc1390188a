//! Records out of a file: CSV or lines of JSON, one row at a time.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use scorewheel_codecs::{
    Codec, CsvDecoder, CsvError, CsvOptions, CsvRows, DataTypeDefinition, Line, Lines, RecordDecoder,
};
use scorewheel_columns::schema::fold_name;
use scorewheel_columns::{Batch, Schema, SchemaError};
use serde::de::IgnoredAny;

use crate::exit_code::{ExitCode, Failure};
use crate::rows::source::{open_file, standard_stream};

/// How a file of records is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceFormat {
    /// CSV.
    Csv(CsvOptions),
    /// One JSON object a line.
    JsonLines,
}

/// Longest line of JSON that is read.
const LONGEST_LINE: usize = 16 << 20;

/// One row of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceRow {
    /// The batch holds it, as its only row.
    Row,
    /// It cannot be read, and why; the next one may be.
    Bad(String),
    /// There are no more.
    End,
}

/// How the names begin that stand for columns which a row need not have.
pub(crate) const FURTHER_COLUMN: &str = "\u{0}further column";

/// A file, or standard input.
type Input = Box<dyn BufRead>;

enum Rows {
    Csv(CsvFile),
    Json(Lines<Input>, RecordDecoder),
}

struct CsvFile {
    rows: CsvRows<Input>,
    decoder: CsvDecoder,
    /// Cells that a row must have: what is missing would become a record of zeros.
    needed: usize,
    /// What says how many that are.
    said_by: &'static str,
}

impl CsvFile {
    /// Reads the next row into `batch`; `None` at the end.
    fn next_row(&mut self, batch: &mut Batch) -> Result<Option<Result<(), String>>, CsvError> {
        let Some(row) = self.rows.next_row()? else { return Ok(None) };
        let cells = row.cells().count();
        if cells < self.needed {
            let (plural, said_by, needed) = (if cells == 1 { "" } else { "s" }, self.said_by, self.needed);
            return Ok(Some(Err(format!("the row has {cells} cell{plural}, {said_by} {needed}"))));
        }
        Ok(Some(self.decoder.decode(row, batch, 0).map_err(|error| error.to_string())))
    }
}

/// A file of records of one data type.
pub struct RecordSource {
    rows: Rows,
    /// The row that was read last.
    pub batch: Batch,
}

impl RecordSource {
    /// Opens a file, or standard input for `-`.
    ///
    /// # Errors
    /// [`ExitCode::FileNotFound`], or [`ExitCode::Usage`] if its columns cannot be named.
    pub fn open(path: &Path, format: &SourceFormat, data_type: &DataTypeDefinition) -> Result<Self, Failure> {
        let file: Input = if path == standard_stream() {
            Box::new(BufReader::new(io::stdin()))
        } else {
            Box::new(BufReader::new(open_file(path)?))
        };
        let wrong = |reason: String| Failure::new(ExitCode::Usage, format!("{}: {reason}", path.display()));
        let rows = match format {
            SourceFormat::Csv(options) => {
                let rows = CsvRows::new(file, options).map_err(|error| wrong(error.to_string()))?;
                let decoder = CsvDecoder::new(data_type.schema(), rows.names())
                    .map_err(|error| wrong(error.to_string()))?;
                if !rows.names().iter().any(|name| data_type.schema().find(name).is_ok()) {
                    let reason = format!(
                        "no column is a field of data type {:?}; say --no-header if the first row is no header, --delimiter if \
                         cells are separated by another character than a comma",
                        data_type.name()
                    );
                    return Err(wrong(reason));
                }
                let needed = rows.names().iter().filter(|name| !name.starts_with(FURTHER_COLUMN)).count();
                let said_by = match &options.names {
                    None => "the header",
                    Some(names) if names.len() == needed => "--fields names",
                    Some(_) => "the data type",
                };
                Rows::Csv(CsvFile { rows, decoder, needed, said_by })
            }
            SourceFormat::JsonLines => {
                // The lines are JSON, whatever the records become.
                let decoder = match data_type.message() {
                    Some(message) => {
                        DataTypeDefinition::of_message(data_type.name(), Codec::Json, message.clone())
                            .decoder()
                    }
                    None => data_type.decoder(),
                };
                Rows::Json(Lines::new(file, LONGEST_LINE), decoder)
            }
        };
        Ok(Self { rows, batch: Batch::new(Arc::clone(data_type.schema())) })
    }

    /// Reads the next row into the batch.
    ///
    /// # Errors
    /// If the file cannot be read on.
    pub fn next_row(&mut self) -> Result<SourceRow, Failure> {
        self.batch.clear();
        self.batch.resize(1);
        let failed = |error: String| Failure::run_time(format!("the records cannot be read on: {error}"));
        let decoded = match &mut self.rows {
            Rows::Csv(file) => {
                match file.next_row(&mut self.batch).map_err(|error| failed(error.to_string()))? {
                    Some(decoded) => decoded,
                    None => return Ok(SourceRow::End),
                }
            }
            Rows::Json(lines, decoder) => loop {
                match lines.next_line().map_err(|error| failed(error.to_string()))? {
                    Some(Line::Text(line)) if line.trim_ascii().is_empty() => {}
                    // In protobuf what is missing reads as zero: such a line would become a record of zeros.
                    Some(Line::Text(line)) if !names_a_field(line, self.batch.schema()) => {
                        break Err("it names no field of the data type".to_owned());
                    }
                    Some(Line::Text(line)) => {
                        break decoder.decode(line, &mut self.batch, 0).map_err(|error| error.to_string());
                    }
                    Some(Line::TooLong) => break Err(format!("longer than {LONGEST_LINE} bytes")),
                    None => return Ok(SourceRow::End),
                }
            },
        };
        self.batch.settle();
        Ok(decoded.map_or_else(SourceRow::Bad, |()| SourceRow::Row))
    }
}

/// Whether an object has a member that is a field, or leads to one. What is no object is left to the decoder.
fn names_a_field(line: &[u8], schema: &Schema) -> bool {
    let Ok(members) = serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(line) else { return true };
    let leads_to_a_field = |name: &str| {
        let folded = fold_name(name);
        schema
            .fields()
            .iter()
            .any(|field| field.name.split_once('.').is_some_and(|(outer, _)| fold_name(outer) == folded))
    };
    let is_field = |name: &str| !matches!(schema.find(name), Err(SchemaError::UnknownField(_)));
    members.keys().any(|name| is_field(name) || leads_to_a_field(name))
}
