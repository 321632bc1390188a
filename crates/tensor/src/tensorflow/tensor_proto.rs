//! `TensorProto`, `TensorShapeProto` and `DataType`.

use scorewheel_model::ModelError;
use smol_str::SmolStr;

use crate::data::Data;
use crate::element::{ElementType, Storage};
use crate::error::{invalid, malformed, unsupported};
use crate::graph::Dimension;
use crate::number::{bf16_to_f32, f16_to_f32};
use crate::protobuf::{Budget, Reader};
use crate::tensor::{Tensor, element_count};

/// The element type of a `DataType`; `None` for resource and variant, and for types that tensors here do not have.
pub(crate) fn element_type(number: i64) -> Option<ElementType> {
    // References to variables have the type's number plus 100.
    Some(match number % 100 {
        1 => ElementType::F32,
        2 => ElementType::F64,
        3 | 13 => ElementType::I32,
        4 | 12 => ElementType::U8,
        5 | 15 => ElementType::I16,
        6 | 11 => ElementType::I8,
        7 => ElementType::Text,
        9 => ElementType::I64,
        10 => ElementType::Bool,
        14 => ElementType::BF16,
        16 | 17 => ElementType::U16,
        19 => ElementType::F16,
        22 => ElementType::U32,
        23 => ElementType::U64,
        _ => return None,
    })
}

/// Reads a `TensorShapeProto`; `None` stands for an unknown rank.
pub(crate) fn read_shape(bytes: &[u8]) -> Result<Option<Vec<Dimension>>, ModelError> {
    let mut shape = Vec::new();
    let mut unknown_rank = false;
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        match number {
            2 => {
                let mut size = 0;
                let mut dimension = Reader::new(value.bytes()?);
                while let Some((number, value)) = dimension.next_field()? {
                    if number == 1 {
                        size = value.integer()?;
                    }
                }
                shape.push(usize::try_from(size).map_or(Dimension::Open(None), Dimension::Fixed));
            }
            3 => unknown_rank = value.integer()? != 0,
            _ => {}
        }
    }
    Ok((!unknown_rank).then_some(shape))
}

/// The shape with every dimension known.
pub(crate) fn fixed_shape(shape: Option<Vec<Dimension>>) -> Result<Vec<usize>, ModelError> {
    let open = || invalid("a constant has a shape with an unknown dimension");
    shape
        .ok_or_else(open)?
        .into_iter()
        .map(|dimension| match dimension {
            Dimension::Fixed(length) => Ok(length),
            Dimension::Open(_) => Err(open()),
        })
        .collect()
}

/// Reads a `TensorProto`. The last value stands for all that follow, and none for zeros.
pub(crate) fn read_tensor(bytes: &[u8], budget: &mut Budget) -> Result<Tensor, ModelError> {
    let mut data_type = 0;
    let mut shape = Some(Vec::new());
    let mut content: &[u8] = &[];
    let mut floats = Vec::new();
    let mut doubles = Vec::new();
    let mut integers = Vec::new();
    let mut halves = Vec::new();
    let mut texts: Vec<SmolStr> = Vec::new();
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        match number {
            1 => data_type = value.integer()?,
            2 => shape = read_shape(value.bytes()?)?,
            4 => content = value.bytes()?,
            5 => value.floats(&mut floats)?,
            6 => value.doubles(&mut doubles)?,
            7 | 10 | 11 | 16 | 17 => value.integers(&mut integers)?,
            8 => {
                budget.take_nodes(1)?;
                texts.push(String::from_utf8_lossy(value.bytes()?).as_ref().into());
            }
            13 => value.integers(&mut halves)?,
            _ => {}
        }
    }
    let element = element_type(data_type)
        .ok_or_else(|| unsupported(format!("a constant of TensorFlow's data type {data_type}")))?;
    let shape = fixed_shape(shape)?;
    let len = element_count(&shape);
    budget.take_elements(len)?;
    let data = if content.is_empty() {
        match element.storage() {
            Storage::F32 if element == ElementType::F32 => Data::F32(spread(floats, len)?),
            Storage::F32 => {
                let convert = if element == ElementType::F16 { f16_to_f32 } else { bf16_to_f32 };
                Data::F32(spread(halves.iter().map(|bits| convert(*bits as u16)).collect(), len)?)
            }
            Storage::F64 => Data::F64(spread(doubles, len)?),
            Storage::I64 => {
                Data::I64(spread(integers.iter().map(|value| element.wrap(*value)).collect(), len)?)
            }
            Storage::Bool => Data::Bool(spread(integers.iter().map(|value| *value != 0).collect(), len)?),
            Storage::Text => Data::Text(spread(texts, len)?),
        }
    } else {
        from_little_endian(element, content)?
    };
    if data.len() != len {
        let message = format!("a constant of shape {shape:?} has {} values instead of {len}", data.len());
        return Err(invalid(message));
    }
    Ok(Tensor { element, shape, data })
}

fn spread<T: Clone + Default>(mut values: Vec<T>, len: usize) -> Result<Vec<T>, ModelError> {
    if values.len() > len {
        return Err(invalid(format!("a constant has {} values instead of {len}", values.len())));
    }
    let last = values.last().cloned().unwrap_or_default();
    values.resize(len, last);
    Ok(values)
}

/// Elements as they lie in memory of a little-endian machine.
///
/// # Errors
/// Bytes that are no whole number of elements, and strings.
pub(crate) fn from_little_endian(element: ElementType, bytes: &[u8]) -> Result<Data, ModelError> {
    fn chunks<const N: usize, T>(bytes: &[u8], convert: impl Fn([u8; N]) -> T) -> Result<Vec<T>, ModelError> {
        let (chunks, rest) = bytes.as_chunks::<N>();
        if rest.is_empty() {
            Ok(chunks.iter().map(|chunk| convert(*chunk)).collect())
        } else {
            Err(malformed(format!("{} bytes are no whole number of {N}-byte elements", bytes.len())))
        }
    }
    Ok(match element {
        ElementType::F32 => Data::F32(chunks(bytes, f32::from_le_bytes)?),
        ElementType::F64 => Data::F64(chunks(bytes, f64::from_le_bytes)?),
        ElementType::F16 => Data::F32(chunks(bytes, |b| f16_to_f32(u16::from_le_bytes(b)))?),
        ElementType::BF16 => Data::F32(chunks(bytes, |b| bf16_to_f32(u16::from_le_bytes(b)))?),
        ElementType::I8 => Data::I64(chunks(bytes, |b| i64::from(i8::from_le_bytes(b)))?),
        ElementType::I16 => Data::I64(chunks(bytes, |b| i64::from(i16::from_le_bytes(b)))?),
        ElementType::I32 => Data::I64(chunks(bytes, |b| i64::from(i32::from_le_bytes(b)))?),
        ElementType::I64 => Data::I64(chunks(bytes, i64::from_le_bytes)?),
        ElementType::U8 => Data::I64(chunks(bytes, |b| i64::from(u8::from_le_bytes(b)))?),
        ElementType::U16 => Data::I64(chunks(bytes, |b| i64::from(u16::from_le_bytes(b)))?),
        ElementType::U32 => Data::I64(chunks(bytes, |b| i64::from(u32::from_le_bytes(b)))?),
        ElementType::U64 => Data::I64(chunks(bytes, |b| u64::from_le_bytes(b) as i64)?),
        ElementType::Bool => Data::Bool(bytes.iter().map(|b| *b != 0).collect()),
        ElementType::Text => return Err(unsupported("strings as raw bytes")),
    })
}
