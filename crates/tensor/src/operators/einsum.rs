//! `Einsum`: sums of products by Einstein's convention.

use scorewheel_model::ModelError;

use crate::data::Data;
use crate::element::Storage;
use crate::error::{invalid, too_large, unsupported};
use crate::gemm::{Number, Panels, multiply};
use crate::operators::context::check_shape;
use crate::operators::strided::{StridedCopy, row_major};
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::{TensorType, element_count};

/// The labels of an operand, one a dimension. Dimensions under an ellipsis are numbered from the back.
type Labels = Vec<u32>;

/// First label that stands for a dimension under an ellipsis.
const ELLIPSIS: u32 = 1 << 20;

/// One operand brought into the order that the product takes.
#[derive(Clone, Debug)]
struct Arranged {
    copy: StridedCopy,
    len: usize,
}

/// A product of two operands, or one operand alone with a matrix of ones beside it.
struct Plan {
    left: Arranged,
    right: Option<Arranged>,
    batch: usize,
    rows: usize,
    inner: usize,
    columns: usize,
    finish: StridedCopy,
}

/// Builder.
pub(crate) fn build(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let equation =
        context.attributes().text("equation")?.ok_or_else(|| invalid("Einsum without an equation"))?;
    let count = context.inputs.len();
    let indices: Vec<usize> = (0..count).collect();
    if count == 0 || count > 2 {
        return Err(unsupported(format!("Einsum of {count} operands; one and two are supported")));
    }
    let element = context.same_elements(&indices)?;
    let storage = context.storage(0, &[Storage::F32, Storage::F64])?;
    let shapes: Vec<&[usize]> =
        indices.iter().map(|index| Ok(context.input(*index)?.shape())).collect::<Result<_, ModelError>>()?;
    let (operands, result) = labels(equation, &shapes)?;
    let length = |label: u32| -> Result<usize, ModelError> {
        let mut found = 1;
        for (labels, shape) in operands.iter().zip(&shapes) {
            for (here, length) in labels.iter().zip(*shape) {
                if *here == label && *length != 1 {
                    if found != 1 && found != *length {
                        return Err(invalid(format!(
                            "{equation:?}: lengths {found} and {length} of one index"
                        )));
                    }
                    found = *length;
                }
            }
        }
        Ok(found)
    };
    let mut shape = Vec::new();
    for label in &result {
        shape.push(length(*label)?);
    }
    check_shape(&shape)?;
    let in_result = |label: &u32| result.contains(label);
    let in_operand =
        |operand: usize, label: &u32| operands.get(operand).is_some_and(|labels| labels.contains(label));
    let mut all: Labels = operands.iter().flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    let batch: Labels =
        all.iter().copied().filter(|l| in_result(l) && in_operand(0, l) && in_operand(1, l)).collect();
    let rows: Labels =
        all.iter().copied().filter(|l| in_result(l) && in_operand(0, l) && !in_operand(1, l)).collect();
    let columns: Labels =
        all.iter().copied().filter(|l| in_result(l) && !in_operand(0, l) && in_operand(1, l)).collect();
    let inner: Labels = all.iter().copied().filter(|l| !in_result(l)).collect();
    let lengths = |labels: &[u32]| labels.iter().map(|label| length(*label)).collect::<Result<Vec<_>, _>>();
    let arrange = |operand: usize, groups: [&Labels; 3]| -> Result<Arranged, ModelError> {
        let strides = row_major(shapes[operand]);
        let (mut target, mut walk) = (Vec::new(), Vec::new());
        for label in groups.into_iter().flatten() {
            target.push(length(*label)?);
            // A label that stands twice walks the diagonal; one that is not there is stretched.
            let here = operands[operand].iter().zip(shapes[operand]).zip(&strides);
            walk.push(
                here.filter(|((l, length), _)| *l == label && **length != 1).map(|(_, stride)| *stride).sum(),
            );
        }
        check_shape(&target)?;
        if element_count(&target) > 1 << 27 {
            return Err(too_large(format!("{equation:?} takes too much memory")));
        }
        Ok(Arranged { copy: StridedCopy::new(&target, &walk, 0), len: element_count(&target) })
    };
    let left = arrange(0, [&batch, &rows, &inner])?;
    let right = if count == 2 { Some(arrange(1, [&batch, &inner, &columns])?) } else { None };
    // The product comes as batch, rows, columns; the result may want them in another order.
    let product: Labels = batch.iter().chain(&rows).chain(&columns).copied().collect();
    let strides = row_major(&lengths(&product)?);
    let walk: Vec<isize> = result
        .iter()
        .map(|label| product.iter().position(|l| l == label).map_or(0, |at| strides[at]))
        .collect();
    let plan = Plan {
        left,
        right,
        batch: element_count(&lengths(&batch)?),
        rows: element_count(&lengths(&rows)?),
        inner: element_count(&lengths(&inner)?),
        columns: element_count(&lengths(&columns)?),
        finish: StridedCopy::new(&shape, &walk, 0),
    };
    let output = TensorType::new(element, shape);
    Ok(match storage {
        Storage::F32 => Computation::one(output, move |inputs, outputs, _| {
            plan.run(inputs, &mut outputs[0], Data::F32, Data::f32, Data::f32_mut, 1.0);
            Ok(())
        }),
        _ => Computation::one(output, move |inputs, outputs, _| {
            plan.run(inputs, &mut outputs[0], Data::F64, Data::f64, Data::f64_mut, 1.0);
            Ok(())
        }),
    })
}

impl Plan {
    fn run<T: Number>(
        &self,
        inputs: &[&Data],
        out: &mut Data,
        wrap: fn(Vec<T>) -> Data,
        get: fn(&Data) -> &[T],
        get_mut: fn(&mut Data) -> &mut [T],
        one: T,
    ) {
        let arranged = |operand: usize, arranged: &Arranged| {
            let mut data = wrap(vec![T::default(); arranged.len]);
            arranged.copy.run(inputs[operand], &mut data);
            data
        };
        let left = arranged(0, &self.left);
        let right = match &self.right {
            Some(right) => arranged(1, right),
            // Alone, an operand is only summed: by a column of ones.
            None => wrap(vec![one; self.batch * self.inner * self.columns]),
        };
        let mut product = wrap(vec![T::default(); self.batch * self.rows * self.columns]);
        let (a, b) = (self.rows * self.inner, self.inner * self.columns);
        for batch in 0..self.batch {
            let panels = Panels::of(&get(&right)[batch * b..(batch + 1) * b], self.inner, self.columns);
            let size = self.rows * self.columns;
            let out = &mut get_mut(&mut product)[batch * size..(batch + 1) * size];
            multiply(&get(&left)[batch * a..(batch + 1) * a], self.rows, &panels, out);
        }
        self.finish.run(&product, out);
    }
}

/// The labels of every operand and of the result.
fn labels(equation: &str, shapes: &[&[usize]]) -> Result<(Vec<Labels>, Labels), ModelError> {
    let equation: String = equation.chars().filter(|c| !c.is_whitespace()).collect();
    let (left, right) = match equation.split_once("->") {
        Some((left, right)) => (left, Some(right)),
        None => (equation.as_str(), None),
    };
    let terms: Vec<&str> = left.split(',').collect();
    if terms.len() != shapes.len() {
        return Err(invalid(format!(
            "{equation:?} has {} operands instead of {}",
            terms.len(),
            shapes.len()
        )));
    }
    let parse = |term: &str, hidden: usize| -> Result<Labels, ModelError> {
        let mut labels = Vec::new();
        let mut rest = term;
        while let Some(first) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix("...") {
                labels.extend((0..hidden as u32).rev().map(|index| ELLIPSIS + index));
                rest = after;
            } else if first.is_ascii_alphabetic() {
                labels.push(u32::from(first));
                rest = &rest[1..];
            } else {
                return Err(invalid(format!("{first:?} in the equation {equation:?}")));
            }
        }
        Ok(labels)
    };
    let mut operands = Vec::new();
    let mut widest = 0;
    for (term, shape) in terms.iter().zip(shapes) {
        let named = term.chars().filter(char::is_ascii_alphabetic).count();
        let hidden = if term.contains("...") { shape.len().checked_sub(named) } else { Some(0) };
        let hidden = hidden.ok_or_else(|| invalid(format!("{term:?} for a tensor of shape {shape:?}")))?;
        widest = widest.max(hidden);
        let labels = parse(term, hidden)?;
        if labels.len() != shape.len() {
            return Err(invalid(format!("{term:?} for a tensor of shape {shape:?}")));
        }
        operands.push(labels);
    }
    let result = match right {
        Some(right) => parse(right, widest)?,
        None => {
            let all: Labels = operands.iter().flatten().copied().collect();
            let mut once: Labels =
                all.iter().copied().filter(|label| all.iter().filter(|l| *l == label).count() == 1).collect();
            once.retain(|label| *label < ELLIPSIS);
            once.sort_unstable();
            (0..widest as u32).rev().map(|index| ELLIPSIS + index).chain(once).collect()
        }
    };
    Ok((operands, result))
}
