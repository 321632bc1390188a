//! The methods of serde's `Serializer` that the serializers here have in common.

/// What passes through: an option and a wrapper are what is in them, a variant without fields is its name.
macro_rules! transparent {
    () => {
        fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), WriteError> {
            value.serialize(self)
        }

        fn serialize_newtype_struct<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            value: &T,
        ) -> Result<(), WriteError> {
            value.serialize(self)
        }
    };
}

/// Numbers, truth values, strings and names of variants by the serializer's `scalar`, nothing by its `nothing`.
macro_rules! scalars {
    () => {
        scalars!(@small serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64);
        scalars!(@small serialize_u8 u8, serialize_u16 u16, serialize_u32 u32);
        scalars!(@wide serialize_u64 u64, serialize_i128 i128, serialize_u128 u128);

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

        fn serialize_unit_variant(
            self,
            _: &'static str,
            _: u32,
            variant: &'static str,
        ) -> Result<(), WriteError> {
            self.scalar(Scalar::Text(variant))
        }

        fn serialize_none(self) -> Result<(), WriteError> {
            self.nothing()
        }

        fn serialize_unit(self) -> Result<(), WriteError> {
            self.nothing()
        }

        fn serialize_unit_struct(self, _: &'static str) -> Result<(), WriteError> {
            self.nothing()
        }
    };
    (@small $($method:ident $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<(), WriteError> {
            self.scalar(Scalar::Integer(i64::from(value)))
        })*
    };
    (@wide $($method:ident $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<(), WriteError> {
            let scalar = match (i64::try_from(value), u64::try_from(value)) {
                (Ok(value), _) => Scalar::Integer(value),
                (_, Ok(value)) => Scalar::Unsigned(value),
                _ => Scalar::Float(value as f64),
            };
            self.scalar(scalar)
        })*
    };
}

/// Values of these types by a method of the serializer that takes them as they come, or what they are called.
macro_rules! plain {
    ($make:ident: $($method:ident $type:ty $(= $found:literal)?),* $(,)?) => {
        $(plain!(@ $make $method $type $(= $found)?);)*
    };
    (@ $make:ident $method:ident $type:ty) => {
        fn $method(self, value: $type) -> Result<(), WriteError> {
            self.$make(value)
        }
    };
    (@ $make:ident $method:ident $type:ty = $found:literal) => {
        fn $method(self, _: $type) -> Result<(), WriteError> {
            self.$make($found)
        }
    };
}

/// Values with parts by methods of the serializer that give what takes the parts.
macro_rules! compound {
    ($($kind:ident: $type:ty = $make:ident $(($found:literal))?),* $(,)?) => {
        $(compound!(@ $kind $type, $make($($found)?));)*
    };
    (@ seq $type:ty, $make:ident($($found:literal)?)) => {
        fn serialize_seq(self, _: Option<usize>) -> Result<$type, WriteError> {
            self.$make($($found)?)
        }
    };
    (@ tuple $type:ty, $make:ident($($found:literal)?)) => {
        fn serialize_tuple(self, _: usize) -> Result<$type, WriteError> {
            self.$make($($found)?)
        }

        fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<$type, WriteError> {
            self.$make($($found)?)
        }
    };
    (@ tuple_variant $type:ty, $make:ident($($found:literal)?)) => {
        fn serialize_tuple_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: usize,
        ) -> Result<$type, WriteError> {
            self.$make($($found)?)
        }
    };
    (@ map $type:ty, $make:ident($($found:literal)?)) => {
        fn serialize_map(self, _: Option<usize>) -> Result<$type, WriteError> {
            self.$make($($found)?)
        }
    };
    (@ structure $type:ty, $make:ident($($found:literal)?)) => {
        fn serialize_struct(self, _: &'static str, _: usize) -> Result<$type, WriteError> {
            self.$make($($found)?)
        }
    };
    (@ newtype_variant $type:ty, $make:ident($($found:literal)?)) => {
        fn serialize_newtype_variant<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: &T,
        ) -> Result<$type, WriteError> {
            self.$make($($found)?)
        }
    };
    (@ struct_variant $type:ty, $make:ident($($found:literal)?)) => {
        fn serialize_struct_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: usize,
        ) -> Result<$type, WriteError> {
            self.$make($($found)?)
        }
    };
}

/// Implements traits that take parts one by one: sequences by a method `item`, structs by `member`, both ended by `close`.
macro_rules! parts {
    (items of $owner:ty: $($trait:ident $method:ident),*) => {
        $(impl $trait for $owner {
            type Ok = ();
            type Error = WriteError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WriteError> {
                self.item(value)
            }

            fn end(self) -> Result<(), WriteError> {
                self.close()
            }
        })*
    };
    (members of $owner:ty: $($trait:ident),*) => {
        $(impl $trait for $owner {
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
                self.close()
            }
        })*
    };
}

pub(super) use {compound, parts, plain, scalars, transparent};
