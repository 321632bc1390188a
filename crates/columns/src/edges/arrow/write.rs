//! Scores to a record batch.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, DictionaryArray, FixedSizeListArray, Float32Array, Float64Array,
    Int32Array, Int64Array, ListArray, RecordBatch, RecordBatchOptions, StringArray, StructArray,
    Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType as Arrow, Field, Fields, SchemaRef, TimeUnit};

use super::ArrowEdgeError;
use crate::edges::answers::{Answer, AnswerNames};
use crate::error::RowError;
use crate::labels::Labels;
use crate::outputs::{OutputSchema, OutputType};
use crate::scores::{OutputColumn, OutputValues, Scores};
use crate::temporal;
use crate::value::Value;

/// Name of the column of errors, unless an answer has it: then `error_`.
pub const ERROR: &str = "error";

/// Makes record batches of the scores of one output schema; columns are called as [`AnswerNames`] says.
///
/// | answer | Arrow |
/// |---|---|
/// | number, truth value, string | float64, float32, int64, boolean, utf8 |
/// | label | dictionary of utf8, in the order of the model's labels |
/// | date, time, date-time | date32, time64 and timestamp in microseconds |
/// | distribution | struct with a float64 for each label |
/// | ranking | list of utf8 |
/// | tensor | float64, or fixed-size lists of it, one in the other |
/// | lists, maps, answers whose type differs by row | utf8: strings as they are, all else as JSON |
///
/// Missing answers, and all of a row with an error, are null.
#[derive(Clone, Debug)]
pub struct ScoresWriter {
    schema: Arc<OutputSchema>,
    names: AnswerNames,
    arrow: SchemaRef,
    /// The strings of dictionaries, by column.
    labels: Vec<Option<ArrayRef>>,
    has_errors: bool,
}

impl ScoresWriter {
    /// A writer for scores of this schema; with a last column of errors in words, null where a row has an answer.
    #[must_use]
    pub fn new(schema: &Arc<OutputSchema>) -> Self {
        Self::of(schema, true)
    }

    /// The same without the column of errors.
    #[must_use]
    pub fn without_errors(self) -> Self {
        Self::of(&self.schema, false)
    }

    fn of(schema: &Arc<OutputSchema>, has_errors: bool) -> Self {
        let names = AnswerNames::new(schema);
        let columns = names.all().iter().zip(&schema.fields);
        let mut fields: Vec<Field> =
            columns.map(|(name, field)| Field::new(&**name, arrow_type(&field.output_type), true)).collect();
        if has_errors {
            let mut name = ERROR.to_owned();
            while names.all().iter().any(|known| **known == *name) {
                name.push('_');
            }
            fields.push(Field::new(name, Arrow::Utf8, true));
        }
        let labels = schema.fields.iter().map(|field| match &field.output_type {
            OutputType::Label(labels) => {
                let texts = labels.all().iter().map(|label| &*label.text);
                Some(Arc::new(StringArray::from_iter_values(texts)) as ArrayRef)
            }
            _ => None,
        });
        Self {
            labels: labels.collect(),
            arrow: Arc::new(arrow_schema::Schema::new(fields)),
            schema: Arc::clone(schema),
            names,
            has_errors,
        }
    }

    /// The schema of the record batches.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.arrow
    }

    /// The scores as a record batch; `explain` says the error of a row in words.
    ///
    /// # Errors
    /// [`ArrowEdgeError::OtherSchema`] for scores of other columns, [`ArrowEdgeError::Unrepresentable`] for a date
    /// beyond date32, and what Arrow says.
    pub fn write(
        &self,
        scores: &Scores,
        mut explain: impl FnMut(RowError, usize) -> String,
    ) -> Result<RecordBatch, ArrowEdgeError> {
        if !Arc::ptr_eq(scores.schema(), &self.schema) && **scores.schema() != *self.schema {
            return Err(ArrowEdgeError::OtherSchema);
        }
        let mut failed = vec![false; scores.rows()];
        for (row, _) in scores.errors() {
            failed[*row as usize] = true;
        }
        let mut columns = Vec::with_capacity(self.arrow.fields().len());
        for (column, data) in scores.columns().iter().enumerate() {
            let present: Vec<bool> =
                failed.iter().enumerate().map(|(row, failed)| !failed && !data.is_missing(row)).collect();
            columns.push(self.column(scores, column, data, &present)?);
        }
        if self.has_errors {
            let texts = (0..scores.rows()).map(|row| scores.error(row).map(|error| explain(error, row)));
            columns.push(Arc::new(texts.collect::<StringArray>()));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(scores.rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.arrow), columns, &options)?)
    }

    fn column(
        &self,
        scores: &Scores,
        column: usize,
        data: &OutputColumn,
        present: &[bool],
    ) -> Result<ArrayRef, ArrowEdgeError> {
        let nulls = Some(NullBuffer::from(present)).filter(|nulls| nulls.null_count() > 0);
        let output_type = &self.schema.fields[column].output_type;
        Ok(match (&data.values, output_type) {
            (OutputValues::F64(values), _) => Arc::new(Float64Array::new(values.clone().into(), nulls)),
            (OutputValues::F32(values), _) => Arc::new(Float32Array::new(values.clone().into(), nulls)),
            (OutputValues::I64(values), OutputType::Date) => {
                let mut days = Vec::with_capacity(values.len());
                for (row, (value, present)) in values.iter().zip(present).enumerate() {
                    match i32::try_from(*value) {
                        Ok(value) => days.push(value),
                        Err(_) if !present => days.push(0),
                        Err(_) => {
                            let name = Arc::clone(&self.names.all()[column]);
                            return Err(ArrowEdgeError::Unrepresentable { name, row, value: *value });
                        }
                    }
                }
                Arc::new(Date32Array::new(days.into(), nulls))
            }
            (OutputValues::I64(values), OutputType::Time) => {
                Arc::new(Time64MicrosecondArray::new(values.clone().into(), nulls))
            }
            (OutputValues::I64(values), OutputType::DateTime) => {
                Arc::new(TimestampMicrosecondArray::new(values.clone().into(), nulls))
            }
            (OutputValues::I64(values), _) => Arc::new(Int64Array::new(values.clone().into(), nulls)),
            (OutputValues::Bool(values), _) => Arc::new(BooleanArray::new(values.clone().into(), nulls)),
            (OutputValues::Label(codes), _) => {
                let Some(texts) = &self.labels[column] else { return Err(ArrowEdgeError::OtherSchema) };
                let keys = codes.iter().zip(present);
                let keys = keys.map(|(code, present)| {
                    present
                        .then(|| i32::try_from(*code).ok().filter(|code| (*code as usize) < texts.len()))
                        .flatten()
                });
                Arc::new(DictionaryArray::try_new(keys.collect::<Int32Array>(), Arc::clone(texts))?)
            }
            (OutputValues::Text { .. }, _) => {
                let texts = present.iter().enumerate().map(|(row, present)| present.then(|| data.text(row)));
                Arc::new(texts.collect::<StringArray>())
            }
            (OutputValues::Numbers { width, numbers }, OutputType::Distribution(labels)) => {
                let figures = |label: usize| -> ArrayRef {
                    let figures = numbers.iter().skip(label).step_by((*width).max(1)).copied();
                    Arc::new(Float64Array::from_iter_values(figures))
                };
                let columns = (0..*width).map(figures).collect();
                Arc::new(StructArray::try_new_with_length(members(labels), columns, nulls, scores.rows())?)
            }
            (OutputValues::Numbers { .. }, OutputType::Ranking(_)) => {
                ranking(scores, column, present, nulls)?
            }
            (OutputValues::Numbers { numbers, .. }, OutputType::Tensor(shape)) => {
                tensor(shape, Arc::new(Float64Array::from(numbers.clone())), scores.rows(), nulls)?
            }
            (OutputValues::Numbers { .. }, _) => return Err(ArrowEdgeError::OtherSchema),
            (OutputValues::Any(values), _) => {
                let texts = values.iter().zip(present).map(|(value, present)| match value {
                    Value::Missing => None,
                    value => present.then(|| text_of(value)),
                });
                Arc::new(texts.collect::<StringArray>())
            }
        })
    }
}

fn ranking(
    scores: &Scores,
    column: usize,
    present: &[bool],
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, ArrowEdgeError> {
    let mut texts: Vec<&str> = Vec::new();
    let mut lengths = Vec::with_capacity(present.len());
    for row in 0..present.len() {
        let before = texts.len();
        if let Answer::Ranking(labels, codes) = Answer::of(scores, column, row) {
            texts.extend(Answer::ranked(labels, codes).map(|label| &*label.text));
        }
        lengths.push(texts.len() - before);
    }
    let item = Arc::new(Field::new("item", Arrow::Utf8, false));
    let items = Arc::new(StringArray::from_iter_values(texts));
    Ok(Arc::new(ListArray::try_new(item, OffsetBuffer::from_lengths(lengths), items, nulls)?))
}

/// Fixed-size lists in lists; a tensor of no dimension is its number.
fn tensor(
    shape: &[usize],
    numbers: ArrayRef,
    rows: usize,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, ArrowEdgeError> {
    let mut array = numbers;
    let Some((outermost, inner)) = shape.split_first() else {
        let numbers: &Float64Array = arrow_array::cast::AsArray::as_primitive(&*array);
        return Ok(Arc::new(Float64Array::new(numbers.values().clone(), nulls)));
    };
    for (at, length) in inner.iter().enumerate().rev() {
        let lists = rows * outermost * inner[..at].iter().product::<usize>();
        array = fixed_size_lists(*length, array, lists, None)?;
    }
    fixed_size_lists(*outermost, array, rows, nulls)
}

fn fixed_size_lists(
    length: usize,
    items: ArrayRef,
    lists: usize,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, ArrowEdgeError> {
    use arrow_array::Array as _;
    let item = Arc::new(Field::new("item", items.data_type().clone(), false));
    let lists = FixedSizeListArray::try_new_with_length(item, length_of(length), items, nulls, lists)?;
    Ok(Arc::new(lists))
}

fn length_of(length: usize) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

fn members(labels: &Labels) -> Fields {
    labels.all().iter().map(|label| Field::new(&*label.text, Arrow::Float64, false)).collect()
}

fn arrow_type(output_type: &OutputType) -> Arrow {
    match output_type {
        OutputType::F64 => Arrow::Float64,
        OutputType::F32 => Arrow::Float32,
        OutputType::I64 => Arrow::Int64,
        OutputType::Bool => Arrow::Boolean,
        OutputType::Label(_) => Arrow::Dictionary(Box::new(Arrow::Int32), Box::new(Arrow::Utf8)),
        OutputType::Text | OutputType::Any => Arrow::Utf8,
        OutputType::Date => Arrow::Date32,
        OutputType::Time => Arrow::Time64(TimeUnit::Microsecond),
        OutputType::DateTime => Arrow::Timestamp(TimeUnit::Microsecond, None),
        OutputType::Distribution(labels) => Arrow::Struct(members(labels)),
        OutputType::Ranking(_) => Arrow::List(Arc::new(Field::new("item", Arrow::Utf8, false))),
        OutputType::Tensor(shape) => shape.iter().rev().fold(Arrow::Float64, |item, length| {
            Arrow::FixedSizeList(Arc::new(Field::new("item", item, false)), length_of(*length))
        }),
    }
}

/// A string as it is, all else as JSON.
fn text_of(value: &Value) -> String {
    match value {
        Value::Text(text) => text.to_string(),
        value => {
            let mut out = String::new();
            write_json(&mut out, value);
            out
        }
    }
}

fn write_json(out: &mut String, value: &Value) {
    let number = |out: &mut String, finite: bool, text: String| {
        // As elsewhere, what JSON has no number for is a string.
        out.push_str(&if finite { text } else { format!("\"{text}\"") });
    };
    // Writing to a string cannot fail.
    let quoted = |out: &mut String, write: fn(&mut String, i64) -> std::fmt::Result, value: i64| {
        out.push('"');
        let _ = write(out, value);
        out.push('"');
    };
    match value {
        Value::Missing => out.push_str("null"),
        Value::F64(value) => number(out, value.is_finite(), format!("{value:?}").replace("inf", "Infinity")),
        Value::F32(value) => number(out, value.is_finite(), format!("{value:?}").replace("inf", "Infinity")),
        Value::I64(value) => out.push_str(&value.to_string()),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Text(text) => write_text(out, text),
        Value::Date(days) => quoted(out, temporal::write_date, *days),
        Value::Time(micros) => quoted(out, temporal::write_time, *micros),
        Value::DateTime(micros) => {
            quoted(out, temporal::write_date_time, *micros);
        }
        Value::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_json(out, item);
            }
            out.push(']');
        }
        Value::Map(entries) => {
            out.push('{');
            for (at, (name, value)) in entries.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_text(out, name);
                out.push(':');
                write_json(out, value);
            }
            out.push('}');
        }
    }
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            control if (control as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", control as u32)),
            other => out.push(other),
        }
    }
    out.push('"');
}
