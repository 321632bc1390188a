//! Bytes to columns and scores to bytes.
//!
//! | file | what it holds |
//! |---|---|
//! | [`data_type`] | [`DataTypes`]: the data types of an application, and which one a record is of |
//! | [`record`] | [`RecordDecoder`], [`RecordEncoder`]: a record ↔ one row of a batch |
//! | [`protobuf`] | [`ProtobufMessage`]: protobuf by a plan compiled from a message descriptor |
//! | [`json`] | JSON objects |
//! | [`csv`] | [`CsvRows`], [`CsvDecoder`]: rows of CSV |
//! | [`lines`] | [`Lines`]: lines of a stream, bounded in length |
//! | [`outputs`] | [`OutputEncoder`]: outputs and auxiliaries of a row as JSON |
//! | [`results`] | [`ResultEncoder`]: the value of a result record |
//! | [`score_message`] | [`ScoreMessage`]: the same as protobuf |
//! | [`lineage`] | [`Lineage`]: the header that says which model made a result |
//! | [`text`] | pieces of JSON, appended to bytes |
//! | [`error`] | [`DecodeError`] (the record is bad), [`DeclarationError`] (the declaration is bad) |
//!
//! Records are decoded straight into the columns of a reused [`scorewheel_columns::Batch`], and results are encoded
//! straight into lent bytes: no record is ever an object of its own. A value that does not fit its field is a fault of
//! its cell, which the model judges; only a record that cannot be read at all is a [`DecodeError`].

pub mod csv;
pub mod data_type;
pub mod error;
pub mod json;
pub mod lineage;
pub mod lines;
pub mod outputs;
pub mod protobuf;
pub mod record;
pub mod results;
pub mod score_message;
pub mod text;

pub use csv::{CsvDecoder, CsvError, CsvOptions, CsvRow, CsvRows};
pub use data_type::{Codec, DATA_TYPE_HEADER, DataTypeDefinition, DataTypes, RecordType, TypeError};
pub use error::{DeclarationError, DecodeError, DecodeErrorKind, EncodeError};
pub use lineage::{LINEAGE_HEADER, Lineage};
pub use lines::{Line, Lines};
pub use outputs::OutputEncoder;
pub use protobuf::{LeftOut, ProtobufMessage};
pub use record::{RecordDecoder, RecordEncoder, write_json};
pub use results::{Making, ResultEncoder, ResultFormat, score_label, score_number};
pub use score_message::ScoreMessage;
