//! Tensors to and from ONNX Runtime's values.

use std::collections::HashMap;

use ort::session::SessionInputValue;
use ort::value::{DynValue, MapValueType, Tensor as OrtTensor, TensorElementType, TensorRef, ValueType};
use scorewheel_columns::Labels;
use scorewheel_tensor::data::Data;
use scorewheel_tensor::element::ElementType;
use scorewheel_tensor::tensor::Tensor;
use smol_str::SmolStr;

/// A tensor as an input; numbers that lie in memory as the library wants them are not copied.
pub(super) fn input_value(tensor: &Tensor) -> Result<SessionInputValue<'_>, String> {
    let shape = || tensor.shape.clone();
    macro_rules! view {
        ($elements:expr) => {
            TensorRef::from_array_view((shape(), $elements.as_slice())).map(Into::into)
        };
    }
    macro_rules! narrowed {
        ($elements:expr, $to:ty) => {{
            // In range: what is copied from a record was checked against the type.
            let elements: Vec<$to> = $elements.iter().map(|element| *element as $to).collect();
            OrtTensor::from_array((shape(), elements)).map(Into::into)
        }};
    }
    let value = match (&tensor.data, tensor.element) {
        (Data::F32(elements), ElementType::F32) => view!(elements),
        (Data::F64(elements), _) => view!(elements),
        (Data::Bool(elements), _) => view!(elements),
        (Data::I64(elements), ElementType::I64) => view!(elements),
        (Data::I64(elements), ElementType::I32) => narrowed!(elements, i32),
        (Data::I64(elements), ElementType::I16) => narrowed!(elements, i16),
        (Data::I64(elements), ElementType::I8) => narrowed!(elements, i8),
        (Data::I64(elements), ElementType::U8) => narrowed!(elements, u8),
        (Data::I64(elements), ElementType::U16) => narrowed!(elements, u16),
        (Data::I64(elements), ElementType::U32) => narrowed!(elements, u32),
        (Data::I64(elements), ElementType::U64) => narrowed!(elements, u64),
        (Data::Text(elements), _) => {
            let elements: Vec<String> = elements.iter().map(SmolStr::to_string).collect();
            OrtTensor::from_string_array((shape(), elements.as_slice())).map(Into::into)
        }
        (_, element) => return Err(format!("inputs of {element} are not handed to ONNX Runtime")),
    };
    value.map_err(|error: ort::Error| error.to_string())
}

/// An output as a tensor; a map gives its numbers in the order of `keys`.
pub(super) fn output_tensor(value: &DynValue, keys: Option<&Labels>) -> Result<Tensor, String> {
    let text = |error: ort::Error| error.to_string();
    let element_type = match value.dtype() {
        ValueType::Tensor { ty, .. } => *ty,
        ValueType::Sequence(_) => return map_tensor(value, keys),
        other => return Err(format!("an output is {other}")),
    };
    macro_rules! extract {
        ($element:expr, $from:ty, $data:path, $convert:expr) => {{
            let (shape, elements) = value.try_extract_tensor::<$from>().map_err(text)?;
            (shape, $element, $data(elements.iter().map($convert).collect()))
        }};
    }
    use TensorElementType as From;
    let (shape, element, data) = match element_type {
        From::Float32 => extract!(ElementType::F32, f32, Data::F32, |v| *v),
        From::Float64 => extract!(ElementType::F64, f64, Data::F64, |v| *v),
        From::Bool => extract!(ElementType::Bool, bool, Data::Bool, |v| *v),
        From::Int64 => extract!(ElementType::I64, i64, Data::I64, |v| *v),
        From::Int32 => extract!(ElementType::I32, i32, Data::I64, |v| i64::from(*v)),
        From::Int16 => extract!(ElementType::I16, i16, Data::I64, |v| i64::from(*v)),
        From::Int8 => extract!(ElementType::I8, i8, Data::I64, |v| i64::from(*v)),
        From::Uint8 => extract!(ElementType::U8, u8, Data::I64, |v| i64::from(*v)),
        From::Uint16 => extract!(ElementType::U16, u16, Data::I64, |v| i64::from(*v)),
        From::Uint32 => extract!(ElementType::U32, u32, Data::I64, |v| i64::from(*v)),
        From::Uint64 => extract!(ElementType::U64, u64, Data::I64, |v| *v as i64),
        From::String => {
            let (shape, elements) = value.try_extract_strings().map_err(text)?;
            (shape, ElementType::Text, Data::Text(elements.iter().map(SmolStr::new).collect()))
        }
        other => return Err(format!("outputs of {other} are not taken from ONNX Runtime")),
    };
    let shape = shape.iter().map(|length| usize::try_from(*length).unwrap_or(0)).collect();
    Ok(Tensor { element, shape, data })
}

/// The map of one record, which the library gives as a list of maps.
fn map_tensor(value: &DynValue, keys: Option<&Labels>) -> Result<Tensor, String> {
    let keys = keys.ok_or("an output is a list")?;
    let text = |error: ort::Error| error.to_string();
    let numbers: HashMap<String, f32> = match value.dtype() {
        ValueType::Sequence(inner)
            if matches!(**inner, ValueType::Map { key: TensorElementType::String, .. }) =>
        {
            let maps = value.try_extract_sequence::<MapValueType<String, f32>>().map_err(text)?;
            let map = maps.first().ok_or("an output is an empty list")?;
            map.try_extract_key_values::<String, f32>().map_err(text)?.into_iter().collect()
        }
        _ => {
            let maps = value.try_extract_sequence::<MapValueType<i64, f32>>().map_err(text)?;
            let map = maps.first().ok_or("an output is an empty list")?;
            let pairs = map.try_extract_key_values::<i64, f32>().map_err(text)?;
            pairs.into_iter().map(|(key, number)| (key.to_string(), number)).collect()
        }
    };
    let number = |text: &str| numbers.get(text).copied().ok_or_else(|| format!("a map without {text:?}"));
    let numbers = keys.all().iter().map(|label| number(&label.text)).collect::<Result<Vec<f32>, _>>()?;
    Ok(Tensor::f32(&[1, numbers.len()], numbers))
}
