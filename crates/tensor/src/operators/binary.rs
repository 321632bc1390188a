//! Functions of two elements, with stretched shapes.

use std::sync::Arc;

use scorewheel_columns::ErrorCode;
use scorewheel_model::ModelError;
use scorewheel_trees::vectorised;

use crate::element::{ElementType, Storage};
use crate::error::{invalid, unsupported};
use crate::graph::Domain;
use crate::operators::broadcast::{Walk, broadcast_shape, try_zip_walk, zip_walk};
use crate::operators::{Built, Computation, NodeContext, RowForm, Zip};
use crate::tensor::TensorType;

/// What is done with two numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    /// Rounded towards minus infinity.
    FloorDivide,
    /// 0 where the divisor is.
    DivideNoNan,
    Power,
    Minimum,
    Maximum,
    /// The remainder has the sign of the divisor.
    FloorModulo,
    /// The remainder has the sign of the dividend.
    Remainder,
    SquaredDifference,
    ParametricRelu,
    Atan2,
    BitAnd,
    BitOr,
    BitXor,
    ShiftLeft,
    ShiftRight,
}

fn operation(context: &NodeContext<'_>) -> Result<Operation, ModelError> {
    use Operation as O;
    Ok(match context.operator() {
        "Add" | "AddV2" | "Sum" | "AddN" => O::Add,
        "Sub" => O::Subtract,
        "Mul" => O::Multiply,
        "Div" | "RealDiv" | "TruncateDiv" => O::Divide,
        "FloorDiv" => O::FloorDivide,
        "DivNoNan" => O::DivideNoNan,
        "Pow" => O::Power,
        "Min" | "Minimum" => O::Minimum,
        "Max" | "Maximum" => O::Maximum,
        "FloorMod" => O::FloorModulo,
        "Mod" if context.node.domain == Domain::TensorFlow => O::Remainder,
        "Mod" if context.attributes().flag_or("fmod", false)? => O::Remainder,
        "Mod" => O::FloorModulo,
        "TruncateMod" => O::Remainder,
        "SquaredDifference" => O::SquaredDifference,
        "PRelu" => O::ParametricRelu,
        "Atan2" => O::Atan2,
        "BitwiseAnd" => O::BitAnd,
        "BitwiseOr" => O::BitOr,
        "BitwiseXor" => O::BitXor,
        "LeftShift" => O::ShiftLeft,
        "RightShift" => O::ShiftRight,
        "BitShift" => match context.attributes().text("direction")?.map(|text| &**text) {
            Some("LEFT") => O::ShiftLeft,
            Some("RIGHT") => O::ShiftRight,
            _ => return Err(invalid("BitShift goes neither LEFT nor RIGHT")),
        },
        other => return Err(unsupported(format!("operator {other:?}"))),
    })
}

/// Builder of all functions of two numbers; `Sum`, `Min`, `Max`, `AddN` take one or more.
pub(crate) fn build(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let operation = operation(context)?;
    let count = context.inputs.len();
    if matches!(context.operator(), "Sum" | "Min" | "Max" | "AddN") && count != 2 {
        return build_many(context, operation);
    }
    if count != 2 {
        return Err(invalid(format!("{} has {count} inputs instead of 2", context.operator())));
    }
    let (a, b) = (context.input(0)?, context.input(1)?);
    // Only Pow takes two types: the exponent is brought to the type of the base.
    if operation != Operation::Power {
        context.same_elements(&[0, 1])?;
    }
    let shape = broadcast_shape(a.shape(), b.shape())?;
    let walk = Walk::new([a.shape(), b.shape()], &shape);
    let output = TensorType::new(a.element(), shape);
    match (a.element().storage(), b.element().storage()) {
        (Storage::F32, Storage::F32) => {
            let mut computation = Computation {
                outputs: vec![output],
                kernel: Box::new(|_, _, _| Ok(())),
                row_form: zip(operation).map(RowForm::Zip),
                fusion: None,
            };
            computation.kernel = kernel_f32(operation, walk, context)?;
            Ok(Built::Compute(computation))
        }
        (Storage::F64, Storage::F64) => {
            let function = function_f64(operation).ok_or_else(|| context.no_kernel(a.element()))?;
            Ok(Computation::one(output, move |inputs, outputs, _| {
                zip_walk(&walk, inputs[0].f64(), inputs[1].f64(), outputs[0].f64_mut(), function);
                Ok(())
            }))
        }
        (Storage::I64, Storage::I64) => {
            let element = a.element();
            Ok(Computation::one(output, move |inputs, outputs, _| {
                try_zip_walk(&walk, inputs[0].i64(), inputs[1].i64(), outputs[0].i64_mut(), |a, b| {
                    integer(operation, element, *a, *b).ok_or(ErrorCode::BadArgument)
                })
            }))
        }
        (base, _) if operation == Operation::Power => {
            let exponents = b.element();
            let element = a.element();
            Ok(Computation::one(output, move |inputs, outputs, _| {
                let exponent = inputs[1].to_f64().unwrap_or_default();
                match base {
                    Storage::F32 => {
                        zip_walk(&walk, inputs[0].f32(), &exponent, outputs[0].f32_mut(), |a, b| {
                            power_f32(a, b as f32)
                        });
                    }
                    Storage::F64 => {
                        zip_walk(&walk, inputs[0].f64(), &exponent, outputs[0].f64_mut(), libm::pow);
                    }
                    _ if exponents.is_float() => {
                        zip_walk(&walk, inputs[0].i64(), &exponent, outputs[0].i64_mut(), |a, b| {
                            element.wrap(libm::pow(a as f64, b) as i64)
                        });
                    }
                    _ => {}
                }
                Ok(())
            }))
        }
        (Storage::Text, Storage::Text) if operation == Operation::Add => {
            Ok(Computation::one(output, move |inputs, outputs, _| {
                try_zip_walk(&walk, inputs[0].text(), inputs[1].text(), outputs[0].text_mut(), |a, b| {
                    Ok(smol_str::format_smolstr!("{a}{b}"))
                })
            }))
        }
        _ => Err(context.no_kernel(a.element())),
    }
}

/// The sum of any number of inputs.
pub(crate) fn build_sum(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    build_many(context, Operation::Add)
}

/// The operation over any number of inputs, from the left.
fn build_many(context: &NodeContext<'_>, operation: Operation) -> Result<Built, ModelError> {
    let indices: Vec<usize> = (0..context.inputs.len()).collect();
    if indices.is_empty() {
        return Err(invalid(format!("{} has no inputs", context.operator())));
    }
    let element = context.same_elements(&indices)?;
    let mut shape = context.input(0)?.shape().to_vec();
    for index in &indices {
        shape = broadcast_shape(&shape, context.input(*index)?.shape())?;
    }
    let walks = indices
        .iter()
        .map(|index| Ok(Walk::new([&shape, context.input(*index)?.shape()], &shape)))
        .collect::<Result<Vec<_>, ModelError>>()?;
    let output = TensorType::new(element, shape);
    macro_rules! fold {
        ($get:ident, $get_mut:ident, $function:expr) => {
            Ok(Computation::one(output, move |inputs, outputs, _| {
                let out = outputs[0].$get_mut();
                for (position, (walk, input)) in walks.iter().zip(inputs).enumerate() {
                    let [_, stride] = walk.inner_strides;
                    walk.runs(|at, [_, start]| {
                        for (index, out) in out[at..at + walk.inner].iter_mut().enumerate() {
                            let value = input.$get()[start + index * stride];
                            *out = if position == 0 { value } else { $function(*out, value) };
                        }
                    });
                }
                Ok(())
            }))
        };
    }
    match element.storage() {
        Storage::F32 => match operation {
            Operation::Add => fold!(f32, f32_mut, |a: f32, b| a + b),
            Operation::Minimum => fold!(f32, f32_mut, minimum),
            _ => fold!(f32, f32_mut, maximum),
        },
        Storage::F64 => match operation {
            Operation::Add => fold!(f64, f64_mut, |a: f64, b| a + b),
            Operation::Minimum => fold!(f64, f64_mut, minimum_f64),
            _ => fold!(f64, f64_mut, maximum_f64),
        },
        Storage::I64 => match operation {
            Operation::Add => fold!(i64, i64_mut, |a: i64, b| element.wrap(a.wrapping_add(b))),
            Operation::Minimum => fold!(i64, i64_mut, i64::min),
            _ => fold!(i64, i64_mut, i64::max),
        },
        _ => Err(context.no_kernel(element)),
    }
}

#[inline(always)]
fn minimum(a: f32, b: f32) -> f32 {
    if a < b || a.is_nan() { a } else { b }
}

#[inline(always)]
fn maximum(a: f32, b: f32) -> f32 {
    if a > b || a.is_nan() { a } else { b }
}

#[inline(always)]
fn minimum_f64(a: f64, b: f64) -> f64 {
    if a < b || a.is_nan() { a } else { b }
}

#[inline(always)]
fn maximum_f64(a: f64, b: f64) -> f64 {
    if a > b || a.is_nan() { a } else { b }
}

/// a^b; the common whole exponents are products, as other engines compute them.
#[inline(always)]
fn power_f32(a: f32, b: f32) -> f32 {
    if b == 2.0 {
        a * a
    } else if b == 3.0 {
        a * a * a
    } else if b == 0.5 {
        a.sqrt()
    } else {
        libm::powf(a, b)
    }
}

/// The remainder with the sign of the divisor.
fn floor_modulo(a: f64, b: f64) -> f64 {
    let remainder = libm::fmod(a, b);
    if remainder != 0.0 && (remainder < 0.0) != (b < 0.0) { remainder + b } else { remainder }
}

macro_rules! with_function {
    ($operation:expr, $use:ident) => {
        match $operation {
            Operation::Add => $use!(|a: f32, b: f32| a + b),
            Operation::Subtract => $use!(|a: f32, b: f32| a - b),
            Operation::Multiply => $use!(|a: f32, b: f32| a * b),
            Operation::Divide => $use!(|a: f32, b: f32| a / b),
            Operation::FloorDivide => $use!(|a: f32, b: f32| (a / b).floor()),
            Operation::DivideNoNan => $use!(|a: f32, b: f32| if b == 0.0 { 0.0 } else { a / b }),
            Operation::Power => $use!(power_f32),
            Operation::Minimum => $use!(minimum),
            Operation::Maximum => $use!(maximum),
            Operation::FloorModulo => {
                $use!(|a: f32, b: f32| floor_modulo(f64::from(a), f64::from(b)) as f32)
            }
            Operation::Remainder => $use!(libm::fmodf),
            Operation::SquaredDifference => $use!(|a: f32, b: f32| (a - b) * (a - b)),
            Operation::ParametricRelu => $use!(|a: f32, b: f32| if a < 0.0 { a * b } else { a }),
            Operation::Atan2 => $use!(libm::atan2f),
            _ => None,
        }
    };
}

/// The function over equally long slices.
fn zip(operation: Operation) -> Option<Zip> {
    macro_rules! slices {
        ($function:expr) => {
            Some(Arc::new(|a: &[f32], b: &[f32], out: &mut [f32]| {
                vectorised(
                    #[inline(always)]
                    || {
                        for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
                            *out = $function(*a, *b);
                        }
                    },
                );
            }))
        };
    }
    with_function!(operation, slices)
}

fn kernel_f32(
    operation: Operation,
    walk: Walk<2>,
    context: &NodeContext<'_>,
) -> Result<crate::operators::Kernel, ModelError> {
    macro_rules! walked {
        ($function:expr) => {
            Some(Box::new(move |inputs, outputs, _| {
                let (a, b, out) = (inputs[0].f32(), inputs[1].f32(), outputs[0].f32_mut());
                vectorised(
                    #[inline(always)]
                    || zip_walk(&walk, a, b, out, $function),
                );
                Ok(())
            }))
        };
    }
    let kernel: Option<crate::operators::Kernel> = with_function!(operation, walked);
    kernel.ok_or_else(|| context.no_kernel(ElementType::F32))
}

fn function_f64(operation: Operation) -> Option<fn(f64, f64) -> f64> {
    Some(match operation {
        Operation::Add => |a, b| a + b,
        Operation::Subtract => |a, b| a - b,
        Operation::Multiply => |a, b| a * b,
        Operation::Divide => |a, b| a / b,
        Operation::FloorDivide => |a, b| (a / b).floor(),
        Operation::DivideNoNan => |a, b| if b == 0.0 { 0.0 } else { a / b },
        Operation::Power => libm::pow,
        Operation::Minimum => minimum_f64,
        Operation::Maximum => maximum_f64,
        Operation::FloorModulo => floor_modulo,
        Operation::Remainder => libm::fmod,
        Operation::SquaredDifference => |a, b| (a - b) * (a - b),
        Operation::ParametricRelu => |a, b| if a < 0.0 { a * b } else { a },
        Operation::Atan2 => libm::atan2,
        _ => return None,
    })
}

/// The operation on integers of a type; `None` for a division by zero and for what integers do not have.
fn integer(operation: Operation, element: ElementType, a: i64, b: i64) -> Option<i64> {
    let unsigned = element == ElementType::U64;
    let result = match operation {
        Operation::Add => a.wrapping_add(b),
        Operation::Subtract => a.wrapping_sub(b),
        Operation::Multiply => a.wrapping_mul(b),
        Operation::Divide if unsigned => (a as u64).checked_div(b as u64)? as i64,
        Operation::Divide => a.checked_div(b).or((b == -1).then_some(a))?,
        Operation::FloorDivide => {
            let quotient = a.checked_div(b).or((b == -1).then_some(a))?;
            let inexact = a.checked_rem(b).is_some_and(|rest| rest != 0);
            if inexact && (a < 0) != (b < 0) { quotient - 1 } else { quotient }
        }
        Operation::DivideNoNan => a.checked_div(b).unwrap_or(0),
        Operation::Power => {
            let mut result = 1i64;
            let (mut base, mut exponent) = (a, u64::try_from(b).ok()?);
            while exponent > 0 {
                if exponent & 1 == 1 {
                    result = result.wrapping_mul(base);
                }
                base = base.wrapping_mul(base);
                exponent >>= 1;
            }
            result
        }
        Operation::Minimum if unsigned => (a as u64).min(b as u64) as i64,
        Operation::Minimum => a.min(b),
        Operation::Maximum if unsigned => (a as u64).max(b as u64) as i64,
        Operation::Maximum => a.max(b),
        Operation::FloorModulo if unsigned => (a as u64).checked_rem(b as u64)? as i64,
        Operation::FloorModulo => {
            let rest = a.checked_rem(b).or((b == -1).then_some(0))?;
            if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }
        }
        Operation::Remainder => a.checked_rem(b).or((b == -1).then_some(0))?,
        Operation::SquaredDifference => a.wrapping_sub(b).wrapping_mul(a.wrapping_sub(b)),
        Operation::ParametricRelu => {
            if a < 0 {
                a.wrapping_mul(b)
            } else {
                a
            }
        }
        Operation::BitAnd => a & b,
        Operation::BitOr => a | b,
        Operation::BitXor => a ^ b,
        Operation::ShiftLeft => u32::try_from(b).ok().and_then(|by| a.checked_shl(by)).unwrap_or(0),
        Operation::ShiftRight if unsigned => {
            u32::try_from(b).ok().and_then(|by| (a as u64).checked_shr(by)).unwrap_or(0) as i64
        }
        Operation::ShiftRight => u32::try_from(b).ok().and_then(|by| a.checked_shr(by)).unwrap_or(0),
        Operation::Atan2 => return None,
    };
    Some(element.wrap(result))
}
