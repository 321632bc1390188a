//! A key of a map to a name.

use std::fmt::{Display, Write as _};

use serde_core::ser::{Impossible, Serialize, Serializer};

use super::methods::{compound, plain, transparent};
use crate::record::WriteError;

/// Appends a key as text: strings and names of variants as they are, numbers and truth values in decimal and words.
pub(super) struct KeySerializer<'k>(pub(super) &'k mut String);

impl KeySerializer<'_> {
    fn show(self, value: impl Display) -> Result<(), WriteError> {
        write!(self.0, "{value}").map_err(|error| WriteError::Record(error.to_string()))
    }

    fn no_name<T>(self, found: &'static str) -> Result<T, WriteError> {
        Err(WriteError::NoName(found))
    }
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

    transparent!();
    plain!(
        show: serialize_bool bool, serialize_char char, serialize_str &str,
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64,
    );
    plain!(
        no_name: serialize_f32 f32 = "floating-point numbers", serialize_f64 f64 = "floating-point numbers",
        serialize_bytes &[u8] = "bytes", serialize_unit_struct &'static str = "nothing",
    );
    compound!(
        newtype_variant: () = no_name("variants with fields"),
        seq: None = no_name("sequences"),
        tuple: None = no_name("tuples"),
        tuple_variant: None = no_name("tuples"),
        map: None = no_name("maps"),
        structure: None = no_name("structs"),
        struct_variant: None = no_name("structs"),
    );

    fn serialize_none(self) -> Result<(), WriteError> {
        self.no_name("nothing")
    }

    fn serialize_unit(self) -> Result<(), WriteError> {
        self.no_name("nothing")
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), WriteError> {
        self.show(variant)
    }
}
