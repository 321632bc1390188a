//! Comparisons, truth values, and choices by them.

use scorewheel_model::ModelError;

use crate::data::Data;
use crate::element::{ElementType, Storage};
use crate::error::{invalid, unsupported};
use crate::operators::broadcast::{Walk, broadcast_shape, try_zip_walk, zip_walk};
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// `Equal`, `Less` and their kin.
pub(crate) fn compare(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let element = context.same_elements(&[0, 1])?;
    let (a, b) = (context.input(0)?, context.input(1)?);
    let shape = broadcast_shape(a.shape(), b.shape())?;
    let walk = Walk::new([a.shape(), b.shape()], &shape);
    let output = TensorType::new(ElementType::Bool, shape);
    macro_rules! ordered {
        ($get:ident, $function:expr) => {
            Ok(Computation::one(output, move |inputs, outputs, _| {
                zip_walk(&walk, inputs[0].$get(), inputs[1].$get(), outputs[0].bool_mut(), $function);
                Ok(())
            }))
        };
    }
    macro_rules! numbers {
        ($get:ident) => {
            match context.operator() {
                "Equal" => ordered!($get, |a, b| a == b),
                "NotEqual" => ordered!($get, |a, b| a != b),
                "Less" => ordered!($get, |a, b| a < b),
                "LessOrEqual" | "LessEqual" => ordered!($get, |a, b| a <= b),
                "Greater" => ordered!($get, |a, b| a > b),
                "GreaterOrEqual" | "GreaterEqual" => ordered!($get, |a, b| a >= b),
                other => Err(unsupported(format!("operator {other:?}"))),
            }
        };
    }
    let equal = match context.operator() {
        "Equal" => Some(true),
        "NotEqual" => Some(false),
        _ => None,
    };
    match (element.storage(), equal) {
        (Storage::F32, _) => numbers!(f32),
        (Storage::F64, _) => numbers!(f64),
        (Storage::I64, _) => numbers!(i64),
        (Storage::Bool, Some(equal)) => ordered!(bool, move |a, b| (a == b) == equal),
        (Storage::Text, Some(equal)) => Ok(Computation::one(output, move |inputs, outputs, _| {
            try_zip_walk(&walk, inputs[0].text(), inputs[1].text(), outputs[0].bool_mut(), |a, b| {
                Ok((a == b) == equal)
            })
        })),
        _ => Err(context.no_kernel(element)),
    }
}

/// `And`, `Or`, `Xor` of truth values.
pub(crate) fn combine(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    context.storage(0, &[Storage::Bool])?;
    context.same_elements(&[0, 1])?;
    let (a, b) = (context.input(0)?, context.input(1)?);
    let shape = broadcast_shape(a.shape(), b.shape())?;
    let walk = Walk::new([a.shape(), b.shape()], &shape);
    let function: fn(bool, bool) -> bool = match context.operator() {
        "And" | "LogicalAnd" => |a, b| a & b,
        "Or" | "LogicalOr" => |a, b| a | b,
        _ => |a, b| a ^ b,
    };
    Ok(Computation::one(TensorType::new(ElementType::Bool, shape), move |inputs, outputs, _| {
        zip_walk(&walk, inputs[0].bool(), inputs[1].bool(), outputs[0].bool_mut(), function);
        Ok(())
    }))
}

/// `Not`.
pub(crate) fn not(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    context.storage(0, &[Storage::Bool])?;
    Ok(Computation::one(context.input(0)?.tensor_type.clone(), |inputs, outputs, _| {
        for (out, x) in outputs[0].bool_mut().iter_mut().zip(inputs[0].bool()) {
            *out = !x;
        }
        Ok(())
    }))
}

/// `IsNaN`, `IsInf`, `IsFinite`.
pub(crate) fn classify(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let storage = context.storage(0, &[Storage::F32, Storage::F64])?;
    let positive = context.attributes().flag_or("detect_positive", true)?;
    let negative = context.attributes().flag_or("detect_negative", true)?;
    let function: Box<dyn Fn(f64) -> bool + Send + Sync> = match context.operator() {
        "IsNaN" | "IsNan" => Box::new(f64::is_nan),
        "IsFinite" => Box::new(f64::is_finite),
        _ => Box::new(move |x| x.is_infinite() && if x > 0.0 { positive } else { negative }),
    };
    let output = TensorType::new(ElementType::Bool, context.input(0)?.shape());
    Ok(Computation::one(output, move |inputs, outputs, _| {
        let out = outputs[0].bool_mut();
        match storage {
            Storage::F32 => {
                out.iter_mut().zip(inputs[0].f32()).for_each(|(out, x)| *out = function(f64::from(*x)));
            }
            _ => out.iter_mut().zip(inputs[0].f64()).for_each(|(out, x)| *out = function(*x)),
        }
        Ok(())
    }))
}

/// `Where` with three inputs, `Select`, `SelectV2`.
pub(crate) fn choose(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    context.storage(0, &[Storage::Bool])?;
    let element = context.same_elements(&[1, 2])?;
    let (condition, a, b) = (context.input(0)?, context.input(1)?, context.input(2)?);
    let mut condition_shape = condition.shape().to_vec();
    if context.operator() == "Select" && condition_shape.len() == 1 && a.rank() > 1 {
        // The first version of TensorFlow's Select takes one condition for each row.
        condition_shape.resize(a.rank(), 1);
    }
    let shape = broadcast_shape(&broadcast_shape(&condition_shape, a.shape())?, b.shape())?;
    let walk = Walk::new([&condition_shape, a.shape(), b.shape()], &shape);
    let output = TensorType::new(element, shape);
    macro_rules! chosen {
        ($get:ident, $get_mut:ident) => {
            Ok(Computation::one(output, move |inputs, outputs, _| {
                let (condition, a, b) = (inputs[0].bool(), inputs[1].$get(), inputs[2].$get());
                let out = outputs[0].$get_mut();
                let [stride_c, stride_a, stride_b] = walk.inner_strides;
                walk.runs(|at, [start_c, start_a, start_b]| {
                    for (index, out) in out[at..at + walk.inner].iter_mut().enumerate() {
                        *out = if condition[start_c + index * stride_c] {
                            a[start_a + index * stride_a].clone()
                        } else {
                            b[start_b + index * stride_b].clone()
                        };
                    }
                });
                Ok(())
            }))
        };
    }
    match element.storage() {
        Storage::F32 => chosen!(f32, f32_mut),
        Storage::F64 => chosen!(f64, f64_mut),
        Storage::I64 => chosen!(i64, i64_mut),
        Storage::Bool => chosen!(bool, bool_mut),
        Storage::Text => chosen!(text, text_mut),
    }
}

/// `Cast`, also to and from strings; `CastLike` takes the type of its second input.
pub(crate) fn cast(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let to = match context.operator() {
        "CastLike" => Some(context.input(1)?.element()),
        _ => match context.attributes().element("to")? {
            Some(element) => Some(element),
            None => context.attributes().element("DstT")?,
        },
    };
    let to = to.ok_or_else(|| invalid("Cast to a type that is not known"))?;
    let from = input.element();
    if from == to {
        return Ok(Built::View(input.tensor_type.clone()));
    }
    let output = TensorType::new(to, input.shape());
    if from == ElementType::Text {
        return Ok(Computation::one(output, move |inputs, outputs, _| {
            crate::text::parse_all(inputs[0].text(), to, &mut outputs[0])
        }));
    }
    if to == ElementType::Text {
        return Ok(Computation::one(output, move |inputs, outputs, _| {
            crate::text::format_all(inputs[0], from, outputs[0].text_mut());
            Ok(())
        }));
    }
    Ok(Computation::one(output, move |inputs, outputs, _| {
        cast_numbers(inputs[0], from, to, &mut outputs[0]);
        Ok(())
    }))
}

/// Converts numbers as C does: fractions are cut off, integers wrap; out-of-range floats saturate.
pub(crate) fn cast_numbers(input: &Data, from: ElementType, to: ElementType, out: &mut Data) {
    let as_u64 = from == ElementType::U64;
    match (input, out) {
        (Data::F32(input), Data::F32(out)) => out.copy_from_slice(input),
        (Data::F32(input), Data::F64(out)) => each(input, out, f64::from),
        (Data::F32(input), Data::I64(out)) => each(input, out, |x| float_to_integer(f64::from(x), to)),
        (Data::F32(input), Data::Bool(out)) => each(input, out, |x| x != 0.0),
        (Data::F64(input), Data::F32(out)) => each(input, out, |x| x as f32),
        (Data::F64(input), Data::I64(out)) => each(input, out, |x| float_to_integer(x, to)),
        (Data::F64(input), Data::Bool(out)) => each(input, out, |x| x != 0.0),
        (Data::I64(input), Data::F32(out)) if as_u64 => each(input, out, |x| x as u64 as f32),
        (Data::I64(input), Data::F64(out)) if as_u64 => each(input, out, |x| x as u64 as f64),
        (Data::I64(input), Data::F32(out)) => each(input, out, |x| x as f32),
        (Data::I64(input), Data::F64(out)) => each(input, out, |x| x as f64),
        (Data::I64(input), Data::I64(out)) => each(input, out, |x| to.wrap(x)),
        (Data::I64(input), Data::Bool(out)) => each(input, out, |x| x != 0),
        (Data::Bool(input), Data::F32(out)) => each(input, out, |x| f32::from(u8::from(x))),
        (Data::Bool(input), Data::F64(out)) => each(input, out, |x| f64::from(u8::from(x))),
        (Data::Bool(input), Data::I64(out)) => each(input, out, i64::from),
        _ => {}
    }
}

fn each<A: Copy, B>(input: &[A], out: &mut [B], function: impl Fn(A) -> B) {
    for (out, x) in out.iter_mut().zip(input) {
        *out = function(*x);
    }
}

fn float_to_integer(value: f64, to: ElementType) -> i64 {
    match to {
        ElementType::U64 => value as u64 as i64,
        ElementType::I64 => value as i64,
        // C narrows through a 32- or 64-bit register.
        _ => to.wrap(value as i64),
    }
}
