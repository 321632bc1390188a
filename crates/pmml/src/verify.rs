//! The rows of `ModelVerification`, scored and compared.

use std::ops::Range;
use std::sync::Arc;

use scorewheel_columns::{Batch, Cell, Column, DataType, Scores, Value, temporal};
use scorewheel_model::{BoundModel, Mapping, Model, Verification};

use crate::document::ModelHead;
use crate::document::schema::Usage;
use crate::model::PmmlModel;
use crate::score::Bound;
use crate::value::{Kind, parsing};

/// Rows that a document carries, and what its model must answer to them.
#[derive(Clone, Debug, Default)]
pub struct VerificationRows {
    fields: Vec<Field>,
    cells: Vec<Option<Box<str>>>,
    /// By record: its rows of the table; several where a group field collects them.
    records: Vec<Range<usize>>,
    is_grouped: bool,
}

/// An input, target or output.
#[derive(Clone, Debug)]
struct Field {
    name: Box<str>,
    precision: f64,
    zero_threshold: f64,
}

impl VerificationRows {
    /// Those of a model; none if it carries none.
    #[must_use]
    pub fn of(head: &ModelHead<'_>) -> Self {
        let Some(verification) = &head.verification else { return Self::default() };
        let mut rows = Self::default();
        for field in &verification.fields {
            rows.fields.push(Field {
                name: field.field.into(),
                precision: field.precision,
                zero_threshold: field.zero_threshold,
            });
        }
        for row in verification.table.rows() {
            rows.cells.extend(verification.fields.iter().map(|field| row.get(field.column).map(Into::into)));
        }
        let is_group = |name: &str| {
            let mut groups = head.mining_schema.fields.iter().filter(|field| field.usage == Usage::Group);
            groups.any(|field| field.name == name)
        };
        let group = rows.fields.iter().position(|field| is_group(&field.name));
        rows.is_grouped = group.is_some();
        for row in 0..verification.table.len() {
            match (rows.records.last_mut(), group) {
                (Some(record), Some(group))
                    if rows.cells[record.start * rows.fields.len() + group]
                        == rows.cells[row * rows.fields.len() + group] =>
                {
                    record.end = row + 1;
                }
                _ => rows.records.push(row..row + 1),
            }
        }
        rows
    }

    /// Scores the rows and compares: an answer that is not stated is not compared.
    #[must_use]
    pub fn verify(&self, model: &PmmlModel) -> Verification {
        if self.fields.is_empty() {
            return Verification::default();
        }
        let count = self.records.len();
        let mut verification = Verification { rows: count, failures: Vec::new() };
        let bound = match model.schema() {
            Ok(schema) => Bound::new(Arc::clone(model.plan()), &schema, &Mapping::default())
                .map(|bound| (schema, bound)),
            Err(error) => Err(error),
        };
        let (schema, bound) = match bound {
            Ok(bound) => bound,
            Err(error) => {
                verification.failures.push(error.to_string());
                return verification;
            }
        };
        let mut batch = Batch::new(Arc::clone(&schema));
        batch.resize(count);
        for (at, field) in schema.fields().iter().enumerate() {
            let column = batch.column_mut(at);
            let stated = self.fields.iter().position(|known| known.name == field.name);
            for row in 0..count {
                match stated {
                    Some(index) if self.is_grouped && field.data_type == DataType::TextList => {
                        put_list(column, row, self.texts(row, index));
                    }
                    _ => put(column, row, &field.data_type, stated.and_then(|index| self.cell(row, index))),
                }
            }
        }
        let mut scores = Scores::new();
        let mut scratch = bound.new_scratch();
        bound.score(&batch, 0..count, &mut scratch, &mut scores);
        for row in 0..count {
            let failure = match scores.error(row) {
                Some(error) => Some(bound.explain(error, &batch, row).message),
                None => self.difference(&scores, row),
            };
            verification.failures.extend(failure.map(|failure| format!("row {}: {failure}", row + 1)));
        }
        verification
    }

    /// The cell of a record's first row.
    fn cell(&self, record: usize, field: usize) -> Option<&str> {
        self.cells[self.records[record].start * self.fields.len() + field].as_deref()
    }

    /// The cells of all rows of a record, where there are any.
    fn texts(&self, record: usize, field: usize) -> impl Iterator<Item = &str> {
        let rows = self.records[record].clone();
        rows.filter_map(move |row| self.cells[row * self.fields.len() + field].as_deref())
    }

    fn difference(&self, scores: &Scores, row: usize) -> Option<String> {
        for (index, field) in self.fields.iter().enumerate() {
            let Some(expected) = self.cell(row, index) else { continue };
            let mut columns = scores.schema().fields.iter();
            let Some(column) = columns.position(|column| column.name.as_ref() == Some(&field.name)) else {
                continue;
            };
            let answer = scores.get(column, row);
            if let (true, Value::List(items)) = (self.is_grouped, &answer) {
                let texts: Vec<&str> = self.texts(row, index).collect();
                let same = texts.len() == items.len()
                    && texts.iter().zip(items).all(|(text, item)| field.accepts(text, item));
                if !same {
                    return Some(format!("{:?} is {answer}, not {}", field.name, texts.join(", ")));
                }
                continue;
            }
            if !field.accepts(expected, &answer) {
                return Some(format!("{:?} is {answer}, not {expected}", field.name));
            }
        }
        None
    }
}

impl Field {
    /// Whether an answer is as near to what is expected as the document asks for.
    fn accepts(&self, expected: &str, answer: &Value) -> bool {
        match answer {
            Value::Missing => expected.trim().is_empty(),
            Value::Text(text) => **text == *expected,
            Value::Bool(truth) => {
                parsing::parse_known(Kind::Boolean, expected) == Some(f64::from(u8::from(*truth)))
            }
            Value::Date(days) => temporal::parse_date(expected) == Some(*days),
            Value::Time(micros) => temporal::parse_time(expected) == Some(*micros),
            Value::DateTime(micros) => temporal::parse_date_time(expected) == Some(*micros),
            // A cell of a table cannot hold several values.
            Value::List(_) | Value::Map(_) => true,
            Value::F64(_) | Value::F32(_) | Value::I64(_) => {
                let wanted = parsing::parse_double(expected.trim());
                answer.as_f64().zip(wanted).is_some_and(|(found, wanted)| self.is_near(wanted, found))
            }
        }
    }

    fn is_near(&self, wanted: f64, found: f64) -> bool {
        if wanted == found || (wanted.is_nan() && found.is_nan()) {
            return true;
        }
        if wanted.abs() <= self.zero_threshold && found.abs() <= self.zero_threshold {
            return true;
        }
        (found - wanted).abs() <= self.precision * wanted.abs()
    }
}

/// Puts the texts of a group into a column of lists.
fn put_list<'t>(column: &mut Column, row: usize, texts: impl Iterator<Item = &'t str>) {
    for text in texts {
        column.push_list_text(text);
    }
    column.end_list(row);
    column.set_cell(row, Cell::Value);
}

/// Puts a cell's text into a column of the model's own schema.
fn put(column: &mut Column, row: usize, data_type: &DataType, text: Option<&str>) {
    let Some(text) = text else {
        column.set(row, &Value::Missing);
        column.end_list(row);
        return;
    };
    if matches!(data_type, DataType::TextList) {
        column.push_list_text(text);
        column.end_list(row);
        column.set_cell(row, Cell::Value);
        return;
    }
    let parsed = match data_type {
        DataType::Text => Some(Value::from(text)),
        DataType::F64 => parsing::parse_double(text).map(Value::F64),
        DataType::F32 => parsing::parse_known(Kind::Float, text).map(|number| Value::F32(number as f32)),
        DataType::I64 => parsing::parse_integer(text).map(|number| Value::I64(number as i64)),
        DataType::Bool => parsing::parse_known(Kind::Boolean, text).map(|truth| Value::Bool(truth != 0.0)),
        DataType::Date => temporal::parse_date(text).map(Value::Date),
        DataType::Time => temporal::parse_time(text).map(Value::Time),
        DataType::DateTime => temporal::parse_date_time(text).map(Value::DateTime),
        DataType::Tensor { .. } | DataType::TextList => None,
    };
    match parsed {
        Some(value) => column.set(row, &value),
        None => column.set_fault(row, Cell::Unparsable, text),
    }
    column.end_list(row);
}

#[cfg(test)]
mod tests {
    use scorewheel_model::Model;

    use crate::testing::{document, load};

    /// A doubling regression with one verification row.
    fn verified(answer: &str, field: &str) -> scorewheel_model::Verification {
        let model = format!(
            "<RegressionModel functionName=\"regression\">\
             <MiningSchema><MiningField name=\"x\"/><MiningField name=\"y\" usageType=\"target\"/></MiningSchema>\
             <RegressionTable intercept=\"0\"><NumericPredictor name=\"x\" coefficient=\"2\"/></RegressionTable>\
             <ModelVerification><VerificationFields><VerificationField field=\"x\"/>\
             <VerificationField field=\"y\" column=\"v:answer\" {field}/></VerificationFields>\
             <InlineTable xmlns:v=\"urn:v\"><row><v:x>1.5</v:x><v:answer>{answer}</v:answer></row></InlineTable>\
             </ModelVerification></RegressionModel>"
        );
        let fields = "<DataField name=\"x\" optype=\"continuous\" dataType=\"double\"/>\
                      <DataField name=\"y\" optype=\"continuous\" dataType=\"double\"/>";
        load(&document(fields, &model)).unwrap().model.verify()
    }

    #[test]
    fn rows_are_compared_with_the_tolerance_given() {
        for (answer, field, good) in [
            ("3", "", true),
            ("3.000001", "", true),
            ("3.00001", "", false),
            ("3.00001", "precision=\"1e-4\"", true),
            ("0", "zeroThreshold=\"5\"", true),
            ("0", "", false),
            ("three", "", false),
        ] {
            let found = verified(answer, field);
            assert_eq!((found.rows, found.failures.is_empty()), (1, good), "{answer} {field}: {found:?}");
        }
        assert_eq!(verified("4", "").failures, ["row 1: \"y\" is 3.0, not 4"]);
    }
}
