//! The data types of an application: how their records are written, and which one a record is of.

use std::borrow::Cow;
use std::sync::Arc;

use scorewheel_columns::{Batch, Field, FieldIndex, Schema, Values};

use crate::error::{DeclarationError, DecodeError};
use crate::json::data_type::DATA_TYPE_KEY;
use crate::json::named_data_type;
use crate::protobuf::ProtobufMessage;
use crate::record::{RecordDecoder, RecordEncoder};

/// Header that names a record's data type.
pub const DATA_TYPE_HEADER: &str = "scorewheel-data-type";

/// The `.proto` file of the built-in data type.
pub const WINE_PROTO: &str = include_str!("../../../proto/wine_record.proto");

/// How records of a data type are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Codec {
    /// JSON if byte 0 is `{`, else the protobuf message.
    #[default]
    Auto,
    /// The protobuf message.
    Protobuf,
    /// JSON objects.
    Json,
}

impl Codec {
    /// The codec as configuration names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Protobuf => "protobuf",
            Self::Json => "json",
        }
    }

    /// The codec of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Auto, Self::Protobuf, Self::Json].into_iter().find(|codec| codec.as_str() == name)
    }

    /// Whether `value` is to be read as JSON. No byte order mark and no white space may stand in front.
    #[must_use]
    pub fn is_json(self, value: &[u8]) -> bool {
        match self {
            Self::Auto => value.first() == Some(&b'{'),
            Self::Protobuf => false,
            Self::Json => true,
        }
    }
}

/// One data type: its name, how its records are written, and their schema.
///
/// ```
/// use scorewheel_codecs::DataTypeDefinition;
/// use scorewheel_columns::{Batch, Value};
///
/// let wine = DataTypeDefinition::wine()?;
/// let mut decoder = wine.decoder();
/// let mut batch = Batch::new(wine.schema().clone());
/// batch.resize(1);
/// decoder.decode(br#"{"alcohol": 9.4, "pH": "3.51"}"#, &mut batch, 0)?;
/// assert_eq!(batch.column(10).get(0), Value::F64(9.4));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct DataTypeDefinition {
    name: Box<str>,
    codec: Codec,
    schema: Arc<Schema>,
    message: Option<ProtobufMessage>,
    type_field: Option<FieldIndex>,
}

impl DataTypeDefinition {
    /// The built-in data type `wine`: the message `WineRecord`, or JSON of the same fields.
    ///
    /// # Errors
    /// None in practice: the `.proto` file is a part of the build.
    pub fn wine() -> Result<Self, DeclarationError> {
        let message = ProtobufMessage::compile(&[("wine_record.proto", WINE_PROTO)], "WineRecord", &[])?;
        Ok(Self::of_message("wine", Codec::Auto, message))
    }

    /// A data type whose records are this protobuf message, or JSON of the same fields, as `codec` says.
    #[must_use]
    pub fn of_message(name: &str, codec: Codec, message: ProtobufMessage) -> Self {
        let schema = Arc::clone(message.schema());
        Self { name: name.into(), codec, type_field: type_field(&schema), schema, message: Some(message) }
    }

    /// A data type whose records are JSON objects of these fields.
    ///
    /// # Errors
    /// [`DeclarationError::NoMessage`] for the codec protobuf, [`DeclarationError::Schema`] for doubled names.
    pub fn of_fields(name: &str, codec: Codec, fields: Vec<Field>) -> Result<Self, DeclarationError> {
        if codec == Codec::Protobuf {
            return Err(DeclarationError::NoMessage(name.to_owned()));
        }
        let schema = Arc::new(Schema::new(fields)?);
        Ok(Self { name: name.into(), codec, type_field: type_field(&schema), schema, message: None })
    }

    /// The name: the route.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How records are written.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// The columns.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The protobuf message, if there is one.
    #[must_use]
    pub fn message(&self) -> Option<&ProtobufMessage> {
        self.message.as_ref()
    }

    /// The string field `dataType` of the records, if they have one: a protobuf record routes by it.
    #[must_use]
    pub fn type_field(&self) -> Option<FieldIndex> {
        self.type_field
    }

    /// A decoder for one thread.
    #[must_use]
    pub fn decoder(&self) -> RecordDecoder {
        RecordDecoder::new(self.codec, &self.schema, self.message.as_ref())
    }

    /// An encoder: protobuf unless the codec is JSON or there is no message.
    #[must_use]
    pub fn encoder(&self) -> RecordEncoder {
        RecordEncoder::new(self.message.as_ref().filter(|_| self.codec != Codec::Json))
    }
}

fn type_field(schema: &Schema) -> Option<FieldIndex> {
    let field = schema.find(DATA_TYPE_KEY).ok()?;
    (schema.fields()[field].data_type == scorewheel_columns::DataType::Text).then_some(field)
}

/// The data types of an application, one of them the default.
#[derive(Clone, Debug)]
pub struct DataTypes {
    types: Vec<Arc<DataTypeDefinition>>,
    default: usize,
}

/// Why a record has no data type; a dead letter either way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TypeError {
    /// A name that no data type has.
    #[error("the data type {0:?} is not known; known are {1}")]
    Unknown(String, String),
    /// The record is to be read for its type, and cannot be.
    #[error(transparent)]
    Undecodable(#[from] DecodeError),
    /// The record was decoded as one type and names another, of another schema.
    #[error("the record was read as {read:?} but names the data type {named:?}, whose fields are others")]
    OtherSchema {
        /// The type whose schema was used.
        read: String,
        /// The type that the record names.
        named: String,
    },
}

/// The data type of a record before it is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordType {
    /// Index among the data types.
    pub index: usize,
    /// Whether the record said so, by its header or as JSON; else a field of the protobuf message may still.
    pub stated: bool,
}

impl DataTypes {
    /// These data types; `default` names the one for records that do not say theirs.
    ///
    /// # Errors
    /// [`DeclarationError::DuplicateType`], or [`DeclarationError::Default`] if there is no such type.
    pub fn new(types: Vec<DataTypeDefinition>, default: &str) -> Result<Self, DeclarationError> {
        for (index, data_type) in types.iter().enumerate() {
            if types[..index].iter().any(|other| other.name == data_type.name) {
                return Err(DeclarationError::DuplicateType(data_type.name.to_string()));
            }
        }
        let found = types.iter().position(|data_type| &*data_type.name == default).ok_or_else(|| {
            let names: Vec<&str> = types.iter().map(|data_type| &*data_type.name).collect();
            let known = names.join(", ");
            DeclarationError::Default(format!("the default data type {default:?} is not among {known}"))
        })?;
        Ok(Self { types: types.into_iter().map(Arc::new).collect(), default: found })
    }

    /// Only the built-in type.
    ///
    /// # Errors
    /// As [`DataTypeDefinition::wine`].
    pub fn wine() -> Result<Self, DeclarationError> {
        Self::new(vec![DataTypeDefinition::wine()?], "wine")
    }

    /// All data types, in the order of their declaration.
    #[must_use]
    pub fn all(&self) -> &[Arc<DataTypeDefinition>] {
        &self.types
    }

    /// The data type at an index.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Arc<DataTypeDefinition>> {
        self.types.get(index)
    }

    /// The data type of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        self.types.iter().position(|data_type| &*data_type.name == name)
    }

    /// The default data type.
    #[must_use]
    pub fn default_type(&self) -> usize {
        self.default
    }

    /// The type of a record: its header's, else the one that JSON names, else the default.
    ///
    /// # Errors
    /// [`TypeError`] if the name is unknown, or the record is JSON that names one and is broken.
    pub fn type_of(&self, header: Option<&[u8]>, value: &[u8]) -> Result<RecordType, TypeError> {
        let named: Option<Cow<'_, str>> = match header {
            Some(header) => Some(String::from_utf8_lossy(header)),
            // A lone `{` can also be the first byte of a protobuf message; a default of that codec says which.
            None if self.types[self.default].codec.is_json(value) => named_data_type(value)?,
            None => None,
        };
        match named {
            None => Ok(RecordType { index: self.default, stated: false }),
            Some(name) => Ok(RecordType { index: self.known(&name)?, stated: true }),
        }
    }

    /// The route of a decoded row: the type as it is stated, else the one that the record's field `dataType` names.
    ///
    /// # Errors
    /// [`TypeError::Unknown`], or [`TypeError::OtherSchema`] if the type that is named has another schema.
    pub fn route(&self, read: RecordType, batch: &Batch, row: usize) -> Result<usize, TypeError> {
        let definition = &self.types[read.index];
        let Some(field) = definition.type_field.filter(|_| !read.stated) else { return Ok(read.index) };
        let column = batch.column(field);
        let Values::Text { codes, dictionary } = column.values() else { return Ok(read.index) };
        let name = dictionary.get(codes[row]);
        if name.is_empty() || *name == *definition.name || column.cell(row) != scorewheel_columns::Cell::Value
        {
            return Ok(read.index);
        }
        let named = self.known(name)?;
        let other = &self.types[named];
        if Arc::ptr_eq(&other.schema, &definition.schema) || other.schema == definition.schema {
            return Ok(named);
        }
        Err(TypeError::OtherSchema { read: definition.name.to_string(), named: name.to_owned() })
    }

    fn known(&self, name: &str) -> Result<usize, TypeError> {
        self.find(name).ok_or_else(|| {
            let names: Vec<&str> = self.types.iter().map(|data_type| &*data_type.name).collect();
            TypeError::Unknown(name.to_owned(), names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scorewheel_columns::DataType;

    fn types() -> DataTypes {
        let proto = "syntax = \"proto3\"; message Other { double x = 1; string dataType = 2; }";
        let other = ProtobufMessage::compile(&[("other.proto", proto)], "Other", &[]).unwrap();
        let wine = DataTypeDefinition::wine().unwrap();
        let twin = DataTypeDefinition::of_message("twin", Codec::Auto, wine.message().unwrap().clone());
        DataTypes::new(
            vec![
                wine,
                twin,
                DataTypeDefinition::of_message("other", Codec::Protobuf, other),
                DataTypeDefinition::of_fields("plain", Codec::Json, vec![Field::new("x", DataType::F64)])
                    .unwrap(),
            ],
            "wine",
        )
        .unwrap()
    }

    #[test]
    fn header_then_json_then_default() {
        let types = types();
        let name = |header: Option<&str>, value: &[u8]| {
            types
                .type_of(header.map(str::as_bytes), value)
                .map(|found| (types.get(found.index).unwrap().name().to_owned(), found.stated))
        };
        let found = |name: &str, stated| Ok((name.to_owned(), stated));
        assert_eq!(name(Some("plain"), br#"{"dataType":"wine"}"#), found("plain", true));
        assert_eq!(name(None, br#"{"dataType":"other"}"#), found("other", true));
        assert_eq!(name(None, br#"{"alcohol":1}"#), found("wine", false));
        assert_eq!(name(None, b"\x09"), found("wine", false));
        assert_eq!(name(None, b""), found("wine", false));
        assert!(matches!(name(Some("beer"), b""), Err(TypeError::Unknown(..))));
        assert!(matches!(name(None, br#"{"dataType":"beer"}"#), Err(TypeError::Unknown(..))));
        assert!(matches!(name(None, br#"{"dataType":"#), Err(TypeError::Undecodable(_))));
        // White space in front is no JSON to `auto`.
        assert_eq!(name(None, br#" {"dataType":"other"}"#), found("wine", false));
    }

    #[test]
    fn a_field_of_the_message_routes() {
        let types = types();
        let route = |text: &str, stated| {
            let mut batch = Batch::new(types.get(0).unwrap().schema().clone());
            batch.resize(1);
            batch.column_mut(11).write_text(0, text);
            types.route(RecordType { index: 0, stated }, &batch, 0)
        };
        assert_eq!(route("", false), Ok(0));
        assert_eq!(route("wine", false), Ok(0));
        assert_eq!(route("twin", false), Ok(1));
        assert_eq!(route("twin", true), Ok(0));
        assert!(matches!(route("other", false), Err(TypeError::OtherSchema { .. })));
        assert!(matches!(route("beer", false), Err(TypeError::Unknown(..))));
    }

    #[test]
    fn wrong_declarations_are_refused() {
        let plain = || DataTypeDefinition::of_fields("a", Codec::Auto, vec![]).unwrap();
        assert!(matches!(
            DataTypes::new(vec![plain(), plain()], "a"),
            Err(DeclarationError::DuplicateType(_))
        ));
        assert!(matches!(DataTypes::new(vec![plain()], "b"), Err(DeclarationError::Default(_))));
        let protobuf = DataTypeDefinition::of_fields("a", Codec::Protobuf, vec![]);
        assert!(matches!(protobuf, Err(DeclarationError::NoMessage(_))));
    }
}
