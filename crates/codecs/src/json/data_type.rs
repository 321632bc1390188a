//! The data type that a record names, without decoding it.

use std::borrow::Cow;
use std::fmt;

use memchr::memmem::Finder;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::decode::{describe, offset_of};
use crate::error::{DecodeError, DecodeErrorKind};

/// The key under which a JSON record names its data type.
pub const DATA_TYPE_KEY: &str = "dataType";

/// The value of the key `dataType` of a JSON object; `None` if it has none, or null.
///
/// # Errors
/// If there is such a key, and the record is no JSON object or the value no string, or the key stands there twice.
/// Records without it are not looked at further.
pub fn named_data_type(bytes: &[u8]) -> Result<Option<Cow<'_, str>>, DecodeError> {
    // A key can only be written otherwise with an escape.
    let may_name = Finder::new(DATA_TYPE_KEY).find(bytes).is_some() || memchr::memchr(b'\\', bytes).is_some();
    if !may_name {
        return Ok(None);
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let named = reader.deserialize_map(TypeVisitor).and_then(|named| reader.end().map(|()| named));
    named.map_err(|error| DecodeErrorKind::Json(describe(&error)).at(offset_of(bytes, &error)))
}

struct TypeVisitor;

impl<'de> Visitor<'de> for TypeVisitor {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut found: Option<Option<Text<'de>>> = None;
        while let Some(key) = map.next_key::<Text<'de>>()? {
            if key.0 != DATA_TYPE_KEY {
                map.next_value::<IgnoredAny>()?;
            } else if found.replace(map.next_value()?).is_some() {
                return Err(M::Error::custom("the key \"dataType\" is there twice"));
            }
        }
        Ok(found.flatten().map(|text| text.0))
    }
}

/// A string, borrowed where it holds no escape.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_names_its_type() {
        for (record, want) in [
            (r#"{"a": 1}"#, Ok(None)),
            (r#"{"a": 1, "dataType": "wine"}"#, Ok(Some("wine"))),
            (r#"{"data\u0054ype": "w\u0069ne"}"#, Ok(Some("wine"))),
            (r#"{"a": {"dataType": "inner"}, "b": "\n"}"#, Ok(None)),
            (r#"{"dataType": null}"#, Ok(None)),
            (r#"{"a": "dataType"}"#, Ok(None)),
            (r#"{"dataType": 3}"#, Err("invalid type: integer `3`, expected a string")),
            (r#"{"dataType": "a", "dataType": "b"}"#, Err("the key \"dataType\" is there twice")),
            (r#"{"dataType": "a""#, Err("EOF while parsing an object")),
        ] {
            let found = named_data_type(record.as_bytes());
            let found = found.as_ref().map(|name| name.as_deref()).map_err(|error| match &error.kind {
                DecodeErrorKind::Json(text) => text.as_str(),
                _ => "another kind",
            });
            assert_eq!(found, want, "{record}");
        }
    }
}
