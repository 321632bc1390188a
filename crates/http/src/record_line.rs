//! Records as lines of JSON: what is appended and what is read.
//!
//! ```json
//! {"key": "a", "value": {"alcohol": 9.4}, "headers": {"scorewheel-data-type": "wine"}, "timestamp": 1700000000000}
//! ```
//! A `value` that is a string stands for its UTF-8 bytes, another JSON value for its own text, `null` for no value (a
//! tombstone). Bytes that are no UTF-8 stand in `keyBase64` and `valueBase64`, and in headers as `{"base64": …}`. Headers
//! of one name more than once, or in an order that is not that of their names, are a list of pairs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// Headers in order: name and value, `None` being null.
pub type HeaderList = Vec<(String, Option<Vec<u8>>)>;

/// One record, in or out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordLine {
    /// Offset; only of records that were read.
    pub offset: Option<i64>,
    /// Partition; `None` leaves it to the key.
    pub partition: Option<u32>,
    /// Key; `None` is null.
    pub key: Option<Vec<u8>>,
    /// Value; `None` is null.
    pub value: Option<Vec<u8>>,
    /// Headers in order.
    pub headers: HeaderList,
    /// Milliseconds since the epoch; `None` is now.
    pub timestamp: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Line<'a> {
    partition: Option<u32>,
    key: Option<String>,
    key_base64: Option<String>,
    #[serde(borrow, default, deserialize_with = "present")]
    value: Option<&'a RawValue>,
    value_base64: Option<String>,
    #[serde(default)]
    headers: Value,
    timestamp: Option<i64>,
}

/// Keeps a `null` apart from a member that is not there.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl RecordLine {
    /// Reads one line.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub fn parse(line: &str) -> Result<Self, String> {
        let line: Line<'_> = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let key = match (line.key, line.key_base64) {
            (Some(_), Some(_)) => return Err("both `key` and `keyBase64` are given".into()),
            (Some(text), None) => Some(text.into_bytes()),
            (None, Some(text)) => Some(decode("keyBase64", &text)?),
            (None, None) => None,
        };
        let value = match (line.value, line.value_base64) {
            (Some(_), Some(_)) => return Err("both `value` and `valueBase64` are given".into()),
            (None, None) => {
                return Err("neither `value` nor `valueBase64` is given; null is a tombstone".into());
            }
            (None, Some(text)) => Some(decode("valueBase64", &text)?),
            (Some(raw), None) => match raw.get() {
                "null" => None,
                text if text.starts_with('"') => {
                    let text: String = serde_json::from_str(text).map_err(|error| error.to_string())?;
                    Some(text.into_bytes())
                }
                json => Some(json.as_bytes().to_vec()),
            },
        };
        if line.timestamp.is_some_and(|timestamp| timestamp < 0) {
            return Err("`timestamp` is negative; it is milliseconds since 1970".into());
        }
        let headers = parse_headers(line.headers)?;
        Ok(Self { offset: None, partition: line.partition, key, value, headers, timestamp: line.timestamp })
    }

    /// Reads lines; empty ones are skipped.
    ///
    /// # Errors
    /// The number of the line, from 1, and what is wrong with it.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, String> {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        lines
            .map(|(index, line)| Self::parse(line).map_err(|error| format!("line {}: {error}", index + 1)))
            .collect()
    }

    /// The record as one line, without its end.
    #[must_use]
    pub fn render(&self) -> String {
        let mut line = Map::new();
        if let Some(offset) = self.offset {
            line.insert("offset".into(), json!(offset));
        }
        if let Some(partition) = self.partition {
            line.insert("partition".into(), json!(partition));
        }
        if let Some(timestamp) = self.timestamp {
            line.insert("timestamp".into(), json!(timestamp));
        }
        for (name, base64_name, bytes) in
            [("key", "keyBase64", &self.key), ("value", "valueBase64", &self.value)]
        {
            match bytes.as_deref().map(|bytes| (bytes, std::str::from_utf8(bytes))) {
                None if name == "key" => {}
                None => _ = line.insert(name.into(), Value::Null),
                Some((_, Ok(text))) => _ = line.insert(name.into(), json!(text)),
                Some((bytes, Err(_))) => _ = line.insert(base64_name.into(), json!(STANDARD.encode(bytes))),
            }
        }
        if !self.headers.is_empty() {
            line.insert("headers".into(), render_headers(&self.headers));
        }
        Value::Object(line).to_string()
    }
}

/// Reads a line that [`RecordLine::render`] wrote, its offset included.
///
/// # Errors
/// What is wrong, for people.
pub fn parse_rendered(line: &str) -> Result<RecordLine, String> {
    let mut value: Map<String, Value> = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let offset = value.remove("offset").and_then(|offset| offset.as_i64());
    let record = RecordLine::parse(&Value::Object(value).to_string())?;
    Ok(RecordLine { offset, ..record })
}

fn decode(name: &str, text: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(text).map_err(|error| format!("`{name}` is not base64: {error}"))
}

fn parse_headers(headers: Value) -> Result<HeaderList, String> {
    match headers {
        Value::Null => Ok(Vec::new()),
        Value::Object(map) => map.into_iter().map(|(name, value)| Ok((name, header_value(value)?))).collect(),
        Value::Array(pairs) => pairs
            .into_iter()
            .map(|pair| match pair {
                Value::Array(pair) => match <[Value; 2]>::try_from(pair) {
                    Ok([Value::String(name), value]) => Ok((name, header_value(value)?)),
                    _ => Err(BAD_PAIR.to_owned()),
                },
                _ => Err(BAD_PAIR.to_owned()),
            })
            .collect(),
        _ => Err("`headers` is neither an object nor a list of pairs".into()),
    }
}

const BAD_PAIR: &str = "a header in a list is a pair of name and value";

fn header_value(value: Value) -> Result<Option<Vec<u8>>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.into_bytes())),
        Value::Object(map) if map.len() == 1 => match map.get("base64") {
            Some(Value::String(text)) => decode("base64", text).map(Some),
            _ => Err(BAD_HEADER.into()),
        },
        _ => Err(BAD_HEADER.into()),
    }
}

const BAD_HEADER: &str = "a header's value is a string, null, or {\"base64\": …}";

fn render_headers(headers: &[(String, Option<Vec<u8>>)]) -> Value {
    let value = |bytes: &Option<Vec<u8>>| match bytes.as_deref().map(|b| (b, std::str::from_utf8(b))) {
        None => Value::Null,
        Some((_, Ok(text))) => json!(text),
        Some((bytes, Err(_))) => json!({"base64": STANDARD.encode(bytes)}),
    };
    // An object has each name once, and no order of its own.
    if headers.is_sorted_by(|(a, _), (b, _)| a < b) {
        Value::Object(headers.iter().map(|(name, bytes)| (name.clone(), value(bytes))).collect())
    } else {
        headers.iter().map(|(name, bytes)| json!([name, value(bytes)])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(value: &[u8]) -> RecordLine {
        RecordLine { value: Some(value.to_vec()), ..RecordLine::default() }
    }

    #[test]
    fn values_are_texts_json_or_bytes() {
        let cases: [(&str, RecordLine); 6] = [
            (r#"{"value": "plain"}"#, record(b"plain")),
            (r#"{"value": {"b":  1.0, "a": 2}}"#, record(br#"{"b":  1.0, "a": 2}"#)),
            (r#"{"value": 7}"#, record(b"7")),
            (r#"{"valueBase64": "/w=="}"#, record(b"\xff")),
            (
                r#"{"value": null, "key": "wine/forest"}"#,
                RecordLine { key: Some(b"wine/forest".to_vec()), ..RecordLine::default() },
            ),
            (
                r#"{"value": "x", "partition": 3, "timestamp": 5, "headers": {"h": {"base64": "AA=="}, "n": null}}"#,
                RecordLine {
                    partition: Some(3),
                    timestamp: Some(5),
                    headers: vec![("h".into(), Some(vec![0])), ("n".into(), None)],
                    ..record(b"x")
                },
            ),
        ];
        for (line, expected) in cases {
            assert_eq!(RecordLine::parse(line), Ok(expected), "{line}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let cases = [
            ("{}", "neither `value`"),
            (r#"{"value": 1, "valueBase64": ""}"#, "both `value`"),
            (r#"{"value": 1, "keyBase64": "!"}"#, "not base64"),
            (r#"{"value": 1, "vaule": 1}"#, "unknown field `vaule`"),
            (r#"{"value": 1, "headers": 3}"#, "`headers` is neither"),
            (r#"{"value": 1, "headers": [["a"]]}"#, "a pair"),
            (r#"{"value": 1, "headers": {"a": 1}}"#, "a header's value"),
            (r#"{"value": 1, "timestamp": -1}"#, "negative"),
            ("[1]", "line 2"),
        ];
        for (line, expected) in cases {
            let error = RecordLine::parse_all(&format!("\n{line}\n")).unwrap_err();
            assert!(error.contains(expected) && error.starts_with("line 2: "), "{line}: {error}");
        }
    }

    #[test]
    fn what_is_rendered_reads_back() {
        let records = [
            RecordLine {
                offset: Some(4),
                partition: Some(1),
                key: Some(vec![0xff]),
                value: None,
                headers: vec![("a".into(), Some(b"1".to_vec())), ("a".into(), Some(vec![0xfe]))],
                timestamp: Some(9),
            },
            RecordLine { offset: Some(5), key: Some(b"k".to_vec()), ..record("ü".as_bytes()) },
        ];
        for record in records {
            assert_eq!(parse_rendered(&record.render()), Ok(record));
        }
    }
}
