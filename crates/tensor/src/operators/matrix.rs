//! Matrix products.

use scorewheel_model::ModelError;

use crate::data::Data;
use crate::element::Storage;
use crate::error::invalid;
use crate::gemm::{Number, Panels, multiply};
use crate::operators::broadcast::{Walk, broadcast_shape, strides_in};
use crate::operators::{Built, Computation, Input, Kernel, NodeContext, RowForm};
use crate::tensor::{TensorType, element_count};

/// The last two dimensions as they are multiplied: rows, columns, and the strides of both.
#[derive(Clone, Copy, Debug)]
struct Matrix {
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl Matrix {
    fn of(shape: &[usize], transposed: bool) -> Self {
        let (rows, columns) = (shape[shape.len() - 2], shape[shape.len() - 1]);
        if transposed {
            Self { rows: columns, columns: rows, row_stride: 1, column_stride: columns }
        } else {
            Self { rows, columns, row_stride: columns, column_stride: 1 }
        }
    }
}

/// `MatMul`, `BatchMatMul` and their versions.
pub(crate) fn build(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let (a, b) = (context.input(0)?, context.input(1)?);
    let flag = |names: [&str; 2]| -> Result<bool, ModelError> {
        Ok(context.attributes().flag_or(names[0], false)? || context.attributes().flag_or(names[1], false)?)
    };
    product(context, a, b, flag(["transpose_a", "adj_x"])?, flag(["transpose_b", "adj_y"])?)
}

fn product(
    context: &NodeContext<'_>,
    a: &Input,
    b: &Input,
    transpose_a: bool,
    transpose_b: bool,
) -> Result<Built, ModelError> {
    let element = context.same_elements(&[0, 1])?;
    context.storage(0, &[Storage::F32, Storage::F64, Storage::I64])?;
    if a.rank() == 0 || b.rank() == 0 {
        return Err(invalid("a matrix product of a scalar"));
    }
    // A vector on the left is a row, on the right a column; the dimension is dropped again afterwards.
    let mut a_shape = a.shape().to_vec();
    let mut b_shape = b.shape().to_vec();
    let (a_vector, b_vector) = (a_shape.len() == 1, b_shape.len() == 1);
    if a_vector {
        a_shape.insert(0, 1);
    }
    if b_vector {
        b_shape.push(1);
    }
    let mut left = Matrix::of(&a_shape, transpose_a);
    let right = Matrix::of(&b_shape, transpose_b);
    if left.columns != right.rows {
        return Err(invalid(format!("matrices of {:?} and {:?} cannot be multiplied", a.shape(), b.shape())));
    }
    let (k, n) = (left.columns, right.columns);
    let mut a_batch = a_shape[..a_shape.len() - 2].to_vec();
    let b_batch = b_shape[..b_shape.len() - 2].to_vec();
    let batch = broadcast_shape(&a_batch, &b_batch)?;
    let mut shape = batch.clone();
    if !a_vector {
        shape.push(left.rows);
    }
    if !b_vector {
        shape.push(n);
    }
    let output = TensorType::new(element, shape);
    let mut batch = batch;
    if element_count(&b_batch) == 1 && !transpose_a {
        // One matrix on the right: all rows on the left make one tall matrix.
        left.rows *= element_count(&a_batch);
        a_batch.clear();
        batch.clear();
    }
    let walk = Walk::with_strides(&batch, [&strides_in(&a_batch, &batch), &strides_in(&b_batch, &batch)]);
    let row_form = match &b.constant {
        Some(weights) if !transpose_a && a.rank() == 2 && b.rank() == 2 => row_major(&weights.data, right)
            .map(|weights| RowForm::Product { weights: weights.into(), outputs: n }),
        _ => None,
    };
    let kernel: Kernel = match element.storage() {
        Storage::F32 => floats(left, right, k, n, walk, b, Data::f32, |w| &mut w.f32, Data::f32_mut),
        Storage::F64 => floats(left, right, k, n, walk, b, Data::f64, |w| &mut w.f64, Data::f64_mut),
        _ => Box::new(move |inputs, outputs, _| {
            let (a, b, out) = (inputs[0].i64(), inputs[1].i64(), outputs[0].i64_mut());
            let mut at = 0;
            each_batch(&walk, |start_a, start_b| {
                let (start_a, start_b) = (start_a * left.rows * k, start_b * k * n);
                for row in 0..left.rows {
                    for column in 0..n {
                        let sum = (0..k).fold(0i64, |sum, index| {
                            let x = a[start_a + row * left.row_stride + index * left.column_stride];
                            let y = b[start_b + index * right.row_stride + column * right.column_stride];
                            sum.wrapping_add(x.wrapping_mul(y))
                        });
                        out[at] = element.wrap(sum);
                        at += 1;
                    }
                }
            });
            Ok(())
        }),
    };
    Ok(Built::Compute(Computation { outputs: vec![output], kernel, row_form, fusion: None }))
}

/// Calls `run` with the positions of the matrices on either side, for each product of a batch.
fn each_batch(walk: &Walk<2>, mut run: impl FnMut(usize, usize)) {
    let [stride_a, stride_b] = walk.inner_strides;
    walk.runs(|_, [start_a, start_b]| {
        for index in 0..walk.inner {
            run(start_a + index * stride_a, start_b + index * stride_b);
        }
    });
}

#[expect(clippy::too_many_arguments, reason = "one kernel for two types of numbers")]
fn floats<T: Number + 'static>(
    left: Matrix,
    right: Matrix,
    k: usize,
    n: usize,
    walk: Walk<2>,
    b: &Input,
    get: fn(&Data) -> &[T],
    workspace: fn(&mut crate::operators::Workspace) -> &mut crate::operators::Buffers<T>,
    get_mut: fn(&mut Data) -> &mut [T],
) -> Kernel {
    let pack = move |panels: &mut Panels<T>, elements: &[T], start: usize| {
        panels.pack(&elements[start..start + k * n], k, n, right.row_stride, right.column_stride);
    };
    let constant: Option<Vec<Panels<T>>> = b.constant.as_ref().map(|tensor| {
        let elements = get(&tensor.data);
        let matrices = elements.len().checked_div(k * n).unwrap_or(1);
        (0..matrices)
            .map(|index| {
                let mut panels = Panels::default();
                pack(&mut panels, elements, index * k * n);
                panels
            })
            .collect()
    });
    Box::new(move |inputs, outputs, memory| {
        let (a, b, out) = (get(inputs[0]), get(inputs[1]), get_mut(&mut outputs[0]));
        let buffers = workspace(memory);
        let rows = left.rows;
        let mut at = 0;
        each_batch(&walk, |index_a, index_b| {
            let mut a = &a[index_a * rows * k..(index_a + 1) * rows * k];
            if left.column_stride != 1 {
                let turned = &mut buffers.elements;
                turned.clear();
                turned.extend(
                    (0..rows * k).map(|at| a[at / k * left.row_stride + at % k * left.column_stride]),
                );
                a = &buffers.elements;
            }
            let panels = match &constant {
                Some(constant) => &constant[index_b],
                None => {
                    pack(&mut buffers.panels, b, index_b * k * n);
                    &buffers.panels
                }
            };
            multiply(a, rows, panels, &mut out[at..at + rows * n]);
            at += rows * n;
        });
        Ok(())
    })
}

/// The elements of one matrix in row-major order.
fn row_major(data: &Data, matrix: Matrix) -> Option<Vec<f32>> {
    let elements = data.f32();
    if elements.len() != matrix.rows * matrix.columns {
        return None;
    }
    let mut out = Vec::with_capacity(elements.len());
    for row in 0..matrix.rows {
        for column in 0..matrix.columns {
            out.push(elements[row * matrix.row_stride + column * matrix.column_stride]);
        }
    }
    Some(out)
}

/// `BiasAdd`: a vector along the channels.
pub(crate) fn bias_add(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let (input, bias) = (context.input(0)?, context.input(1)?);
    let channels_first = context.attributes().text("data_format")?.is_some_and(|format| &**format == "NCHW");
    let channel = if channels_first { 1 } else { input.rank().saturating_sub(1) };
    if bias.rank() != 1 || input.shape().get(channel) != Some(&bias.shape()[0]) {
        return Err(invalid(format!("a bias of {:?} for {:?}", bias.shape(), input.shape())));
    }
    let mut shape = vec![1; input.rank() - channel];
    shape[0] = bias.shape()[0];
    let mut inputs = [Some(input.clone()), Some(bias.clone())];
    if let Some(bias) = &mut inputs[1] {
        bias.tensor_type.shape = shape;
    }
    let node = crate::graph::Node { operator: "Add".into(), ..context.node.clone() };
    crate::operators::binary::build(&NodeContext { node: &node, inputs: &inputs })
}

/// `Gemm`: `alpha · a · b + beta · c`.
pub(crate) fn gemm(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let (a, b) = (context.input(0)?, context.input(1)?);
    if a.rank() != 2 || b.rank() != 2 {
        return Err(invalid("Gemm takes two matrices"));
    }
    let attributes = context.attributes();
    let (alpha, beta) = (attributes.float_or("alpha", 1.0)?, attributes.float_or("beta", 1.0)?);
    let (turn_a, turn_b) = (attributes.flag_or("transA", false)?, attributes.flag_or("transB", false)?);
    let Built::Compute(product) = product(context, a, b, turn_a, turn_b)? else {
        return Err(invalid("Gemm of an unexpected kind"));
    };
    let output = product.outputs[0].clone();
    let Some(c) = context.optional(2) else {
        return Ok(Built::Compute(Computation {
            row_form: if alpha == 1.0 { product.row_form } else { None },
            outputs: vec![output.clone()],
            kernel: scaled(product.kernel, alpha),
            fusion: None,
        }));
    };
    if broadcast_shape(c.shape(), &output.shape)? != output.shape || c.element() != output.element {
        return Err(invalid(format!("a summand of {} for a product of {output}", c.tensor_type)));
    }
    let walk = Walk::new([c.shape()], &output.shape);
    let kernel = scaled(product.kernel, alpha);
    // Times 1 and plus the rest is what the plain form gives, so the row form covers the common case only.
    let bias = c.constant.as_ref().map(|c| c.data.f32().to_vec());
    let row_form = match (product.row_form, bias) {
        (Some(RowForm::Product { weights, outputs }), Some(bias))
            if alpha == 1.0 && beta == 1.0 && (bias.len() == outputs || bias.len() == 1) =>
        {
            Some(RowForm::ProductAndSum { weights, outputs, summand: bias.into() })
        }
        _ => None,
    };
    let kernel: Kernel = Box::new(move |inputs, outputs, workspace| {
        kernel(inputs, outputs, workspace)?;
        let [stride] = walk.inner_strides;
        macro_rules! add {
            ($c:expr, $out:expr, $beta:expr) => {{
                let (c, out) = ($c, $out);
                walk.runs(|at, [start]| {
                    for (index, out) in out[at..at + walk.inner].iter_mut().enumerate() {
                        *out += $beta * c[start + index * stride];
                    }
                })
            }};
        }
        match (inputs[2], &mut outputs[0]) {
            (Data::F32(c), Data::F32(out)) => add!(c, out, beta),
            (Data::F64(c), Data::F64(out)) => add!(c, out, f64::from(beta)),
            (Data::I64(c), Data::I64(out)) => add!(c, out, beta as i64),
            _ => {}
        }
        Ok(())
    });
    Ok(Built::Compute(Computation { outputs: vec![output], kernel, row_form, fusion: None }))
}

fn scaled(kernel: Kernel, alpha: f32) -> Kernel {
    if alpha == 1.0 {
        return kernel;
    }
    Box::new(move |inputs, outputs, workspace| {
        kernel(inputs, outputs, workspace)?;
        match &mut outputs[0] {
            Data::F32(out) => out.iter_mut().for_each(|value| *value *= alpha),
            Data::F64(out) => out.iter_mut().for_each(|value| *value *= f64::from(alpha)),
            Data::I64(out) => out.iter_mut().for_each(|value| *value *= alpha as i64),
            _ => {}
        }
        Ok(())
    })
}
