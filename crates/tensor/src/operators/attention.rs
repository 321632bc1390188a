//! Scaled dot products of queries and keys, as ONNX states them as one operator since version 23.

use scorewheel_model::ModelError;

use crate::data::Data;
use crate::element::Storage;
use crate::error::{invalid, unsupported};
use crate::gemm::multiply;
use crate::operators::broadcast::{broadcast_shape, strides_in};
use crate::operators::context::{check_shape, length};
use crate::operators::softmax::softmax_row;
use crate::operators::{Built, Computation, Input, NodeContext};
use crate::tensor::TensorType;

/// A tensor of `batch × heads × rows × width`, however it lies.
#[derive(Clone, Copy, Debug)]
struct Heads {
    batch: usize,
    heads: usize,
    rows: usize,
    width: usize,
    /// Three dimensions: the heads of a row lie side by side.
    joined: bool,
}

impl Heads {
    fn of(input: &Input, heads: Option<i64>, what: &str) -> Result<Self, ModelError> {
        match *input.shape() {
            [batch, heads, rows, width] => Ok(Self { batch, heads, rows, width, joined: false }),
            [batch, rows, all] => {
                let heads =
                    heads.ok_or_else(|| invalid(format!("{what} of three dimensions without heads")))?;
                let heads = length(heads, "the number of heads")?;
                if heads == 0 || all % heads != 0 {
                    return Err(invalid(format!("{all} numbers of {what} in {heads} heads")));
                }
                Ok(Self { batch, heads, rows, width: all / heads, joined: true })
            }
            _ => Err(invalid(format!("{what} of {}", input.tensor_type))),
        }
    }

    /// The start of a row.
    fn at(&self, batch: usize, head: usize, row: usize) -> usize {
        if self.joined {
            ((batch * self.rows + row) * self.heads + head) * self.width
        } else {
            ((batch * self.heads + head) * self.rows + row) * self.width
        }
    }

    fn shape(&self) -> Vec<usize> {
        if self.joined {
            vec![self.batch, self.rows, self.heads * self.width]
        } else {
            vec![self.batch, self.heads, self.rows, self.width]
        }
    }
}

/// `Attention`.
pub(crate) fn build(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let attributes = context.attributes();
    for index in 0..3 {
        context.storage(index, &[Storage::F32])?;
    }
    let queries = Heads::of(context.input(0)?, attributes.integer("q_num_heads")?, "queries")?;
    let keys = Heads::of(context.input(1)?, attributes.integer("kv_num_heads")?, "keys")?;
    let values = Heads::of(context.input(2)?, attributes.integer("kv_num_heads")?, "values")?;
    if context.optional(6).is_some() {
        return Err(unsupported("Attention over keys of several lengths"));
    }
    let past = past(context, keys, values)?;
    let fits = queries.width == keys.width
        && keys.rows == values.rows
        && keys.heads == values.heads
        && keys.heads > 0
        && queries.heads % keys.heads == 0
        && [keys.batch, values.batch] == [queries.batch; 2];
    if !fits {
        return Err(invalid(format!(
            "queries, keys and values of {:?}, {:?}, {:?}",
            queries.shape(),
            keys.shape(),
            values.shape()
        )));
    }
    let total = past + keys.rows;
    let scores = vec![queries.batch, queries.heads, queries.rows, total];
    check_shape(&scores)?;
    let mask = mask(context, &scores)?;
    let default = 1.0 / (queries.width.max(1) as f32).sqrt();
    let scale = attributes.float_or("scale", default)?;
    let softcap = attributes.float_or("softcap", 0.0)?;
    let mode = attributes.integer_or("qk_matmul_output_mode", 0)?;
    if !(0..=3).contains(&mode) {
        return Err(invalid(format!("qk_matmul_output_mode is {mode}")));
    }
    let causal = attributes.flag_or("is_causal", false)?;
    let output = Heads { width: values.width, ..queries };
    let element = context.input(0)?.element();
    let stored = |heads: Heads| vec![heads.batch, heads.heads, total, heads.width];
    let shapes = [output.shape(), stored(keys), stored(values), scores];
    let wanted = context.node.outputs.len().clamp(1, 4);
    let outputs = shapes.into_iter().take(wanted).map(|shape| TensorType::new(element, shape)).collect();
    let plan = Plan { queries, keys, values, output, past, total, mask, scale, softcap, mode, causal };
    Ok(Computation::many(outputs, move |inputs, outputs, workspace| {
        plan.run(inputs, outputs, workspace);
        Ok(())
    }))
}

/// Keys and values of before.
fn past(context: &NodeContext<'_>, keys: Heads, values: Heads) -> Result<usize, ModelError> {
    let (Some(past_keys), Some(past_values)) = (context.optional(4), context.optional(5)) else {
        return Ok(0);
    };
    context.same_elements(&[0, 4, 5])?;
    let rows = past_keys.shape().get(2).copied().unwrap_or(0);
    let fits = past_keys.shape() == [keys.batch, keys.heads, rows, keys.width]
        && past_values.shape() == [values.batch, values.heads, rows, values.width];
    if fits { Ok(rows) } else { Err(invalid("keys and values of before that do not fit those at hand")) }
}

/// Distances of the elements of a mask along batch, heads, queries and keys.
fn mask(context: &NodeContext<'_>, scores: &[usize]) -> Result<Option<[usize; 4]>, ModelError> {
    let Some(mask) = context.optional(3) else { return Ok(None) };
    context.storage(3, &[Storage::F32, Storage::Bool])?;
    if mask.rank() > 4 || broadcast_shape(mask.shape(), scores)? != scores {
        return Err(invalid(format!("a mask of {} for scores of {scores:?}", mask.tensor_type)));
    }
    let strides = strides_in(mask.shape(), scores);
    Ok(Some([strides[0], strides[1], strides[2], strides[3]]))
}

/// An attention with everything about shapes known.
struct Plan {
    queries: Heads,
    keys: Heads,
    values: Heads,
    output: Heads,
    past: usize,
    total: usize,
    mask: Option<[usize; 4]>,
    scale: f32,
    softcap: f32,
    mode: i64,
    causal: bool,
}

impl Plan {
    fn run(&self, inputs: &[&Data], outputs: &mut [Data], workspace: &mut crate::operators::Workspace) {
        let Self { queries, keys, values, output, past, total, .. } = *self;
        let group = queries.heads / keys.heads;
        let buffers = &mut workspace.f32;
        let (mut rows, mut scores) =
            (std::mem::take(&mut buffers.elements), std::mem::take(&mut buffers.results));
        let mut panels = std::mem::take(&mut buffers.panels);
        let [mut all_keys, mut all_values, mut result, mut weights] = std::mem::take(&mut buffers.spare);
        let absent = Data::default();
        let input = |index: usize| inputs.get(index).copied().unwrap_or(&absent);
        for batch in 0..queries.batch {
            for head in 0..queries.heads {
                let shared = head / group;
                if head % group == 0 {
                    gather(keys, past, input(4).f32(), input(1).f32(), batch, shared, &mut all_keys);
                    gather(values, past, input(5).f32(), input(2).f32(), batch, shared, &mut all_values);
                    let place = batch * keys.heads + shared;
                    for (index, all) in [(1, &all_keys), (2, &all_values)] {
                        if let Some(present) = outputs.get_mut(index) {
                            present.f32_mut()[place * all.len()..(place + 1) * all.len()]
                                .copy_from_slice(all);
                        }
                    }
                }
                rows.clear();
                for row in 0..queries.rows {
                    let start = queries.at(batch, head, row);
                    rows.extend_from_slice(&input(0).f32()[start..start + queries.width]);
                }
                scores.clear();
                scores.resize(queries.rows * total, 0.0);
                panels.pack(&all_keys, keys.width, total, 1, keys.width);
                multiply(&rows, queries.rows, &panels, &mut scores);
                scores.iter_mut().for_each(|score| *score *= self.scale);
                let place = (batch * queries.heads + head) * scores.len();
                let mut show = |mode: i64, scores: &[f32]| {
                    if let Some(shown) = outputs.get_mut(3).filter(|_| self.mode == mode) {
                        shown.f32_mut()[place..place + scores.len()].copy_from_slice(scores);
                    }
                };
                show(0, &scores);
                if self.softcap != 0.0 {
                    let cap = self.softcap;
                    scores.iter_mut().for_each(|score| *score = cap * crate::math::tanh(*score / cap));
                }
                show(1, &scores);
                self.hide(input(3), batch, head, &mut scores);
                show(2, &scores);
                weights.clear();
                weights.resize(scores.len(), 0.0);
                if total > 0 {
                    let lines = scores.chunks_exact(total).zip(weights.chunks_exact_mut(total));
                    lines.for_each(|(scores, weights)| softmax_row(scores, weights, false));
                }
                show(3, &weights);
                panels.pack(&all_values, total, values.width, values.width, 1);
                result.clear();
                result.resize(queries.rows * values.width, 0.0);
                multiply(&weights, queries.rows, &panels, &mut result);
                for row in 0..queries.rows {
                    let start = output.at(batch, head, row);
                    outputs[0].f32_mut()[start..start + output.width]
                        .copy_from_slice(&result[row * output.width..(row + 1) * output.width]);
                }
            }
        }
        (buffers.elements, buffers.results, buffers.panels) = (rows, scores, panels);
        buffers.spare = [all_keys, all_values, result, weights];
    }

    /// Takes out of sight what a query must not see.
    fn hide(&self, mask: &Data, batch: usize, head: usize, scores: &mut [f32]) {
        for (row, scores) in scores.chunks_exact_mut(self.total.max(1)).enumerate() {
            if let Some([by_batch, by_head, by_row, by_key]) = self.mask {
                let start = batch * by_batch + head * by_head + row * by_row;
                for (key, score) in scores.iter_mut().enumerate() {
                    match mask {
                        Data::Bool(seen) if !seen[start + key * by_key] => *score = f32::NEG_INFINITY,
                        Data::F32(summands) => *score += summands[start + key * by_key],
                        _ => {}
                    }
                }
            }
            if self.causal {
                let unseen = scores.iter_mut().skip(self.past + row + 1);
                unseen.for_each(|score| *score = f32::NEG_INFINITY);
            }
        }
    }
}

/// The rows of one head: those of before, then those at hand.
fn gather(
    heads: Heads,
    past: usize,
    before: &[f32],
    now: &[f32],
    batch: usize,
    head: usize,
    out: &mut Vec<f32>,
) {
    out.clear();
    let kept = past * heads.width;
    if kept > 0 {
        let start = (batch * heads.heads + head) * kept;
        out.extend_from_slice(&before[start..start + kept]);
    }
    for row in 0..heads.rows {
        let start = heads.at(batch, head, row);
        out.extend_from_slice(&now[start..start + heads.width]);
    }
}
