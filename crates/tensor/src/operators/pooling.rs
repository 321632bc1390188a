//! Pooling.

use std::ops::{Add, Div};

use scorewheel_model::ModelError;
use scorewheel_trees::vectorised;

use crate::element::{ElementType, Storage};
use crate::error::{invalid, unsupported};
use crate::graph::Domain;
use crate::operators::context::{check_shape, length};
use crate::operators::window::{Side, Window, space_of, window};
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// What a window becomes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Pool {
    Maximum,
    /// The mean; of the border too if so said.
    Mean {
        with_border: bool,
    },
    /// The p-th root of the sum of p-th powers.
    Norm {
        p: usize,
    },
}

/// `MaxPool`, `AveragePool`, `LpPool`, TensorFlow's `MaxPool`, `AvgPool` and their 3D kin.
pub(crate) fn build(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let (space, channels, channels_last) = space_of(context, input.shape())?;
    let name = if context.node.domain == Domain::TensorFlow { "ksize" } else { "kernel_shape" };
    let stated = context.attributes().integers(name)?.ok_or_else(|| invalid("pooling without a kernel"))?;
    let count = space.len();
    let stated = match stated.len() {
        len if len == count => stated,
        len if len == count + 2 && channels_last => &stated[1..=count],
        len if len == count + 2 => &stated[2..],
        _ => return Err(invalid(format!("a kernel of {stated:?} for {count} dimensions"))),
    };
    let kernel = stated.iter().map(|value| length(*value, "the kernel")).collect::<Result<Vec<_>, _>>()?;
    let window = window(context, &space, &kernel, channels_last)?;
    let pool = match context.operator() {
        "MaxPool" | "MaxPool3D" | "MaxPoolV2" => Pool::Maximum,
        "LpPool" => Pool::Norm { p: context.attributes().integer_or("p", 2)?.clamp(1, 1 << 20) as usize },
        _ => Pool::Mean { with_border: context.attributes().flag_or("count_include_pad", false)? },
    };
    if context.node.outputs.len() > 1 && !context.node.outputs[1].is_empty() {
        return with_places(context, window, channels);
    }
    pooled(context, window, input.shape()[0], channels, pool)
}

/// `GlobalAveragePool`, `GlobalMaxPool`, `GlobalLpPool`.
pub(crate) fn global(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    if input.rank() < 2 {
        return Err(invalid("pooling of a tensor without space"));
    }
    let channels_last = context.attributes().text("data_format")?.is_some_and(|format| &**format == "NHWC");
    let (space, channel) =
        if channels_last { (1..input.rank() - 1, input.rank() - 1) } else { (2..input.rank(), 1) };
    let points = input.shape()[space.clone()].iter().product();
    let side = Side { input: points, output: 1, kernel: points, stride: 1, dilation: 1, before: 0, after: 0 };
    let window = Window { sides: [Side::NONE, Side::NONE, side], channels_last };
    let pool = match context.operator() {
        "GlobalMaxPool" => Pool::Maximum,
        "GlobalLpPool" => {
            Pool::Norm { p: context.attributes().integer_or("p", 2)?.clamp(1, 1 << 20) as usize }
        }
        _ => Pool::Mean { with_border: false },
    };
    let built = pooled(context, window, input.shape()[0], input.shape()[channel], pool)?;
    let mut shape = input.shape().to_vec();
    shape[space].fill(1);
    Ok(match built {
        Built::Compute(mut computation) => {
            computation.outputs[0].shape = shape;
            Built::Compute(computation)
        }
        other => other,
    })
}

fn pooled(
    context: &NodeContext<'_>,
    window: Window,
    batch: usize,
    channels: usize,
    pool: Pool,
) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let allowed: &[Storage] = match pool {
        Pool::Maximum => &[Storage::F32, Storage::F64, Storage::I64],
        _ => &[Storage::F32, Storage::F64],
    };
    let storage = context.storage(0, allowed)?;
    let shape = window.output_shape(batch, channels, input.rank().max(3));
    check_shape(&shape)?;
    let output = TensorType::new(input.element(), shape);
    let visit = Visit { window, batch, channels };
    Ok(Computation::one(output, move |inputs, outputs, _| {
        let out = &mut outputs[0];
        match storage {
            Storage::F32 => visit.pool(pool, inputs[0].f32(), out.f32_mut()),
            Storage::F64 => visit.pool(pool, inputs[0].f64(), out.f64_mut()),
            _ => visit.windows(inputs[0].i64(), out.i64_mut(), i64::MIN, larger, |largest, _, _| largest),
        }
        Ok(())
    }))
}

#[inline(always)]
fn larger<T: PartialOrd>(a: T, b: T) -> T {
    if b > a { b } else { a }
}

/// What pooling asks of a floating point number.
trait Real: Copy + PartialOrd + Add<Output = Self> + Div<Output = Self> {
    const ZERO: Self;
    const ONE: Self;
    const LOWEST: Self;

    fn of(count: usize) -> Self;
    /// The power of its magnitude.
    fn power(self, exponent: Self) -> Self;
}

macro_rules! real {
    ($($number:ident, $power:path;)*) => {$(
        impl Real for $number {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const LOWEST: Self = Self::NEG_INFINITY;

            #[inline(always)]
            fn of(count: usize) -> Self {
                count as Self
            }

            #[inline(always)]
            fn power(self, exponent: Self) -> Self {
                $power(self.abs(), exponent)
            }
        }
    )*};
}

real! {
    f32, libm::powf;
    f64, libm::pow;
}

/// All windows of a pooling.
#[derive(Clone, Copy)]
struct Visit {
    window: Window,
    batch: usize,
    channels: usize,
}

impl Visit {
    fn pool<T: Real>(self, pool: Pool, input: &[T], out: &mut [T]) {
        vectorised(
            #[inline(always)]
            || match pool {
                Pool::Maximum => self.windows(input, out, T::LOWEST, larger, |largest, _, _| largest),
                Pool::Mean { with_border } => {
                    let mean = |sum: T, inside, all| sum / T::of(if with_border { all } else { inside });
                    self.windows(input, out, T::ZERO, |a, b| a + b, mean);
                }
                Pool::Norm { p } => {
                    let p = T::of(p);
                    let root = |sum: T, _, _| sum.power(T::ONE / p);
                    self.windows(input, out, T::ZERO, |a, b| a + b.power(p), root);
                }
            },
        );
    }

    /// Visits every window: `fold` over its elements, then `finish` with the number of elements inside the input and
    /// inside the input and its border.
    #[inline(always)]
    fn windows<T: Copy>(
        self,
        input: &[T],
        out: &mut [T],
        start: T,
        fold: impl Fn(T, T) -> T,
        finish: impl Fn(T, usize, usize) -> T,
    ) {
        let Self { window, batch, channels } = self;
        let [deep, rows, columns] = window.sides;
        let (from, to) = (window.input_len(), window.output_len());
        // Channels last: all channels of a position together. Channels first: each channel is a plane of its own.
        let (planes, together) = if window.channels_last { (batch, channels) } else { (batch * channels, 1) };
        for plane in 0..planes {
            let input = &input[plane * from * together..(plane + 1) * from * together];
            let out = &mut out[plane * to * together..(plane + 1) * to * together];
            for (position, out) in out.chunks_exact_mut(together.max(1)).enumerate().take(to) {
                let (d, rest) =
                    (position / (rows.output * columns.output), position % (rows.output * columns.output));
                let (r, c) = (rest / columns.output, rest % columns.output);
                out.fill(start);
                let mut inside = 0;
                for kd in 0..deep.kernel {
                    let Some(d) = deep.position(d, kd) else { continue };
                    for kr in 0..rows.kernel {
                        let Some(r) = rows.position(r, kr) else { continue };
                        for kc in 0..columns.kernel {
                            let Some(c) = columns.position(c, kc) else { continue };
                            inside += 1;
                            let at = ((d * rows.input + r) * columns.input + c) * together;
                            for (out, value) in out.iter_mut().zip(&input[at..at + together]) {
                                *out = fold(*out, *value);
                            }
                        }
                    }
                }
                // A window that a rounded-up length lets reach beyond the border counts only what lies within it.
                let all = reach(deep, d) * reach(rows, r) * reach(columns, c);
                for out in out.iter_mut() {
                    *out = finish(*out, inside, all);
                }
            }
        }
    }
}

/// Elements of the window at `output` that lie in the input or its border.
#[inline(always)]
fn reach(side: Side, output: usize) -> usize {
    let end = side.input + side.before + side.after;
    (0..side.kernel).filter(|kernel| output * side.stride + kernel * side.dilation < end).count()
}

/// `MaxPool` with a second output: where the largest elements are.
fn with_places(context: &NodeContext<'_>, window: Window, channels: usize) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    if !matches!(context.operator(), "MaxPool") || window.channels_last {
        return Err(unsupported("places of the largest elements for this kind of pooling"));
    }
    context.storage(0, &[Storage::F32])?;
    let columns_first = context.attributes().flag_or("storage_order", false)?;
    let shape = window.output_shape(input.shape()[0], channels, input.rank());
    check_shape(&shape)?;
    let planes = input.shape()[0] * channels;
    let outputs =
        vec![TensorType::new(input.element(), shape.clone()), TensorType::new(ElementType::I64, shape)];
    Ok(Computation::many(outputs, move |inputs, outputs, _| {
        let [values, places] = outputs else { return Ok(()) };
        let [deep, rows, columns] = window.sides;
        let (from, to) = (window.input_len(), window.output_len());
        for at in 0..planes * to {
            let (plane, position) = (at / to, at % to);
            let (d, rest) =
                (position / (rows.output * columns.output), position % (rows.output * columns.output));
            let (r, c) = (rest / columns.output, rest % columns.output);
            let mut best = (f32::NEG_INFINITY, 0);
            for point in 0..window.kernel_len() {
                let (kd, rest) =
                    (point / (rows.kernel * columns.kernel), point % (rows.kernel * columns.kernel));
                let (kr, kc) = (rest / columns.kernel, rest % columns.kernel);
                let place = deep.position(d, kd).zip(rows.position(r, kr)).zip(columns.position(c, kc));
                let Some(((d, r), c)) = place else { continue };
                let value = inputs[0].f32()[plane * from + (d * rows.input + r) * columns.input + c];
                if value > best.0 {
                    let shown = if columns_first {
                        (c * rows.input + r) * deep.input + d
                    } else {
                        (d * rows.input + r) * columns.input + c
                    };
                    best = (value, plane * from + shown);
                }
            }
            values.f32_mut()[at] = best.0;
            places.i64_mut()[at] = best.1 as i64;
        }
        Ok(())
    }))
}
