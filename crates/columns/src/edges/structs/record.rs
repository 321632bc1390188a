//! A struct or map to the cells of one row.

use std::fmt;

use serde_core::ser::{
    Error, Impossible, Serialize, SerializeMap, SerializeStruct, SerializeStructVariant, Serializer,
};

use super::cell::CellSerializer;
use super::key::KeySerializer;
use super::methods::{compound, parts, plain, transparent};
use crate::batch::Batch;
use crate::record::{RecordWriter, Walk, WriteError};

impl Error for WriteError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Record(message.to_string())
    }
}

impl RecordWriter {
    /// Writes a struct or map into `row` of `batch`, which is of the writer's schema; the row is as
    /// [`Batch::resize`] made it and those after it are not yet written.
    ///
    /// `None` is missing, a variant without fields is its name as a string, a sequence a list or tensor; what is
    /// nested stands for dotted names, as does a variant with fields under its name.
    ///
    /// # Errors
    /// [`WriteError`] if it is no record, gives a field twice, or says itself that it cannot be serialised; the row is
    /// then as before.
    pub fn write<T: Serialize + ?Sized>(
        &mut self,
        batch: &mut Batch,
        row: usize,
        record: &T,
    ) -> Result<(), WriteError> {
        self.write_by(batch, row, |walk| record.serialize(RecordSerializer(walk)))
    }
}

struct RecordSerializer<'w, 'a>(&'w mut Walk<'a>);

impl<'w, 'a> RecordSerializer<'w, 'a> {
    fn members(self) -> Result<Members<'w, 'a>, WriteError> {
        Ok(Members { walk: self.0, depth: 0, outside: [None; 2], ignored: false, key: String::new() })
    }

    fn no_record<T>(self, found: &'static str) -> Result<T, WriteError> {
        Err(WriteError::NoRecord(found))
    }
}

type None = Impossible<(), WriteError>;

impl<'w, 'a> Serializer for RecordSerializer<'w, 'a> {
    type Ok = ();
    type Error = WriteError;
    type SerializeSeq = None;
    type SerializeTuple = None;
    type SerializeTupleStruct = None;
    type SerializeTupleVariant = None;
    type SerializeMap = Members<'w, 'a>;
    type SerializeStruct = Members<'w, 'a>;
    type SerializeStructVariant = Members<'w, 'a>;

    transparent!();
    plain!(
        no_record: serialize_bool bool = "a truth value", serialize_bytes &[u8] = "bytes",
        serialize_char char = "a string", serialize_str &str = "a string",
        serialize_i8 i8 = "a number", serialize_i16 i16 = "a number", serialize_i32 i32 = "a number",
        serialize_i64 i64 = "a number", serialize_u8 u8 = "a number", serialize_u16 u16 = "a number",
        serialize_u32 u32 = "a number", serialize_u64 u64 = "a number", serialize_f32 f32 = "a number",
        serialize_f64 f64 = "a number",
    );
    compound!(
        seq: None = no_record("a sequence"),
        tuple: None = no_record("a tuple"),
        tuple_variant: None = no_record("a tuple"),
        map: Members<'w, 'a> = members,
        structure: Members<'w, 'a> = members,
    );

    fn serialize_none(self) -> Result<(), WriteError> {
        self.no_record("nothing")
    }

    fn serialize_unit(self) -> Result<(), WriteError> {
        self.no_record("nothing")
    }

    /// A struct without fields is a record that gives nothing.
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), WriteError> {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), WriteError> {
        self.no_record("a variant without fields")
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), WriteError> {
        self.members()?.member(variant, value)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Members<'w, 'a>, WriteError> {
        self.members()?.under(variant)
    }
}

/// The members of a struct or map, at some depth of the record.
pub(super) struct Members<'w, 'a> {
    pub(super) walk: &'w mut Walk<'a>,
    pub(super) depth: usize,
    /// Where the path returns to at the end: for the name of this, and of a variant in it.
    pub(super) outside: [Option<usize>; 2],
    /// No field has to do with what is in here.
    pub(super) ignored: bool,
    /// The key whose value comes next.
    pub(super) key: String,
}

impl Members<'_, '_> {
    pub(super) fn member<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), WriteError> {
        if self.ignored {
            return Ok(());
        }
        let Some(meaning) = self.walk.meet(self.depth, name)? else { return Ok(()) };
        value.serialize(CellSerializer { walk: &mut *self.walk, depth: self.depth, meaning, name })
    }

    /// The members of the variant of this name.
    pub(super) fn under(mut self, variant: &str) -> Result<Self, WriteError> {
        if self.ignored {
            return Ok(self);
        }
        match self.walk.meet(self.depth, variant)? {
            Some(meaning) if meaning.prefix => {
                self.outside[1] = Some(self.walk.enter(variant));
                self.depth += 1;
            }
            Some(meaning) => {
                self.walk.wrong_type(meaning, "{…}");
                self.ignored = true;
            }
            None => self.ignored = true,
        }
        Ok(self)
    }

    pub(super) fn close(self) -> Result<(), WriteError> {
        for outside in self.outside.into_iter().rev().flatten() {
            self.walk.leave(outside);
        }
        Ok(())
    }
}

parts!(members of Members<'_, '_>: SerializeStruct, SerializeStructVariant);

impl SerializeMap for Members<'_, '_> {
    type Ok = ();
    type Error = WriteError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), WriteError> {
        self.key.clear();
        key.serialize(KeySerializer(&mut self.key))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WriteError> {
        let key = std::mem::take(&mut self.key);
        let result = self.member(&key, value);
        self.key = key;
        result
    }

    fn end(self) -> Result<(), WriteError> {
        self.close()
    }
}
