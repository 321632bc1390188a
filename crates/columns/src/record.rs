//! Names and values to one row of a batch.

use std::borrow::Borrow;
use std::sync::Arc;

use crate::batch::Batch;
use crate::cell::Cell;
use crate::coerce;
use crate::column::Column;
use crate::names::{Meaning, Names};
use crate::schema::{DataType, FieldIndex, Schema};
use crate::value::Value;

/// Why a record cannot be written into a row at all. Values that do not fit are no such error: they are faults of cells.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The record is neither a struct nor a map.
    #[error("a record is a struct or a map, not {0}")]
    NoRecord(&'static str),
    /// A key of a map that is no name.
    #[error("the keys of a record are names, not {0}")]
    NoName(&'static str),
    /// A name for which there is no field, where the writer refuses such.
    #[error("{name:?} is none of the fields {fields:?}")]
    UnknownName {
        /// The name, dotted.
        name: Box<str>,
        /// The names of the fields.
        fields: Vec<Box<str>>,
    },
    /// Two names of one record stand for one field.
    #[error("{name:?} gives the field {field:?} a second time")]
    DoubledName {
        /// The field.
        field: Box<str>,
        /// The second name, dotted.
        name: Box<str>,
    },
    /// The record itself says why it cannot be serialised.
    #[error("{0}")]
    Record(String),
}

/// Writes records into rows of batches of one schema; one for each thread, and made once: it remembers which name
/// stands for which field.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Arc;
/// use scorewheel_columns::{Batch, Cell, DataType, Field, RecordWriter, Schema, Value};
///
/// let fields = vec![Field::new("fixed acidity", DataType::F64), Field::new("maker.country", DataType::Text)];
/// let schema = Arc::new(Schema::new(fields)?);
/// let mut batch = Batch::new(Arc::clone(&schema));
/// batch.resize(1);
///
/// let maker = Value::Map(vec![("country".into(), Value::from("Portugal"))]);
/// let record = HashMap::from([("fixed_acidity", Value::from("very")), ("maker", maker)]);
/// RecordWriter::new(&schema).write_map(&mut batch, 0, record)?;
/// assert_eq!(batch.column(0).cell(0), Cell::Unparsable);
/// assert_eq!(batch.column(1).get(0), Value::from("Portugal"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RecordWriter {
    names: Names,
    refuses_unknown: bool,
    /// By field, the record that gave it last.
    given: Vec<u64>,
    record: u64,
    lists: Vec<FieldIndex>,
    path: String,
}

impl RecordWriter {
    /// A writer for batches of this schema, which ignores names without a field.
    #[must_use]
    pub fn new(schema: &Arc<Schema>) -> Self {
        let lists = (0..schema.len()).filter(|field| schema.fields()[*field].data_type == DataType::TextList);
        Self {
            given: vec![0; schema.len()],
            record: 0,
            lists: lists.collect(),
            names: Names::new(schema),
            refuses_unknown: false,
            path: String::new(),
        }
    }

    /// The same, but a name without a field is an error of the record.
    #[must_use]
    pub fn refuse_unknown_names(mut self) -> Self {
        self.refuses_unknown = true;
        self
    }

    /// Whether a name without a field is an error.
    #[must_use]
    pub fn refuses_unknown_names(&self) -> bool {
        self.refuses_unknown
    }

    /// The schema of the batches.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        self.names.schema()
    }

    /// Writes a map into `row` of `batch`, which is of the writer's schema; the row is as [`Batch::resize`] made it and
    /// those after it are not yet written. [`Value::Map`] stands for dotted names.
    ///
    /// # Errors
    /// [`WriteError::UnknownName`] where such are refused, [`WriteError::DoubledName`]; the row is then as before.
    pub fn write_map<K: AsRef<str>, V: Borrow<Value>>(
        &mut self,
        batch: &mut Batch,
        row: usize,
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Result<(), WriteError> {
        self.write_by(batch, row, |walk| {
            for (name, value) in entries {
                write_entry(walk, 0, name.as_ref(), value.borrow())?;
            }
            Ok(())
        })
    }

    /// Writes one record into `row` of `batch` by `write`, which walks through it; puts the row back if that fails.
    ///
    /// # Errors
    /// Those of `write`.
    pub fn write_by<E>(
        &mut self,
        batch: &mut Batch,
        row: usize,
        write: impl FnOnce(&mut Walk<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.record += 1;
        self.path.clear();
        let mut walk = Walk { writer: self, columns: batch.columns_mut(), row, position: 0 };
        let result = write(&mut walk);
        for list in &self.lists {
            batch.column_mut(*list).end_list(row);
        }
        if result.is_err() {
            batch.reset_row(row);
        }
        result
    }
}

fn write_entry(walk: &mut Walk<'_>, depth: usize, name: &str, value: &Value) -> Result<(), WriteError> {
    let Some(meaning) = walk.meet(depth, name)? else { return Ok(()) };
    match value {
        Value::Map(entries) if meaning.prefix => {
            let outside = walk.enter(name);
            for (name, value) in entries {
                write_entry(walk, depth + 1, name, value)?;
            }
            walk.leave(outside);
        }
        value => {
            walk.put(meaning, |column, row, data_type| coerce::write_value(column, row, data_type, value))
        }
    }
    Ok(())
}

/// One record on its way into its row, name by name.
#[derive(Debug)]
pub struct Walk<'a> {
    writer: &'a mut RecordWriter,
    columns: &'a mut [Column],
    row: usize,
    /// Names met so far, nested ones included.
    position: usize,
}

impl Walk<'_> {
    /// What the next name of the record stands for; `None` for nothing. Nested values stand at depth 1 and more.
    ///
    /// # Errors
    /// [`WriteError::UnknownName`] where such are refused, [`WriteError::DoubledName`].
    #[inline]
    pub fn meet(&mut self, depth: usize, name: &str) -> Result<Option<Meaning>, WriteError> {
        let RecordWriter { names, given, record, path, refuses_unknown, .. } = &mut *self.writer;
        let meaning = names.meaning(self.position, depth, path, name);
        self.position += 1;
        if let Some(field) = meaning.field {
            if given[field] == *record {
                let field = names.schema().fields()[field].name.clone();
                return Err(WriteError::DoubledName { field, name: format!("{path}{name}").into() });
            }
            given[field] = *record;
        } else if !meaning.prefix {
            if *refuses_unknown {
                let fields = names.schema().fields().iter().map(|field| field.name.clone()).collect();
                return Err(WriteError::UnknownName { name: format!("{path}{name}").into(), fields });
            }
            return Ok(None);
        }
        Ok(Some(meaning))
    }

    /// Goes into what is nested under `name`; gives back where [`Walk::leave`] returns to.
    #[must_use]
    pub fn enter(&mut self, name: &str) -> usize {
        let outside = self.writer.path.len();
        self.writer.path.push_str(name);
        self.writer.path.push('.');
        outside
    }

    /// Comes back from what was nested.
    pub fn leave(&mut self, outside: usize) {
        self.writer.path.truncate(outside);
    }

    /// Writes the cell of the field that a name stands for, if it stands for one and not only for what is nested.
    #[inline]
    pub fn put(&mut self, meaning: Meaning, write: impl FnOnce(&mut Column, usize, &DataType)) {
        if let Some((column, row, data_type)) = self.cell(meaning) {
            write(column, row, data_type);
        }
    }

    /// The cell of the field that a name stands for.
    #[inline]
    #[must_use]
    pub fn cell(&mut self, meaning: Meaning) -> Option<(&mut Column, usize, &DataType)> {
        let field = meaning.field?;
        let data_type = &self.writer.names.schema().fields()[field].data_type;
        Some((self.columns.get_mut(field)?, self.row, data_type))
    }

    /// Says that the value behind a name is of another type.
    pub fn wrong_type(&mut self, meaning: Meaning, text: &str) {
        self.put(meaning, |column, row, _| column.set_fault(row, Cell::WrongType, text));
    }
}
