//! A key of a map to a name.

use std::fmt::Write as _;

use serde_core::ser::{Impossible, Serialize, Serializer};

use crate::edges::record::WriteError;

/// Appends a key as text: strings and names of variants as they are, numbers and truth values in decimal and words.
pub(super) struct KeySerializer<'k>(pub(super) &'k mut String);

impl KeySerializer<'_> {
    fn show(self, value: impl std::fmt::Display) -> Result<(), WriteError> {
        write!(self.0, "{value}").map_err(|error| WriteError::Record(error.to_string()))
    }
}

fn no_name<T>(found: &'static str) -> Result<T, WriteError> {
    Err(WriteError::NoName(found))
}

type None = Impossible<(), WriteError>;

impl Serializer for KeySerializer<'_> {
    type Ok = ();
    type Error = WriteError;
    type SerializeSeq = None;
    type SerializeTuple = None;
    type SerializeTupleStruct = None;
    type SerializeTupleVariant = None;
    type SerializeMap = None;
    type SerializeStruct = None;
    type SerializeStructVariant = None;

    fn serialize_bool(self, value: bool) -> Result<(), WriteError> {
        self.show(value)
    }

    fn serialize_i8(self, value: i8) -> Result<(), WriteError> {
        self.show(value)
    }

    fn serialize_i16(self, value: i16) -> Result<(), WriteError> {
        self.show(value)
    }

    fn serialize_i32(self, value: i32) -> Result<(), WriteError> {
        self.show(value)
    }

    fn serialize_i64(self, value: i64) -> Result<(), WriteError> {
        self.show(value)
    }

    fn serialize_u8(self, value: u8) -> Result<(), WriteError> {
        self.show(value)
    }

    fn serialize_u16(self, value: u16) -> Result<(), WriteError> {
        self.show(value)
    }

    fn serialize_u32(self, value: u32) -> Result<(), WriteError> {
        self.show(value)
    }

    fn serialize_u64(self, value: u64) -> Result<(), WriteError> {
        self.show(value)
    }

    fn serialize_f32(self, _: f32) -> Result<(), WriteError> {
        no_name("floating-point numbers")
    }

    fn serialize_f64(self, _: f64) -> Result<(), WriteError> {
        no_name("floating-point numbers")
    }

    fn serialize_char(self, value: char) -> Result<(), WriteError> {
        self.0.push(value);
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), WriteError> {
        self.0.push_str(value);
        Ok(())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), WriteError> {
        no_name("bytes")
    }

    fn serialize_none(self) -> Result<(), WriteError> {
        no_name("nothing")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), WriteError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), WriteError> {
        no_name("nothing")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), WriteError> {
        no_name("nothing")
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), WriteError> {
        self.serialize_str(variant)
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
        _: &'static str,
        _: &T,
    ) -> Result<(), WriteError> {
        no_name("variants with fields")
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<None, WriteError> {
        no_name("sequences")
    }

    fn serialize_tuple(self, _: usize) -> Result<None, WriteError> {
        no_name("tuples")
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<None, WriteError> {
        no_name("tuples")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<None, WriteError> {
        no_name("tuples")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<None, WriteError> {
        no_name("maps")
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<None, WriteError> {
        no_name("structs")
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<None, WriteError> {
        no_name("structs")
    }
}
