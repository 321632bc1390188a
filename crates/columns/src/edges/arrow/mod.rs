//! Arrow: record batches ↔ batches and scores.
//!
//! | file | what it holds |
//! |---|---|
//! | `source` | which Arrow column, nested ones included, feeds which field |
//! | [`read`] | [`BatchReader`]: a record batch → a batch, one pass a column |
//! | `cells` | an Arrow array → the cells of a column |
//! | [`mod@write`] | [`ScoresWriter`]: scores → a record batch |
//!
//! | Arrow | feeds |
//! |---|---|
//! | integers, f16, f32, f64 | f64, f32, i64, bool (0 and 1), tensors of one number |
//! | boolean | bool, tensors of one number |
//! | utf8, large utf8, utf8 view, dictionaries of them | strings; any other type by reading the text |
//! | date32, date64 | date |
//! | time32, time64 | time |
//! | timestamps, of which the zone is left out | date-time |
//! | lists, large lists, fixed-size lists, nested ones | tensors, lists of strings |
//! | structs | fields of dotted names |
//! | null | missing |
//!
//! A null is missing. A value that does not fit its field is a fault of its cell; an Arrow type of which no value could
//! ever fit is an [`ArrowEdgeError`] that names the column.

mod cells;
pub mod read;
mod source;
pub mod write;

use std::sync::Arc;

pub use arrow_array;
pub use arrow_schema;

use crate::schema::{DataType, Field, Schema, SchemaError, TensorElement};

pub use read::BatchReader;
pub use write::ScoresWriter;

/// Why a record batch is not taken, or cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ArrowEdgeError {
    /// A column of a type that cannot feed its field.
    #[error(
        "column {column:?} is {arrow}, which cannot feed the field {field:?}, {data_type}; cast it first"
    )]
    UnsupportedType {
        /// The dotted name of the Arrow column.
        column: String,
        /// Its Arrow type.
        arrow: arrow_schema::DataType,
        /// The field.
        field: Box<str>,
        /// The field's type.
        data_type: DataType,
    },
    /// A column of a type that no field can have.
    #[error(
        "column {column:?} is {arrow}, for which there is no type of field; cast it first, or leave it out"
    )]
    NoSuchField {
        /// The dotted name of the Arrow column.
        column: String,
        /// Its Arrow type.
        arrow: arrow_schema::DataType,
    },
    /// A column for which there is no field, where such are refused.
    #[error("column {column:?} is none of the fields {fields:?}")]
    UnknownColumn {
        /// The dotted name of the Arrow column.
        column: String,
        /// The names of the fields.
        fields: Vec<Box<str>>,
    },
    /// Two columns stand for one field, neither of them by its exact name.
    #[error("columns {first:?} and {second:?} both stand for the field {field:?}")]
    DoubledColumn {
        /// The field.
        field: Box<str>,
        /// The one column.
        first: String,
        /// The other column.
        second: String,
    },
    /// Names that make no schema.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A record batch of another schema than the reader was made for.
    #[error("the record batch has another schema than the one that its reader was made for")]
    OtherSchema,
    /// An answer that the Arrow type of its column cannot hold.
    #[error("answer {name:?} of row {row} does not fit its Arrow type: {value}")]
    Unrepresentable {
        /// Name of the answer.
        name: Arc<str>,
        /// The row.
        row: usize,
        /// What it is.
        value: i64,
    },
    /// What Arrow says.
    #[error(transparent)]
    Arrow(#[from] arrow_schema::ArrowError),
}

/// The schema of records that are these columns, for models whose inputs are not named like them: numbers and texts by
/// their types, fixed-size lists as tensors, lists of strings as such, members of structs by dotted names.
///
/// # Errors
/// [`ArrowEdgeError::NoSuchField`] for a column of another type, [`ArrowEdgeError::Schema`] if two names are equal.
pub fn schema_of(arrow: &arrow_schema::Schema) -> Result<Schema, ArrowEdgeError> {
    let mut fields = Vec::new();
    for source in source::leaves(arrow) {
        let data_type = field_type(&source.data_type).ok_or_else(|| ArrowEdgeError::NoSuchField {
            column: source.name.clone(),
            arrow: source.data_type.clone(),
        })?;
        fields.push(Field::new(source.name, data_type));
    }
    Ok(Schema::new(fields)?)
}

fn field_type(arrow: &arrow_schema::DataType) -> Option<DataType> {
    use arrow_schema::DataType as Arrow;
    Some(match arrow {
        Arrow::Float64 => DataType::F64,
        Arrow::Float32 | Arrow::Float16 => DataType::F32,
        Arrow::Boolean => DataType::Bool,
        Arrow::Date32 | Arrow::Date64 => DataType::Date,
        Arrow::Time32(_) | Arrow::Time64(_) => DataType::Time,
        Arrow::Timestamp(..) => DataType::DateTime,
        arrow if arrow.is_integer() => DataType::I64,
        arrow if source::is_text(arrow) => DataType::Text,
        Arrow::List(item) | Arrow::LargeList(item) if source::is_text(item.data_type()) => DataType::TextList,
        Arrow::FixedSizeList(..) => {
            let mut shape = Vec::new();
            let mut leaf = arrow;
            while let Arrow::FixedSizeList(item, length) = leaf {
                shape.push(usize::try_from(*length).ok()?);
                leaf = item.data_type();
            }
            let element = match leaf {
                Arrow::Float64 => TensorElement::F64,
                Arrow::Float32 | Arrow::Float16 => TensorElement::F32,
                leaf if leaf.is_integer() => TensorElement::I64,
                leaf if source::is_text(leaf) => TensorElement::Text,
                _ => return None,
            };
            DataType::Tensor { element, shape: shape.into() }
        }
        _ => return None,
    })
}
