//! Schema, typed column batches and typed scores: what flows between codecs, models and encoders.
//!
//! | file | what it holds |
//! |---|---|
//! | [`schema`] | [`DataType`], [`Field`], [`Schema`]: what a record of one data type looks like |
//! | [`cell`] | [`Cell`]: a cell is a value, missing, or a fault that keeps its kind |
//! | [`dictionary`] | [`Dictionary`]: distinct strings of a batch, by code |
//! | [`mod@column`] | [`Column`]: one field of a batch |
//! | [`writing`] | how codecs write the cells of a [`Column`] in place |
//! | [`coerce`] | how a value becomes a cell of its field's type |
//! | [`list`] | how a list becomes a cell |
//! | [`names`] | which field a name of a record stands for |
//! | [`batch`] | [`Batch`]: the rows of one data type, column by column, in reused buffers |
//! | [`record`] | [`RecordWriter`]: names and values → one row of a batch |
//! | [`labels`] | [`Labels`]: the closed list of categories that a model can answer with |
//! | [`temporal`] | dates and times as numbers and as ISO 8601 text |
//! | [`value`] | [`Value`]: one value by itself, for edges and tests |
//! | [`error`] | [`RowError`]: code + field + place, formatted only when shown |
//! | [`outputs`] | [`OutputSchema`]: which columns a model answers with |
//! | [`scores`] | [`Scores`]: the answers of a batch, in reused buffers, errors by row |
//! | [`edges`] | records and answers as other programs have them: maps, structs (`serde`), Arrow (`arrow`) |
//!
//! Nothing here knows a codec, a model format or a topic.

pub mod batch;
pub mod cell;
pub mod coerce;
pub mod column;
pub mod dictionary;
pub mod edges;
pub mod error;
pub mod labels;
pub mod list;
pub mod names;
pub mod outputs;
pub mod record;
pub mod schema;
pub mod scores;
pub mod temporal;
pub mod value;
pub mod writing;

pub use batch::Batch;
pub use cell::Cell;
pub use column::{Column, TextList, Values};
pub use dictionary::Dictionary;
pub use edges::{Answer, AnswerNames};
#[cfg(feature = "serde")]
pub use edges::{AnswerError, AnswerReader};
pub use error::{ErrorCode, RowError};
pub use labels::{Label, Labels};
pub use outputs::{Auxiliary, OutputField, OutputSchema, OutputType, Role};
pub use record::{RecordWriter, Walk, WriteError};
pub use schema::{DataType, Field, FieldIndex, Schema, SchemaError, TensorElement};
pub use scores::{OutputColumn, OutputValues, Scores};
pub use value::Value;
