//! What the records of one data type look like.

use std::collections::HashMap;
use std::fmt;

/// Position of a field in its [`Schema`], and so of its column in a batch.
pub type FieldIndex = usize;

/// Element type of a tensor column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TensorElement {
    /// 32-bit floating point.
    F32,
    /// 64-bit floating point.
    F64,
    /// 64-bit signed integer.
    I64,
    /// Strings, as codes into the column's dictionary.
    Text,
}

/// Type of a field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DataType {
    /// 64-bit floating point.
    F64,
    /// 32-bit floating point.
    F32,
    /// 64-bit signed integer.
    I64,
    /// Truth value.
    Bool,
    /// String; a column holds codes into a dictionary.
    Text,
    /// Days since 1970-01-01, proleptic Gregorian.
    Date,
    /// Microseconds since midnight.
    Time,
    /// Microseconds since 1970-01-01T00:00:00, without time zone.
    DateTime,
    /// List of strings, of any length.
    TextList,
    /// Tensor of one shape for all rows; `shape` leaves the row dimension out, `[]` is a scalar.
    Tensor {
        /// Type of the elements.
        element: TensorElement,
        /// Length of each dimension of one row's tensor.
        shape: Box<[usize]>,
    },
}

impl DataType {
    /// True for the types that are one number a row: f64, f32, i64.
    #[must_use]
    pub fn is_numeric(&self) -> bool {
        matches!(self, Self::F64 | Self::F32 | Self::I64)
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::F64 => f.write_str("f64"),
            Self::F32 => f.write_str("f32"),
            Self::I64 => f.write_str("i64"),
            Self::Bool => f.write_str("bool"),
            Self::Text => f.write_str("string"),
            Self::Date => f.write_str("date"),
            Self::Time => f.write_str("time"),
            Self::DateTime => f.write_str("date-time"),
            Self::TextList => f.write_str("list of strings"),
            Self::Tensor { element, shape } => write!(f, "tensor of {element:?} {shape:?}"),
        }
    }
}

/// One field of a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Name as the codec writes it.
    pub name: Box<str>,
    /// Type of the column.
    pub data_type: DataType,
    /// What an absent field means: missing (`true`), or the type's zero (`false`, proto3 without `optional`).
    pub optional: bool,
}

impl Field {
    /// An optional field: absent means missing.
    #[must_use]
    pub fn new(name: impl Into<Box<str>>, data_type: DataType) -> Self {
        Self { name: name.into(), data_type, optional: true }
    }

    /// A field whose absence means zero, as in proto3.
    #[must_use]
    pub fn zero_when_absent(name: impl Into<Box<str>>, data_type: DataType) -> Self {
        Self { name: name.into(), data_type, optional: false }
    }
}

/// The ordered fields of one data type, found by name.
///
/// Names are matched exactly, else after folding case and `_`, `-`, space; a folded name that two fields share
/// matches neither, and [`Schema::find`] says so.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    fields: Vec<Field>,
    exact: HashMap<Box<str>, FieldIndex>,
    folded: HashMap<String, Vec<FieldIndex>>,
}

/// Why a schema cannot be built, or a name not be found in one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Two fields have the same name.
    #[error("field {0:?} is declared twice")]
    DuplicateField(Box<str>),
    /// No field matches the name.
    #[error("no field matches {0:?}")]
    UnknownField(Box<str>),
    /// More than one field matches the name after folding.
    #[error("{name:?} matches more than one field: {first:?} and {second:?}")]
    AmbiguousField {
        /// The name looked for.
        name: Box<str>,
        /// The first field that matches.
        first: Box<str>,
        /// The second field that matches.
        second: Box<str>,
    },
}

impl Schema {
    /// A schema of these fields, in this order.
    ///
    /// # Errors
    /// [`SchemaError::DuplicateField`] if two fields have one name.
    pub fn new(fields: Vec<Field>) -> Result<Self, SchemaError> {
        let mut exact = HashMap::with_capacity(fields.len());
        let mut folded: HashMap<String, Vec<FieldIndex>> = HashMap::with_capacity(fields.len());
        for (index, field) in fields.iter().enumerate() {
            if exact.insert(field.name.clone(), index).is_some() {
                return Err(SchemaError::DuplicateField(field.name.clone()));
            }
            folded.entry(fold_name(&field.name)).or_default().push(index);
        }
        Ok(Self { fields, exact, folded })
    }

    /// The fields in their order.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Number of fields.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// True if there is no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The field of exactly this name, without folding and without allocation.
    #[must_use]
    pub fn find_exact(&self, name: &str) -> Option<FieldIndex> {
        self.exact.get(name).copied()
    }

    /// The field of this name, exactly or else after folding.
    ///
    /// # Errors
    /// [`SchemaError::UnknownField`] or [`SchemaError::AmbiguousField`].
    pub fn find(&self, name: &str) -> Result<FieldIndex, SchemaError> {
        if let Some(&index) = self.exact.get(name) {
            return Ok(index);
        }
        match self.folded.get(&fold_name(name)).map(Vec::as_slice) {
            Some([index]) => Ok(*index),
            Some([first, second, ..]) => Err(SchemaError::AmbiguousField {
                name: name.into(),
                first: self.fields[*first].name.clone(),
                second: self.fields[*second].name.clone(),
            }),
            _ => Err(SchemaError::UnknownField(name.into())),
        }
    }
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.fields == other.fields
    }
}

impl Eq for Schema {}

/// `name` in lower case without `_`, `-` and space: the form in which names that differ in manner only are equal.
#[must_use]
pub fn fold_name(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(names: &[&str]) -> Schema {
        Schema::new(names.iter().map(|name| Field::new(*name, DataType::F64)).collect()).unwrap()
    }

    #[test]
    fn exact_names_win_over_folded_ones() {
        let schema = schema(&["fixed_acidity", "fixed acidity", "pH"]);
        assert_eq!(schema.find("fixed acidity"), Ok(1));
        assert_eq!(schema.find("PH"), Ok(2));
        assert!(matches!(schema.find("Fixed-Acidity"), Err(SchemaError::AmbiguousField { .. })));
        assert!(matches!(schema.find("colour"), Err(SchemaError::UnknownField(_))));
    }

    #[test]
    fn a_name_may_stand_once() {
        let fields = vec![Field::new("a", DataType::F64), Field::new("a", DataType::I64)];
        assert_eq!(Schema::new(fields).unwrap_err(), SchemaError::DuplicateField("a".into()));
    }
}
