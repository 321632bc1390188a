//! A record of any of our topics as JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::Message;
use scorewheel_codecs::outputs::write_value;
use scorewheel_codecs::{
    DATA_TYPE_HEADER, DataTypes, LINEAGE_HEADER, RecordDecoder, ScoreMessage, write_json,
};
use scorewheel_columns::Batch;
use scorewheel_model::{Content, TypeNumbering};
use scorewheel_serving::{ControlMessage, ControlRecord};
use scorewheel_topics::RecordView;
use serde_json::{Map, Value, json};

use crate::commands::publish::numbering;
use crate::config::Config;
use crate::data_types::data_types;
use crate::exit_code::Failure;

/// Prefix of the headers that say why a record is dead.
const ERROR_HEADERS: [&str; 2] = ["__streams.errors.", "scorewheel.errors."];

/// What a topic holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Records,
    Models,
    Results,
    Other,
}

/// Reads records of any topic of an application.
pub struct RecordReader {
    records: String,
    dead_letters: String,
    models: String,
    results: String,
    numbering: TypeNumbering,
    types: DataTypes,
    /// One for each data type, in the order of `types`.
    decoders: Vec<(RecordDecoder, Batch)>,
}

impl RecordReader {
    /// A reader for the topics and data types of a configuration.
    ///
    /// # Errors
    /// As [`data_types`].
    pub fn new(config: &Config) -> Result<Self, Failure> {
        let types = data_types(config)?;
        let decoders = types
            .all()
            .iter()
            .map(|data_type| (data_type.decoder(), Batch::new(data_type.schema().clone())))
            .collect();
        let topics = &config.topics;
        Ok(Self {
            records: topics.records.clone(),
            dead_letters: topics.dead_letters.clone(),
            models: topics.models.clone(),
            results: topics.results.clone(),
            numbering: numbering(config),
            types,
            decoders,
        })
    }

    fn content(&self, topic: &str) -> Holds {
        match topic {
            _ if topic == self.records || topic == self.dead_letters => Holds::Records,
            _ if topic == self.models => Holds::Models,
            _ if topic == self.results => Holds::Results,
            _ => Holds::Other,
        }
    }

    /// A record as JSON: where it lies, its key, its value decoded, what its headers say.
    pub fn read(&mut self, topic: &str, partition: u32, record: &RecordView<'_>) -> Value {
        let mut line = Map::new();
        line.insert("topic".into(), json!(topic));
        line.insert("partition".into(), json!(partition));
        line.insert("offset".into(), json!(record.offset));
        line.insert("timestamp".into(), json!(record.timestamp));
        if let Some(key) = record.key {
            line.insert("key".into(), text_or_bytes(key));
        }
        let mut errors = Map::new();
        let mut headers = Map::new();
        for header in record.headers {
            let name = header.name_text();
            let value = header.value.map_or(Value::Null, text_or_bytes);
            if name == LINEAGE_HEADER {
                let lineage = header.value.and_then(|value| serde_json::from_slice(value).ok());
                line.insert("lineage".into(), lineage.unwrap_or(value));
            } else if let Some(error) = ERROR_HEADERS.iter().find_map(|prefix| name.strip_prefix(prefix)) {
                if value != json!("") {
                    errors.insert(error.to_owned(), value);
                }
            } else {
                headers.insert(name.into_owned(), value);
            }
        }
        let data_type = record.headers.last(DATA_TYPE_HEADER).flatten();
        let value = match (self.content(topic), record.value) {
            (Holds::Models, _) => self.model(record),
            (_, None) => Value::Null,
            (Holds::Records, Some(value)) => self.record(data_type, value, &mut line),
            (Holds::Results, Some(value)) => result(value),
            (Holds::Other, Some(value)) => json_or_bytes(value),
        };
        line.insert("value".into(), value);
        if !errors.is_empty() {
            line.insert("error".into(), Value::Object(errors));
        }
        if !headers.is_empty() {
            line.insert("headers".into(), Value::Object(headers));
        }
        Value::Object(line)
    }

    /// A record's fields; bytes that are no record are shown as they are, with the reason.
    fn record(&mut self, header: Option<&[u8]>, value: &[u8], line: &mut Map<String, Value>) -> Value {
        let decoded = self.types.type_of(header, value).map_err(|error| error.to_string()).and_then(|found| {
            let (decoder, batch) = &mut self.decoders[found.index];
            batch.clear();
            batch.resize(1);
            let decoded = decoder.decode(value, batch, 0).map_err(|error| error.to_string());
            batch.settle();
            decoded?;
            let mut text = Vec::new();
            write_json(batch, 0, &mut text);
            serde_json::from_slice::<Value>(&text).map_err(|error| error.to_string())
        });
        match decoded {
            Ok(fields) => fields,
            Err(reason) => {
                line.insert("undecodable".into(), json!(reason));
                text_or_bytes(value)
            }
        }
    }

    fn model(&self, record: &RecordView<'_>) -> Value {
        let control = ControlRecord {
            offset: record.offset,
            timestamp: record.timestamp,
            key: record.key,
            value: record.value.map(bytes::Bytes::copy_from_slice),
        };
        match ControlMessage::read(&control, self.numbering) {
            ControlMessage::Put(put) => json!({
                "dataType": put.reference.key.data_type.as_str(),
                "name": put.reference.key.name.as_str(),
                "version": &*put.reference.version,
                "modelType": put.descriptor.model_type.as_str(),
                "description": put.descriptor.description,
                "sha256": put.reference.sha256.to_string(),
                "bytes": match &put.descriptor.content {
                    Content::Data(data) => data.len(),
                    Content::Location(_) => 0,
                },
            }),
            ControlMessage::Remove { key, .. } => json!({"removed": key.to_string()}),
            ControlMessage::Refused { refusal, .. } => json!({"unusable": refusal.reason}),
        }
    }
}

/// A result: JSON as it is, or the message `Score` in the same shape.
fn result(value: &[u8]) -> Value {
    if value.first() == Some(&b'{') {
        return json_or_bytes(value);
    }
    let Ok(score) = ScoreMessage::decode(value) else { return text_or_bytes(value) };
    let outputs: Map<String, Value> = score
        .values()
        .iter()
        .map(|(name, value)| {
            let mut text = Vec::new();
            write_value(&mut text, value);
            (name.to_string(), serde_json::from_slice(&text).unwrap_or_default())
        })
        .collect();
    let first = match (&score.label, score.score) {
        (Some(label), _) => json!(label),
        (None, Some(number)) => json!(number),
        (None, None) => Value::Null,
    };
    json!({
        "dataType": score.data_type, "score": first, "outputs": outputs, "model": score.model,
        "durationNs": score.duration_ns, "modelSince": score.model_since,
    })
}

fn json_or_bytes(value: &[u8]) -> Value {
    serde_json::from_slice(value).unwrap_or_else(|_| text_or_bytes(value))
}

/// Text that people can read, else base64 in an object of its own.
fn text_or_bytes(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(|c| c.is_control() && !c.is_whitespace()) => json!(text),
        _ => json!({"base64": STANDARD.encode(bytes)}),
    }
}
