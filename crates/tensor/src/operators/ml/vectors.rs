//! Support vector machines.

use scorewheel_model::ModelError;
use scorewheel_trees::{exponentials, vectorised};

use crate::element::ElementType;
use crate::error::{invalid, unsupported};
use crate::operators::context::length;
use crate::operators::ml::{ClassLabels, PostTransform, largest, numeric_rows, store, widen};
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// How alike two rows are.
#[derive(Clone, Copy, Debug)]
enum Kernel {
    Linear,
    Polynomial { gamma: f64, constant: f64, degree: f64 },
    Radial { gamma: f64 },
    Sigmoid { gamma: f64, constant: f64 },
}

impl Kernel {
    fn of(context: &NodeContext<'_>) -> Result<Self, ModelError> {
        let parameters = context.attributes().floats("kernel_params")?.unwrap_or_default();
        let parameter = |at: usize| parameters.get(at).map_or(0.0, |value| f64::from(*value));
        let (gamma, constant, degree) = (parameter(0), parameter(1), parameter(2));
        Ok(match context.attributes().text("kernel_type")?.map_or("LINEAR", |text| &**text) {
            "LINEAR" => Self::Linear,
            "POLY" => Self::Polynomial { gamma, constant, degree },
            "RBF" => Self::Radial { gamma },
            "SIGMOID" => Self::Sigmoid { gamma, constant },
            other => return Err(unsupported(format!("kernel_type {other:?}"))),
        })
    }

    /// Of a dot product, or of the squared distance for a radial kernel.
    #[inline(always)]
    fn finish(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Polynomial { gamma, constant, degree } => libm::pow(gamma * value + constant, degree),
            Self::Radial { gamma } => libm::exp(-gamma * value),
            Self::Sigmoid { gamma, constant } => libm::tanh(gamma * value + constant),
        }
    }

    /// How alike two rows are.
    fn evaluate(self, a: &[f64], b: &[f64]) -> f64 {
        let terms = a.iter().zip(b);
        self.finish(match self {
            Self::Radial { .. } => terms.map(|(a, b)| (a - b) * (a - b)).sum(),
            _ => terms.map(|(a, b)| a * b).sum(),
        })
    }
}

/// Support vectors, a row a column of the input, so that one row is held against all of them side by side.
struct Supports {
    kernel: Kernel,
    by_column: Vec<f64>,
    count: usize,
}

impl Supports {
    /// `vectors` follow one another.
    fn of(kernel: Kernel, vectors: &[f64], columns: usize) -> Self {
        let count = vectors.len().checked_div(columns).unwrap_or(0);
        let mut by_column = Vec::with_capacity(vectors.len());
        for column in 0..columns {
            by_column.extend((0..count).map(|vector| vectors[vector * columns + column]));
        }
        Self { kernel, by_column, count }
    }

    /// How alike a row is to each of them.
    fn likeness(&self, row: &[f64], out: &mut Vec<f64>) {
        out.clear();
        out.resize(self.count, 0.0);
        if self.count == 0 {
            return;
        }
        let radial = matches!(self.kernel, Kernel::Radial { .. });
        vectorised(
            #[inline(always)]
            || {
                for (x, numbers) in row.iter().zip(self.by_column.chunks_exact(self.count)) {
                    if radial {
                        for (out, number) in out.iter_mut().zip(numbers) {
                            *out += (x - number) * (x - number);
                        }
                    } else {
                        for (out, number) in out.iter_mut().zip(numbers) {
                            *out += x * number;
                        }
                    }
                }
                // Each kernel has a loop of its own, which the compiler vectorises where it can.
                match self.kernel {
                    Kernel::Linear => {}
                    Kernel::Radial { gamma } => {
                        out.iter_mut().for_each(|value| *value *= -gamma);
                        exponentials(out);
                    }
                    kernel => out.iter_mut().for_each(|value| *value = kernel.finish(*value)),
                }
            },
        );
    }
}

/// The sum of products: sixteen interleaved sums, then those in order.
#[inline(always)]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 16];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    for (a, b) in a.iter().zip(b) {
        for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += a * b;
        }
    }
    for (lane, (a, b)) in lanes.iter_mut().zip(a_rest.iter().zip(b_rest)) {
        *lane += a * b;
    }
    lanes.iter().fold(0.0, |sum, lane| sum + lane)
}

fn wide(context: &NodeContext<'_>, name: &str) -> Result<Vec<f64>, ModelError> {
    let values = context.attributes().floats(name)?.unwrap_or_default();
    Ok(values.iter().map(|value| f64::from(*value)).collect())
}

/// `SVMRegressor`, also of one class.
pub(crate) fn regressor(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let (rows, columns) = numeric_rows(context)?;
    let kernel = Kernel::of(context)?;
    let transform = PostTransform::of(context)?;
    let supports = length(context.attributes().integer_or("n_supports", 0)?, "n_supports")?;
    let one_class = context.attributes().flag_or("one_class", false)?;
    let coefficients = wide(context, "coefficients")?;
    let vectors = wide(context, "support_vectors")?;
    let rho = wide(context, "rho")?.first().copied().unwrap_or(0.0);
    let linear = supports == 0;
    let fits = if linear {
        coefficients.len() == columns
    } else {
        coefficients.len() == supports && Some(vectors.len()) == supports.checked_mul(columns)
    };
    if !fits || columns == 0 {
        return Err(invalid(format!("support vectors do not fit rows of {columns} columns")));
    }
    let output = TensorType::new(ElementType::F32, [rows, 1]);
    let vectors = Supports::of(kernel, &vectors, columns);
    Ok(Computation::one(output, move |inputs, outputs, workspace| {
        let buffers = &mut workspace.f64;
        widen(inputs[0], &mut buffers.elements);
        for (row, features) in buffers.elements.chunks_exact(columns).enumerate() {
            let sum: f64 = if linear {
                kernel.evaluate(features, &coefficients)
            } else {
                vectors.likeness(features, &mut buffers.results);
                vectorised(
                    #[inline(always)]
                    || dot(&coefficients, &buffers.results),
                )
            };
            let mut score = [sum + rho];
            if one_class {
                score[0] = if score[0] > 0.0 { 1.0 } else { -1.0 };
            } else {
                transform.apply(&mut score);
            }
            store(&mut outputs[0], row, score[0]);
        }
        Ok(())
    }))
}

/// A classifier that holds every pair of classes against each other.
struct Pairs {
    /// Support vectors of each class, one class after the other.
    vectors: Supports,
    /// First vector of each class, and one more at the end.
    starts: Vec<usize>,
    /// Class by class but one, a coefficient a vector.
    coefficients: Vec<f64>,
    rho: Vec<f64>,
    /// Turns of a score into a probability, a pair of numbers for each pair of classes.
    probabilities: Option<(Vec<f64>, Vec<f64>)>,
}

impl Pairs {
    fn of(context: &NodeContext<'_>, classes: usize, columns: usize) -> Result<Self, ModelError> {
        let counts = context.attributes().integers("vectors_per_class")?.unwrap_or_default();
        let mut starts = vec![0usize];
        for count in counts {
            let last = starts.last().copied().unwrap_or(0);
            starts.push(last + length(*count, "vectors_per_class")?);
        }
        let total = starts.last().copied().unwrap_or(0);
        let pairs = classes * (classes - 1) / 2;
        let (a, b) = (wide(context, "prob_a")?, wide(context, "prob_b")?);
        let vectors = wide(context, "support_vectors")?;
        let stated = vectors.len();
        let machine = Self {
            vectors: Supports::of(Kernel::of(context)?, &vectors, columns),
            coefficients: wide(context, "coefficients")?,
            rho: wide(context, "rho")?,
            probabilities: (!a.is_empty()).then_some((a, b)),
            starts,
        };
        let fits = counts.len() == classes
            && columns > 0
            && Some(stated) == total.checked_mul(columns)
            && Some(machine.coefficients.len()) == total.checked_mul(classes - 1)
            && machine.rho.len() >= pairs
            && machine.probabilities.as_ref().is_none_or(|(a, b)| a.len() >= pairs && b.len() >= pairs);
        if !fits {
            return Err(invalid(format!(
                "support vectors do not fit {classes} classes and {columns} columns"
            )));
        }
        Ok(machine)
    }

    fn classes(&self) -> usize {
        self.starts.len() - 1
    }

    /// The score of every pair, and how many pairs each class wins.
    fn evaluate(&self, row: &[f64], likeness: &mut Vec<f64>, pairs: &mut Vec<f64>, votes: &mut [f64]) {
        self.vectors.likeness(row, likeness);
        let total = likeness.len();
        pairs.clear();
        votes.fill(0.0);
        let sum = |coefficients: usize, class: usize| -> f64 {
            let range = self.starts[class]..self.starts[class + 1];
            let coefficients = &self.coefficients[coefficients * total..];
            vectorised(
                #[inline(always)]
                || dot(&coefficients[range.clone()], &likeness[range]),
            )
        };
        for first in 0..self.classes() {
            for second in first + 1..self.classes() {
                let score = sum(second - 1, first) + sum(first, second) + self.rho[pairs.len()];
                pairs.push(score);
                votes[if score > 0.0 { first } else { second }] += 1.0;
            }
        }
    }
}

/// Probabilities of classes that agree best with those of all pairs (Wu, Lin, Weng 2004, second method).
fn coupled(pairwise: &[f64], classes: usize, out: &mut [f64]) {
    let at = |row: usize, column: usize| pairwise[row * classes + column];
    let mut q = vec![0.0; classes * classes];
    for t in 0..classes {
        out[t] = 1.0 / classes as f64;
        for j in 0..classes {
            if j != t {
                q[t * classes + t] += at(j, t) * at(j, t);
                q[t * classes + j] = -at(j, t) * at(t, j);
            }
        }
    }
    let mut qp = vec![0.0; classes];
    for _ in 0..100.max(classes) {
        let mut agreement = 0.0;
        for t in 0..classes {
            qp[t] = (0..classes).map(|j| q[t * classes + j] * out[j]).sum();
            agreement += out[t] * qp[t];
        }
        let worst = qp.iter().map(|value| (value - agreement).abs()).fold(0.0, f64::max);
        if worst < 0.005 / classes as f64 {
            break;
        }
        for t in 0..classes {
            let change = (agreement - qp[t]) / q[t * classes + t];
            out[t] += change;
            let scale = 1.0 + change;
            agreement = (agreement + change * (change * q[t * classes + t] + 2.0 * qp[t])) / (scale * scale);
            for j in 0..classes {
                qp[j] = (qp[j] + change * q[t * classes + j]) / scale;
                out[j] /= scale;
            }
        }
    }
}

/// `SVMClassifier`.
pub(crate) fn classifier(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let (rows, columns) = numeric_rows(context)?;
    let labels = ClassLabels::of(context, "classlabels_ints")?;
    let classes = labels.len();
    if classes < 2 {
        return Err(invalid("a support vector machine of one class"));
    }
    let transform = PostTransform::of(context)?;
    if context.attributes().integers("vectors_per_class")?.is_none_or(<[i64]>::is_empty) {
        return linear_classifier(context, labels, transform, (rows, columns));
    }
    let machine = Pairs::of(context, classes, columns)?;
    let pair_count = classes * (classes - 1) / 2;
    let width = if machine.probabilities.is_some() { classes } else { pair_count.max(2) };
    Ok(Computation::many(labels.outputs(rows, width), move |inputs, outputs, workspace| {
        let [label_out, score_out] = outputs else { return Ok(()) };
        widen(inputs[0], &mut workspace.f64.elements);
        let mut likeness = std::mem::take(&mut workspace.f64.results);
        let mut pairs = Vec::with_capacity(pair_count);
        let mut votes = vec![0.0; classes];
        for (row, features) in workspace.f64.elements.chunks_exact(columns).enumerate() {
            machine.evaluate(features, &mut likeness, &mut pairs, &mut votes);
            let mut scores: Vec<f64> = match &machine.probabilities {
                Some((a, b)) => {
                    let mut pairwise = vec![0.0; classes * classes];
                    let mut pair = 0;
                    for first in 0..classes {
                        for second in first + 1..classes {
                            let x = pairs[pair] * a[pair] + b[pair];
                            let p = (1.0 - super::logistic(x)).clamp(1e-7, 1.0 - 1e-7);
                            pairwise[first * classes + second] = p;
                            pairwise[second * classes + first] = 1.0 - p;
                            pair += 1;
                        }
                    }
                    let mut estimates = vec![0.0; classes];
                    coupled(&pairwise, classes, &mut estimates);
                    estimates
                }
                None => pairs.clone(),
            };
            labels.write(largest(&votes), label_out, row);
            if scores.len() == 1 {
                let mixed = transform == PostTransform::None;
                scores = transform.second_class(scores[0], mixed).to_vec();
            } else {
                transform.apply(&mut scores);
            }
            for (index, score) in scores.iter().enumerate() {
                store(score_out, row * width + index, *score);
            }
        }
        workspace.f64.results = likeness;
        Ok(())
    }))
}

/// A machine without support vectors: a row of coefficients for each class.
fn linear_classifier(
    context: &NodeContext<'_>,
    labels: ClassLabels,
    transform: PostTransform,
    (rows, columns): (usize, usize),
) -> Result<Built, ModelError> {
    let kernel = Kernel::of(context)?;
    let coefficients = wide(context, "coefficients")?;
    let rho = wide(context, "rho")?.first().copied().unwrap_or(0.0);
    let classes = labels.len();
    if columns == 0 || Some(coefficients.len()) != classes.checked_mul(columns) {
        return Err(invalid(format!("coefficients do not fit {classes} classes and {columns} columns")));
    }
    Ok(Computation::many(labels.outputs(rows, classes), move |inputs, outputs, workspace| {
        let [label_out, score_out] = outputs else { return Ok(()) };
        widen(inputs[0], &mut workspace.f64.elements);
        for (row, features) in workspace.f64.elements.chunks_exact(columns).enumerate() {
            let rows = coefficients.chunks_exact(columns);
            let mut scores: Vec<f64> = rows.map(|weights| kernel.evaluate(features, weights) + rho).collect();
            labels.write(largest(&scores), label_out, row);
            transform.apply(&mut scores);
            for (class, score) in scores.iter().enumerate() {
                store(score_out, row * classes + class, *score);
            }
        }
        Ok(())
    }))
}
