//! A value to one element of a list.

use serde_core::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::cell::wide;
use crate::edges::coerce::Scalar;
use crate::edges::list::ListWriter;
use crate::edges::record::WriteError;

/// Hands a value to the list; the outermost list's elements stand at depth 1.
pub(super) struct ElementSerializer<'l, 'c> {
    pub(super) list: &'l mut ListWriter<'c>,
    pub(super) depth: usize,
}

impl<'l, 'c> ElementSerializer<'l, 'c> {
    fn scalar(self, scalar: Scalar<'_>) -> Result<(), WriteError> {
        self.list.element(self.depth, scalar);
        Ok(())
    }

    fn misfit(self) -> Result<(), WriteError> {
        self.list.misfit();
        Ok(())
    }

    fn nested(self) -> Result<NestedItems<'l, 'c>, WriteError> {
        Ok(NestedItems { list: self.list, depth: self.depth, length: 0 })
    }

    fn ignored(self) -> Result<Ignored, WriteError> {
        self.list.misfit();
        Ok(Ignored)
    }
}

macro_rules! integers {
    ($($method:ident $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<(), WriteError> {
            self.scalar(Scalar::Integer(i64::from(value)))
        })*
    };
}

impl<'l, 'c> Serializer for ElementSerializer<'l, 'c> {
    type Ok = ();
    type Error = WriteError;
    type SerializeSeq = NestedItems<'l, 'c>;
    type SerializeTuple = NestedItems<'l, 'c>;
    type SerializeTupleStruct = NestedItems<'l, 'c>;
    type SerializeTupleVariant = Ignored;
    type SerializeMap = Ignored;
    type SerializeStruct = Ignored;
    type SerializeStructVariant = Ignored;

    integers!(serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64);
    integers!(serialize_u8 u8, serialize_u16 u16, serialize_u32 u32);

    fn serialize_u64(self, value: u64) -> Result<(), WriteError> {
        self.scalar(wide(value, value as f64))
    }

    fn serialize_i128(self, value: i128) -> Result<(), WriteError> {
        self.scalar(wide(value, value as f64))
    }

    fn serialize_u128(self, value: u128) -> Result<(), WriteError> {
        self.scalar(wide(value, value as f64))
    }

    fn serialize_bool(self, value: bool) -> Result<(), WriteError> {
        self.scalar(Scalar::Truth(value))
    }

    fn serialize_f32(self, value: f32) -> Result<(), WriteError> {
        self.scalar(Scalar::Float(f64::from(value)))
    }

    fn serialize_f64(self, value: f64) -> Result<(), WriteError> {
        self.scalar(Scalar::Float(value))
    }

    fn serialize_char(self, value: char) -> Result<(), WriteError> {
        self.scalar(Scalar::Text(value.encode_utf8(&mut [0; 4])))
    }

    fn serialize_str(self, value: &str) -> Result<(), WriteError> {
        self.scalar(Scalar::Text(value))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), WriteError> {
        value.serialize(self)
    }

    fn serialize_none(self) -> Result<(), WriteError> {
        self.misfit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), WriteError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), WriteError> {
        self.misfit()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), WriteError> {
        self.misfit()
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
        self.misfit()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<NestedItems<'l, 'c>, WriteError> {
        self.nested()
    }

    fn serialize_tuple(self, _: usize) -> Result<NestedItems<'l, 'c>, WriteError> {
        self.nested()
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<NestedItems<'l, 'c>, WriteError> {
        self.nested()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Ignored, WriteError> {
        self.ignored()
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Ignored, WriteError> {
        self.ignored()
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Ignored, WriteError> {
        self.ignored()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Ignored, WriteError> {
        self.ignored()
    }
}

/// The items of a list in a list.
pub(super) struct NestedItems<'l, 'c> {
    list: &'l mut ListWriter<'c>,
    depth: usize,
    length: usize,
}

macro_rules! items {
    ($($trait:ident $method:ident),*) => {
        $(impl $trait for NestedItems<'_, '_> {
            type Ok = ();
            type Error = WriteError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WriteError> {
                self.length += 1;
                value.serialize(ElementSerializer { list: &mut *self.list, depth: self.depth + 1 })
            }

            fn end(self) -> Result<(), WriteError> {
                self.list.end(self.depth, self.length);
                Ok(())
            }
        })*
    };
}

items!(
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field
);

/// The members of what is no element of a list anyway.
pub(super) struct Ignored;

impl SerializeTupleVariant for Ignored {
    type Ok = ();
    type Error = WriteError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), WriteError> {
        Ok(())
    }

    fn end(self) -> Result<(), WriteError> {
        Ok(())
    }
}

impl SerializeMap for Ignored {
    type Ok = ();
    type Error = WriteError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), WriteError> {
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), WriteError> {
        Ok(())
    }

    fn end(self) -> Result<(), WriteError> {
        Ok(())
    }
}

macro_rules! structs {
    ($($trait:ident),*) => {
        $(impl $trait for Ignored {
            type Ok = ();
            type Error = WriteError;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, _: &'static str, _: &T) -> Result<(), WriteError> {
                Ok(())
            }

            fn end(self) -> Result<(), WriteError> {
                Ok(())
            }
        })*
    };
}

structs!(SerializeStruct, SerializeStructVariant);
