//! Picking elements by index, and putting them back.

use scorewheel_columns::ErrorCode;
use scorewheel_model::ModelError;

use crate::data::Data;
use crate::element::Storage;
use crate::error::{invalid, unsupported};
use crate::graph::Domain;
use crate::operators::context::{axis, length};
use crate::operators::softmax::around;
use crate::operators::strided::{row_major, same_kind};
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::{TensorType, element_count};

/// The position of an index that may count from the back.
#[inline]
fn position(index: i64, length: usize) -> Result<usize, ErrorCode> {
    let from_front = if index < 0 { index + length as i64 } else { index };
    usize::try_from(from_front).ok().filter(|at| *at < length).ok_or(ErrorCode::BadArgument)
}

/// `Gather`, `GatherV2`, `ResourceGather`: slices along a dimension.
pub(crate) fn gather(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let (input, indices) = (context.input(0)?, context.input(1)?);
    context.storage(1, &[Storage::I64])?;
    let stated = match context.optional(2) {
        Some(_) => context.integers(2, "the dimension of Gather")?.first().copied().unwrap_or(0),
        None => context.attributes().integer_or("axis", 0)?,
    };
    let axis = axis(stated, input.rank())?;
    let batch = context.attributes().integer_or("batch_dims", 0)?;
    let batch = length(if batch < 0 { batch + indices.rank() as i64 } else { batch }, "batch_dims")?;
    if batch > axis || batch > indices.rank() || input.shape()[..batch] != indices.shape()[..batch] {
        return Err(invalid("batch dimensions of Gather that do not fit"));
    }
    let mut shape = input.shape()[..axis].to_vec();
    shape.extend(&indices.shape()[batch..]);
    shape.extend(&input.shape()[axis + 1..]);
    let batches = element_count(&input.shape()[..batch]);
    let outer = element_count(&input.shape()[batch..axis]);
    let total = input.shape()[axis];
    let inner = element_count(&input.shape()[axis + 1..]);
    let picked = element_count(&indices.shape()[batch..]);
    Ok(Computation::one(TensorType::new(input.element(), shape), move |inputs, outputs, _| {
        let indices = inputs[1].i64();
        let mut at = 0;
        for batch in 0..batches {
            for outer in batch * outer..(batch + 1) * outer {
                for index in &indices[batch * picked..(batch + 1) * picked] {
                    let from = (outer * total + position(*index, total)?) * inner;
                    outputs[0].copy_range(at, inputs[0], from, inner);
                    at += inner;
                }
            }
        }
        Ok(())
    }))
}

/// `GatherElements`: for each index, the element beside it.
pub(crate) fn gather_elements(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let (input, indices) = (context.input(0)?, context.input(1)?);
    context.storage(1, &[Storage::I64])?;
    let axis = axis(context.attributes().integer_or("axis", 0)?, input.rank())?;
    fits_beside(input.shape(), indices.shape(), axis)?;
    let shape = indices.shape().to_vec();
    let walk = Beside::new(input.shape(), &shape, axis);
    Ok(Computation::one(TensorType::new(input.element(), shape), move |inputs, outputs, _| {
        let indices = inputs[1].i64();
        let mut failed = Ok(());
        same_kind!(inputs[0], &mut outputs[0], |from, to| {
            for (at, (to, index)) in to.iter_mut().zip(indices).enumerate() {
                match walk.place(at, *index) {
                    Ok(place) => *to = from[place].clone(),
                    Err(error) => failed = Err(error),
                }
            }
        });
        failed
    }))
}

fn fits_beside(input: &[usize], indices: &[usize], axis: usize) -> Result<(), ModelError> {
    let fits = input.len() == indices.len()
        && input.iter().zip(indices).enumerate().all(|(at, (input, indices))| at == axis || indices <= input);
    if fits {
        Ok(())
    } else {
        Err(invalid(format!("indices of shape {indices:?} for elements of shape {input:?}")))
    }
}

/// Where an index tensor's elements point to in a tensor beside it.
struct Beside {
    indices_shape: Vec<usize>,
    strides: Vec<usize>,
    axis: usize,
    length: usize,
}

impl Beside {
    fn new(shape: &[usize], indices: &[usize], axis: usize) -> Self {
        Self {
            indices_shape: indices.to_vec(),
            strides: row_major(shape).into_iter().map(|stride| stride as usize).collect(),
            axis,
            length: shape[axis],
        }
    }

    fn place(&self, at: usize, index: i64) -> Result<usize, ErrorCode> {
        let mut rest = at;
        let mut place = position(index, self.length)? * self.strides[self.axis];
        for dimension in (0..self.indices_shape.len()).rev() {
            let here = rest % self.indices_shape[dimension];
            rest /= self.indices_shape[dimension];
            if dimension != self.axis {
                place += here * self.strides[dimension];
            }
        }
        Ok(place)
    }
}

/// `GatherND`, `GatherNd`: slices by tuples of indices.
pub(crate) fn gather_nd(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let (input, indices) = (context.input(0)?, context.input(1)?);
    context.storage(1, &[Storage::I64])?;
    let batch = length(context.attributes().integer_or("batch_dims", 0)?, "batch_dims")?;
    let Some(&tuple) = indices.shape().last() else { return Err(invalid("GatherND without indices")) };
    if batch >= indices.rank()
        || batch + tuple > input.rank()
        || input.shape()[..batch] != indices.shape()[..batch]
    {
        return Err(invalid("indices of GatherND that do not fit"));
    }
    let mut shape = indices.shape()[..indices.rank() - 1].to_vec();
    shape.extend(&input.shape()[batch + tuple..]);
    let slices = Tuples::new(input.shape(), batch, tuple);
    let batches = element_count(&input.shape()[..batch]);
    let each = element_count(&indices.shape()[batch..indices.rank() - 1]);
    Ok(Computation::one(TensorType::new(input.element(), shape), move |inputs, outputs, _| {
        let indices = inputs[1].i64();
        for slice in 0..batches * each {
            let tuple = &indices[slice * slices.lengths.len()..(slice + 1) * slices.lengths.len()];
            let from = slices.place(slice / each.max(1), tuple)?;
            outputs[0].copy_range(slice * slices.run, inputs[0], from, slices.run);
        }
        Ok(())
    }))
}

/// Where tuples of indices point to.
struct Tuples {
    lengths: Vec<usize>,
    strides: Vec<usize>,
    batch_stride: usize,
    /// Elements of what a tuple points to.
    run: usize,
}

impl Tuples {
    fn new(shape: &[usize], batch: usize, tuple: usize) -> Self {
        let strides: Vec<usize> = row_major(shape).into_iter().map(|stride| stride as usize).collect();
        Self {
            lengths: shape[batch..batch + tuple].to_vec(),
            strides: strides[batch..batch + tuple].to_vec(),
            batch_stride: element_count(&shape[batch..]),
            run: element_count(&shape[batch + tuple..]),
        }
    }

    fn place(&self, batch: usize, tuple: &[i64]) -> Result<usize, ErrorCode> {
        let mut place = batch * self.batch_stride;
        for ((index, length), stride) in tuple.iter().zip(&self.lengths).zip(&self.strides) {
            place += position(*index, *length)? * stride;
        }
        Ok(place)
    }
}

/// What happens where something is put.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Put {
    Replace,
    Add,
    Multiply,
    Minimum,
    Maximum,
    Subtract,
}

fn put(context: &NodeContext<'_>) -> Result<Put, ModelError> {
    Ok(match context.operator() {
        "TensorScatterAdd" | "ScatterNd" => Put::Add,
        "TensorScatterSub" => Put::Subtract,
        "TensorScatterMin" => Put::Minimum,
        "TensorScatterMax" => Put::Maximum,
        "TensorScatterUpdate" => Put::Replace,
        _ => match context.attributes().text("reduction")?.map(|text| &**text) {
            None | Some("none") => Put::Replace,
            Some("add") => Put::Add,
            Some("mul") => Put::Multiply,
            Some("min") => Put::Minimum,
            Some("max") => Put::Maximum,
            Some(other) => return Err(unsupported(format!("scattering by {other:?}"))),
        },
    })
}

/// Puts `len` elements of `source` from `from` on into `target` from `to` on.
fn put_range(put: Put, target: &mut Data, to: usize, source: &Data, from: usize, len: usize) {
    macro_rules! each {
        ($to:expr, $from:expr, $add:expr, $mul:expr, $sub:expr) => {
            for (to, from) in $to[to..to + len].iter_mut().zip(&$from[from..from + len]) {
                *to = match put {
                    Put::Replace => *from,
                    Put::Add => $add(*to, *from),
                    Put::Multiply => $mul(*to, *from),
                    Put::Subtract => $sub(*to, *from),
                    Put::Minimum => {
                        if *from < *to {
                            *from
                        } else {
                            *to
                        }
                    }
                    Put::Maximum => {
                        if *from > *to {
                            *from
                        } else {
                            *to
                        }
                    }
                }
            }
        };
    }
    match (target, source) {
        (Data::F32(to_), Data::F32(from_)) => each!(to_, from_, |a, b| a + b, |a, b| a * b, |a, b| a - b),
        (Data::F64(to_), Data::F64(from_)) => each!(to_, from_, |a, b| a + b, |a, b| a * b, |a, b| a - b),
        (Data::I64(to_), Data::I64(from_)) => {
            each!(to_, from_, i64::wrapping_add, i64::wrapping_mul, i64::wrapping_sub);
        }
        (Data::Bool(to_), Data::Bool(from_)) => {
            each!(to_, from_, |a, b| a | b, |a, b| a & b, |a, b: bool| a & !b)
        }
        (target, source) => target.copy_range(to, source, from, len),
    }
}

/// `ScatterElements`, `Scatter`.
pub(crate) fn scatter_elements(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let (input, indices, updates) = (context.input(0)?, context.input(1)?, context.input(2)?);
    context.storage(1, &[Storage::I64])?;
    context.same_elements(&[0, 2])?;
    let axis = axis(context.attributes().integer_or("axis", 0)?, input.rank())?;
    fits_beside(input.shape(), indices.shape(), axis)?;
    if updates.shape() != indices.shape() {
        return Err(invalid("as many updates as indices are needed"));
    }
    let put = put(context)?;
    let walk = Beside::new(input.shape(), indices.shape(), axis);
    let len = input.tensor_type.len();
    Ok(Computation::one(input.tensor_type.clone(), move |inputs, outputs, _| {
        outputs[0].copy_range(0, inputs[0], 0, len);
        for (at, index) in inputs[1].i64().iter().enumerate() {
            put_range(put, &mut outputs[0], walk.place(at, *index)?, inputs[2], at, 1);
        }
        Ok(())
    }))
}

/// `ScatterND`, `ScatterNd`, `TensorScatter…`.
pub(crate) fn scatter_nd(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    // TensorFlow's ScatterNd starts from zeros of a shape: indices, updates, shape.
    let from_zeros = context.operator() == "ScatterNd" && context.node.domain == Domain::TensorFlow;
    let (at, updates_at) = if from_zeros { (0, 1) } else { (1, 2) };
    let (indices, updates) = (context.input(at)?, context.input(updates_at)?);
    context.storage(at, &[Storage::I64])?;
    let shape = if from_zeros {
        let stated = context.integers(2, "the shape of ScatterNd")?;
        stated.iter().map(|value| length(*value, "a dimension")).collect::<Result<Vec<_>, _>>()?
    } else {
        context.same_elements(&[0, 2])?;
        context.input(0)?.shape().to_vec()
    };
    crate::operators::context::check_shape(&shape)?;
    let Some(&tuple) = indices.shape().last() else { return Err(invalid("scattering without indices")) };
    if tuple > shape.len() {
        return Err(invalid("indices with more numbers than there are dimensions"));
    }
    let mut expected = indices.shape()[..indices.rank() - 1].to_vec();
    let count = element_count(&expected);
    expected.extend(&shape[tuple..]);
    if expected != updates.shape() {
        return Err(invalid(format!("updates of shape {:?} instead of {expected:?}", updates.shape())));
    }
    let put = put(context)?;
    let slices = Tuples::new(&shape, 0, tuple);
    let len = element_count(&shape);
    let zero = Data::zeros(updates.element(), 1);
    Ok(Computation::one(TensorType::new(updates.element(), shape), move |inputs, outputs, _| {
        if from_zeros {
            same_kind!(&zero, &mut outputs[0], |zero, to| to.fill(zero[0].clone()));
        } else {
            outputs[0].copy_range(0, inputs[0], 0, len);
        }
        let indices = inputs[at].i64();
        for slice in 0..count {
            let place = slices.place(0, &indices[slice * tuple..(slice + 1) * tuple])?;
            put_range(put, &mut outputs[0], place, inputs[updates_at], slice * slices.run, slices.run);
        }
        Ok(())
    }))
}

/// `OneHot`; TensorFlow gives both values as inputs, ONNX as one.
pub(crate) fn one_hot(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let indices = context.input(0)?;
    let storage = context.storage(0, &[Storage::I64, Storage::F32, Storage::F64])?;
    let depth_tensor = context.constant(1, "the depth of OneHot")?.data.to_f64().unwrap_or_default();
    let depth = length(depth_tensor.first().copied().unwrap_or(-1.0) as i64, "the depth of OneHot")?;
    let tensorflow = context.node.domain == Domain::TensorFlow;
    let element = context.input(2)?.element();
    if tensorflow {
        context.same_elements(&[2, 3])?;
    } else if context.input(2)?.shape() != [2] {
        return Err(invalid("OneHot with other than two values"));
    }
    let rank = indices.rank() + 1;
    let at = axis(context.attributes().integer_or("axis", -1)?, rank)?;
    let mut shape = indices.shape().to_vec();
    shape.insert(at, depth);
    let (outer, _, inner) = around(&shape, at, at + 1);
    Ok(Computation::one(TensorType::new(element, shape), move |inputs, outputs, _| {
        let index = |at: usize| match storage {
            Storage::I64 => inputs[0].i64()[at],
            Storage::F32 => inputs[0].f32()[at] as i64,
            _ => inputs[0].f64()[at] as i64,
        };
        let (on, off) = if tensorflow { ((2, 0), (3, 0)) } else { ((2, 1), (2, 0)) };
        same_kind!(inputs[off.0], &mut outputs[0], |values, to| to.fill(values[off.1].clone()));
        same_kind!(inputs[on.0], &mut outputs[0], |values, to| {
            for outer in 0..outer {
                for inner_at in 0..inner {
                    let index = index(outer * inner + inner_at);
                    // ONNX counts negative indices from the back; TensorFlow has nothing there.
                    let index = if index < 0 && !tensorflow { index + depth as i64 } else { index };
                    if (0..depth as i64).contains(&index) {
                        to[(outer * depth + index as usize) * inner + inner_at] = values[on.1].clone();
                    }
                }
            }
        });
        Ok(())
    }))
}

/// `Compress`: the slices whose condition, a constant, is true.
pub(crate) fn compress(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let condition = context.constant(1, "the condition of Compress")?.data.bool().to_vec();
    let (shape, at) = match context.attributes().integer("axis")? {
        Some(value) => (input.shape().to_vec(), axis(value, input.rank())?),
        None => (vec![input.tensor_type.len()], 0),
    };
    let kept: Vec<usize> = (0..shape[at]).filter(|index| condition.get(*index) == Some(&true)).collect();
    let (outer, total, inner) = around(&shape, at, at + 1);
    let mut kept_shape = shape;
    kept_shape[at] = kept.len();
    Ok(Computation::one(TensorType::new(input.element(), kept_shape), move |inputs, outputs, _| {
        let mut to = 0;
        for outer in 0..outer {
            for index in &kept {
                outputs[0].copy_range(to, inputs[0], (outer * total + index) * inner, inner);
                to += inner;
            }
        }
        Ok(())
    }))
}

/// `NonZero` and TensorFlow's `Where`: how many there are, only a constant tells before scoring.
pub(crate) fn non_zero(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.constant(0, "what NonZero looks at")?;
    let numbers = input.data.to_f64().ok_or_else(|| context.no_kernel(input.element))?;
    let found: Vec<usize> = (0..numbers.len()).filter(|at| numbers[*at] != 0.0).collect();
    let rank = input.shape.len();
    let strides = row_major(&input.shape);
    let index = |at: usize, dimension: usize| {
        (at / strides[dimension] as usize % input.shape[dimension].max(1)) as i64
    };
    let by_row = context.node.domain == Domain::TensorFlow;
    let (shape, values) = if by_row {
        let values = found.iter().flat_map(|at| (0..rank).map(move |d| (*at, d))).map(|(at, d)| index(at, d));
        ([found.len(), rank], values.collect())
    } else {
        let values = (0..rank).flat_map(|d| found.iter().map(move |at| (*at, d))).map(|(at, d)| index(at, d));
        ([rank, found.len()], values.collect())
    };
    Ok(Built::Known(vec![crate::tensor::Tensor::i64(&shape, values)]))
}
