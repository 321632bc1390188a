//! Records out of a file: CSV or lines of JSON, one row at a time.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use scorewheel_codecs::{
    Codec, CsvDecoder, CsvOptions, CsvRows, DataTypeDefinition, Line, Lines, RecordDecoder,
};
use scorewheel_columns::schema::fold_name;
use scorewheel_columns::{Batch, Schema, SchemaError};
use serde::de::IgnoredAny;

use crate::exit_code::{ExitCode, Failure};

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

enum Rows {
    Csv(CsvRows<BufReader<File>>, CsvDecoder),
    Json(Lines<BufReader<File>>, RecordDecoder),
}

/// A file of records of one data type.
pub struct RecordSource {
    rows: Rows,
    /// The row that was read last.
    pub batch: Batch,
}

impl RecordSource {
    /// Opens a file.
    ///
    /// # Errors
    /// [`ExitCode::FileNotFound`], or [`ExitCode::Usage`] if its columns cannot be named.
    pub fn open(path: &Path, format: &SourceFormat, data_type: &DataTypeDefinition) -> Result<Self, Failure> {
        let file = File::open(path).map_err(|error| {
            Failure::new(ExitCode::FileNotFound, format!("cannot read {}: {error}", path.display()))
        })?;
        let file = BufReader::new(file);
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
                Rows::Csv(rows, decoder)
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
            Rows::Csv(rows, decoder) => match rows.next_row().map_err(|error| failed(error.to_string()))? {
                Some(cells) => decoder.decode(cells, &mut self.batch, 0).map_err(|error| error.to_string()),
                None => return Ok(SourceRow::End),
            },
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
