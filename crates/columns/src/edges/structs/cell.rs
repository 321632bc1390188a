//! A value to one cell.

use serde_core::ser::{
    Serialize, SerializeSeq, SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::element::ElementSerializer;
use super::record::Members;
use crate::cell::Cell;
use crate::edges::coerce::{self, Scalar};
use crate::edges::list::ListWriter;
use crate::edges::names::Meaning;
use crate::edges::record::{Walk, WriteError};

/// Writes the value behind a name: into the cell of its field, or nested values into those of dotted names.
pub(super) struct CellSerializer<'w, 'a, 'n> {
    pub(super) walk: &'w mut Walk<'a>,
    pub(super) depth: usize,
    pub(super) meaning: Meaning,
    pub(super) name: &'n str,
}

impl<'w, 'a> CellSerializer<'w, 'a, '_> {
    fn scalar(self, scalar: Scalar<'_>) -> Result<(), WriteError> {
        self.walk.put(self.meaning, |column, row, _| coerce::write_scalar(column, row, scalar));
        Ok(())
    }

    fn missing(self) -> Result<(), WriteError> {
        self.walk.put(self.meaning, |column, row, _| column.set_cell(row, Cell::Missing));
        Ok(())
    }

    fn list(self) -> Items<'w> {
        let list = self.walk.cell(self.meaning);
        Items {
            list: list.map(|(column, row, data_type)| ListWriter::new(column, row, data_type)),
            length: 0,
        }
    }

    fn members(self) -> Members<'w, 'a> {
        let mut outside = [None; 2];
        if self.meaning.prefix {
            outside[0] = Some(self.walk.enter(self.name));
        } else {
            self.walk.wrong_type(self.meaning, "{…}");
        }
        let ignored = !self.meaning.prefix;
        Members { walk: self.walk, depth: self.depth + 1, outside, ignored, key: String::new() }
    }
}

/// The integer, or what is nearest to one that is out of range.
pub(super) fn wide<T: TryInto<i64> + TryInto<u64> + Copy>(value: T, nearest: f64) -> Scalar<'static> {
    let signed: Result<i64, _> = value.try_into();
    let unsigned: Result<u64, _> = value.try_into();
    match (signed, unsigned) {
        (Ok(value), _) => Scalar::Integer(value),
        (_, Ok(value)) => Scalar::Unsigned(value),
        _ => Scalar::Float(nearest),
    }
}

macro_rules! integers {
    ($($method:ident $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<(), WriteError> {
            self.scalar(Scalar::Integer(i64::from(value)))
        })*
    };
}

impl<'w, 'a> Serializer for CellSerializer<'w, 'a, '_> {
    type Ok = ();
    type Error = WriteError;
    type SerializeSeq = Items<'w>;
    type SerializeTuple = Items<'w>;
    type SerializeTupleStruct = Items<'w>;
    type SerializeTupleVariant = Items<'w>;
    type SerializeMap = Members<'w, 'a>;
    type SerializeStruct = Members<'w, 'a>;
    type SerializeStructVariant = Members<'w, 'a>;

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
        let mut items = self.list();
        for byte in value {
            items.item(byte)?;
        }
        items.close();
        Ok(())
    }

    fn serialize_none(self) -> Result<(), WriteError> {
        self.missing()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), WriteError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), WriteError> {
        self.missing()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), WriteError> {
        self.missing()
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
        name: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), WriteError> {
        let mut members = self.serialize_struct(name, 1)?;
        members.member(variant, value)?;
        serde_core::ser::SerializeStruct::end(members)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'w>, WriteError> {
        Ok(self.list())
    }

    fn serialize_tuple(self, _: usize) -> Result<Items<'w>, WriteError> {
        Ok(self.list())
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items<'w>, WriteError> {
        Ok(self.list())
    }

    /// `{"variant": […]}`: a list in the field of the dotted name.
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Items<'w>, WriteError> {
        let Members { walk, depth, outside, ignored, .. } = self.members();
        let meaning = if ignored { None } else { walk.meet(depth, variant)? };
        for outside in outside.into_iter().flatten() {
            walk.leave(outside);
        }
        Ok(match meaning {
            Some(meaning) => CellSerializer { walk, depth, meaning, name: variant }.list(),
            None => Items { list: None, length: 0 },
        })
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

/// The items of a list for one cell, or for none.
pub(super) struct Items<'c> {
    list: Option<ListWriter<'c>>,
    length: usize,
}

impl Items<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WriteError> {
        self.length += 1;
        match &mut self.list {
            Some(list) => value.serialize(ElementSerializer { list, depth: 1 }),
            None => Ok(()),
        }
    }

    fn close(self) {
        if let Some(mut list) = self.list {
            list.end(0, self.length);
            list.finish();
        }
    }
}

macro_rules! items {
    ($($trait:ident $method:ident),*) => {
        $(impl $trait for Items<'_> {
            type Ok = ();
            type Error = WriteError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WriteError> {
                self.item(value)
            }

            fn end(self) -> Result<(), WriteError> {
                self.close();
                Ok(())
            }
        })*
    };
}

items!(
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field
);
