//! Functions of one element: activations, roots, logarithms, angles.

use std::sync::Arc;

use scorewheel_model::ModelError;
use scorewheel_trees::vectorised;

use crate::data::Data;
use crate::element::Storage;
use crate::error::invalid;
use crate::graph::Domain;
use crate::math;
use crate::operators::{Built, Computation, Fusion, Map, NodeContext, RowForm};

/// A function of each element, its loop compiled for the machine's vectors.
pub(crate) fn map(function: impl Fn(f32) -> f32 + Copy + Send + Sync + 'static) -> Map {
    Arc::new(move |input, out| {
        vectorised(
            #[inline(always)]
            || {
                for (out, x) in out.iter_mut().zip(input) {
                    *out = function(*x);
                }
            },
        );
    })
}

/// A kernel of a function of f32, which also has a row form.
pub(crate) fn map_kernel(context: &NodeContext<'_>, map: Map) -> Result<Built, ModelError> {
    let in_kernel = Arc::clone(&map);
    Ok(Built::Compute(Computation {
        outputs: vec![context.input(0)?.tensor_type.clone()],
        kernel: Box::new(move |inputs, outputs, _| {
            in_kernel(inputs[0].f32(), outputs[0].f32_mut());
            Ok(())
        }),
        row_form: Some(RowForm::Map(map)),
        fusion: None,
    }))
}

/// The same, which a convolution can do on the way.
fn clamping(mut built: Built, low: f32, high: f32) -> Built {
    if let Built::Compute(computation) = &mut built {
        computation.fusion = Some(Fusion::Clamp { low, high });
    }
    built
}

/// Builder of all functions of one number.
pub(crate) fn build(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let storage = context.storage(0, &[Storage::F32, Storage::F64, Storage::I64])?;
    match storage {
        Storage::F32 => {
            let built = map_kernel(context, function_f32(context)?)?;
            Ok(match context.operator() {
                "Relu" => clamping(built, 0.0, f32::INFINITY),
                "Relu6" => clamping(built, 0.0, 6.0),
                _ => built,
            })
        }
        Storage::F64 => {
            let function = function_f64(context)?;
            Ok(Computation::one(input.tensor_type.clone(), move |inputs, outputs, _| {
                for (out, x) in outputs[0].f64_mut().iter_mut().zip(inputs[0].f64()) {
                    *out = function(*x);
                }
                Ok(())
            }))
        }
        _ => {
            let element = input.element();
            let function = function_i64(context)?;
            Ok(Computation::one(input.tensor_type.clone(), move |inputs, outputs, _| {
                for (out, x) in outputs[0].i64_mut().iter_mut().zip(inputs[0].i64()) {
                    *out = element.wrap(function(*x));
                }
                Ok(())
            }))
        }
    }
}

/// `alpha`, whose default depends on the operator and whose it is.
fn alpha(context: &NodeContext<'_>) -> Result<f32, ModelError> {
    let default = match (context.operator(), context.node.domain) {
        ("LeakyRelu", Domain::TensorFlow) => 0.2,
        ("LeakyRelu", _) => 0.01,
        ("HardSigmoid", _) => 0.2,
        ("Selu", _) => 1.673_263_2,
        _ => 1.0,
    };
    context.attributes().float_or("alpha", default)
}

fn function_f32(context: &NodeContext<'_>) -> Result<Map, ModelError> {
    let attributes = context.attributes();
    Ok(match context.operator() {
        "Relu" => map(|x| if x < 0.0 { 0.0 } else { x }),
        "Relu6" => map(|x| clip(x, 0.0, 6.0)),
        "LeakyRelu" => {
            let alpha = alpha(context)?;
            map(move |x| if x < 0.0 { x * alpha } else { x })
        }
        "ThresholdedRelu" => {
            let alpha = alpha(context)?;
            map(move |x| if x > alpha { x } else { 0.0 })
        }
        "Elu" => {
            let alpha = alpha(context)?;
            map(move |x| if x < 0.0 { alpha * libm::expm1f(x) } else { x })
        }
        "Selu" => {
            let (alpha, gamma) = (alpha(context)?, attributes.float_or("gamma", 1.050_701)?);
            map(move |x| if x > 0.0 { gamma * x } else { gamma * (alpha * math::exp(x) - alpha) })
        }
        "Celu" => {
            let alpha = alpha(context)?;
            map(move |x| if x < 0.0 { alpha * libm::expm1f(x / alpha) } else { x })
        }
        "HardSigmoid" => {
            let (alpha, beta) = (alpha(context)?, attributes.float_or("beta", 0.5)?);
            map(move |x| clip(alpha * x + beta, 0.0, 1.0))
        }
        "HardSwish" => map(|x| x * clip(x * (1.0 / 6.0) + 0.5, 0.0, 1.0)),
        "Sigmoid" => map(math::sigmoid),
        "Swish" => {
            let alpha = alpha(context)?;
            map(move |x| x * math::sigmoid(alpha * x))
        }
        "Tanh" => map(math::tanh),
        "Softplus" => {
            map(|x| if x > 0.0 { x + libm::log1pf(math::exp(-x)) } else { libm::log1pf(math::exp(x)) })
        }
        "Softsign" => map(|x| x / (1.0 + x.abs())),
        "Mish" => map(|x| x * math::tanh(libm::log1pf(math::exp(x)))),
        "Gelu" => match attributes.text("approximate")?.map(|text| &**text) {
            None | Some("none") => map(|x| 0.5 * x * (1.0 + math::erf(x * std::f32::consts::FRAC_1_SQRT_2))),
            Some("tanh") => map(|x| 0.5 * x * (1.0 + math::tanh(0.797_884_6 * (x + 0.044_715 * x * x * x)))),
            Some(other) => return Err(invalid(format!("Gelu approximated by {other:?}"))),
        },
        "Shrink" => {
            let (bias, lambda) = (attributes.float_or("bias", 0.0)?, attributes.float_or("lambd", 0.5)?);
            map(move |x| {
                if x < -lambda {
                    x + bias
                } else if x > lambda {
                    x - bias
                } else {
                    0.0
                }
            })
        }
        "Exp" => map(math::exp),
        "Expm1" => map(libm::expm1f),
        "Log" => map(libm::logf),
        "Log1p" => map(libm::log1pf),
        "Sqrt" => map(f32::sqrt),
        "Rsqrt" => map(|x| 1.0 / x.sqrt()),
        "Reciprocal" | "Inv" => map(|x| 1.0 / x),
        "Square" => map(|x| x * x),
        "Abs" => map(f32::abs),
        "Neg" => map(|x| -x),
        "Sign" => map(|x| {
            if x > 0.0 {
                1.0
            } else if x < 0.0 {
                -1.0
            } else {
                x
            }
        }),
        "Floor" => map(f32::floor),
        "Ceil" => map(f32::ceil),
        "Round" | "Rint" => map(f32::round_ties_even),
        "Sin" => map(libm::sinf),
        "Cos" => map(libm::cosf),
        "Tan" => map(libm::tanf),
        "Asin" => map(libm::asinf),
        "Acos" => map(libm::acosf),
        "Atan" => map(libm::atanf),
        "Sinh" => map(libm::sinhf),
        "Cosh" => map(libm::coshf),
        "Asinh" => map(libm::asinhf),
        "Acosh" => map(libm::acoshf),
        "Atanh" => map(libm::atanhf),
        "Erf" => map(math::erf),
        "Erfc" => map(libm::erfcf),
        _ => return Err(context.no_kernel(context.input(0)?.element())),
    })
}

#[inline(always)]
pub(crate) fn clip(x: f32, low: f32, high: f32) -> f32 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

type Function<T> = Box<dyn Fn(T) -> T + Send + Sync>;

fn function_f64(context: &NodeContext<'_>) -> Result<Function<f64>, ModelError> {
    let attributes = context.attributes();
    let alpha = f64::from(alpha(context)?);
    let sigmoid = |x: f64| 1.0 / (1.0 + libm::exp(-x));
    Ok(match context.operator() {
        "Relu" => Box::new(|x| if x < 0.0 { 0.0 } else { x }),
        "Relu6" => Box::new(|x| x.clamp(0.0, 6.0)),
        "LeakyRelu" => Box::new(move |x| if x < 0.0 { x * alpha } else { x }),
        "ThresholdedRelu" => Box::new(move |x| if x > alpha { x } else { 0.0 }),
        "Elu" => Box::new(move |x| if x < 0.0 { alpha * libm::expm1(x) } else { x }),
        "Selu" => {
            let gamma = f64::from(attributes.float_or("gamma", 1.050_701)?);
            Box::new(move |x| if x > 0.0 { gamma * x } else { gamma * (alpha * libm::exp(x) - alpha) })
        }
        "Celu" => Box::new(move |x| if x < 0.0 { alpha * libm::expm1(x / alpha) } else { x }),
        "HardSigmoid" => {
            let beta = f64::from(attributes.float_or("beta", 0.5)?);
            Box::new(move |x| (alpha * x + beta).clamp(0.0, 1.0))
        }
        "HardSwish" => Box::new(|x| x * (x / 6.0 + 0.5).clamp(0.0, 1.0)),
        "Sigmoid" => Box::new(sigmoid),
        "Swish" => Box::new(move |x| x * sigmoid(alpha * x)),
        "Tanh" => Box::new(libm::tanh),
        "Softplus" => {
            Box::new(|x| if x > 0.0 { x + libm::log1p(libm::exp(-x)) } else { libm::log1p(libm::exp(x)) })
        }
        "Softsign" => Box::new(|x| x / (1.0 + x.abs())),
        "Mish" => Box::new(|x| x * libm::tanh(libm::log1p(libm::exp(x)))),
        "Gelu" => match attributes.text("approximate")?.map(|text| &**text) {
            None | Some("none") => {
                Box::new(|x| 0.5 * x * (1.0 + libm::erf(x * std::f64::consts::FRAC_1_SQRT_2)))
            }
            Some("tanh") => Box::new(|x| {
                0.5 * x * (1.0 + libm::tanh(0.797_884_560_802_865_4 * (x + 0.044_715 * x * x * x)))
            }),
            Some(other) => return Err(invalid(format!("Gelu approximated by {other:?}"))),
        },
        "Shrink" => {
            let bias = f64::from(attributes.float_or("bias", 0.0)?);
            let lambda = f64::from(attributes.float_or("lambd", 0.5)?);
            Box::new(move |x| {
                if x < -lambda {
                    x + bias
                } else if x > lambda {
                    x - bias
                } else {
                    0.0
                }
            })
        }
        "Exp" => Box::new(libm::exp),
        "Expm1" => Box::new(libm::expm1),
        "Log" => Box::new(libm::log),
        "Log1p" => Box::new(libm::log1p),
        "Sqrt" => Box::new(f64::sqrt),
        "Rsqrt" => Box::new(|x| 1.0 / x.sqrt()),
        "Reciprocal" | "Inv" => Box::new(|x| 1.0 / x),
        "Square" => Box::new(|x| x * x),
        "Abs" => Box::new(f64::abs),
        "Neg" => Box::new(|x| -x),
        "Sign" => Box::new(|x| {
            if x > 0.0 {
                1.0
            } else if x < 0.0 {
                -1.0
            } else {
                x
            }
        }),
        "Floor" => Box::new(f64::floor),
        "Ceil" => Box::new(f64::ceil),
        "Round" | "Rint" => Box::new(f64::round_ties_even),
        "Sin" => Box::new(libm::sin),
        "Cos" => Box::new(libm::cos),
        "Tan" => Box::new(libm::tan),
        "Asin" => Box::new(libm::asin),
        "Acos" => Box::new(libm::acos),
        "Atan" => Box::new(libm::atan),
        "Sinh" => Box::new(libm::sinh),
        "Cosh" => Box::new(libm::cosh),
        "Asinh" => Box::new(libm::asinh),
        "Acosh" => Box::new(libm::acosh),
        "Atanh" => Box::new(libm::atanh),
        "Erf" => Box::new(libm::erf),
        "Erfc" => Box::new(libm::erfc),
        _ => return Err(context.no_kernel(context.input(0)?.element())),
    })
}

fn function_i64(context: &NodeContext<'_>) -> Result<Function<i64>, ModelError> {
    Ok(match context.operator() {
        "Relu" => Box::new(|x| x.max(0)),
        "Relu6" => Box::new(|x| x.clamp(0, 6)),
        "Abs" => Box::new(i64::wrapping_abs),
        "Neg" => Box::new(i64::wrapping_neg),
        "Sign" => Box::new(i64::signum),
        "Square" => Box::new(|x| x.wrapping_mul(x)),
        "Floor" | "Ceil" | "Round" | "Rint" => Box::new(|x| x),
        "BitwiseNot" | "Invert" => Box::new(|x| !x),
        _ => return Err(context.no_kernel(context.input(0)?.element())),
    })
}

/// `Clip`: bounds are inputs, in older versions attributes; TensorFlow's `ClipByValue` has inputs.
pub(crate) fn clip_builder(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let storage = context.storage(0, &[Storage::F32, Storage::F64, Storage::I64])?;
    let bound = |index: usize, attribute: &str| -> Result<Option<Data>, ModelError> {
        match context.optional(index) {
            Some(bound) if bound.tensor_type.len() != 1 => {
                Err(invalid(format!("the {attribute} bound has {} elements", bound.tensor_type.len())))
            }
            Some(_) => Ok(Some(context.constant(index, "a bound of Clip")?.data.clone())),
            None if context.attributes().get(attribute).is_some() => {
                Ok(Some(Data::F32(vec![context.attributes().float_or(attribute, 0.0)?])))
            }
            None => Ok(None),
        }
    };
    let (low, high) = (bound(1, "min")?, bound(2, "max")?);
    match storage {
        Storage::F32 => {
            let low = low.as_ref().and_then(|d| d.f32().first().copied()).unwrap_or(f32::NEG_INFINITY);
            let high = high.as_ref().and_then(|d| d.f32().first().copied()).unwrap_or(f32::INFINITY);
            Ok(clamping(map_kernel(context, map(move |x| clip(x, low, high)))?, low, high))
        }
        Storage::F64 => {
            let number = |data: Option<Data>, default| {
                data.and_then(|d| d.to_f64()).and_then(|d| d.first().copied()).unwrap_or(default)
            };
            let (low, high) = (number(low, f64::NEG_INFINITY), number(high, f64::INFINITY));
            Ok(Computation::one(input.tensor_type.clone(), move |inputs, outputs, _| {
                for (out, x) in outputs[0].f64_mut().iter_mut().zip(inputs[0].f64()) {
                    let x = if *x < low { low } else { *x };
                    *out = if x > high { high } else { x };
                }
                Ok(())
            }))
        }
        _ => {
            let low = low.as_ref().and_then(|d| d.i64().first().copied()).unwrap_or(i64::MIN);
            let high = high.as_ref().and_then(|d| d.i64().first().copied()).unwrap_or(i64::MAX);
            Ok(Computation::one(input.tensor_type.clone(), move |inputs, outputs, _| {
                for (out, x) in outputs[0].i64_mut().iter_mut().zip(inputs[0].i64()) {
                    *out = (*x).max(low).min(high);
                }
                Ok(())
            }))
        }
    }
}
