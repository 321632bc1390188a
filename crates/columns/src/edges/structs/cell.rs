//! A value to one cell.

use serde_core::ser::{
    Serialize, SerializeSeq, SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::element::ElementSerializer;
use super::methods::{compound, parts, scalars, transparent};
use super::record::Members;
use crate::cell::Cell;
use crate::coerce::{self, Scalar};
use crate::list::ListWriter;
use crate::names::Meaning;
use crate::record::{Walk, WriteError};

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

    fn nothing(self) -> Result<(), WriteError> {
        self.walk.put(self.meaning, |column, row, _| column.set_cell(row, Cell::Missing));
        Ok(())
    }

    fn list(self) -> Result<Items<'w>, WriteError> {
        let list = self.walk.cell(self.meaning);
        let list = list.map(|(column, row, data_type)| ListWriter::new(column, row, data_type));
        Ok(Items { list, length: 0 })
    }

    fn members(self) -> Result<Members<'w, 'a>, WriteError> {
        let mut outside = [None; 2];
        if self.meaning.prefix {
            outside[0] = Some(self.walk.enter(self.name));
        } else {
            self.walk.wrong_type(self.meaning, "{…}");
        }
        let ignored = !self.meaning.prefix;
        Ok(Members { walk: self.walk, depth: self.depth + 1, outside, ignored, key: String::new() })
    }
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

    transparent!();
    scalars!();
    compound!(
        seq: Items<'w> = list,
        tuple: Items<'w> = list,
        map: Members<'w, 'a> = members,
        structure: Members<'w, 'a> = members,
    );

    fn serialize_bytes(self, value: &[u8]) -> Result<(), WriteError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), WriteError> {
        let mut members = self.members()?;
        members.member(variant, value)?;
        members.close()
    }

    /// `{"variant": […]}`: a list in the field of the dotted name.
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Items<'w>, WriteError> {
        let Members { walk, depth, outside, ignored, .. } = self.members()?;
        let meaning = if ignored { None } else { walk.meet(depth, variant)? };
        for outside in outside.into_iter().flatten() {
            walk.leave(outside);
        }
        match meaning {
            Some(meaning) => CellSerializer { walk, depth, meaning, name: variant }.list(),
            None => Ok(Items { list: None, length: 0 }),
        }
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

    fn close(self) -> Result<(), WriteError> {
        if let Some(mut list) = self.list {
            list.end(0, self.length);
            list.finish();
        }
        Ok(())
    }
}

parts!(
    items of Items<'_>:
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field
);
