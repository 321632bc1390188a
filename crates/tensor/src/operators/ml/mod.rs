//! Operators of `ai.onnx.ml`: classical models and what prepares their inputs.
//!
//! Arithmetic is in f64, rounded once at the end, so that an answer is the nearest number to what the model states.
//!
//! | file | what it holds |
//! |---|---|
//! | [`mod@self`] | rows of numbers, class labels, and the last step of a classifier |
//! | [`ensemble`], [`ensemble_attributes`], [`forest`] | tree ensembles of all versions |
//! | [`linear`], [`vectors`] | linear models, support vector machines |
//! | [`scaling`] | scaling, normalising, filling in, thresholds |
//! | [`encoding`] | categories to codes and back |
//! | [`features`] | putting columns together and picking them |
//! | [`maps`] | maps to tensors |
//! | [`nearest_imputation`] | missing numbers out of the nearest rows |
//! | [`words`] | strings: normalising, n-grams |

pub(crate) mod encoding;
pub(crate) mod ensemble;
pub(crate) mod ensemble_attributes;
pub(crate) mod features;
pub(crate) mod forest;
pub(crate) mod linear;
pub(crate) mod maps;
pub(crate) mod nearest_imputation;
pub(crate) mod scaling;
pub(crate) mod vectors;
pub(crate) mod words;

use scorewheel_model::ModelError;
use scorewheel_trees::{exponentials, vectorised};
use smol_str::SmolStr;

use crate::data::Data;
use crate::element::{ElementType, Storage};
use crate::error::{invalid, unsupported};
use crate::graph::Attribute;
use crate::operators::NodeContext;
use crate::tensor::{TensorType, element_count};

/// An input as rows: a vector is one row.
pub(crate) fn rows_and_columns(shape: &[usize]) -> (usize, usize) {
    match shape {
        [] => (1, 1),
        [columns] => (1, *columns),
        [rows, rest @ ..] => (*rows, element_count(rest)),
    }
}

/// The first input, which must be of numbers, as rows and columns.
pub(crate) fn numeric_rows(context: &NodeContext<'_>) -> Result<(usize, usize), ModelError> {
    context.storage(0, &[Storage::F32, Storage::F64, Storage::I64, Storage::Bool])?;
    Ok(rows_and_columns(context.input(0)?.shape()))
}

/// The numbers of a buffer as f64.
pub(crate) fn widen(data: &Data, out: &mut Vec<f64>) {
    out.clear();
    match data {
        Data::F32(values) => out.extend(values.iter().map(|value| f64::from(*value))),
        Data::F64(values) => out.extend_from_slice(values),
        Data::I64(values) => out.extend(values.iter().map(|value| *value as f64)),
        Data::Bool(values) => out.extend(values.iter().map(|value| f64::from(u8::from(*value)))),
        Data::Text(_) => {}
    }
}

/// Writes numbers into a buffer of floats, from its start on.
pub(crate) fn store_all(out: &mut Data, values: &[f64]) {
    match out {
        Data::F32(out) => out.iter_mut().zip(values).for_each(|(out, value)| *out = *value as f32),
        Data::F64(out) => out.iter_mut().zip(values).for_each(|(out, value)| *out = *value),
        _ => {}
    }
}

/// Writes a number into a buffer of floats.
pub(crate) fn store(out: &mut Data, at: usize, value: f64) {
    match out {
        Data::F32(out) => out[at] = value as f32,
        Data::F64(out) => out[at] = value,
        _ => {}
    }
}

/// The names of classes.
#[derive(Clone, Debug)]
pub(crate) enum ClassLabels {
    Integers(Vec<i64>),
    Texts(Vec<SmolStr>),
}

impl ClassLabels {
    /// Those of the attributes, under the names that this operator has for them.
    pub fn of(context: &NodeContext<'_>, integers: &str) -> Result<Self, ModelError> {
        let attributes = context.attributes();
        if let Some(texts) = attributes.texts("classlabels_strings")?.filter(|texts| !texts.is_empty()) {
            return Ok(Self::Texts(texts.iter().map(|text| (&**text).into()).collect()));
        }
        match attributes.integers(integers)?.filter(|integers| !integers.is_empty()) {
            Some(integers) => Ok(Self::Integers(integers.to_vec())),
            None => Err(invalid("a classifier without class labels")),
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Integers(labels) => labels.len(),
            Self::Texts(labels) => labels.len(),
        }
    }

    pub fn element(&self) -> ElementType {
        match self {
            Self::Integers(_) => ElementType::I64,
            Self::Texts(_) => ElementType::Text,
        }
    }

    /// Writes the label of a class.
    pub fn write(&self, class: usize, out: &mut Data, row: usize) {
        match (self, out) {
            (Self::Integers(labels), Data::I64(out)) => out[row] = labels[class],
            (Self::Texts(labels), Data::Text(out)) => out[row] = labels[class].clone(),
            _ => {}
        }
    }

    /// Types of a classifier's outputs: one label a row, `width` scores a row.
    pub fn outputs(&self, rows: usize, width: usize) -> Vec<TensorType> {
        vec![TensorType::new(self.element(), [rows]), TensorType::new(ElementType::F32, [rows, width])]
    }
}

/// The place of the largest number, the first of equals.
pub(crate) fn largest(scores: &[f64]) -> usize {
    let Some(mut most) = scores.first().copied() else { return 0 };
    let mut best = 0;
    for (index, score) in scores.iter().enumerate() {
        let better = *score > most;
        best = if better { index } else { best };
        most = if better { *score } else { most };
    }
    best
}

/// What is done with the scores of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PostTransform {
    None,
    Softmax,
    Logistic,
    SoftmaxZero,
    Probit,
}

impl PostTransform {
    /// The one of the attribute `post_transform`.
    pub fn of(context: &NodeContext<'_>) -> Result<Self, ModelError> {
        // A number in `TreeEnsemble`, a name everywhere else.
        if let Some(Attribute::Integer(number)) = context.attributes().get("post_transform") {
            let known = [Self::None, Self::Softmax, Self::Logistic, Self::SoftmaxZero, Self::Probit];
            let transform = usize::try_from(*number).ok().and_then(|number| known.get(number));
            return transform.copied().ok_or_else(|| unsupported(format!("post_transform {number}")));
        }
        Ok(match context.attributes().text("post_transform")?.map_or("NONE", |text| &**text) {
            "NONE" => Self::None,
            "SOFTMAX" => Self::Softmax,
            "LOGISTIC" => Self::Logistic,
            "SOFTMAX_ZERO" => Self::SoftmaxZero,
            "PROBIT" => Self::Probit,
            other => return Err(unsupported(format!("post_transform {other:?}"))),
        })
    }

    /// Transforms the scores of one row.
    pub fn apply(self, scores: &mut [f64]) {
        match self {
            Self::None => {}
            Self::Logistic => scores.iter_mut().for_each(|score| *score = logistic(*score)),
            Self::Probit => {
                scores.iter_mut().for_each(|s| {
                    *s = std::f64::consts::SQRT_2 * inverse_error_function(2.0 * *s - 1.0);
                });
            }
            Self::Softmax => softmax_rows(scores, scores.len()),
            // Scores that are zero stay zero.
            Self::SoftmaxZero => softmax(scores, |score| score.abs() > 1e-7),
        }
    }

    /// Transforms rows of `width` scores, each as [`PostTransform::apply`] does.
    pub fn apply_rows(self, scores: &mut [f64], width: usize) {
        match self {
            Self::None => {}
            Self::Softmax => softmax_rows(scores, width),
            Self::Logistic => vectorised(
                #[inline(always)]
                || {
                    scores.iter_mut().for_each(|score| *score = -*score);
                    exponentials(scores);
                    scores.iter_mut().for_each(|score| *score = 1.0 / (1.0 + *score));
                },
            ),
            _ => scores.chunks_exact_mut(width.max(1)).for_each(|scores| self.apply(scores)),
        }
    }

    /// The two scores of a classifier that only computes the second class's.
    pub fn second_class(self, score: f64, mixed: bool) -> [f64; 2] {
        match self {
            Self::Logistic => [logistic(-score), logistic(score)],
            Self::Probit => {
                let mut scores = [score];
                self.apply(&mut scores);
                [1.0 - scores[0], scores[0]]
            }
            _ if mixed => [-score, score],
            _ => [1.0 - score, score],
        }
    }
}

/// Most scores that are divided side by side.
const TOGETHER: usize = 64;

/// Softmax of every row; the exponentials of all rows go side by side.
fn softmax_rows(scores: &mut [f64], width: usize) {
    let width = width.max(1);
    vectorised(
        #[inline(always)]
        || {
            for row in scores.chunks_exact_mut(width) {
                let highest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                row.iter_mut().for_each(|score| *score -= highest);
            }
            exponentials(scores);
            // Divisions take longest: those of several rows go side by side.
            let together = (TOGETHER / width).max(1);
            let mut sums = [1.0; TOGETHER];
            for rows in scores.chunks_mut(together * width) {
                if width > TOGETHER {
                    let sum = rows.iter().fold(0.0, |sum, score| sum + score);
                    rows.iter_mut().for_each(|score| *score /= if sum > 0.0 { sum } else { 1.0 });
                    continue;
                }
                for (row, sums) in rows.chunks_exact(width).zip(sums.chunks_exact_mut(width)) {
                    let sum = row.iter().fold(0.0, |sum, score| sum + score);
                    sums.fill(if sum > 0.0 { sum } else { 1.0 });
                }
                rows.iter_mut().zip(&sums).for_each(|(score, sum)| *score /= sum);
            }
        },
    );
}

fn softmax(scores: &mut [f64], takes_part: impl Fn(f64) -> bool) {
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        if takes_part(*score) {
            *score = libm::exp(*score - highest);
            sum += *score;
        } else {
            *score = 0.0;
        }
    }
    if sum > 0.0 {
        scores.iter_mut().for_each(|score| *score /= sum);
    }
}

/// 1 / (1 + e^-x).
#[inline(always)]
pub(crate) fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

/// The approximation by which the operator set's reference inverts the error function.
fn inverse_error_function(x: f64) -> f64 {
    let sign = if x < 0.0 { -1.0 } else { 1.0 };
    let log = libm::log((1.0 - x) * (1.0 + x));
    let v = 2.0 / (std::f64::consts::PI * 0.147) + 0.5 * log;
    sign * libm::sqrt(-v + libm::sqrt(v * v - log / 0.147))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transforms() {
        let mut scores = [1.0, 2.0, 0.0];
        PostTransform::Softmax.apply(&mut scores);
        assert!((scores.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let mut scores = [1.0, 1.0, 0.0];
        PostTransform::SoftmaxZero.apply(&mut scores);
        assert_eq!(scores, [0.5, 0.5, 0.0]);
        assert_eq!(PostTransform::None.second_class(0.25, false), [0.75, 0.25]);
        assert_eq!(PostTransform::None.second_class(0.25, true), [-0.25, 0.25]);
        assert_eq!(PostTransform::Logistic.second_class(0.0, true), [0.5, 0.5]);
        assert_eq!(largest(&[1.0, 3.0, 3.0]), 1);
    }
}
