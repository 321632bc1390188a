//! `TensorProto` and `TypeProto`.

use scorewheel_model::ModelError;
use smol_str::SmolStr;

use crate::data::Data;
use crate::element::{ElementType, Storage};
use crate::error::{invalid, malformed, unsupported};
use crate::graph::{Dimension, Name};
use crate::number::{bf16_to_f32, f16_to_f32};
use crate::protobuf::{Budget, Reader};
use crate::tensor::{Tensor, element_count};
use crate::tensorflow::tensor_proto::from_little_endian;

/// The side files of a model, by name; what is not among them cannot be reached.
pub(crate) trait SideFiles {
    /// The bytes of a file.
    fn file(&self, name: &str) -> Option<&[u8]>;
}

/// A model that came as bytes has no side files.
pub(crate) struct NoSideFiles;

impl SideFiles for NoSideFiles {
    fn file(&self, _: &str) -> Option<&[u8]> {
        None
    }
}

/// The element type of a `TensorProto.DataType`; `None` for those that tensors here do not have.
pub(crate) fn element_type(number: i64) -> Option<ElementType> {
    Some(match number {
        1 => ElementType::F32,
        2 => ElementType::U8,
        3 => ElementType::I8,
        4 => ElementType::U16,
        5 => ElementType::I16,
        6 => ElementType::I32,
        7 => ElementType::I64,
        8 => ElementType::Text,
        9 => ElementType::Bool,
        10 => ElementType::F16,
        11 => ElementType::F64,
        12 => ElementType::U32,
        13 => ElementType::U64,
        16 => ElementType::BF16,
        _ => return None,
    })
}

/// Reads a `TensorProto` and its name.
pub(crate) fn read_tensor(
    bytes: &[u8],
    budget: &mut Budget,
    side_files: &dyn SideFiles,
) -> Result<(Name, Tensor), ModelError> {
    budget.take_nodes(1)?;
    let mut name: Name = "".into();
    let mut data_type = 0;
    let mut dims = Vec::new();
    let mut raw: Option<&[u8]> = None;
    let (mut floats, mut doubles, mut integers) = (Vec::new(), Vec::new(), Vec::new());
    let mut texts: Vec<SmolStr> = Vec::new();
    let mut external: Vec<(&str, &str)> = Vec::new();
    let mut is_external = false;
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        match number {
            1 => value.integers(&mut dims)?,
            2 => data_type = value.integer()?,
            3 => return Err(unsupported("a constant in segments")),
            4 => value.floats(&mut floats)?,
            5 | 7 | 11 => value.integers(&mut integers)?,
            6 => {
                budget.take_nodes(1)?;
                texts.push(String::from_utf8_lossy(value.bytes()?).as_ref().into());
            }
            8 => name = value.text()?.into(),
            9 => raw = Some(value.bytes()?),
            10 => value.doubles(&mut doubles)?,
            13 => external.push(read_entry(value.bytes()?)?),
            14 => is_external = value.integer()? == 1,
            _ => {}
        }
    }
    let fail = |error: ModelError| error.at(&*name);
    let element = element_type(data_type)
        .ok_or_else(|| fail(unsupported(format!("a constant of ONNX data type {data_type}"))))?;
    let shape = dims
        .iter()
        .map(|length| usize::try_from(*length))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| fail(invalid(format!("a constant of shape {dims:?}"))))?;
    let len = element_count(&shape);
    budget.take_elements(len).map_err(fail)?;
    if is_external {
        raw = Some(read_external(&external, side_files).map_err(fail)?);
    }
    let data = match raw {
        Some(raw) => from_little_endian(element, raw).map_err(fail)?,
        None => match element.storage() {
            Storage::F32 => Data::F32(match element {
                ElementType::F16 => integers.iter().map(|bits| f16_to_f32(*bits as u16)).collect(),
                ElementType::BF16 => integers.iter().map(|bits| bf16_to_f32(*bits as u16)).collect(),
                _ => floats,
            }),
            Storage::F64 => Data::F64(doubles),
            Storage::I64 => Data::I64(integers.iter().map(|value| element.wrap(*value)).collect()),
            Storage::Bool => Data::Bool(integers.iter().map(|value| *value != 0).collect()),
            Storage::Text => Data::Text(texts),
        },
    };
    if data.len() != len {
        let message = format!("a constant of shape {shape:?} has {} values instead of {len}", data.len());
        return Err(fail(invalid(message)));
    }
    Ok((name.clone(), Tensor { element, shape, data }))
}

/// Reads a `StringStringEntryProto`.
pub(crate) fn read_entry(bytes: &[u8]) -> Result<(&str, &str), ModelError> {
    let (mut key, mut text) = ("", "");
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        match number {
            1 => key = value.text()?,
            2 => text = value.text()?,
            _ => {}
        }
    }
    Ok((key, text))
}

fn read_external<'a>(
    entries: &[(&str, &str)],
    side_files: &'a dyn SideFiles,
) -> Result<&'a [u8], ModelError> {
    let entry = |key: &str| entries.iter().find(|(found, _)| *found == key).map(|(_, value)| *value);
    let number = |key: &str| -> Result<Option<usize>, ModelError> {
        entry(key)
            .map(|text| text.parse().map_err(|_| malformed(format!("{key} {text:?} of a side file"))))
            .transpose()
    };
    let location = entry("location").ok_or_else(|| malformed("a constant in a side file without a name"))?;
    let file = side_files.file(location).ok_or_else(|| {
        invalid(format!(
            "the constant lies in the side file {location:?}, which did not come with the model; \
             send model and side files in one archive"
        ))
    })?;
    let start = number("offset")?.unwrap_or(0);
    let end = match number("length")? {
        Some(length) => start.checked_add(length),
        None => Some(file.len()),
    };
    end.and_then(|end| file.get(start..end))
        .ok_or_else(|| invalid(format!("the side file {location:?} has only {} bytes", file.len())))
}

/// What a `TypeProto` says of a tensor: element type, and shape if it is stated. `None` for other types.
pub(crate) type StatedType = Option<(Option<ElementType>, Option<Vec<Dimension>>)>;

/// Reads a `TypeProto`.
pub(crate) fn read_type(bytes: &[u8]) -> Result<StatedType, ModelError> {
    let mut stated = None;
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        if number != 1 {
            continue;
        }
        let (mut element, mut shape) = (None, None);
        let mut tensor = Reader::new(value.bytes()?);
        while let Some((number, value)) = tensor.next_field()? {
            match number {
                1 => element = element_type(value.integer()?),
                2 => shape = Some(read_shape(value.bytes()?)?),
                _ => {}
            }
        }
        stated = Some((element, shape));
    }
    Ok(stated)
}

/// What a `TypeProto` says of a map: whether its keys are strings, and the type of its values; `None` if it is none of
/// single values.
pub(crate) fn read_map_type(bytes: &[u8]) -> Result<Option<(bool, ElementType)>, ModelError> {
    let mut stated = None;
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        if number != 5 {
            continue;
        }
        let (mut keys, mut values) = (None, None);
        let mut map = Reader::new(value.bytes()?);
        while let Some((number, value)) = map.next_field()? {
            match number {
                1 => keys = element_type(value.integer()?),
                2 => values = read_type(value.bytes()?)?.and_then(|(element, _)| element),
                _ => {}
            }
        }
        stated = keys.zip(values).map(|(keys, values)| (keys == ElementType::Text, values));
    }
    Ok(stated)
}

fn read_shape(bytes: &[u8]) -> Result<Vec<Dimension>, ModelError> {
    let mut shape = Vec::new();
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        if number != 1 {
            continue;
        }
        let mut dimension = Dimension::Open(None);
        let mut parts = Reader::new(value.bytes()?);
        while let Some((number, value)) = parts.next_field()? {
            match number {
                1 => {
                    dimension =
                        usize::try_from(value.integer()?).map_or(Dimension::Open(None), Dimension::Fixed);
                }
                2 => dimension = Dimension::Open(Some(value.text()?.into())),
                _ => {}
            }
        }
        shape.push(dimension);
    }
    Ok(shape)
}
