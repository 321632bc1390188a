//! Tensors to and from TensorFlow's own.

use scorewheel_tensor::data::Data;
use scorewheel_tensor::element::ElementType;
use scorewheel_tensor::tensor::{Tensor, element_count};
use smol_str::SmolStr;

use super::interface::{Interface, Value};

/// Numbers of `TF_DataType`.
const TYPES: [(ElementType, i32); 12] = [
    (ElementType::F32, 1),
    (ElementType::F64, 2),
    (ElementType::I32, 3),
    (ElementType::U8, 4),
    (ElementType::I16, 5),
    (ElementType::I8, 6),
    (ElementType::Text, 7),
    (ElementType::I64, 9),
    (ElementType::Bool, 10),
    (ElementType::U16, 17),
    (ElementType::U32, 22),
    (ElementType::U64, 23),
];

/// A tensor as the library's own.
pub(super) fn input_value<'a>(interface: &'a Interface, tensor: &Tensor) -> Result<Value<'a>, String> {
    let element = tensor.element;
    let number = TYPES.iter().find(|(known, _)| *known == element).map(|(_, number)| *number);
    let number = number.ok_or_else(|| format!("inputs of {element} are not handed to TensorFlow"))?;
    let shape = &tensor.shape;
    macro_rules! narrowed {
        ($elements:expr, $to:ty) => {{
            // In range: what is copied from a record was checked against the type.
            let elements: Vec<$to> = $elements.iter().map(|element| *element as $to).collect();
            Value::of_numbers(interface, number, shape, &elements)
        }};
    }
    match (&tensor.data, element) {
        (Data::F32(elements), _) => Value::of_numbers(interface, number, shape, elements),
        (Data::F64(elements), _) => Value::of_numbers(interface, number, shape, elements),
        (Data::Bool(elements), _) => narrowed!(elements, u8),
        (Data::I64(elements), ElementType::I32) => narrowed!(elements, i32),
        (Data::I64(elements), ElementType::I16) => narrowed!(elements, i16),
        (Data::I64(elements), ElementType::I8) => narrowed!(elements, i8),
        (Data::I64(elements), ElementType::U8) => narrowed!(elements, u8),
        (Data::I64(elements), ElementType::U16) => narrowed!(elements, u16),
        (Data::I64(elements), ElementType::U32) => narrowed!(elements, u32),
        (Data::I64(elements), _) => Value::of_numbers(interface, number, shape, elements),
        (Data::Text(elements), _) => {
            Value::of_strings(interface, number, shape, elements.iter().map(SmolStr::as_str))
        }
    }
}

/// An output as a tensor.
pub(super) fn output_tensor(value: &Value<'_>) -> Result<Tensor, String> {
    let number = value.data_type();
    let element = TYPES.iter().find(|(_, known)| *known == number).map(|(element, _)| *element);
    let element =
        element.ok_or_else(|| format!("outputs of the type {number} are not taken from TensorFlow"))?;
    let shape = value.shape();
    let count = element_count(&shape);
    macro_rules! extract {
        ($from:ty, $data:path, $convert:expr) => {
            value.numbers::<$from>(count).map(|elements| $data(elements.into_iter().map($convert).collect()))
        };
    }
    let data = match element {
        ElementType::F32 => extract!(f32, Data::F32, |v| v),
        ElementType::F64 => extract!(f64, Data::F64, |v| v),
        ElementType::Bool => extract!(u8, Data::Bool, |v| v != 0),
        ElementType::I32 => extract!(i32, Data::I64, i64::from),
        ElementType::I16 => extract!(i16, Data::I64, i64::from),
        ElementType::I8 => extract!(i8, Data::I64, i64::from),
        ElementType::U8 => extract!(u8, Data::I64, i64::from),
        ElementType::U16 => extract!(u16, Data::I64, i64::from),
        ElementType::U32 => extract!(u32, Data::I64, i64::from),
        ElementType::Text => value.strings(count).map(|strings| {
            Data::Text(strings.iter().map(|bytes| SmolStr::new(String::from_utf8_lossy(bytes))).collect())
        }),
        _ => extract!(i64, Data::I64, |v| v),
    };
    let data = data.ok_or("an output's elements do not fill its shape")?;
    Ok(Tensor { element, shape, data })
}
