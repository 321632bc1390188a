//! A value to one element of a list.

use serde_core::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::methods::{compound, parts, scalars, transparent};
use crate::coerce::Scalar;
use crate::list::ListWriter;
use crate::record::WriteError;

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

    fn nothing(self) -> Result<(), WriteError> {
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

    transparent!();
    scalars!();
    compound!(
        seq: NestedItems<'l, 'c> = nested,
        tuple: NestedItems<'l, 'c> = nested,
        newtype_variant: () = nothing,
        tuple_variant: Ignored = ignored,
        map: Ignored = ignored,
        structure: Ignored = ignored,
        struct_variant: Ignored = ignored,
    );

    fn serialize_bytes(self, value: &[u8]) -> Result<(), WriteError> {
        value.serialize(self)
    }
}

/// The items of a list in a list.
pub(super) struct NestedItems<'l, 'c> {
    list: &'l mut ListWriter<'c>,
    depth: usize,
    length: usize,
}

impl NestedItems<'_, '_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WriteError> {
        self.length += 1;
        value.serialize(ElementSerializer { list: &mut *self.list, depth: self.depth + 1 })
    }

    fn close(self) -> Result<(), WriteError> {
        self.list.end(self.depth, self.length);
        Ok(())
    }
}

parts!(
    items of NestedItems<'_, '_>:
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field
);

/// The members of what is no element of a list anyway.
pub(super) struct Ignored;

impl Ignored {
    fn item<T: ?Sized>(&self, _: &T) -> Result<(), WriteError> {
        Ok(())
    }

    fn member<T: ?Sized>(&self, _: &str, _: &T) -> Result<(), WriteError> {
        Ok(())
    }

    fn close(self) -> Result<(), WriteError> {
        Ok(())
    }
}

parts!(items of Ignored: SerializeTupleVariant serialize_field);
parts!(members of Ignored: SerializeStruct, SerializeStructVariant);

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
