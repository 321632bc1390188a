//! Rows of CSV.

use std::io::Read;

use scorewheel_columns::coerce::{self, Scalar};
use scorewheel_columns::{Batch, FieldIndex, Schema};

use crate::error::{DeclarationError, DecodeError, DecodeErrorKind};

/// How a CSV file is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvOptions {
    /// Between two cells; one byte.
    pub delimiter: u8,
    /// Names of the columns, in order, for a file without a header. `None`: the first row is the header.
    pub names: Option<Vec<String>>,
    /// Whether the first row is a header. With `names` it is then skipped.
    pub header: bool,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { delimiter: b',', names: None, header: true }
    }
}

/// Why a CSV file cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// The source fails, or the quoting is broken beyond the row.
    #[error("cannot read the CSV file: {0}")]
    Read(#[from] csv::Error),
    /// Nothing to name the columns by.
    #[error("the CSV file has no header; say its columns' names")]
    NoNames,
}

/// The rows of a CSV file, one after another in a buffer that is used again.
pub struct CsvRows<R> {
    reader: csv::Reader<R>,
    names: Vec<String>,
    row: csv::ByteRecord,
    /// `row` was looked at and is still to be handed out.
    peeked: bool,
}

impl<R: Read> CsvRows<R> {
    /// Reads the header, if there is one.
    ///
    /// # Errors
    /// If the source fails, or nothing names the columns.
    pub fn new(source: R, options: &CsvOptions) -> Result<Self, CsvError> {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(options.delimiter)
            .has_headers(options.header)
            .flexible(true)
            .from_reader(source);
        let names = match &options.names {
            Some(names) => names.clone(),
            None if options.header => {
                let header = reader.byte_headers()?;
                let mut names: Vec<String> =
                    header.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
                // A byte order mark, as spreadsheets write one.
                if let Some(rest) = names.first().and_then(|first| first.strip_prefix('\u{feff}')) {
                    names[0] = rest.to_owned();
                }
                names
            }
            None => return Err(CsvError::NoNames),
        };
        Ok(Self { reader, names, row: csv::ByteRecord::new(), peeked: false })
    }

    /// Names of the columns.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The next row, or `None` at the end.
    ///
    /// # Errors
    /// If the source fails.
    pub fn next_row(&mut self) -> Result<Option<CsvRow<'_>>, CsvError> {
        if std::mem::take(&mut self.peeked) {
            return Ok(Some(CsvRow(&self.row)));
        }
        Ok(self.reader.read_byte_record(&mut self.row)?.then_some(CsvRow(&self.row)))
    }

    /// The row that [`CsvRows::next_row`] will give.
    ///
    /// # Errors
    /// If the source fails.
    pub fn peek_row(&mut self) -> Result<Option<CsvRow<'_>>, CsvError> {
        if !self.peeked {
            self.peeked = self.reader.read_byte_record(&mut self.row)?;
        }
        Ok(self.peeked.then_some(CsvRow(&self.row)))
    }
}

/// One row of a CSV file.
#[derive(Clone, Copy, Debug)]
pub struct CsvRow<'a>(&'a csv::ByteRecord);

impl<'a> CsvRow<'a> {
    /// The cells in order; what is not UTF-8 becomes the replacement character.
    pub fn cells(self) -> impl Iterator<Item = std::borrow::Cow<'a, str>> {
        self.0.iter().map(String::from_utf8_lossy)
    }
}

/// Which column of a file feeds which field of a schema.
#[derive(Clone, Debug)]
pub struct CsvDecoder {
    names: Vec<Box<str>>,
    fields: Vec<Option<FieldIndex>>,
    lists: Vec<FieldIndex>,
}

impl CsvDecoder {
    /// Finds the fields of the columns `names`: exactly, else by folded name; other columns are ignored.
    ///
    /// # Errors
    /// [`DeclarationError::DoubledColumn`] if two columns stand for one field.
    pub fn new(schema: &Schema, names: &[String]) -> Result<Self, DeclarationError> {
        let fields: Vec<Option<FieldIndex>> = names.iter().map(|name| schema.find(name).ok()).collect();
        for (second, field) in fields.iter().enumerate() {
            let first = fields[..second].iter().position(|other| field.is_some() && other == field);
            if let (Some(first), Some(field)) = (first, field) {
                return Err(DeclarationError::DoubledColumn {
                    first: names[first].clone(),
                    second: names[second].clone(),
                    field: schema.fields()[*field].name.to_string(),
                });
            }
        }
        let is_list =
            |field: &usize| schema.fields()[*field].data_type == scorewheel_columns::DataType::TextList;
        Ok(Self {
            names: names.iter().map(|name| name.as_str().into()).collect(),
            fields,
            lists: (0..schema.len()).filter(is_list).collect(),
        })
    }

    /// Decodes a row of text into `row` of the batch, which is as [`Batch::resize`] or [`Batch::reset_row`] made it.
    ///
    /// An empty cell is missing; other texts are read by the type of their field, lists and tensors as JSON. A row
    /// that is shorter than the header misses its last cells.
    ///
    /// # Errors
    /// [`DecodeError`] if the row has more cells than the header, or one is not UTF-8.
    pub fn decode(&self, cells: CsvRow<'_>, batch: &mut Batch, row: usize) -> Result<(), DecodeError> {
        let result = self.cells(cells.0, batch, row);
        for list in &self.lists {
            batch.column_mut(*list).end_list(row);
        }
        if result.is_err() {
            batch.reset_row(row);
        }
        result
    }

    fn cells(&self, cells: &csv::ByteRecord, batch: &mut Batch, row: usize) -> Result<(), DecodeError> {
        if cells.len() > self.fields.len() {
            return Err(DecodeErrorKind::WrongWidth { found: cells.len(), wanted: self.fields.len() }.at(0));
        }
        for (at, field) in self.fields.iter().enumerate() {
            let Some(field) = *field else { continue };
            let bytes = cells.get(at).unwrap_or_default();
            if bytes.is_empty() {
                batch.column_mut(field).set_cell(row, scorewheel_columns::Cell::Missing);
                continue;
            }
            let Ok(text) = std::str::from_utf8(bytes) else {
                return Err(DecodeErrorKind::NotUtf8(self.names[at].clone()).at(0));
            };
            if text.starts_with('[') {
                crate::json::write_list_text(batch, field, row, text);
            } else {
                coerce::write_scalar(batch.column_mut(field), row, Scalar::Text(text));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scorewheel_columns::{Cell, DataType, Field, TensorElement, Value};
    use std::sync::Arc;

    fn schema() -> Arc<Schema> {
        let tensor = DataType::Tensor { element: TensorElement::F32, shape: Box::new([2]) };
        let fields = vec![
            Field::new("fixed_acidity", DataType::F64),
            Field::new("colour", DataType::Text),
            Field::new("day", DataType::Date),
            Field::new("items", DataType::TextList),
            Field::new("x", tensor),
        ];
        Arc::new(Schema::new(fields).unwrap())
    }

    type Decoded = Result<Vec<(Cell, Value)>, DecodeErrorKind>;

    fn decode(text: &str, options: &CsvOptions) -> Vec<Decoded> {
        let mut rows = CsvRows::new(text.as_bytes(), options).unwrap();
        let decoder = CsvDecoder::new(&schema(), rows.names()).unwrap();
        let mut batch = Batch::new(schema());
        let mut decoded = Vec::new();
        let peeked = rows.peek_row().unwrap().map(|row| row.cells().count());
        assert_eq!(peeked, rows.peek_row().unwrap().map(|row| row.cells().count()));
        while let Some(cells) = rows.next_row().unwrap() {
            let row = batch.rows();
            batch.resize(row + 1);
            let result = decoder.decode(cells, &mut batch, row);
            let row = batch.columns().iter().map(|column| (column.cell(row), column.get(row))).collect();
            decoded.push(result.map(|()| row).map_err(|error| error.kind));
        }
        decoded
    }

    #[test]
    fn cells_are_read_by_the_type_of_their_field() {
        let text = "\u{feff}Fixed Acidity;colour;day;items;extra;x\n\
            7.4;red;1970-01-02;\"[\"\"a\"\",\"\"b\"\"]\";1;[1,2]\n\
            ;;;;\n\
            abc;red;x;a;;[1]\n\
            1;2;3;4;5;6;7\n";
        let rows = decode(text, &CsvOptions { delimiter: b';', ..CsvOptions::default() });
        let list = |items: &[Value]| Value::List(items.to_vec());
        assert_eq!(
            rows[0],
            Ok(vec![
                (Cell::Value, Value::F64(7.4)),
                (Cell::Value, Value::from("red")),
                (Cell::Value, Value::Date(1)),
                (Cell::Value, list(&["a".into(), "b".into()])),
                (Cell::Value, list(&[Value::F32(1.0), Value::F32(2.0)])),
            ])
        );
        assert_eq!(rows[1], Ok(vec![(Cell::Missing, Value::Missing); 5]));
        let kinds: Vec<Cell> = rows[2].as_ref().unwrap().iter().map(|(cell, _)| *cell).collect();
        assert_eq!(
            kinds,
            [Cell::Unparsable, Cell::Value, Cell::Unparsable, Cell::WrongType, Cell::WrongType]
        );
        assert_eq!(rows[3], Err(DecodeErrorKind::WrongWidth { found: 7, wanted: 6 }));
        // What begins like a list is one where the field takes lists, and else a text like any other.
        let rows = decode(
            "colour;items\n[a;[a\n[1];[1]\n",
            &CsvOptions { delimiter: b';', ..CsvOptions::default() },
        );
        let cells = |row: usize| {
            let row = rows[row].as_ref().unwrap();
            (row[1].clone(), row[3].0)
        };
        assert_eq!(cells(0), ((Cell::Value, Value::from("[a")), Cell::Unparsable));
        assert_eq!(cells(1), ((Cell::Value, Value::from("[1]")), Cell::WrongType));
    }

    #[test]
    fn names_stand_in_for_a_header() {
        let names = Some(vec!["fixed_acidity".to_owned(), "colour".to_owned()]);
        let without = CsvOptions { names: names.clone(), header: false, ..CsvOptions::default() };
        assert_eq!(decode("1,red\n2,white\n", &without).len(), 2);
        let instead = CsvOptions { names, header: true, ..CsvOptions::default() };
        assert_eq!(decode("a,b\n2,white\n", &instead).len(), 1);
        let nothing = CsvOptions { header: false, ..CsvOptions::default() };
        assert!(matches!(CsvRows::new(&b"1,2"[..], &nothing), Err(CsvError::NoNames)));
    }

    #[test]
    fn two_columns_for_one_field_are_refused() {
        let error = CsvDecoder::new(&schema(), &["colour".into(), "Colour".into()]).unwrap_err();
        assert!(matches!(error, DeclarationError::DoubledColumn { .. }), "{error}");
    }
}
