//! The rows of one data type, column by column.

use std::sync::Arc;

use crate::column::Column;
use crate::schema::{FieldIndex, Schema};
use crate::value::Value;

/// Rows of one schema in reused buffers: what a codec fills and a model reads.
///
/// ```
/// use std::sync::Arc;
/// use scorewheel_columns::{Batch, Cell, DataType, Field, Schema, Value};
///
/// let schema = Schema::new(vec![Field::new("alcohol", DataType::F64), Field::new("colour", DataType::Text)])?;
/// let mut batch = Batch::new(Arc::new(schema));
/// batch.push_row(&[Value::F64(9.4), Value::from("red")]);
/// batch.push_row(&[Value::Missing, Value::from("white")]);
/// assert_eq!(batch.rows(), 2);
/// assert_eq!(batch.column(0).cell(1), Cell::Missing);
/// assert_eq!(batch.column(1).get(1), Value::from("white"));
/// # Ok::<(), scorewheel_columns::SchemaError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Batch {
    schema: Arc<Schema>,
    columns: Vec<Column>,
    rows: usize,
}

impl Batch {
    /// An empty batch of this schema.
    #[must_use]
    pub fn new(schema: Arc<Schema>) -> Self {
        let columns = schema.fields().iter().map(|field| Column::new(&field.data_type)).collect();
        Self { schema, columns, rows: 0 }
    }

    /// The schema of all rows.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// True if there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The columns, in the order of the schema's fields.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The columns, to be written in place.
    pub fn columns_mut(&mut self) -> &mut [Column] {
        &mut self.columns
    }

    /// The column of one field.
    #[must_use]
    pub fn column(&self, field: FieldIndex) -> &Column {
        &self.columns[field]
    }

    /// The column of one field, to be written in place.
    pub fn column_mut(&mut self, field: FieldIndex) -> &mut Column {
        &mut self.columns[field]
    }

    /// Forgets all rows and keeps the memory.
    pub fn clear(&mut self) {
        for column in &mut self.columns {
            column.clear();
        }
        self.rows = 0;
    }

    /// Makes the batch `rows` long; new cells are what an absent field means in the schema: missing, or zero.
    ///
    /// Codecs grow a batch by the number of records at hand, write cells in place, and cut what was not used.
    pub fn resize(&mut self, rows: usize) {
        for (column, field) in self.columns.iter_mut().zip(self.schema.fields()) {
            column.resize(rows, field.optional);
        }
        self.rows = rows;
    }

    /// Puts `row` back to what [`Batch::resize`] made of it: for a codec that finds a record undecodable half-way.
    ///
    /// Lists are cut, so no row after `row` may have been written yet.
    pub fn reset_row(&mut self, row: usize) {
        for (column, field) in self.columns.iter_mut().zip(self.schema.fields()) {
            column.reset_row(row, field.optional);
        }
    }

    /// To be called when all rows are written: columns without missing or faulty cells say so.
    pub fn settle(&mut self) {
        for column in &mut self.columns {
            column.settle();
        }
    }

    /// Appends one row, for tests and edges. Values beyond the schema's fields are ignored, absent ones are missing.
    pub fn push_row(&mut self, values: &[Value]) {
        for (index, column) in self.columns.iter_mut().enumerate() {
            column.push(values.get(index).unwrap_or(&Value::Missing));
        }
        self.rows += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::Cell;
    use crate::schema::{DataType, Field, TensorElement};

    fn batch() -> Batch {
        let fields = vec![
            Field::new("number", DataType::F64),
            Field::zero_when_absent("zero", DataType::I64),
            Field::new("text", DataType::Text),
            Field::new("items", DataType::TextList),
            Field::new("tensor", DataType::Tensor { element: TensorElement::F32, shape: Box::new([2, 2]) }),
        ];
        Batch::new(Arc::new(Schema::new(fields).unwrap()))
    }

    #[test]
    fn rows_come_back_as_they_were_put_in() {
        let mut batch = batch();
        let tensor = Value::List(vec![
            Value::List(vec![Value::F32(1.0), Value::F32(2.0)]),
            Value::List(vec![Value::F32(3.0), Value::F32(4.0)]),
        ]);
        let items = Value::List(vec![Value::from("bread"), Value::from("wine")]);
        batch.push_row(&[Value::F64(0.5), Value::I64(3), Value::from("red"), items.clone(), tensor]);
        batch.push_row(&[
            Value::Missing,
            Value::F64(2.5),
            Value::I64(1),
            Value::List(vec![]),
            Value::from("x"),
        ]);
        assert_eq!(batch.column(0).get(0), Value::F64(0.5));
        assert_eq!(batch.column(3).get(0), items);
        assert_eq!(batch.column(3).get(1), Value::List(vec![]));
        assert_eq!(
            batch.column(4).get(0),
            Value::List([1.0, 2.0, 3.0, 4.0].iter().map(|v| Value::F32(*v)).collect())
        );
        let cells: Vec<Cell> = batch.columns().iter().map(|column| column.cell(1)).collect();
        assert_eq!(cells, [Cell::Missing, Cell::WrongType, Cell::WrongType, Cell::Value, Cell::WrongType]);
    }

    #[test]
    fn absent_means_missing_or_zero_as_the_schema_says() {
        let mut batch = batch();
        batch.resize(3);
        assert_eq!(batch.column(0).cell(2), Cell::Missing);
        assert_eq!(batch.column(1).get(2), Value::I64(0));
        batch.column_mut(0).set(1, &Value::F64(1.0));
        batch.resize(2);
        batch.settle();
        assert_eq!(batch.column(0).cells(), Some(&[Cell::Missing, Cell::Value][..]));
        assert_eq!(batch.column(1).cells(), None);
        batch.clear();
        batch.resize(1);
        assert_eq!((batch.rows(), batch.column(0).cell(0)), (1, Cell::Missing));
    }

    #[test]
    fn a_row_can_be_put_back() {
        let mut batch = batch();
        let items = |texts: &[&str]| Value::List(texts.iter().map(|text| Value::from(*text)).collect());
        batch.push_row(&[Value::F64(0.5), Value::I64(3), Value::from("red"), items(&["a"])]);
        batch.resize(3);
        batch.column_mut(0).set_fault(1, Cell::Unparsable, "x");
        batch.column_mut(1).write_i64(1, 7);
        batch.column_mut(2).write_text(1, "white");
        for item in ["b", "c"] {
            batch.column_mut(3).push_list_text(item);
        }
        batch.column_mut(3).end_list(1);
        batch.column_mut(4).tensor_f32_mut(1).unwrap().fill(1.0);
        batch.reset_row(1);
        for row in [1, 2] {
            let values: Vec<Value> = batch.columns().iter().map(|column| column.get(row)).collect();
            assert_eq!(
                values,
                [Value::Missing, Value::I64(0), Value::Missing, Value::Missing, Value::Missing]
            );
            assert_eq!(batch.column(0).fault_text(row), None);
        }
        batch.column_mut(3).push_list_text("d");
        for row in [1, 2] {
            batch.column_mut(3).end_list(row);
            batch.column_mut(3).set_cell(row, Cell::Value);
        }
        assert_eq!((batch.column(3).get(1), batch.column(3).get(2)), (items(&["d"]), items(&[])));
    }

    #[test]
    fn a_fault_keeps_its_kind_and_text() {
        let mut batch = batch();
        batch.resize(2);
        batch.column_mut(0).set_fault(1, Cell::Unparsable, "12,5");
        assert_eq!(batch.column(0).cell(1), Cell::Unparsable);
        assert_eq!(batch.column(0).fault_text(1), Some("12,5"));
        batch.resize(1);
        assert_eq!(batch.column(0).fault_text(1), None);
    }
}
