//! The answers of a batch.

use std::sync::Arc;

use crate::error::RowError;
use crate::outputs::{OutputSchema, OutputType};
use crate::value::Value;

/// The buffer of an output column; one entry a row unless said otherwise.
#[derive(Clone, Debug)]
pub enum OutputValues {
    /// 64-bit floating point.
    F64(Vec<f64>),
    /// 32-bit floating point.
    F32(Vec<f32>),
    /// 64-bit signed integers; also days and microseconds of the temporal types.
    I64(Vec<i64>),
    /// Truth values.
    Bool(Vec<bool>),
    /// Codes into the labels of the column's type.
    Label(Vec<u32>),
    /// Strings one after another, and where each row's ends.
    Text {
        /// The strings of all rows.
        bytes: String,
        /// One end a row, ascending.
        ends: Vec<u32>,
    },
    /// Row-major numbers, `width` a row: distributions, rankings and tensors.
    Numbers {
        /// Numbers a row.
        width: usize,
        /// The numbers of all rows.
        numbers: Vec<f64>,
    },
    /// Anything.
    Any(Vec<Value>),
}

/// One output column: its buffer, and which rows have a value.
#[derive(Clone, Debug)]
pub struct OutputColumn {
    /// The buffer. Rows are written in order; its length is kept by whoever writes it.
    pub values: OutputValues,
    /// Rows without a value; empty while every row has one.
    missing: Vec<bool>,
}

impl OutputColumn {
    fn for_type(output_type: &OutputType) -> Self {
        let values = match output_type {
            OutputType::F64 => OutputValues::F64(Vec::new()),
            OutputType::F32 => OutputValues::F32(Vec::new()),
            OutputType::I64 | OutputType::Date | OutputType::Time | OutputType::DateTime => {
                OutputValues::I64(Vec::new())
            }
            OutputType::Bool => OutputValues::Bool(Vec::new()),
            OutputType::Label(_) => OutputValues::Label(Vec::new()),
            OutputType::Text => OutputValues::Text { bytes: String::new(), ends: Vec::new() },
            OutputType::Distribution(labels) | OutputType::Ranking(labels) => {
                OutputValues::Numbers { width: labels.len(), numbers: Vec::new() }
            }
            OutputType::Tensor(shape) => {
                OutputValues::Numbers { width: shape.iter().product(), numbers: Vec::new() }
            }
            OutputType::Any => OutputValues::Any(Vec::new()),
        };
        Self { values, missing: Vec::new() }
    }

    /// True if the row has no value.
    #[must_use]
    pub fn is_missing(&self, row: usize) -> bool {
        self.missing.get(row).copied().unwrap_or(false)
    }

    /// Says that the row has no value; the buffer keeps a placeholder.
    pub fn set_missing(&mut self, row: usize) {
        if self.missing.len() <= row {
            self.missing.resize(row + 1, false);
        }
        self.missing[row] = true;
    }

    /// Says that `rows` rows from `first` on have no value.
    pub fn set_all_missing(&mut self, first: usize, rows: usize) {
        if self.missing.len() < first + rows {
            self.missing.resize(first + rows, false);
        }
        self.missing[first..first + rows].fill(true);
    }

    /// Takes back that the row has no value, once its entry is written.
    pub fn set_present(&mut self, row: usize) {
        if let Some(missing) = self.missing.get_mut(row) {
            *missing = false;
        }
    }

    /// Puts a row back to what resetting makes of it. Texts are left alone: they are written in order.
    fn clear_row(&mut self, row: usize) {
        self.set_present(row);
        match &mut self.values {
            OutputValues::F64(values) => values[row] = 0.0,
            OutputValues::F32(values) => values[row] = 0.0,
            OutputValues::I64(values) => values[row] = 0,
            OutputValues::Bool(values) => values[row] = false,
            OutputValues::Label(values) => values[row] = 0,
            OutputValues::Text { .. } => {}
            OutputValues::Numbers { width, numbers } => numbers[row * *width..(row + 1) * *width].fill(0.0),
            OutputValues::Any(values) => values[row] = Value::Missing,
        }
    }

    /// Forgets all rows, keeps the memory, and fills `rows` rows with zeros (empty texts).
    fn reset(&mut self, rows: usize) {
        self.missing.clear();
        match &mut self.values {
            OutputValues::F64(values) => refill(values, rows, 0.0),
            OutputValues::F32(values) => refill(values, rows, 0.0),
            OutputValues::I64(values) => refill(values, rows, 0),
            OutputValues::Bool(values) => refill(values, rows, false),
            OutputValues::Label(values) => refill(values, rows, 0),
            OutputValues::Text { bytes, ends } => {
                bytes.clear();
                ends.clear();
            }
            OutputValues::Numbers { width, numbers } => refill(numbers, rows * *width, 0.0),
            OutputValues::Any(values) => {
                values.clear();
                values.resize(rows, Value::Missing);
            }
        }
    }

    /// The text of a row of a `Text` column; empty for rows not written and for other columns.
    #[must_use]
    pub fn text(&self, row: usize) -> &str {
        let OutputValues::Text { bytes, ends } = &self.values else { return "" };
        let Some(&end) = ends.get(row) else { return "" };
        let start = if row == 0 { 0 } else { ends[row - 1] };
        &bytes[start as usize..end as usize]
    }
}

fn refill<T: Clone>(values: &mut Vec<T>, len: usize, value: T) {
    match values.as_mut_slice() {
        // One row after another is scored by itself.
        [only] if len == 1 => *only = value,
        _ => {
            values.clear();
            values.resize(len, value);
        }
    }
}

/// The answers to a batch: typed columns and the errors of rows, in buffers that are used again.
///
/// After [`Scores::reset`] every fixed-width column has its rows, filled with zeros, to be written in place; text
/// columns are empty and take one end a row, in row order.
#[derive(Clone, Debug, Default)]
pub struct Scores {
    schema: Arc<OutputSchema>,
    columns: Vec<OutputColumn>,
    errors: Vec<(u32, RowError)>,
    rows: usize,
}

impl Scores {
    /// No answers yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Prepares for `rows` answers of this schema; buffers are kept when the schema is the one of last time.
    pub fn reset(&mut self, schema: &Arc<OutputSchema>, rows: usize) {
        if !Arc::ptr_eq(&self.schema, schema) {
            self.columns =
                schema.fields.iter().map(|field| OutputColumn::for_type(&field.output_type)).collect();
            self.schema = Arc::clone(schema);
        }
        for column in &mut self.columns {
            column.reset(rows);
        }
        self.errors.clear();
        self.rows = rows;
    }

    /// The columns' names, roles and types.
    #[must_use]
    pub fn schema(&self) -> &Arc<OutputSchema> {
        &self.schema
    }

    /// Number of rows, those with errors included.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns, in the order of the schema.
    #[must_use]
    pub fn columns(&self) -> &[OutputColumn] {
        &self.columns
    }

    /// The columns, to be written in place.
    pub fn columns_mut(&mut self) -> &mut [OutputColumn] {
        &mut self.columns
    }

    /// Puts the answers of `row` back to what [`Scores::reset`] makes of them, texts excepted.
    pub fn clear_row(&mut self, row: usize) {
        for column in &mut self.columns {
            column.clear_row(row);
        }
    }

    /// Says that `row` has no answer. The first error of a row stays.
    pub fn set_error(&mut self, row: usize, error: RowError) {
        match self.errors.binary_search_by_key(&(row as u32), |(at, _)| *at) {
            Ok(_) => {}
            Err(position) => self.errors.insert(position, (row as u32, error)),
        }
    }

    /// The rows without an answer, ascending.
    #[must_use]
    pub fn errors(&self) -> &[(u32, RowError)] {
        &self.errors
    }

    /// The error of `row`, if it has no answer.
    #[must_use]
    pub fn error(&self, row: usize) -> Option<RowError> {
        let found = self.errors.binary_search_by_key(&(row as u32), |(at, _)| *at).ok()?;
        Some(self.errors[found].1)
    }

    /// The answer in one cell by itself, for edges and tests; missing where there is none.
    #[must_use]
    pub fn get(&self, column: usize, row: usize) -> Value {
        let (Some(field), Some(data)) = (self.schema.fields.get(column), self.columns.get(column)) else {
            return Value::Missing;
        };
        if data.is_missing(row) || self.error(row).is_some() {
            return Value::Missing;
        }
        match (&data.values, &field.output_type) {
            (OutputValues::F64(values), _) => Value::F64(values[row]),
            (OutputValues::F32(values), _) => Value::F32(values[row]),
            (OutputValues::I64(values), OutputType::Date) => Value::Date(values[row]),
            (OutputValues::I64(values), OutputType::Time) => Value::Time(values[row]),
            (OutputValues::I64(values), OutputType::DateTime) => Value::DateTime(values[row]),
            (OutputValues::I64(values), _) => Value::I64(values[row]),
            (OutputValues::Bool(values), _) => Value::Bool(values[row]),
            (OutputValues::Label(codes), OutputType::Label(labels)) => {
                labels.get(codes[row]).map_or(Value::Missing, |label| label.value.clone())
            }
            (OutputValues::Label(codes), _) => Value::I64(i64::from(codes[row])),
            (OutputValues::Text { .. }, _) => Value::from(data.text(row)),
            (OutputValues::Numbers { width, numbers }, OutputType::Distribution(labels)) => {
                let figures = numbers[row * width..(row + 1) * width].iter();
                Value::Map(
                    labels.all().iter().zip(figures).map(|(l, n)| (l.text.clone(), Value::F64(*n))).collect(),
                )
            }
            (OutputValues::Numbers { width, numbers }, OutputType::Ranking(labels)) => {
                let codes = numbers[row * width..(row + 1) * width].iter().take_while(|code| **code >= 0.0);
                Value::List(codes.filter_map(|code| Some(labels.get(*code as u32)?.value.clone())).collect())
            }
            (OutputValues::Numbers { width, numbers }, _) => {
                Value::List(numbers[row * width..(row + 1) * width].iter().map(|n| Value::F64(*n)).collect())
            }
            (OutputValues::Any(values), _) => values[row].clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;
    use crate::labels::Labels;
    use crate::outputs::{Auxiliary, OutputField, Role};

    #[test]
    fn answers_and_errors_stand_side_by_side() {
        let labels = Arc::new(Labels::of_texts(["low", "high"]));
        let schema = Arc::new(OutputSchema::new(vec![
            OutputField {
                name: Some("quality".into()),
                role: Role::Target,
                output_type: OutputType::Label(Arc::clone(&labels)),
            },
            OutputField {
                name: None,
                role: Role::Auxiliary { target: 0, what: Auxiliary::Probability },
                output_type: OutputType::Distribution(labels),
            },
        ]));
        let mut scores = Scores::new();
        for _ in 0..2 {
            scores.reset(&schema, 3);
            let [quality, probability] = scores.columns_mut() else { panic!("two columns") };
            let OutputValues::Label(codes) = &mut quality.values else { panic!("labels") };
            codes.copy_from_slice(&[1, 0, 0]);
            let OutputValues::Numbers { numbers, .. } = &mut probability.values else { panic!("numbers") };
            numbers[..2].copy_from_slice(&[0.25, 0.75]);
            quality.set_missing(2);
            scores.set_error(1, RowError::new(ErrorCode::NoAnswer));
            scores.set_error(1, RowError::new(ErrorCode::WrongType));
            assert_eq!(scores.get(0, 0), Value::from("high"));
            assert_eq!(scores.get(0, 2), Value::Missing);
            assert_eq!(scores.error(1).map(|e| e.code), Some(ErrorCode::NoAnswer));
            let map = vec![("low".into(), Value::F64(0.25)), ("high".into(), Value::F64(0.75))];
            assert_eq!(scores.get(1, 0), Value::Map(map));
        }
    }

    #[test]
    fn a_ranking_ends_below_nought() {
        let labels = Arc::new(Labels::of_texts(["a", "b", "c"]));
        let schema = Arc::new(OutputSchema::new(vec![OutputField {
            name: None,
            role: Role::Auxiliary { target: 0, what: Auxiliary::EntityIdRanking },
            output_type: OutputType::Ranking(labels),
        }]));
        let mut scores = Scores::new();
        scores.reset(&schema, 1);
        let OutputValues::Numbers { width, numbers } = &mut scores.columns_mut()[0].values else {
            panic!("numbers")
        };
        assert_eq!(*width, 3);
        numbers.copy_from_slice(&[2.0, 0.0, -1.0]);
        assert_eq!(scores.get(0, 0), Value::List(vec![Value::from("c"), Value::from("a")]));
    }
}
