//! Scores to JSON: the outputs and auxiliaries of a row, with all that is constant encoded once.

use std::sync::Arc;

use scorewheel_columns::{
    Auxiliary, Label, Labels, OutputSchema, OutputType, OutputValues, Role, Scores, Value,
};

use crate::json::{write_date, write_date_time, write_list, write_time};
use crate::text;

/// Key of a target without a name.
pub const NAMELESS: &str = "null";

/// Encodes the rows of one output schema.
///
/// Non-finite numbers are strings, dates and times ISO 8601, a missing value is null; the order is that of the schema.
#[derive(Clone, Debug)]
pub struct OutputEncoder {
    schema: Arc<OutputSchema>,
    columns: Vec<Prepared>,
    /// Columns of `out`: targets and named outputs.
    outputs: Vec<usize>,
    /// The targets that have auxiliaries: key, and the columns.
    auxiliaries: Vec<(Box<[u8]>, Vec<usize>)>,
}

/// What is constant about a column.
#[derive(Clone, Debug, Default)]
struct Prepared {
    /// `"name":`
    key: Box<[u8]>,
    /// By label, its value; for distributions `"text":`.
    labels: Vec<Box<[u8]>>,
}

impl OutputEncoder {
    /// An encoder for answers of this schema.
    #[must_use]
    pub fn new(schema: &Arc<OutputSchema>) -> Self {
        let mut outputs = Vec::new();
        let mut auxiliaries: Vec<(usize, Vec<usize>)> = Vec::new();
        let name = |column: usize| {
            schema.fields.get(column).and_then(|field| field.name.as_deref()).unwrap_or(NAMELESS)
        };
        let columns = schema.fields.iter().enumerate().map(|(index, field)| {
            let key = match field.role {
                Role::Auxiliary { target, what } => {
                    match auxiliaries.iter_mut().find(|(known, _)| *known == target) {
                        Some((_, columns)) => columns.push(index),
                        None => auxiliaries.push((target, vec![index])),
                    }
                    what.as_str()
                }
                Role::Target | Role::Output => {
                    outputs.push(index);
                    name(index)
                }
            };
            let labels = match &field.output_type {
                OutputType::Label(labels) | OutputType::Ranking(labels) => {
                    prepare(labels, |out, label| write_value(out, &label.value))
                }
                OutputType::Distribution(labels) => prepare(labels, |out, label| {
                    text::write_string(out, &label.text);
                    out.push(b':');
                }),
                _ => Vec::new(),
            };
            Prepared { key: key_of(key), labels }
        });
        let columns = columns.collect();
        let auxiliaries =
            auxiliaries.into_iter().map(|(target, columns)| (key_of(name(target)), columns)).collect();
        Self { schema: Arc::clone(schema), columns, outputs, auxiliaries }
    }

    /// The schema of the answers.
    #[must_use]
    pub fn schema(&self) -> &Arc<OutputSchema> {
        &self.schema
    }

    /// Appends the object of targets and outputs of a row: `out` of the command `score`, `outputs` of a result.
    pub fn write_outputs(&self, scores: &Scores, row: usize, out: &mut Vec<u8>) {
        out.push(b'{');
        for (at, column) in self.outputs.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(&self.columns[*column].key);
            self.write_cell(scores, *column, row, out);
        }
        out.push(b'}');
    }

    /// Appends the object of auxiliaries by target: `aux` of the command `score`. False, and nothing appended, if the
    /// row has none.
    pub fn write_auxiliaries(&self, scores: &Scores, row: usize, out: &mut Vec<u8>) -> bool {
        let start = out.len();
        let mut targets = 0;
        for (key, columns) in &self.auxiliaries {
            let mut figures = 0;
            for column in columns {
                let entity = matches!(
                    self.schema.fields[*column].role,
                    Role::Auxiliary { what: Auxiliary::EntityId, .. }
                );
                if scores.columns()[*column].is_missing(row) && !entity {
                    continue;
                }
                match (figures, targets) {
                    (0, 0) => out.push(b'{'),
                    _ => out.push(b','),
                }
                if figures == 0 {
                    out.extend_from_slice(key);
                    out.push(b'{');
                }
                figures += 1;
                out.extend_from_slice(&self.columns[*column].key);
                self.write_cell(scores, *column, row, out);
            }
            if figures > 0 {
                out.push(b'}');
                targets += 1;
            }
        }
        if targets > 0 {
            out.push(b'}');
        }
        out.len() > start
    }

    /// Appends the value of one column in one row.
    pub fn write_cell(&self, scores: &Scores, column: usize, row: usize, out: &mut Vec<u8>) {
        let data = &scores.columns()[column];
        if data.is_missing(row) {
            out.extend_from_slice(b"null");
            return;
        }
        let output_type = &self.schema.fields[column].output_type;
        match &data.values {
            OutputValues::F64(values) => text::write_f64(out, values[row]),
            OutputValues::F32(values) => text::write_f32(out, values[row]),
            OutputValues::I64(values) => match output_type {
                OutputType::Date => write_date(out, values[row]),
                OutputType::Time => write_time(out, values[row]),
                OutputType::DateTime => write_date_time(out, values[row]),
                _ => text::write_i64(out, values[row]),
            },
            OutputValues::Bool(values) => text::write_bool(out, values[row]),
            OutputValues::Label(codes) => match self.columns[column].labels.get(codes[row] as usize) {
                Some(label) => out.extend_from_slice(label),
                None => out.extend_from_slice(b"null"),
            },
            OutputValues::Text { .. } => text::write_string(out, data.text(row)),
            OutputValues::Numbers { width, numbers } => {
                let numbers = &numbers[row * width..(row + 1) * width];
                match output_type {
                    OutputType::Distribution(_) => self.write_distribution(column, numbers, out),
                    OutputType::Ranking(_) => self.write_ranking(column, numbers, out),
                    OutputType::Tensor(shape) => write_tensor(out, shape, numbers),
                    _ => write_list(out, numbers, |out, number| text::write_f64(out, *number)),
                }
            }
            OutputValues::Any(values) => write_value(out, &values[row]),
        }
    }

    fn write_ranking(&self, column: usize, codes: &[f64], out: &mut Vec<u8>) {
        let end = codes.iter().position(|code| *code < 0.0).unwrap_or(codes.len());
        write_list(out, &codes[..end], |out, code| match self.columns[column].labels.get(*code as usize) {
            Some(label) => out.extend_from_slice(label),
            None => out.extend_from_slice(b"null"),
        });
    }

    fn write_distribution(&self, column: usize, numbers: &[f64], out: &mut Vec<u8>) {
        out.push(b'{');
        for (at, (label, number)) in self.columns[column].labels.iter().zip(numbers).enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(label);
            text::write_f64(out, *number);
        }
        out.push(b'}');
    }
}

fn key_of(name: &str) -> Box<[u8]> {
    let mut key = Vec::with_capacity(name.len() + 3);
    text::write_string(&mut key, name);
    key.push(b':');
    key.into()
}

fn prepare(labels: &Labels, write: impl Fn(&mut Vec<u8>, &Label)) -> Vec<Box<[u8]>> {
    let prepared = labels.all().iter().map(|label| {
        let mut out = Vec::new();
        write(&mut out, label);
        out.into()
    });
    prepared.collect()
}

/// Appends nested lists of the shape; a tensor of no or only length-one dimensions beyond the first stays a list.
fn write_tensor(out: &mut Vec<u8>, shape: &[usize], numbers: &[f64]) {
    match shape {
        [] => match numbers.first() {
            Some(number) => text::write_f64(out, *number),
            None => out.extend_from_slice(b"null"),
        },
        [_] => write_list(out, numbers, |out, number| text::write_f64(out, *number)),
        [_, inner @ ..] => {
            let step: usize = inner.iter().product();
            out.push(b'[');
            for (at, part) in numbers.chunks_exact(step.max(1)).enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_tensor(out, inner, part);
            }
            out.push(b']');
        }
    }
}

/// Appends one value by itself as JSON.
pub fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Missing => out.extend_from_slice(b"null"),
        Value::F64(value) => text::write_f64(out, *value),
        Value::F32(value) => text::write_f32(out, *value),
        Value::I64(value) => text::write_i64(out, *value),
        Value::Bool(value) => text::write_bool(out, *value),
        Value::Text(value) => text::write_string(out, value),
        Value::Date(value) => write_date(out, *value),
        Value::Time(value) => write_time(out, *value),
        Value::DateTime(value) => write_date_time(out, *value),
        Value::List(items) => write_list(out, items, write_value),
        Value::Map(entries) => {
            out.push(b'{');
            for (at, (key, value)) in entries.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                text::write_string(out, key);
                out.push(b':');
                write_value(out, value);
            }
            out.push(b'}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scorewheel_columns::OutputField;

    #[test]
    fn a_ranking_is_a_list_of_its_labels() {
        let labels = Arc::new(Labels::of_texts(["a\"", "b", "c"]));
        let output_type = OutputType::Ranking(labels);
        let field = OutputField { name: Some("near".into()), role: Role::Output, output_type };
        let schema = Arc::new(OutputSchema::new(vec![field]));
        let mut scores = Scores::new();
        scores.reset(&schema, 2);
        let OutputValues::Numbers { numbers, .. } = &mut scores.columns_mut()[0].values else {
            panic!("numbers")
        };
        numbers.copy_from_slice(&[1.0, 0.0, 2.0, 2.0, -1.0, -1.0]);
        let encoder = OutputEncoder::new(&schema);
        let mut out = Vec::new();
        encoder.write_outputs(&scores, 0, &mut out);
        encoder.write_outputs(&scores, 1, &mut out);
        assert_eq!(String::from_utf8_lossy(&out), r#"{"near":["b","a\"","c"]}{"near":["c"]}"#);
    }
}
