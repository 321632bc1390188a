//! What is known without looking at elements: shapes, ranges, constants of a shape.

use scorewheel_model::ModelError;

use crate::data::Data;
use crate::element::{ElementType, Storage};
use crate::error::{invalid, too_large};
use crate::graph::{Attribute, Domain};
use crate::operators::context::{check_shape, length};
use crate::operators::{Built, NodeContext};
use crate::tensor::{Tensor, element_count};

/// Most elements of a constant that is made here.
const LARGEST: usize = 1 << 26;

fn known(tensor: Tensor) -> Built {
    Built::Known(vec![tensor])
}

/// The type of integers that shapes are given in: i64, or what `out_type` says.
fn shape_element(context: &NodeContext<'_>) -> Result<ElementType, ModelError> {
    let default = if context.node.domain == Domain::TensorFlow { ElementType::I32 } else { ElementType::I64 };
    Ok(context.attributes().element("out_type")?.unwrap_or(default))
}

fn integers(element: ElementType, shape: &[usize], values: Vec<i64>) -> Tensor {
    Tensor { element, shape: shape.to_vec(), data: Data::I64(values) }
}

/// `Shape`, of some dimensions if `start` and `end` say so.
pub(crate) fn shape(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let rank = input.rank() as i64;
    let at = |value: i64| (if value < 0 { value + rank } else { value }).clamp(0, rank) as usize;
    let start = at(context.attributes().integer_or("start", 0)?);
    let end = at(context.attributes().integer_or("end", rank)?);
    let values: Vec<i64> =
        input.shape().get(start..end).unwrap_or_default().iter().map(|length| *length as i64).collect();
    Ok(known(integers(shape_element(context)?, &[values.len()], values)))
}

/// `ShapeN`: the shapes of all inputs.
pub(crate) fn shapes(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let element = shape_element(context)?;
    let tensors = (0..context.inputs.len())
        .map(|index| {
            let values: Vec<i64> =
                context.input(index)?.shape().iter().map(|length| *length as i64).collect();
            Ok(integers(element, &[values.len()], values))
        })
        .collect::<Result<_, ModelError>>()?;
    Ok(Built::Known(tensors))
}

/// `Size`.
pub(crate) fn size(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let count = context.input(0)?.tensor_type.len() as i64;
    Ok(known(integers(shape_element(context)?, &[], vec![count])))
}

/// `Rank`.
pub(crate) fn rank(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    Ok(known(integers(ElementType::I32, &[], vec![context.input(0)?.rank() as i64])))
}

fn filled(element: ElementType, shape: Vec<usize>, value: &Data) -> Result<Built, ModelError> {
    check_shape(&shape)?;
    let len = element_count(&shape);
    if len > LARGEST {
        return Err(too_large(format!("a constant of shape {shape:?}")));
    }
    if value.len() != 1 || value.storage() != element.storage() {
        return Err(invalid("a shape is filled with something that is no single value"));
    }
    let data = match value {
        Data::F32(value) => Data::F32(vec![value[0]; len]),
        Data::F64(value) => Data::F64(vec![value[0]; len]),
        Data::I64(value) => Data::I64(vec![value[0]; len]),
        Data::Bool(value) => Data::Bool(vec![value[0]; len]),
        Data::Text(value) => Data::Text(vec![value[0].clone(); len]),
    };
    Ok(known(Tensor { element, shape, data }))
}

fn dimensions(values: &[i64]) -> Result<Vec<usize>, ModelError> {
    values.iter().map(|value| length(*value, "a dimension")).collect()
}

/// `ConstantOfShape`.
pub(crate) fn constant_of_shape(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let shape = dimensions(&context.integers(0, "the shape of ConstantOfShape")?)?;
    match context.attributes().tensor("value")? {
        Some(value) => filled(value.element, shape, &value.data),
        None => filled(ElementType::F32, shape, &Data::F32(vec![0.0])),
    }
}

/// `Fill`: a shape and a value, which may depend on the record.
pub(crate) fn fill(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let shape = dimensions(&context.integers(0, "the shape of Fill")?)?;
    let value = context.input(1)?;
    if let Some(value) = &value.constant {
        return filled(value.element, shape, &value.data);
    }
    check_shape(&shape)?;
    if value.tensor_type.len() != 1 {
        return Err(invalid("a shape is filled with something that is no single value"));
    }
    let output = crate::tensor::TensorType::new(value.element(), shape);
    Ok(crate::operators::Computation::one(output, |inputs, outputs, _| {
        crate::operators::strided::same_kind!(inputs[1], &mut outputs[0], |from, to| to
            .fill(from[0].clone()));
        Ok(())
    }))
}

/// `ZerosLike`, `OnesLike`.
pub(crate) fn like(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let number = if context.operator() == "OnesLike" { 1 } else { 0 };
    let value = match input.element().storage() {
        Storage::F32 => Data::F32(vec![number as f32]),
        Storage::F64 => Data::F64(vec![f64::from(number)]),
        Storage::I64 => Data::I64(vec![i64::from(number)]),
        Storage::Bool => Data::Bool(vec![number == 1]),
        Storage::Text => Data::zeros(ElementType::Text, 1),
    };
    filled(input.element(), input.shape().to_vec(), &value)
}

/// `Range`.
pub(crate) fn range(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let element = context.same_elements(&[0, 1, 2])?;
    let number = |index: usize| -> Result<Data, ModelError> {
        let tensor = context.constant(index, "a bound of Range")?;
        if tensor.data.len() == 1 { Ok(tensor.data.clone()) } else { Err(invalid("a bound of Range")) }
    };
    let bounds = [number(0)?, number(1)?, number(2)?];
    let floats = |bounds: &[Data; 3]| {
        bounds
            .each_ref()
            .map(|data| data.to_f64().and_then(|values| values.first().copied()).unwrap_or(f64::NAN))
    };
    let [start, limit, delta] = floats(&bounds);
    let count = libm::ceil((limit - start) / delta).max(0.0);
    if !count.is_finite() || count > LARGEST as f64 {
        return Err(too_large(format!("a range from {start} to {limit} by {delta}")));
    }
    let count = count as usize;
    let data = match &bounds {
        [Data::I64(start), _, Data::I64(delta)] => Data::I64(
            (0..count as i64).map(|index| start[0].wrapping_add(index.wrapping_mul(delta[0]))).collect(),
        ),
        [Data::F32(start), _, Data::F32(delta)] => {
            Data::F32((0..count).map(|index| start[0] + index as f32 * delta[0]).collect())
        }
        [Data::F64(start), _, Data::F64(delta)] => {
            Data::F64((0..count).map(|index| start[0] + index as f64 * delta[0]).collect())
        }
        _ => return Err(context.no_kernel(element)),
    };
    Ok(known(Tensor { element, shape: vec![count], data }))
}

/// `LinSpace`.
pub(crate) fn linear_space(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let number = |index: usize| -> Result<f64, ModelError> {
        let values = context.constant(index, "a bound of LinSpace")?.data.to_f64().unwrap_or_default();
        values.first().copied().ok_or_else(|| invalid("a bound of LinSpace"))
    };
    let (start, stop) = (number(0)?, number(1)?);
    let count =
        length(context.integers(2, "the length of LinSpace")?.first().copied().unwrap_or(0), "a length")?;
    if count == 0 || count > LARGEST {
        return Err(invalid(format!("LinSpace of {count} numbers")));
    }
    let element = context.input(0)?.element();
    let step = (stop - start) / (count.max(2) - 1) as f64;
    let values = (0..count)
        .map(|index| if index + 1 == count && count > 1 { stop } else { start + index as f64 * step });
    let data = match element.storage() {
        Storage::F32 => Data::F32(values.map(|value| value as f32).collect()),
        Storage::F64 => Data::F64(values.collect()),
        _ => return Err(context.no_kernel(element)),
    };
    Ok(known(Tensor { element, shape: vec![count], data }))
}

/// `EyeLike`: ones on a diagonal.
pub(crate) fn eye_like(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let [rows, columns] = *input.shape() else { return Err(invalid("EyeLike of no matrix")) };
    let element = context.attributes().element("dtype")?.unwrap_or(input.element());
    let offset = context.attributes().integer_or("k", 0)?;
    if element_count(input.shape()) > LARGEST {
        return Err(too_large("a diagonal matrix"));
    }
    let mut data = Data::zeros(element, rows * columns);
    for row in 0..rows {
        let column = (row as i64).checked_add(offset).and_then(|column| usize::try_from(column).ok());
        if let Some(column) = column.filter(|column| *column < columns) {
            let at = row * columns + column;
            match &mut data {
                Data::F32(out) => out[at] = 1.0,
                Data::F64(out) => out[at] = 1.0,
                Data::I64(out) => out[at] = 1,
                Data::Bool(out) => out[at] = true,
                Data::Text(_) => return Err(context.no_kernel(element)),
            }
        }
    }
    Ok(known(Tensor { element, shape: vec![rows, columns], data }))
}

/// `Constant` of ONNX.
pub(crate) fn constant(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    for (name, attribute) in context.attributes().iter() {
        return Ok(known(match (&**name, attribute) {
            ("value", Attribute::Tensor(tensor)) => tensor.as_ref().clone(),
            ("value_float", Attribute::Float(value)) => Tensor::f32(&[], vec![*value]),
            ("value_floats", Attribute::Floats(values)) => Tensor::f32(&[values.len()], values.clone()),
            ("value_int", Attribute::Integer(value)) => Tensor::i64(&[], vec![*value]),
            ("value_ints", Attribute::Integers(values)) => Tensor::i64(&[values.len()], values.clone()),
            ("value_string", Attribute::Text(value)) => Tensor {
                element: ElementType::Text,
                shape: vec![],
                data: Data::Text(vec![(&**value).into()]),
            },
            ("value_strings", Attribute::Texts(values)) => Tensor {
                element: ElementType::Text,
                shape: vec![values.len()],
                data: Data::Text(values.iter().map(|value| (&**value).into()).collect()),
            },
            _ => continue,
        }));
    }
    Err(invalid("a constant without a value"))
}
