//! Which Arrow column feeds which field.

use arrow_array::{Array, ArrayRef, RecordBatch, StructArray};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType as Arrow, Fields};

use super::ArrowEdgeError;
use crate::schema::{DataType, Schema, TensorElement, fold_name};

/// A column of a record batch that is no struct, or a member of one.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// The dotted name.
    pub(super) name: String,
    pub(super) data_type: Arrow,
    /// The column, then members of structs.
    path: Vec<usize>,
}

impl Source {
    /// The array, and where it or a struct around it is null.
    pub(super) fn array(&self, batch: &RecordBatch) -> Option<(ArrayRef, Option<NullBuffer>)> {
        let (first, members) = self.path.split_first()?;
        let mut array = ArrayRef::clone(batch.columns().get(*first)?);
        let mut nulls = array.logical_nulls();
        for member in members {
            let inner =
                ArrayRef::clone(array.as_any().downcast_ref::<StructArray>()?.columns().get(*member)?);
            nulls = NullBuffer::union(nulls.as_ref(), inner.logical_nulls().as_ref());
            array = inner;
        }
        Some((array, nulls))
    }
}

/// All columns that are no structs, members of structs by dotted names.
pub(super) fn leaves(schema: &arrow_schema::Schema) -> Vec<Source> {
    let mut found = Vec::new();
    collect(schema.fields(), "", &mut Vec::new(), &mut found);
    found
}

fn collect(fields: &Fields, prefix: &str, path: &mut Vec<usize>, found: &mut Vec<Source>) {
    for (index, field) in fields.iter().enumerate() {
        let name = format!("{prefix}{}", field.name());
        path.push(index);
        match field.data_type() {
            Arrow::Struct(members) => collect(members, &format!("{name}."), path, found),
            other => found.push(Source { name, data_type: other.clone(), path: path.clone() }),
        }
        path.pop();
    }
}

/// By field, the column that feeds it: of exactly its name, else of one that folds to it.
pub(super) fn assign(
    schema: &Schema,
    arrow: &arrow_schema::Schema,
) -> Result<Vec<Option<Source>>, ArrowEdgeError> {
    let leaves = leaves(arrow);
    let folded: Vec<String> = leaves.iter().map(|source| fold_name(&source.name)).collect();
    let mut assigned = Vec::with_capacity(schema.len());
    for (index, field) in schema.fields().iter().enumerate() {
        let mut found = leaves.iter().filter(|source| *source.name == *field.name);
        let mut second = found.next().and_then(|first| found.next().map(|second| (first, second)));
        let mut chosen = leaves.iter().find(|source| *source.name == *field.name);
        if chosen.is_none() {
            // Of a name that stands for another field, or for two, nothing is taken: as with records.
            let near = |source: &&Source| schema.find(&source.name) == Ok(index);
            let name = fold_name(&field.name);
            let mut near = leaves
                .iter()
                .zip(&folded)
                .filter(|(_, folded)| **folded == name)
                .map(|(s, _)| s)
                .filter(near);
            chosen = near.next();
            second = chosen.and_then(|first| near.next().map(|second| (first, second)));
        }
        if let Some((first, second)) = second {
            return Err(ArrowEdgeError::DoubledColumn {
                field: field.name.clone(),
                first: first.name.clone(),
                second: second.name.clone(),
            });
        }
        if let Some(source) = chosen
            && !feeds(&source.data_type, &field.data_type)
        {
            return Err(ArrowEdgeError::UnsupportedType {
                column: source.name.clone(),
                arrow: source.data_type.clone(),
                field: field.name.clone(),
                data_type: field.data_type.clone(),
            });
        }
        assigned.push(chosen.cloned());
    }
    Ok(assigned)
}

/// True for strings and dictionaries of them.
pub(super) fn is_text(arrow: &Arrow) -> bool {
    match arrow {
        Arrow::Utf8 | Arrow::LargeUtf8 | Arrow::Utf8View => true,
        Arrow::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

fn is_number(arrow: &Arrow) -> bool {
    arrow.is_integer() || matches!(arrow, Arrow::Float16 | Arrow::Float32 | Arrow::Float64)
}

/// Whether a value of the one type can be one of the other.
fn feeds(arrow: &Arrow, data_type: &DataType) -> bool {
    match data_type {
        _ if *arrow == Arrow::Null => true,
        DataType::F64 | DataType::F32 | DataType::I64 => is_number(arrow) || is_text(arrow),
        DataType::Bool => arrow.is_integer() || *arrow == Arrow::Boolean || is_text(arrow),
        DataType::Text => is_text(arrow),
        DataType::Date => matches!(arrow, Arrow::Date32 | Arrow::Date64) || is_text(arrow),
        DataType::Time => matches!(arrow, Arrow::Time32(_) | Arrow::Time64(_)) || is_text(arrow),
        DataType::DateTime => matches!(arrow, Arrow::Timestamp(..)) || is_text(arrow),
        DataType::TextList => item_of(arrow).is_some_and(is_text),
        DataType::Tensor { element, shape } => {
            let scalar = shape.iter().product::<usize>() == 1;
            match item_of(arrow) {
                Some(item) => feeds_element(leaf_of(item), *element),
                None => scalar && feeds_element(arrow, *element),
            }
        }
    }
}

fn feeds_element(arrow: &Arrow, element: TensorElement) -> bool {
    match element {
        TensorElement::Text => is_text(arrow),
        _ => is_number(arrow) || is_text(arrow) || *arrow == Arrow::Boolean,
    }
}

/// The type of a list's items.
fn item_of(arrow: &Arrow) -> Option<&Arrow> {
    match arrow {
        Arrow::List(item) | Arrow::LargeList(item) | Arrow::FixedSizeList(item, _) => Some(item.data_type()),
        _ => None,
    }
}

fn leaf_of(arrow: &Arrow) -> &Arrow {
    item_of(arrow).map_or(arrow, leaf_of)
}
