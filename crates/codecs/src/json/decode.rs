//! From a JSON object to one row of a batch, in place.

use std::fmt;
use std::sync::Arc;

use scorewheel_columns::{Batch, Cell, Column, DataType, FieldIndex, Schema};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::keys::{Keys, Meaning};
use crate::coerce::{self, Element, Number};
use crate::error::{DecodeError, DecodeErrorKind};

/// Decodes JSON objects of one schema; one for each thread.
#[derive(Clone, Debug)]
pub(crate) struct JsonDecoder {
    keys: Keys,
    /// By field, the record that gave it last.
    given: Vec<u64>,
    record: u64,
    lists: Vec<FieldIndex>,
}

impl JsonDecoder {
    pub(crate) fn new(schema: &Arc<Schema>) -> Self {
        let lists = (0..schema.len()).filter(|field| schema.fields()[*field].data_type == DataType::TextList);
        Self { given: vec![0; schema.len()], record: 0, lists: lists.collect(), keys: Keys::new(schema) }
    }

    /// Decodes `bytes` into `row`, which is as [`Batch::resize`] or [`Batch::reset_row`] made it.
    pub(crate) fn decode(&mut self, bytes: &[u8], batch: &mut Batch, row: usize) -> Result<(), DecodeError> {
        self.record += 1;
        let mut walk = Walk {
            keys: &mut self.keys,
            given: &mut self.given,
            record: self.record,
            columns: batch.columns_mut(),
            row,
            path: String::new(),
            doubled: None,
        };
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        let result = reader.deserialize_map(RecordVisitor(&mut walk)).and_then(|()| reader.end());
        let doubled = walk.doubled.take();
        for list in &self.lists {
            batch.column_mut(*list).end_list(row);
        }
        result.map_err(|error| {
            batch.reset_row(row);
            let offset = offset_of(bytes, &error);
            match doubled {
                Some(doubled) => doubled.at(offset),
                None => DecodeErrorKind::Json(describe(&error)).at(offset),
            }
        })
    }
}

/// Writes a list that stands as JSON text in another format's cell.
pub(crate) fn write_list_text(batch: &mut Batch, field: FieldIndex, row: usize, text: &str) {
    let schema = Arc::clone(batch.schema());
    let column = batch.column_mut(field);
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = reader.deserialize_seq(ListVisitor { column: &mut *column, row, schema: &schema, field });
    match read.and_then(|read| reader.end().map(|()| read)) {
        Ok(true) => {}
        Ok(false) => coerce::write_text(column, row, text),
        Err(_) => {
            column.discard_list(row);
            column.set_fault(row, Cell::Unparsable, text);
        }
    }
}

/// Reads a list into a column that takes lists; false if it is none.
struct ListVisitor<'c> {
    column: &'c mut Column,
    row: usize,
    schema: &'c Schema,
    field: FieldIndex,
}

impl<'de> Visitor<'de> for ListVisitor<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<bool, S::Error> {
        match &self.schema.fields()[self.field].data_type {
            DataType::TextList => read_list(self.column, self.row, items).map(|()| true),
            DataType::Tensor { shape, .. } => read_tensor(self.column, self.row, shape, items).map(|()| true),
            _ => {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(false)
            }
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

/// One record on its way into its row.
struct Walk<'a> {
    keys: &'a mut Keys,
    given: &'a mut [u64],
    record: u64,
    columns: &'a mut [Column],
    row: usize,
    /// Dotted name of the nested object at hand, with a dot at its end.
    path: String,
    doubled: Option<DecodeErrorKind>,
}

impl Walk<'_> {
    /// Notes that the record gives the field; false if it did before.
    fn give(&mut self, field: FieldIndex, key: &str) -> bool {
        let first = self.given[field] != self.record;
        self.given[field] = self.record;
        if !first {
            let name = self.keys.schema().fields()[field].name.clone();
            self.doubled = Some(DecodeErrorKind::DoubledField {
                field: name,
                key: format!("{}{key}", self.path).into(),
            });
        }
        first
    }
}

struct RecordVisitor<'w, 'a>(&'w mut Walk<'a>);

impl<'de> Visitor<'de> for RecordVisitor<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<(), M::Error> {
        members(self.0, map)
    }
}

/// Reads the members of the object at [`Walk::path`].
fn members<'de, M: MapAccess<'de>>(walk: &mut Walk<'_>, mut map: M) -> Result<(), M::Error> {
    let mut position = 0;
    while let Some(meaning) = map.next_key_seed(KeySeed { walk, position })? {
        position += 1;
        match meaning {
            Read::Ignored => {
                map.next_value::<IgnoredAny>()?;
            }
            Read::Doubled => return Err(M::Error::custom("a field is given twice")),
            Read::Known(meaning, nested) => map.next_value_seed(ValueSeed { walk, meaning, nested })?,
        }
    }
    Ok(())
}

/// What to do with the value behind a key.
enum Read {
    Ignored,
    Doubled,
    /// A field, or the objects of dotted names; with the key if it may be needed.
    Known(Meaning, Option<Box<str>>),
}

struct KeySeed<'w, 'a> {
    walk: &'w mut Walk<'a>,
    position: usize,
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_, '_> {
    type Value = Read;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Read, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_, '_> {
    type Value = Read;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Read, E> {
        let walk = self.walk;
        let meaning = if walk.path.is_empty() {
            walk.keys.top(self.position, key)
        } else {
            let length = walk.path.len();
            walk.path.push_str(key);
            let meaning = walk.keys.meaning(&walk.path);
            walk.path.truncate(length);
            meaning
        };
        if let Some(field) = meaning.field
            && !walk.give(field, key)
        {
            return Ok(Read::Doubled);
        }
        Ok(match meaning {
            Meaning { field: None, prefix: false } => Read::Ignored,
            Meaning { prefix: true, .. } => Read::Known(meaning, Some(key.into())),
            Meaning { .. } => Read::Known(meaning, None),
        })
    }
}

struct ValueSeed<'w, 'a> {
    walk: &'w mut Walk<'a>,
    meaning: Meaning,
    nested: Option<Box<str>>,
}

impl<'a> ValueSeed<'_, 'a> {
    fn put(self, write: impl FnOnce(&mut Column, usize)) {
        if let Some(field) = self.meaning.field {
            write(&mut self.walk.columns[field], self.walk.row);
        }
    }

    fn number(self, number: Number) {
        self.put(|column, row| coerce::write_number(column, row, number));
    }
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.put(|column, row| column.set_cell(row, Cell::Missing));
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.put(|column, row| coerce::write_truth(column, row, value));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.number(Number::Integer(value));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.number(i64::try_from(value).map_or(Number::Unsigned(value), Number::Integer));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.number(Number::Float(value));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.put(|column, row| coerce::write_text(column, row, value));
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<(), S::Error> {
        let Some(field) = self.meaning.field else {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        };
        let Walk { keys, columns, row, .. } = self.walk;
        let (row, column) = (*row, &mut columns[field]);
        match &keys.schema().fields()[field].data_type {
            DataType::TextList => read_list(column, row, items),
            DataType::Tensor { shape, .. } => read_tensor(column, row, shape, items),
            _ => {
                // A list of one element stands for the element, as in a tensor of one element the element for the list.
                let Self { walk, meaning, .. } = self;
                let element = ValueSeed { walk: &mut *walk, meaning, nested: None };
                let mut alone = items.next_element_seed(element)?.is_some();
                while items.next_element::<IgnoredAny>()?.is_some() {
                    alone = false;
                }
                if !alone {
                    coerce::wrong_type(&mut walk.columns[field], row, "[…]");
                }
                Ok(())
            }
        }
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let Some(key) = self.nested else {
            self.put(|column, row| coerce::wrong_type(column, row, "{…}"));
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(());
        };
        let length = self.walk.path.len();
        self.walk.path.push_str(&key);
        self.walk.path.push('.');
        let result = members(self.walk, map);
        // After an error the path still says where it was met.
        if result.is_ok() {
            self.walk.path.truncate(length);
        }
        result
    }
}

fn read_list<'de, S: SeqAccess<'de>>(column: &mut Column, row: usize, mut items: S) -> Result<(), S::Error> {
    let mut fits = true;
    while let Some(text) = items.next_element_seed(ItemSeed(column))? {
        fits &= text;
    }
    if fits {
        column.set_cell(row, Cell::Value);
    } else {
        column.discard_list(row);
        coerce::wrong_type(column, row, "a list with an item that is no string");
    }
    Ok(())
}

/// One item of a list of strings; false if it is none.
struct ItemSeed<'c>(&'c mut Column);

impl<'de> DeserializeSeed<'de> for ItemSeed<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ItemSeed<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an item")
    }

    fn visit_str<E>(self, text: &str) -> Result<bool, E> {
        Ok(self.0.push_list_text(text))
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<bool, S::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(false)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<bool, M::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(false)
    }
}

/// Nested lists deeper than this are no tensor.
const DIMENSIONS: usize = 8;

fn read_tensor<'de, S: SeqAccess<'de>>(
    column: &mut Column,
    row: usize,
    shape: &[usize],
    items: S,
) -> Result<(), S::Error> {
    let mut reading =
        Reading { column, row, elements: 0, lengths: [None; DIMENSIONS], leaf: None, fits: true };
    reading.list(0, items)?;
    let Reading { elements, lengths, leaf, fits, column, .. } = reading;
    // One list of all elements will do, and lists of one element may be left out or put around.
    let depth = leaf.map_or(1, |depth: usize| depth.min(DIMENSIONS));
    let found = lengths[..depth].iter().map(|length| length.unwrap_or(0)).filter(|length| *length != 1);
    let right = depth == 1 || found.eq(shape.iter().copied().filter(|length| *length != 1));
    let width = column.width();
    if fits && right && elements == width {
        column.set_cell(row, Cell::Value);
    } else if elements != width {
        coerce::wrong_type(column, row, &format!("{elements} elements instead of {width}"));
    } else if fits {
        coerce::wrong_type(column, row, "a list of another shape");
    } else {
        coerce::wrong_type(column, row, "a list with an element of another type");
    }
    Ok(())
}

/// A tensor being read from nested lists.
struct Reading<'c> {
    column: &'c mut Column,
    row: usize,
    elements: usize,
    /// By depth, the length of every list there.
    lengths: [Option<usize>; DIMENSIONS],
    /// The depth at which the elements stand.
    leaf: Option<usize>,
    fits: bool,
}

impl Reading<'_> {
    fn list<'de, S: SeqAccess<'de>>(&mut self, depth: usize, mut items: S) -> Result<(), S::Error> {
        let mut length = 0;
        while items.next_element_seed(ElementSeed { reading: self, depth: depth + 1 })?.is_some() {
            length += 1;
        }
        match self.lengths.get_mut(depth) {
            Some(known) => self.fits &= *known.get_or_insert(length) == length,
            None => self.fits = false,
        }
        Ok(())
    }

    fn element(&mut self, depth: usize, element: Element<'_>) {
        self.fits &= *self.leaf.get_or_insert(depth) == depth;
        if self.elements < self.column.width() {
            self.fits &= coerce::write_element(self.column, self.row, self.elements, element);
        }
        self.elements += 1;
    }
}

struct ElementSeed<'r, 'c> {
    reading: &'r mut Reading<'c>,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for ElementSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ElementSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an element")
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.reading.element(self.depth, Element::Number(Number::Float(value)));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.reading.element(self.depth, Element::Number(Number::Integer(value)));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        let number = i64::try_from(value).map_or(Number::Unsigned(value), Number::Integer);
        self.reading.element(self.depth, Element::Number(number));
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.reading.element(self.depth, Element::Truth(value));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.reading.element(self.depth, Element::Text(text));
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.reading.fits = false;
        self.reading.elements += 1;
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, items: S) -> Result<(), S::Error> {
        self.reading.list(self.depth, items)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        self.reading.fits = false;
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use scorewheel_columns::{Field, Value};

    use super::*;

    #[test]
    fn a_list_of_one_element_stands_for_its_element() {
        let fields = vec![Field::new("a", DataType::F64), Field::new("b", DataType::Text)];
        let schema = Arc::new(Schema::new(fields).unwrap());
        let mut decoder = JsonDecoder::new(&schema);
        let mut batch = Batch::new(Arc::clone(&schema));
        for (record, (kind, value), text) in [
            (r#"{"a":[1.5],"b":["x"]}"#, (Cell::Value, Value::F64(1.5)), (Cell::Value, Value::from("x"))),
            (r#"{"a":[[-2]],"b":[null]}"#, (Cell::Value, Value::F64(-2.0)), (Cell::Missing, Value::Missing)),
            (
                r#"{"a":[],"b":["x","y"]}"#,
                (Cell::WrongType, Value::Missing),
                (Cell::WrongType, Value::Missing),
            ),
            (r#"{"a":[1,2],"b":[1]}"#, (Cell::WrongType, Value::Missing), (Cell::WrongType, Value::Missing)),
        ] {
            batch.resize(0);
            batch.resize(1);
            decoder.decode(record.as_bytes(), &mut batch, 0).unwrap();
            let found = |field: usize| (batch.column(field).cell(0), batch.column(field).get(0));
            assert_eq!((found(0), found(1)), ((kind, value), text), "{record}");
        }
    }
}
