//! A record batch to a batch.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use super::source::{self, Source};
use super::{ArrowEdgeError, cells};
use crate::batch::Batch;
use crate::schema::{FieldIndex, Schema};

/// Reads record batches of one Arrow schema into batches of one schema: which column feeds which field is found once.
///
/// A column stands for the field of exactly its name, else for the one that differs only in case, `_`, `-` and space.
/// Columns without a field are ignored, fields without a column are missing.
///
/// ```
/// use std::sync::Arc;
/// use scorewheel_columns::edges::arrow::{BatchReader, arrow_array};
/// use scorewheel_columns::{Batch, Cell, DataType, Field, Schema, Value};
/// use arrow_array::{ArrayRef, Float32Array, RecordBatch};
///
/// let alcohol: ArrayRef = Arc::new(Float32Array::from(vec![Some(9.5), None]));
/// let records = RecordBatch::try_from_iter([("Alcohol", alcohol)])?;
///
/// let schema = Arc::new(Schema::new(vec![Field::new("alcohol", DataType::F64)])?);
/// let mut batch = Batch::new(Arc::clone(&schema));
/// BatchReader::new(&schema, &records.schema())?.read(&records, &mut batch)?;
/// assert_eq!(batch.column(0).get(0), Value::F64(9.5));
/// assert_eq!(batch.column(0).cell(1), Cell::Missing);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct BatchReader {
    schema: Arc<Schema>,
    arrow: SchemaRef,
    sources: Vec<(FieldIndex, Source)>,
}

impl BatchReader {
    /// A reader of record batches of `arrow` into batches of `schema`.
    ///
    /// # Errors
    /// [`ArrowEdgeError::UnsupportedType`] and [`ArrowEdgeError::DoubledColumn`].
    pub fn new(schema: &Arc<Schema>, arrow: &SchemaRef) -> Result<Self, ArrowEdgeError> {
        let assigned = source::assign(schema, arrow)?.into_iter().enumerate();
        let sources = assigned.filter_map(|(field, source)| Some((field, source?))).collect();
        Ok(Self { schema: Arc::clone(schema), arrow: Arc::clone(arrow), sources })
    }

    /// Refuses columns that feed no field.
    ///
    /// # Errors
    /// [`ArrowEdgeError::UnknownColumn`] for the first one.
    pub fn refuse_unknown_columns(&self) -> Result<(), ArrowEdgeError> {
        let unknown = source::leaves(&self.arrow)
            .into_iter()
            .find(|leaf| self.sources.iter().all(|(_, source)| source.name != leaf.name));
        match unknown {
            Some(leaf) => Err(ArrowEdgeError::UnknownColumn {
                column: leaf.name,
                fields: self.schema.fields().iter().map(|field| field.name.clone()).collect(),
            }),
            None => Ok(()),
        }
    }

    /// True if the reader is one for these schemas.
    #[must_use]
    pub fn reads(&self, schema: &Schema, arrow: &SchemaRef) -> bool {
        (Arc::ptr_eq(&self.arrow, arrow) || self.arrow.fields() == arrow.fields()) && *self.schema == *schema
    }

    /// Makes `batch` the rows of `records`; what was in it is forgotten.
    ///
    /// # Errors
    /// [`ArrowEdgeError::OtherSchema`] if the reader was made for other schemas.
    pub fn read(&self, records: &RecordBatch, batch: &mut Batch) -> Result<(), ArrowEdgeError> {
        if !self.reads(batch.schema(), &records.schema()) {
            return Err(ArrowEdgeError::OtherSchema);
        }
        batch.clear();
        batch.resize(records.num_rows());
        for (field, source) in &self.sources {
            let Some((array, nulls)) = source.array(records) else { return Err(ArrowEdgeError::OtherSchema) };
            let data_type = &self.schema.fields()[*field].data_type;
            cells::write(batch.column_mut(*field), data_type, &array, nulls.as_ref());
        }
        batch.settle();
        Ok(())
    }
}
