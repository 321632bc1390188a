//! The message `Score` of `proto/score.proto`.

use std::sync::Arc;

use prost::Message;
use scorewheel_columns::{OutputSchema, OutputType, OutputValues, Role, Scores, Value};

use crate::outputs::NAMELESS;
use crate::protobuf::wire::{
    FIXED64, LENGTH, VARINT, write_bytes, write_nested, write_tag, write_varint, zigzag,
};
use crate::results::{Making, score_number};

/// Encodes results as `Score`, straight into bytes.
#[derive(Clone, Debug)]
pub(crate) struct ScoreEncoder {
    schema: Arc<OutputSchema>,
    /// Field 2, tag and all.
    data_type: Box<[u8]>,
    /// The score's column, if its type can be a string.
    label: Option<usize>,
    /// Columns of field 7, and field 1 of their `Output`.
    outputs: Vec<(usize, Box<[u8]>)>,
}

impl ScoreEncoder {
    pub(crate) fn new(data_type: &str, schema: &Arc<OutputSchema>, with_outputs: bool) -> Self {
        let mut encoded = Vec::new();
        write_text(&mut encoded, 2, data_type);
        let named = schema
            .fields
            .iter()
            .enumerate()
            .filter(|(_, field)| with_outputs && matches!(field.role, Role::Target | Role::Output));
        let outputs = named.map(|(column, field)| {
            let mut name = Vec::new();
            write_text(&mut name, 1, field.name.as_deref().unwrap_or(NAMELESS));
            (column, name.into())
        });
        Self {
            data_type: encoded.into(),
            label: schema.score(),
            outputs: outputs.collect(),
            schema: Arc::clone(schema),
        }
    }

    pub(crate) fn encode(&self, scores: &Scores, row: usize, making: Making<'_>, out: &mut Vec<u8>) {
        write_text(out, 1, making.model);
        out.extend_from_slice(&self.data_type);
        if let Some(number) = score_number(scores, row) {
            write_double(out, 3, number);
        } else if let Some(column) = self.label {
            with_text(scores, column, row, |text| write_text(out, 6, text));
        }
        for (number, value) in [(4, making.duration_ns), (5, making.model_since)] {
            if value != 0 {
                write_tag(out, number, VARINT);
                write_varint(out, value.cast_unsigned());
            }
        }
        for (column, name) in &self.outputs {
            write_tag(out, 7, LENGTH);
            write_nested(out, |out| {
                out.extend_from_slice(name);
                self.write_cell(scores, *column, row, out);
            });
        }
    }

    /// Field 2 of an `Output`: the value of the cell, or nothing.
    fn write_cell(&self, scores: &Scores, column: usize, row: usize, out: &mut Vec<u8>) {
        let data = &scores.columns()[column];
        if data.is_missing(row) {
            return;
        }
        let output_type = &self.schema.fields[column].output_type;
        match (&data.values, output_type) {
            (OutputValues::F64(values), _) => write_value(out, 2, &Value::F64(values[row])),
            (OutputValues::F32(values), _) => write_value(out, 2, &Value::F32(values[row])),
            (OutputValues::I64(values), OutputType::I64) => write_value(out, 2, &Value::I64(values[row])),
            (OutputValues::Bool(values), _) => write_value(out, 2, &Value::Bool(values[row])),
            (OutputValues::Label(codes), OutputType::Label(labels)) => {
                if let Some(label) = labels.get(codes[row]) {
                    write_value(out, 2, &label.value);
                }
            }
            (OutputValues::Text { .. }, _) => {
                write_tag(out, 2, LENGTH);
                write_nested(out, |out| write_kind_text(out, data.text(row)));
            }
            (OutputValues::Any(values), _) => write_value(out, 2, &values[row]),
            _ => write_value(out, 2, &scores.get(column, row)),
        }
    }
}

fn write_text(out: &mut Vec<u8>, number: u32, text: &str) {
    if !text.is_empty() {
        write_tag(out, number, LENGTH);
        write_bytes(out, text.as_bytes());
    }
}

fn write_double(out: &mut Vec<u8>, number: u32, value: f64) {
    write_tag(out, number, FIXED64);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Calls `then` with the text of the cell, if it is one.
fn with_text(scores: &Scores, column: usize, row: usize, then: impl FnOnce(&str)) {
    let data = &scores.columns()[column];
    if data.is_missing(row) {
        return;
    }
    match (&data.values, &scores.schema().fields[column].output_type) {
        (OutputValues::Label(codes), OutputType::Label(labels)) => {
            if let Some(label) = labels.get(codes[row]) {
                then(&label.text);
            }
        }
        (OutputValues::Text { .. }, _) => then(data.text(row)),
        (OutputValues::Any(values), _) => {
            if let Some(text) = values[row].as_text() {
                then(text);
            }
        }
        _ => {}
    }
}

/// The field `number` of type `Value`, a member of the oneof set unless the value is missing.
fn write_value(out: &mut Vec<u8>, number: u32, value: &Value) {
    if *value == Value::Missing {
        return;
    }
    write_tag(out, number, LENGTH);
    write_nested(out, |out| write_kind(out, value));
}

fn write_kind_text(out: &mut Vec<u8>, text: &str) {
    write_tag(out, 4, LENGTH);
    write_bytes(out, text.as_bytes());
}

/// The member of the oneof; it is written even if it is zero.
fn write_kind(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Missing => {}
        Value::F64(value) => write_double(out, 1, *value),
        Value::F32(value) => write_double(out, 1, f64::from(*value)),
        Value::I64(value) => {
            write_tag(out, 2, VARINT);
            write_varint(out, zigzag(*value));
        }
        Value::Bool(value) => {
            write_tag(out, 3, VARINT);
            out.push(u8::from(*value));
        }
        Value::Text(text) => write_kind_text(out, text),
        Value::Date(_) | Value::Time(_) | Value::DateTime(_) => {
            let mut quoted = Vec::new();
            crate::outputs::write_value(&mut quoted, value);
            write_kind_text(out, String::from_utf8_lossy(&quoted).trim_matches('"'));
        }
        Value::List(items) => {
            write_tag(out, 5, LENGTH);
            write_nested(out, |out| {
                for item in items {
                    write_tag(out, 1, LENGTH);
                    write_nested(out, |out| write_kind(out, item));
                }
            });
        }
        Value::Map(entries) => {
            write_tag(out, 6, LENGTH);
            write_nested(out, |out| {
                for (name, value) in entries {
                    write_tag(out, 1, LENGTH);
                    write_nested(out, |out| {
                        write_text(out, 1, name);
                        write_value(out, 2, value);
                    });
                }
            });
        }
    }
}

/// A decoded `Score`, for consumers.
#[derive(Clone, PartialEq, Message)]
pub struct ScoreMessage {
    /// Name of the model.
    #[prost(string, tag = "1")]
    pub model: String,
    /// Data type of the record.
    #[prost(string, tag = "2")]
    pub data_type: String,
    /// The first target's value, if it is a number.
    #[prost(double, optional, tag = "3")]
    pub score: Option<f64>,
    /// Scoring time in nanoseconds.
    #[prost(int64, tag = "4")]
    pub duration_ns: i64,
    /// Since when the model has been in force, milliseconds since the epoch.
    #[prost(int64, tag = "5")]
    pub model_since: i64,
    /// The first target's value, if it is a string.
    #[prost(string, optional, tag = "6")]
    pub label: Option<String>,
    /// All targets and outputs.
    #[prost(message, repeated, tag = "7")]
    pub outputs: Vec<wire::Output>,
}

impl ScoreMessage {
    /// The outputs by name, in their order.
    #[must_use]
    pub fn values(&self) -> Vec<(Box<str>, Value)> {
        self.outputs.iter().map(wire::Output::read).collect()
    }
}

/// The nested messages as they lie on the wire.
pub mod wire {
    use prost::Message;

    use super::Value;

    /// A name and a value.
    #[derive(Clone, PartialEq, Message)]
    pub struct Output {
        /// The name.
        #[prost(string, tag = "1")]
        pub name: String,
        /// The value.
        #[prost(message, optional, tag = "2")]
        pub value: Option<Any>,
    }

    /// The message `Value`.
    #[derive(Clone, PartialEq, Message)]
    pub struct Any {
        /// The member that is set.
        #[prost(oneof = "Kind", tags = "1, 2, 3, 4, 5, 6")]
        pub kind: Option<Kind>,
    }

    /// The members of the oneof of `Value`.
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub enum Kind {
        /// A number.
        #[prost(double, tag = "1")]
        Number(f64),
        /// An integer.
        #[prost(sint64, tag = "2")]
        Integer(i64),
        /// A truth value.
        #[prost(bool, tag = "3")]
        Flag(bool),
        /// A string.
        #[prost(string, tag = "4")]
        Text(String),
        /// A list.
        #[prost(message, tag = "5")]
        List(List),
        /// Values by name.
        #[prost(message, tag = "6")]
        Map(Map),
    }

    /// The message `List`.
    #[derive(Clone, PartialEq, Message)]
    pub struct List {
        /// The items.
        #[prost(message, repeated, tag = "1")]
        pub items: Vec<Any>,
    }

    /// The message `Map`.
    #[derive(Clone, PartialEq, Message)]
    pub struct Map {
        /// The entries.
        #[prost(message, repeated, tag = "1")]
        pub entries: Vec<Output>,
    }

    impl Output {
        pub(super) fn read(&self) -> (Box<str>, Value) {
            (self.name.as_str().into(), self.value.as_ref().map_or(Value::Missing, Any::read))
        }
    }

    impl Any {
        fn read(&self) -> Value {
            match &self.kind {
                None => Value::Missing,
                Some(Kind::Number(value)) => Value::F64(*value),
                Some(Kind::Integer(value)) => Value::I64(*value),
                Some(Kind::Flag(value)) => Value::Bool(*value),
                Some(Kind::Text(value)) => Value::from(value.as_str()),
                Some(Kind::List(list)) => Value::List(list.items.iter().map(Self::read).collect()),
                Some(Kind::Map(map)) => Value::Map(map.entries.iter().map(Output::read).collect()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{ResultEncoder, ResultFormat};
    use scorewheel_columns::{Labels, OutputField};

    const PROTO: &str = include_str!("../../../proto/score.proto");

    #[test]
    fn the_proto_file_reads_what_is_written() {
        let labels = Arc::new(Labels::of_texts(["low", "high"]));
        let field =
            |name: &str, role, output_type| OutputField { name: Some(name.into()), role, output_type };
        let schema = Arc::new(OutputSchema::new(vec![
            field("quality", Role::Target, OutputType::Label(labels)),
            field("p", Role::Output, OutputType::F64),
            field("any", Role::Output, OutputType::Any),
            field("day", Role::Output, OutputType::Date),
            field("none", Role::Output, OutputType::I64),
        ]));
        let any = Value::List(vec![
            Value::I64(-3),
            Value::Missing,
            Value::Bool(false),
            Value::Map(vec![("k".into(), Value::from(""))]),
        ]);
        let mut scores = Scores::new();
        scores.reset(&schema, 1);
        let columns = scores.columns_mut();
        if let OutputValues::Label(codes) = &mut columns[0].values {
            codes[0] = 1;
        }
        columns[2].values = OutputValues::Any(vec![any.clone()]);
        columns[4].set_missing(0);

        let making = Making { model: "forest", duration_ns: 950, model_since: 1_700_000_000_000 };
        let mut bytes = Vec::new();
        ResultEncoder::new(ResultFormat::Protobuf, "wine", &schema).encode(&scores, 0, making, &mut bytes);
        let message = ScoreMessage::decode(&*bytes).unwrap();
        assert_eq!((&*message.model, &*message.data_type), ("forest", "wine"));
        assert_eq!((message.score, message.label.as_deref()), (None, Some("high")));
        assert_eq!((message.duration_ns, message.model_since), (950, 1_700_000_000_000));
        let wanted = vec![
            ("quality".into(), Value::from("high")),
            ("p".into(), Value::F64(0.0)),
            ("any".into(), any),
            ("day".into(), Value::from("1970-01-01")),
            ("none".into(), Value::Missing),
        ];
        assert_eq!(message.values(), wanted);

        let compiled = crate::ProtobufMessage::compile(&[("score.proto", PROTO)], "Score", &[]).unwrap();
        let names: Vec<&str> = compiled.schema().fields().iter().map(|field| &*field.name).collect();
        assert_eq!(names, ["model", "dataType", "score", "duration_ns", "model_since", "label"]);

        let mut short = Vec::new();
        let encoder = ResultEncoder::new(ResultFormat::ProtobufWithoutOutputs, "wine", &schema);
        encoder.encode(&scores, 0, making, &mut short);
        assert_eq!(ScoreMessage::decode(&*short).unwrap(), ScoreMessage { outputs: vec![], ..message });
    }
}
