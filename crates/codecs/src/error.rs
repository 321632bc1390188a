//! Errors by who must act: the record is bad, the declaration is bad, a row cannot be written.

use std::fmt;

/// The record is bad: it cannot be decoded at all. (A single value that does not fit its field is no such error but a
/// fault of its cell.)
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}{}", Place(*offset, kind))]
pub struct DecodeError {
    /// What is wrong.
    pub kind: DecodeErrorKind,
    /// Where in the record's bytes; 0 where that says nothing.
    pub offset: usize,
}

/// What makes a record undecodable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The message ends within a field.
    #[error("the message ends within a field")]
    Truncated,
    /// A varint of more than ten bytes, or of more than 64 bits.
    #[error("a varint does not end")]
    BadVarint,
    /// A tag whose field number or wire type does not exist.
    #[error("{0} is no tag of a field")]
    BadTag(u64),
    /// A group, which this codec does not read.
    #[error("field {0} is a group; groups are not supported")]
    Group(u32),
    /// A known field in another wire type than its own.
    #[error(
        "the field {field:?} is of wire type {found}, which its type does not have; is this the right message?"
    )]
    WrongWireType {
        /// Name of the field.
        field: Box<str>,
        /// The wire type that is there.
        found: u8,
    },
    /// A string that is not UTF-8.
    #[error("the field {0:?} is not UTF-8")]
    NotUtf8(Box<str>),
    /// Not JSON, or not an object.
    #[error("not a JSON object: {0}")]
    Json(String),
    /// Two keys of one record stand for one field.
    #[error("the field {field:?} is given twice, the second time as {key:?}")]
    DoubledField {
        /// Name of the field in the schema.
        field: Box<str>,
        /// The second key.
        key: Box<str>,
    },
    /// The data type has no protobuf message, and byte 0 is not `{`.
    #[error("not JSON, and the data type has no protobuf message")]
    NotJson,
    /// A record without a value.
    #[error("the record has no value")]
    NoValue,
    /// A row of another width than the header.
    #[error("the row has {found} cells, the header {wanted}")]
    WrongWidth {
        /// Cells of the row.
        found: usize,
        /// Cells of the header.
        wanted: usize,
    },
    /// A line longer than the limit.
    #[error("the line is longer than {0} bytes")]
    TooLong(usize),
}

impl DecodeErrorKind {
    /// The kind in one word, for `kind` in answers and for labels of metrics.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::BadVarint | Self::BadTag(_) | Self::Group(_) => "bad_protobuf",
            Self::WrongWireType { .. } => "wrong_wire_type",
            Self::NotUtf8(_) => "not_utf8",
            Self::Json(_) | Self::NotJson => "bad_json",
            Self::DoubledField { .. } => "doubled_field",
            Self::NoValue => "no_value",
            Self::WrongWidth { .. } => "wrong_width",
            Self::TooLong(_) => "too_long",
        }
    }

    /// The error, found at this byte of the record.
    #[must_use]
    pub fn at(self, offset: usize) -> DecodeError {
        DecodeError { kind: self, offset }
    }
}

/// The place of an error, where there is one.
struct Place<'a>(usize, &'a DecodeErrorKind);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            DecodeErrorKind::NotJson
            | DecodeErrorKind::NoValue
            | DecodeErrorKind::WrongWidth { .. }
            | DecodeErrorKind::TooLong(_) => Ok(()),
            _ => write!(f, ", at byte {}", self.0),
        }
    }
}

/// The declaration of a data type is bad: the operator must change configuration or `.proto` file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeclarationError {
    /// The `.proto` text does not compile.
    #[error("the .proto file does not compile: {0}")]
    Proto(String),
    /// The file does not define the message.
    #[error("no message {message:?} in the .proto file; it defines {known}")]
    UnknownMessage {
        /// The message asked for.
        message: String,
        /// The messages that are there.
        known: String,
    },
    /// No field of the message is left for a column.
    #[error("the message {0:?} has no field that can be a column")]
    NoFields(String),
    /// A declared type that the field of the message cannot have.
    #[error("the field {field:?} is {proto} in the .proto file and cannot be declared {declared}")]
    WrongType {
        /// The field, dotted.
        field: String,
        /// Its type in the `.proto` file.
        proto: String,
        /// The declared type.
        declared: String,
    },
    /// A declared field that the message does not have.
    #[error("the field {0:?} is declared, but the message has no such field")]
    UnknownField(String),
    /// A schema that cannot be.
    #[error(transparent)]
    Schema(#[from] scorewheel_columns::SchemaError),
    /// A codec that needs a message, without one.
    #[error("the data type {0:?} has the codec protobuf but no .proto message")]
    NoMessage(String),
    /// Two data types of one name.
    #[error("the data type {0:?} is declared twice")]
    DuplicateType(String),
    /// Not exactly one default.
    #[error("{0}")]
    Default(String),
    /// Columns of a file that do not fit the schema.
    #[error("the columns {first:?} and {second:?} both stand for the field {field:?}")]
    DoubledColumn {
        /// The first column.
        first: String,
        /// The second column.
        second: String,
        /// The field of the schema.
        field: String,
    },
}

/// A row that cannot be written in the format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the field {field:?} cannot be written: {reason}")]
pub struct EncodeError {
    /// The field.
    pub field: Box<str>,
    /// Why.
    pub reason: String,
}
