//! Tree ensembles: evaluation.

use scorewheel_model::ModelError;

use crate::element::{ElementType, Storage};
use crate::operators::ml::ensemble_attributes::{read_ensemble, read_tree_ensemble};
use crate::operators::ml::forest::{Forest, Seen};
use crate::operators::ml::{ClassLabels, PostTransform, numeric_rows, store};
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// How a node tests its feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    LessOrEqual,
    Less,
    GreaterOrEqual,
    Greater,
    Equal,
    NotEqual,
    /// One of a set.
    Member,
}

/// A branch.
#[derive(Clone, Debug)]
pub(crate) struct TreeNode {
    pub test: Test,
    pub feature: u32,
    pub threshold: f64,
    /// Where to go if the test holds; nodes or, negative and counted from -1 down, leaves.
    pub if_true: i32,
    pub if_false: i32,
    /// A missing value goes where the test holds.
    pub missing_is_true: bool,
    /// Which set of members.
    pub set: u32,
}

/// How the trees' answers become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aggregate {
    Sum,
    Average,
    Minimum,
    Maximum,
}

/// Trees over shared nodes; every reference in it is checked.
#[derive(Clone, Debug)]
pub(crate) struct Ensemble {
    pub nodes: Vec<TreeNode>,
    /// A node or, negative, a leaf, for each tree.
    pub roots: Vec<i32>,
    /// Where each leaf's weights start; one more at the end.
    pub leaves: Vec<u32>,
    /// Target and weight.
    pub weights: Vec<(u32, f64)>,
    pub sets: Vec<Vec<f64>>,
    pub base_values: Vec<f64>,
    pub targets: usize,
    pub aggregate: Aggregate,
    /// Features that a row must have.
    pub features: usize,
}

impl Ensemble {
    /// Targets and weights of a leaf.
    pub fn weights_of(&self, leaf: usize) -> &[(u32, f64)] {
        &self.weights[self.leaves[leaf] as usize..self.leaves[leaf + 1] as usize]
    }

    /// Aggregates the trees' answers for one row; `seen` tells which targets any leaf spoke of.
    pub fn evaluate(&self, row: &[f64], scores: &mut [f64], seen: &mut [bool]) {
        scores.fill(0.0);
        seen.fill(false);
        for root in &self.roots {
            let mut at = *root;
            while at >= 0 {
                let node = &self.nodes[at as usize];
                let value = row[node.feature as usize];
                let holds = match node.test {
                    Test::LessOrEqual => value <= node.threshold,
                    Test::Less => value < node.threshold,
                    Test::GreaterOrEqual => value >= node.threshold,
                    Test::Greater => value > node.threshold,
                    Test::Equal => value == node.threshold,
                    Test::NotEqual => value != node.threshold,
                    Test::Member => self.sets[node.set as usize].contains(&value),
                };
                // NaN differs from every threshold, as in ONNX Runtime and the operator's reference.
                let holds = holds || node.missing_is_true && value.is_nan();
                at = if holds { node.if_true } else { node.if_false };
            }
            for (target, weight) in self.weights_of((-1 - at) as usize) {
                let target = *target as usize;
                let score = &mut scores[target];
                *score = match self.aggregate {
                    Aggregate::Sum | Aggregate::Average => *score + weight,
                    _ if !seen[target] => *weight,
                    Aggregate::Minimum => score.min(*weight),
                    Aggregate::Maximum => score.max(*weight),
                };
                seen[target] = true;
            }
        }
        if self.aggregate == Aggregate::Average {
            let trees = self.roots.len().max(1) as f64;
            scores.iter_mut().for_each(|score| *score /= trees);
        }
    }
}

/// `TreeEnsembleRegressor`.
pub(crate) fn regressor(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let output = if context.input(0)?.element() == ElementType::F64 && context.version() >= 3 {
        ElementType::F64
    } else {
        ElementType::F32
    };
    let targets = context.attributes().integer_or("n_targets", 1)?;
    regression(context, || read_ensemble(context, "target", targets), output)
}

/// `TreeEnsemble`, the one operator of version 5.
pub(crate) fn unified(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let output = context.input(0)?.element();
    let output = if output.is_float() { output } else { ElementType::F32 };
    regression(context, || read_tree_ensemble(context), output)
}

fn regression(
    context: &NodeContext<'_>,
    read: impl FnOnce() -> Result<Ensemble, ModelError>,
    output: ElementType,
) -> Result<Built, ModelError> {
    let (rows, columns) = numeric_rows(context)?;
    let transform = PostTransform::of(context)?;
    let single = context.input(0)?.element().storage() == Storage::F32;
    let make = || Ok(Forest::new(read()?, single, Seen::Nothing));
    let forest = context.attributes().once(u8::from(single), make)?;
    forest.ensemble.fits(columns)?;
    let targets = forest.ensemble.targets;
    Ok(Computation::one(TensorType::new(output, [rows, targets]), move |inputs, outputs, workspace| {
        forest.each_row(inputs[0], columns, workspace, |row, scores, _| {
            for (score, base) in scores.iter_mut().zip(&forest.ensemble.base_values) {
                *score += base;
            }
            transform.apply(scores);
            for (target, score) in scores.iter().enumerate() {
                store(&mut outputs[0], row * targets + target, *score);
            }
        })
    }))
}

/// A classifier's trees, and what is known of their leaves.
struct Classifier {
    forest: Forest,
    /// Two classes of which the leaves only name one: their sum is the second class's.
    one_sided: bool,
    /// No weight is below zero.
    positive: bool,
}

impl Classifier {
    fn new(ensemble: Ensemble, classes: usize, single: bool) -> Self {
        let first_target = ensemble.weights.first().map(|(target, _)| *target);
        let one_sided =
            classes == 2 && ensemble.weights.iter().all(|(target, _)| Some(*target) == first_target);
        let positive = ensemble.weights.iter().all(|(_, weight)| *weight >= 0.0);
        let seen = match (one_sided, classes) {
            (true, _) => Seen::Nothing,
            (_, 2) => Seen::Second,
            _ => Seen::Largest,
        };
        Self { forest: Forest::new(ensemble, single, seen), one_sided, positive }
    }
}

/// `TreeEnsembleClassifier`.
pub(crate) fn classifier(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let labels = ClassLabels::of(context, "classlabels_int64s")?;
    let classes = labels.len();
    let (rows, columns) = numeric_rows(context)?;
    let transform = PostTransform::of(context)?;
    let single = context.input(0)?.element().storage() == Storage::F32;
    let made = context.attributes().once(u8::from(single), || {
        Ok(Classifier::new(read_ensemble(context, "class", classes as i64)?, classes, single))
    })?;
    made.forest.ensemble.fits(columns)?;
    Ok(Computation::many(labels.outputs(rows, classes), move |inputs, outputs, workspace| {
        let [label_out, score_out] = outputs else { return Ok(()) };
        let Classifier { forest, one_sided, positive } = &*made;
        let base_values = &forest.ensemble.base_values;
        forest.each_row(inputs[0], columns, workspace, |row, scores, seen| {
            if *one_sided {
                let base = base_values.last().copied().unwrap_or(0.0);
                let score = scores[0] + scores[1] + base;
                let threshold = if *positive { 0.5 } else { 0.0 };
                // Thresholds are on what the operator computes in f32.
                let class = usize::from((score as f32) > threshold);
                labels.write(class, label_out, row);
                let [first, second] = transform.second_class(score, !positive);
                store(score_out, row * 2, first);
                store(score_out, row * 2 + 1, second);
                return;
            }
            if classes == 2 {
                let (class, scores) = two_sided([scores[0], scores[1]], seen[1], base_values, transform);
                labels.write(class, label_out, row);
                store(score_out, row * 2, scores[0]);
                store(score_out, row * 2 + 1, scores[1]);
                return;
            }
            if base_values.len() == classes {
                for (score, base) in scores.iter_mut().zip(base_values) {
                    *score += base;
                }
                seen.fill(true);
            }
            let mut best = None;
            for (class, score) in scores.iter().enumerate().filter(|(class, _)| seen[*class]) {
                // Compared as f32, in which ties are ties.
                if best.is_none_or(|best: usize| *score as f32 > scores[best] as f32) {
                    best = Some(class);
                }
            }
            labels.write(best.unwrap_or(0), label_out, row);
            transform.apply(scores);
            for (class, score) in scores.iter().enumerate() {
                store(score_out, row * classes + class, *score);
            }
        })
    }))
}

/// Class and scores of two classes that both have leaves, as ONNX Runtime tells them: the second class if its score is
/// above zero, whatever that of the first is; the first class's alone decides where no leaf of a row speaks of the second.
fn two_sided(
    [mut first, mut second]: [f64; 2],
    second_seen: bool,
    base_values: &[f64],
    transform: PostTransform,
) -> (usize, [f64; 2]) {
    match base_values {
        [_, base] if second_seen => {
            second = base + first;
            first = -second;
        }
        [base, _] => first += base,
        [base] => first += base,
        _ => {}
    }
    let decides = if second_seen { second } else { first };
    // Compared as f32, in which ties are ties.
    let class = usize::from(decides as f32 > 0.0);
    if !second_seen && base_values.len() != 2 {
        return (class, transform.second_class(first, true));
    }
    let mut scores = [first, second];
    transform.apply(&mut scores);
    (class, scores)
}
