//! The value of a result record.

use std::sync::Arc;

use scorewheel_columns::{OutputSchema, OutputType, OutputValues, Scores, Value};

use crate::outputs::OutputEncoder;
use crate::score_message::ScoreEncoder;
use crate::text::write_string;

/// How values of results are encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResultFormat {
    /// `{"dataType", "score", "outputs": {..}}`.
    #[default]
    Json,
    /// The message `Score` of `proto/score.proto`.
    Protobuf,
    /// The message `Score` without field 7, the outputs.
    ProtobufWithoutOutputs,
}

/// What a result tells about its making; only the protobuf message carries it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Making<'a> {
    /// Name of the model.
    pub model: &'a str,
    /// Scoring time of the record in nanoseconds; 0 if it was not measured.
    pub duration_ns: i64,
    /// Since when the model has been in force, milliseconds since the epoch.
    pub model_since: i64,
}

/// Encodes the results of one data type and one model's outputs; immutable, and shared by threads.
#[derive(Clone, Debug)]
pub struct ResultEncoder {
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    Json { head: Box<[u8]>, score: Option<usize>, outputs: OutputEncoder },
    Protobuf(ScoreEncoder),
}

impl ResultEncoder {
    /// An encoder for records of `data_type` and answers of this schema.
    #[must_use]
    pub fn new(format: ResultFormat, data_type: &str, schema: &Arc<OutputSchema>) -> Self {
        let form = match format {
            ResultFormat::Json => {
                let mut head = b"{\"dataType\":".to_vec();
                write_string(&mut head, data_type);
                head.extend_from_slice(b",\"score\":");
                Form::Json { head: head.into(), score: schema.score(), outputs: OutputEncoder::new(schema) }
            }
            ResultFormat::Protobuf => Form::Protobuf(ScoreEncoder::new(data_type, schema, true)),
            ResultFormat::ProtobufWithoutOutputs => {
                Form::Protobuf(ScoreEncoder::new(data_type, schema, false))
            }
        };
        Self { form }
    }

    /// Appends the value of the result of `row`, which has an answer.
    pub fn encode(&self, scores: &Scores, row: usize, making: Making<'_>, out: &mut Vec<u8>) {
        match &self.form {
            Form::Json { head, score, outputs } => {
                out.extend_from_slice(head);
                match score {
                    Some(column) if is_scalar(scores, *column, row) => {
                        outputs.write_cell(scores, *column, row, out);
                    }
                    _ => out.extend_from_slice(b"null"),
                }
                out.extend_from_slice(b",\"outputs\":");
                outputs.write_outputs(scores, row, out);
                out.push(b'}');
            }
            Form::Protobuf(encoder) => encoder.encode(scores, row, making, out),
        }
    }
}

/// Whether the cell is one value: lists and maps are no score, they stand in the outputs.
fn is_scalar(scores: &Scores, column: usize, row: usize) -> bool {
    match &scores.columns()[column].values {
        OutputValues::Numbers { .. } => false,
        OutputValues::Any(values) => !matches!(values[row], Value::List(_) | Value::Map(_)),
        _ => true,
    }
}

/// The first target of a row as a number, for statistics and charts; `None` if it is missing or none.
#[must_use]
pub fn score_number(scores: &Scores, row: usize) -> Option<f64> {
    let column = scores.schema().score()?;
    let data = &scores.columns()[column];
    if data.is_missing(row) {
        return None;
    }
    match (&data.values, &scores.schema().fields[column].output_type) {
        (OutputValues::F64(values), _) => Some(values[row]),
        (OutputValues::F32(values), _) => Some(f64::from(values[row])),
        (OutputValues::I64(values), OutputType::I64) => Some(values[row] as f64),
        (OutputValues::Label(codes), OutputType::Label(labels)) => labels.get(codes[row])?.value.as_f64(),
        (OutputValues::Any(values), _) => values[row].as_f64(),
        _ => None,
    }
}

/// The first target of a row as a label: the category or text that it is; `None` if it is missing or neither.
#[must_use]
pub fn score_label(scores: &Scores, row: usize) -> Option<&str> {
    let column = scores.schema().score()?;
    let data = &scores.columns()[column];
    if data.is_missing(row) {
        return None;
    }
    match (&data.values, &scores.schema().fields[column].output_type) {
        (OutputValues::Label(codes), OutputType::Label(labels)) => {
            labels.get(codes[row]).map(|label| &*label.text)
        }
        (OutputValues::Any(values), _) => match &values[row] {
            Value::Text(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scorewheel_columns::{Auxiliary, Labels, OutputField, Role};

    fn field(name: Option<&str>, role: Role, output_type: OutputType) -> OutputField {
        OutputField { name: name.map(Into::into), role, output_type }
    }

    /// One column of each type; two rows, the second all missing.
    fn scores() -> (Arc<OutputSchema>, Scores) {
        let labels = Arc::new(Labels::of_texts(["lo\"w", "high"]));
        let auxiliary = |what| Role::Auxiliary { target: 0, what };
        let schema = Arc::new(OutputSchema::new(vec![
            field(Some("quality"), Role::Target, OutputType::Label(Arc::clone(&labels))),
            field(None, Role::Target, OutputType::F64),
            field(Some("f"), Role::Output, OutputType::F32),
            field(Some("i"), Role::Output, OutputType::I64),
            field(Some("b"), Role::Output, OutputType::Bool),
            field(Some("t"), Role::Output, OutputType::Text),
            field(Some("d"), Role::Output, OutputType::Date),
            field(Some("dt"), Role::Output, OutputType::DateTime),
            field(Some("x"), Role::Output, OutputType::Tensor(Box::new([2, 1]))),
            field(Some("any"), Role::Output, OutputType::Any),
            field(None, auxiliary(Auxiliary::Probability), OutputType::Distribution(labels)),
            field(None, auxiliary(Auxiliary::EntityId), OutputType::Text),
        ]));
        let mut scores = Scores::new();
        scores.reset(&schema, 2);
        for (index, column) in scores.columns_mut().iter_mut().enumerate() {
            match &mut column.values {
                OutputValues::Label(codes) => codes[0] = 0,
                OutputValues::F64(values) => values[0] = f64::NAN,
                OutputValues::F32(values) => values[0] = 0.1,
                OutputValues::I64(values) => values[0] = 3,
                OutputValues::Bool(values) => values[0] = true,
                OutputValues::Text { bytes, ends } => {
                    bytes.push_str(if index == 5 { "text" } else { "n7" });
                    ends.resize(2, bytes.len() as u32);
                }
                OutputValues::Numbers { numbers, .. } => {
                    numbers[..2].copy_from_slice(&[0.25, 0.75]);
                }
                OutputValues::Any(values) => {
                    values[0] =
                        Value::Map(vec![("k".into(), Value::List(vec![Value::I64(1), Value::Missing]))]);
                }
            }
            column.set_missing(1);
        }
        (schema, scores)
    }

    #[test]
    fn every_type_has_its_json() {
        let (schema, scores) = scores();
        let encoder = ResultEncoder::new(ResultFormat::Json, "wine", &schema);
        let mut out = Vec::new();
        encoder.encode(&scores, 0, Making::default(), &mut out);
        let wanted = concat!(
            r#"{"dataType":"wine","score":"lo\"w","outputs":{"quality":"lo\"w","null":"NaN","f":0.1,"i":3,"#,
            r#""b":true,"t":"text","d":"1970-01-04","dt":"1970-01-01T00:00:00.000003","x":[[0.25],[0.75]],"#,
            r#""any":{"k":[1,null]}}}"#
        );
        assert_eq!(String::from_utf8(out).unwrap(), wanted);
        let mut out = Vec::new();
        encoder.encode(&scores, 1, Making::default(), &mut out);
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert!(value["score"].is_null());
        assert_eq!(value["outputs"].as_object().unwrap().len(), 10);
        assert!(value["outputs"].as_object().unwrap().values().all(serde_json::Value::is_null));
    }

    #[test]
    fn auxiliaries_stand_under_their_target() {
        let (schema, scores) = scores();
        let encoder = OutputEncoder::new(&schema);
        let mut out = Vec::new();
        assert!(encoder.write_auxiliaries(&scores, 0, &mut out));
        let wanted = r#"{"quality":{"probability":{"lo\"w":0.25,"high":0.75},"entityId":"n7"}}"#;
        assert_eq!(String::from_utf8(out).unwrap(), wanted);
        let mut out = Vec::new();
        assert!(encoder.write_auxiliaries(&scores, 1, &mut out));
        assert_eq!(String::from_utf8(out).unwrap(), r#"{"quality":{"entityId":null}}"#);
    }
}
