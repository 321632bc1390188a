//! A struct or map to the cells of one row.

use std::fmt;

use serde_core::ser::{
    Error, Impossible, Serialize, SerializeMap, SerializeStruct, SerializeStructVariant, Serializer,
};

use super::cell::CellSerializer;
use super::key::KeySerializer;
use crate::batch::Batch;
use crate::edges::record::{RecordWriter, Walk, WriteError};

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
    fn members(self) -> Members<'w, 'a> {
        Members { walk: self.0, depth: 0, outside: [None; 2], ignored: false, key: String::new() }
    }
}

fn no_record<T>(found: &'static str) -> Result<T, WriteError> {
    Err(WriteError::NoRecord(found))
}

impl<'w, 'a> Serializer for RecordSerializer<'w, 'a> {
    type Ok = ();
    type Error = WriteError;
    type SerializeSeq = Impossible<(), WriteError>;
    type SerializeTuple = Impossible<(), WriteError>;
    type SerializeTupleStruct = Impossible<(), WriteError>;
    type SerializeTupleVariant = Impossible<(), WriteError>;
    type SerializeMap = Members<'w, 'a>;
    type SerializeStruct = Members<'w, 'a>;
    type SerializeStructVariant = Members<'w, 'a>;

    fn serialize_bool(self, _: bool) -> Result<(), WriteError> {
        no_record("a truth value")
    }

    fn serialize_i8(self, _: i8) -> Result<(), WriteError> {
        no_record("a number")
    }

    fn serialize_i16(self, _: i16) -> Result<(), WriteError> {
        no_record("a number")
    }

    fn serialize_i32(self, _: i32) -> Result<(), WriteError> {
        no_record("a number")
    }

    fn serialize_i64(self, _: i64) -> Result<(), WriteError> {
        no_record("a number")
    }

    fn serialize_u8(self, _: u8) -> Result<(), WriteError> {
        no_record("a number")
    }

    fn serialize_u16(self, _: u16) -> Result<(), WriteError> {
        no_record("a number")
    }

    fn serialize_u32(self, _: u32) -> Result<(), WriteError> {
        no_record("a number")
    }

    fn serialize_u64(self, _: u64) -> Result<(), WriteError> {
        no_record("a number")
    }

    fn serialize_f32(self, _: f32) -> Result<(), WriteError> {
        no_record("a number")
    }

    fn serialize_f64(self, _: f64) -> Result<(), WriteError> {
        no_record("a number")
    }

    fn serialize_char(self, _: char) -> Result<(), WriteError> {
        no_record("a string")
    }

    fn serialize_str(self, _: &str) -> Result<(), WriteError> {
        no_record("a string")
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), WriteError> {
        no_record("bytes")
    }

    fn serialize_none(self) -> Result<(), WriteError> {
        no_record("nothing")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), WriteError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), WriteError> {
        no_record("nothing")
    }

    /// A struct without fields is a record that gives nothing.
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), WriteError> {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), WriteError> {
        no_record("a variant without fields")
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), WriteError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), WriteError> {
        self.members().member(variant, value)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, WriteError> {
        no_record("a sequence")
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, WriteError> {
        no_record("a tuple")
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, WriteError> {
        no_record("a tuple")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, WriteError> {
        no_record("a tuple")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members<'w, 'a>, WriteError> {
        Ok(self.members())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members<'w, 'a>, WriteError> {
        Ok(self.members())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Members<'w, 'a>, WriteError> {
        self.members().under(variant)
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

    fn close(self) {
        for outside in self.outside.into_iter().rev().flatten() {
            self.walk.leave(outside);
        }
    }
}

impl SerializeStruct for Members<'_, '_> {
    type Ok = ();
    type Error = WriteError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), WriteError> {
        self.member(name, value)
    }

    fn end(self) -> Result<(), WriteError> {
        self.close();
        Ok(())
    }
}

impl SerializeStructVariant for Members<'_, '_> {
    type Ok = ();
    type Error = WriteError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), WriteError> {
        self.member(name, value)
    }

    fn end(self) -> Result<(), WriteError> {
        self.close();
        Ok(())
    }
}

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
        self.close();
        Ok(())
    }
}
