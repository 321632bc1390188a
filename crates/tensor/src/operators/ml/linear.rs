//! Linear models.

use scorewheel_model::ModelError;
use scorewheel_trees::vectorised;

use crate::element::ElementType;
use crate::error::invalid;
use crate::operators::context::length;
use crate::operators::ml::{ClassLabels, PostTransform, largest, numeric_rows, store, store_all, widen};
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// Targets whose sums go side by side.
const ABREAST: usize = 8;

/// Coefficients and constants of some targets.
struct Linear {
    /// By [`ABREAST`] targets and column of the input: a coefficient a target, zeros for those that are not there.
    coefficients: Vec<[f64; ABREAST]>,
    intercepts: Vec<f64>,
    columns: usize,
}

impl Linear {
    fn of(context: &NodeContext<'_>, targets: usize, columns: usize) -> Result<Self, ModelError> {
        let wide = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect::<Vec<f64>>();
        let stated = wide(context.attributes().floats("coefficients")?.unwrap_or_default());
        let mut intercepts = wide(context.attributes().floats("intercepts")?.unwrap_or_default());
        if Some(stated.len()) != targets.checked_mul(columns) {
            return Err(invalid(format!(
                "{} coefficients for {targets} targets and {columns} columns",
                stated.len()
            )));
        }
        if intercepts.is_empty() {
            intercepts.resize(targets, 0.0);
        }
        if intercepts.len() != targets {
            return Err(invalid(format!("{} intercepts for {targets} targets", intercepts.len())));
        }
        // Side by side by target: their sums are independent, the terms of one are not.
        let mut coefficients = Vec::with_capacity(targets.div_ceil(ABREAST) * columns);
        for first in (0..targets).step_by(ABREAST) {
            for column in 0..columns {
                coefficients.push(std::array::from_fn(|at| {
                    let target = first + at;
                    if target < targets { stated[target * columns + column] } else { 0.0 }
                }));
            }
        }
        Ok(Self { coefficients, intercepts, columns })
    }

    /// The scores of all rows.
    fn evaluate(&self, rows: &[f64], scores: &mut Vec<f64>) {
        let (targets, columns) = (self.intercepts.len(), self.columns.max(1));
        scores.clear();
        scores.resize(rows.len() / columns * targets, 0.0);
        if targets == 0 {
            return;
        }
        vectorised(
            #[inline(always)]
            || {
                for (row, scores) in rows.chunks_exact(columns).zip(scores.chunks_exact_mut(targets)) {
                    let blocks = self.coefficients.chunks_exact(columns);
                    let parts = scores.chunks_mut(ABREAST).zip(self.intercepts.chunks(ABREAST));
                    for (coefficients, (scores, intercepts)) in blocks.zip(parts) {
                        let mut sums = [0.0; ABREAST];
                        for (x, coefficients) in row.iter().zip(coefficients) {
                            for (sum, coefficient) in sums.iter_mut().zip(coefficients) {
                                *sum += x * coefficient;
                            }
                        }
                        for ((score, sum), intercept) in scores.iter_mut().zip(&sums).zip(intercepts) {
                            *score = sum + intercept;
                        }
                    }
                }
            },
        );
    }
}

/// `LinearRegressor`.
pub(crate) fn regressor(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let (rows, columns) = numeric_rows(context)?;
    let targets = length(context.attributes().integer_or("targets", 1)?, "targets")?;
    let linear = Linear::of(context, targets, columns)?;
    let transform = PostTransform::of(context)?;
    let output = TensorType::new(ElementType::F32, [rows, targets]);
    Ok(Computation::one(output, move |inputs, outputs, workspace| {
        let buffers = &mut workspace.f64;
        widen(inputs[0], &mut buffers.elements);
        linear.evaluate(&buffers.elements, &mut buffers.results);
        transform.apply_rows(&mut buffers.results, targets);
        store_all(&mut outputs[0], &buffers.results);
        Ok(())
    }))
}

/// `LinearClassifier`.
pub(crate) fn classifier(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let (rows, columns) = numeric_rows(context)?;
    let labels = ClassLabels::of(context, "classlabels_ints")?;
    let stated = context.attributes().floats("coefficients")?.unwrap_or_default().len();
    if columns == 0 || stated % columns != 0 {
        return Err(invalid(format!("{stated} coefficients for rows of {columns} columns")));
    }
    let targets = stated / columns;
    let second = targets == 1 && labels.len() == 2;
    if targets != labels.len() && !second {
        return Err(invalid(format!("coefficients for {targets} of {} classes", labels.len())));
    }
    let linear = Linear::of(context, targets, columns)?;
    let transform = PostTransform::of(context)?;
    let width = labels.len();
    Ok(Computation::many(labels.outputs(rows, width), move |inputs, outputs, workspace| {
        let [label_out, score_out] = outputs else { return Ok(()) };
        let buffers = &mut workspace.f64;
        widen(inputs[0], &mut buffers.elements);
        let scores = &mut buffers.results;
        linear.evaluate(&buffers.elements, scores);
        if second {
            for (row, score) in scores.iter().enumerate() {
                labels.write(usize::from(*score > 0.0), label_out, row);
                let both = transform.second_class(*score, false);
                both.iter().enumerate().for_each(|(class, score)| store(score_out, row * 2 + class, *score));
            }
            return Ok(());
        }
        for (row, scores) in scores.chunks_exact(width).enumerate() {
            labels.write(largest(scores), label_out, row);
        }
        transform.apply_rows(scores, width);
        store_all(score_out, scores);
        Ok(())
    }))
}
