//! Linear models.

use scorewheel_model::ModelError;

use crate::element::ElementType;
use crate::error::invalid;
use crate::operators::context::length;
use crate::operators::ml::{ClassLabels, PostTransform, largest, numeric_rows, store, widen};
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// `targets` rows of coefficients and a constant for each.
struct Linear {
    coefficients: Vec<f64>,
    intercepts: Vec<f64>,
    columns: usize,
}

impl Linear {
    fn of(context: &NodeContext<'_>, targets: usize, columns: usize) -> Result<Self, ModelError> {
        let wide = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect::<Vec<f64>>();
        let coefficients = wide(context.attributes().floats("coefficients")?.unwrap_or_default());
        let mut intercepts = wide(context.attributes().floats("intercepts")?.unwrap_or_default());
        if Some(coefficients.len()) != targets.checked_mul(columns) {
            return Err(invalid(format!(
                "{} coefficients for {targets} targets and {columns} columns",
                coefficients.len()
            )));
        }
        if intercepts.is_empty() {
            intercepts.resize(targets, 0.0);
        }
        if intercepts.len() != targets {
            return Err(invalid(format!("{} intercepts for {targets} targets", intercepts.len())));
        }
        Ok(Self { coefficients, intercepts, columns })
    }

    fn evaluate(&self, row: &[f64], scores: &mut [f64]) {
        let rows = self.coefficients.chunks_exact(self.columns.max(1));
        for ((score, coefficients), intercept) in scores.iter_mut().zip(rows).zip(&self.intercepts) {
            *score = row.iter().zip(coefficients).map(|(x, c)| x * c).sum::<f64>() + intercept;
        }
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
        buffers.results.resize(targets, 0.0);
        for (row, features) in buffers.elements.chunks_exact(columns.max(1)).enumerate() {
            let scores = &mut buffers.results[..targets];
            linear.evaluate(features, scores);
            transform.apply(scores);
            for (target, score) in scores.iter().enumerate() {
                store(&mut outputs[0], row * targets + target, *score);
            }
        }
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
        buffers.results.resize(width, 0.0);
        for (row, features) in buffers.elements.chunks_exact(columns).enumerate() {
            let scores = &mut buffers.results[..width];
            linear.evaluate(features, &mut scores[..targets]);
            if second {
                let score = scores[0];
                labels.write(usize::from(score > 0.0), label_out, row);
                scores.copy_from_slice(&transform.second_class(score, false));
            } else {
                labels.write(largest(scores), label_out, row);
                transform.apply(scores);
            }
            for (class, score) in scores.iter().enumerate() {
                store(score_out, row * width + class, *score);
            }
        }
        Ok(())
    }))
}
