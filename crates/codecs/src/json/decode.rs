//! From a JSON object to one row of a batch, in place.

use std::fmt;
use std::sync::Arc;

use scorewheel_columns::coerce::{self, Scalar};
use scorewheel_columns::list::ListWriter;
use scorewheel_columns::names::Meaning;
use scorewheel_columns::{Batch, Cell, DataType, FieldIndex, RecordWriter, Schema, Walk, WriteError};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::error::{DecodeError, DecodeErrorKind};

/// Decodes JSON objects of one schema; one for each thread.
#[derive(Clone, Debug)]
pub(crate) struct JsonDecoder {
    writer: RecordWriter,
}

impl JsonDecoder {
    pub(crate) fn new(schema: &Arc<Schema>) -> Self {
        Self { writer: RecordWriter::new(schema) }
    }

    /// Decodes `bytes` into `row`, which is as [`Batch::resize`] or [`Batch::reset_row`] made it.
    pub(crate) fn decode(&mut self, bytes: &[u8], batch: &mut Batch, row: usize) -> Result<(), DecodeError> {
        let mut refused = None;
        let written = self.writer.write_by(batch, row, |walk| {
            let mut reader = serde_json::Deserializer::from_slice(bytes);
            let object = Object { walk, depth: 0, refused: &mut refused };
            reader.deserialize_map(object).and_then(|()| reader.end())
        });
        written.map_err(|error| {
            let offset = offset_of(bytes, &error);
            match refused {
                Some(WriteError::DoubledName { field, name }) => {
                    DecodeErrorKind::DoubledField { field, key: name }.at(offset)
                }
                _ => DecodeErrorKind::Json(describe(&error)).at(offset),
            }
        })
    }
}

/// Writes a text of another format's cell, where `[` begins a list as JSON if the field takes lists.
pub(crate) fn write_list_text(batch: &mut Batch, field: FieldIndex, row: usize, text: &str) {
    let schema = Arc::clone(batch.schema());
    let data_type = &schema.fields()[field].data_type;
    let column = batch.column_mut(field);
    if !matches!(data_type, DataType::TextList | DataType::Tensor { .. }) {
        return coerce::write_scalar(column, row, Scalar::Text(text));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let mut list = ListWriter::new(&mut *column, row, data_type);
    match reader.deserialize_seq(Items { list: &mut list, depth: 0 }).and_then(|()| reader.end()) {
        Ok(()) => list.finish(),
        Err(_) => {
            column.discard_list(row);
            column.set_fault(row, Cell::Unparsable, text);
        }
    }
}

/// The message without serde_json's own "at line …", which the offset replaces.
pub(super) fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(place) => text[..place].to_owned(),
        None => text,
    }
}

/// The byte that line and column of the error point at.
pub(super) fn offset_of(bytes: &[u8], error: &serde_json::Error) -> usize {
    let line = error.line().saturating_sub(1);
    let start = match line {
        0 => 0,
        _ => memchr::memchr_iter(b'\n', bytes).nth(line - 1).map_or(0, |newline| newline + 1),
    };
    (start + error.column().saturating_sub(1)).min(bytes.len())
}

/// The members of the record, or of an object in it.
struct Object<'w, 'a> {
    walk: &'w mut Walk<'a>,
    depth: usize,
    /// Why the walk does not go on.
    refused: &'w mut Option<WriteError>,
}

impl<'de> Visitor<'de> for Object<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let Self { walk, depth, refused } = self;
        while let Some(met) = map.next_key_seed(KeySeed { walk, depth })? {
            match met {
                Ok(None) => {
                    map.next_value::<IgnoredAny>()?;
                }
                Ok(Some((meaning, nested))) => {
                    map.next_value_seed(ValueSeed { walk, depth, meaning, nested, refused })?;
                }
                Err(error) => {
                    let message = M::Error::custom(&error);
                    *refused = Some(error);
                    return Err(message);
                }
            }
        }
        Ok(())
    }
}

/// What a key stands for; with the key itself if objects of dotted names may come.
type Met = Result<Option<(Meaning, Option<Box<str>>)>, WriteError>;

struct KeySeed<'w, 'a> {
    walk: &'w mut Walk<'a>,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_, '_> {
    type Value = Met;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Met, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_, '_> {
    type Value = Met;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Met, E> {
        let met = self.walk.meet(self.depth, key);
        Ok(met.map(|meaning| meaning.map(|meaning| (meaning, meaning.prefix.then(|| key.into())))))
    }
}

struct ValueSeed<'w, 'a> {
    walk: &'w mut Walk<'a>,
    depth: usize,
    meaning: Meaning,
    nested: Option<Box<str>>,
    refused: &'w mut Option<WriteError>,
}

impl ValueSeed<'_, '_> {
    #[inline]
    fn scalar<E>(self, scalar: Scalar<'_>) -> Result<(), E> {
        self.walk.put(self.meaning, |column, row, _| coerce::write_scalar(column, row, scalar));
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Numbers, truth values and strings by a method `scalar`.
macro_rules! scalars {
    () => {
        fn visit_bool<E>(self, value: bool) -> Result<(), E> {
            self.scalar(Scalar::Truth(value))
        }

        fn visit_i64<E>(self, value: i64) -> Result<(), E> {
            self.scalar(Scalar::Integer(value))
        }

        fn visit_u64<E>(self, value: u64) -> Result<(), E> {
            self.scalar(Scalar::unsigned(value))
        }

        fn visit_f64<E>(self, value: f64) -> Result<(), E> {
            self.scalar(Scalar::Float(value))
        }

        fn visit_str<E>(self, value: &str) -> Result<(), E> {
            self.scalar(Scalar::Text(value))
        }
    };
}

impl<'de> Visitor<'de> for ValueSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    scalars!();

    fn visit_unit<E>(self) -> Result<(), E> {
        self.walk.put(self.meaning, |column, row, _| column.set_cell(row, Cell::Missing));
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<(), S::Error> {
        let Some((column, row, data_type)) = self.walk.cell(self.meaning) else {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        };
        let mut list = ListWriter::new(column, row, data_type);
        Items { list: &mut list, depth: 0 }.visit_seq(items)?;
        list.finish();
        Ok(())
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let Some(key) = self.nested else {
            self.walk.wrong_type(self.meaning, "{…}");
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(());
        };
        let Self { walk, depth, refused, .. } = self;
        let outside = walk.enter(&key);
        Object { walk: &mut *walk, depth: depth + 1, refused }.visit_map(map)?;
        walk.leave(outside);
        Ok(())
    }
}

/// The items of a list, of which the outermost stands at depth 0.
struct Items<'l, 'c> {
    list: &'l mut ListWriter<'c>,
    depth: usize,
}

impl<'de> Visitor<'de> for Items<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<(), S::Error> {
        let Self { list, depth } = self;
        let mut length = 0;
        while items.next_element_seed(ItemSeed { list: &mut *list, depth: depth + 1 })?.is_some() {
            length += 1;
        }
        list.end(depth, length);
        Ok(())
    }
}

struct ItemSeed<'l, 'c> {
    list: &'l mut ListWriter<'c>,
    depth: usize,
}

impl ItemSeed<'_, '_> {
    #[inline]
    fn scalar<E>(self, scalar: Scalar<'_>) -> Result<(), E> {
        self.list.element(self.depth, scalar);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for ItemSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ItemSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an item")
    }

    scalars!();

    fn visit_unit<E>(self) -> Result<(), E> {
        self.list.misfit();
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, items: S) -> Result<(), S::Error> {
        Items { list: self.list, depth: self.depth }.visit_seq(items)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        self.list.misfit();
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}
