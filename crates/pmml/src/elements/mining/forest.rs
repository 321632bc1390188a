//! Forests of plain trees, compiled for rows whose fields are all there.
//!
//! A row with a value in every field that any tree reads takes the compiled kernel, whose answer has the same bits; all
//! other rows are scored segment by segment, as are rows that no node of some tree fits.

use hashbrown::HashTable;
use scorewheel_trees::{
    Combine, Ensemble, Kernel, Leaves, Limits, Node, NullTree, Number, Row as TreesRow, Scratch, Sum, Tree,
};

use crate::compile::Compiler;
use crate::compile::expression::hash_keys;
use crate::document::MiningFunction;
use crate::document::head::MathContext;
use crate::elements::ElementPlan;
use crate::elements::mining::compile::{Plan, Segment};
use crate::elements::mining::read::Method;
use crate::elements::tree::{self, Builder};
use crate::plan::{ModelPlan, Predicate, Slot};
use crate::precision::Precision;
use crate::score::columnar::{Answers, Frame, Wanted, Work};
use crate::score::prediction::largest;
use crate::score::{Prediction, Row};
use crate::value::{Datum, Kind};

/// A compiled forest and the fields it reads.
#[derive(Debug)]
pub struct Forest {
    kernel: Kernel,
    slots: Box<[Slot]>,
    votes: bool,
}

/// Working memory of forests.
#[derive(Debug, Default)]
pub struct ForestMemory {
    scratch: Scratch,
    values: Vec<f64>,
    numbers: Vec<f64>,
}

impl Forest {
    /// Compiles the segments of a plan; `None` unless all of them are plain trees that are added, averaged or vote.
    pub fn of(
        plan: &Plan,
        function: MiningFunction,
        context: MathContext,
        categories: usize,
        compiler: &Compiler<'_, '_>,
    ) -> Option<Self> {
        let sum = Sum {
            precision: match context {
                MathContext::Double => Number::F64,
                MathContext::Float => Number::F32,
            },
            ..Sum::default()
        };
        let weighted = matches!(
            plan.method,
            Method::WeightedAverage | Method::WeightedSum | Method::WeightedMajorityVote
        );
        let answer = match function {
            MiningFunction::Regression => AnswerKind::Number,
            MiningFunction::Classification => match plan.method {
                Method::MajorityVote | Method::WeightedMajorityVote => AnswerKind::Vote,
                _ => AnswerKind::Distribution,
            },
            _ => return None,
        };
        let combine = match (plan.method, answer) {
            (Method::Sum | Method::WeightedSum, AnswerKind::Number) => Combine::Sum(sum),
            // The weights are added before they are rounded: in f32 only a count gives the same either way.
            (Method::WeightedAverage, _) if context == MathContext::Float => return None,
            (Method::Average | Method::WeightedAverage, AnswerKind::Number | AnswerKind::Distribution) => {
                Combine::Average(sum)
            }
            (Method::MajorityVote | Method::WeightedMajorityVote, AnswerKind::Vote) => {
                Combine::Vote(NullTree::RowIsNull)
            }
            _ => return None,
        };
        let width = if answer == AnswerKind::Distribution { categories } else { 1 };
        let mut builder = Builder::new(compiler.slot_plans());
        let mut leaf = Leaf::new(answer, width, compiler);
        let mut trees = Vec::with_capacity(plan.segments.len());
        for segment in &plan.segments {
            let weight = if weighted { segment.weight } else { 1.0 };
            let nodes = leaf.segment(segment, &mut builder)?;
            trees.push(Tree { weight, ..Tree::new(nodes) });
        }
        let Builder { slots, features, sets, .. } = builder;
        let values = leaf.values;
        let leaves = match answer {
            AnswerKind::Vote => Leaves::Classes((0..categories as u32).collect()),
            _ => Leaves::Numbers { width, values },
        };
        let ensemble = Ensemble {
            features,
            sets,
            trees,
            leaves,
            outputs: if answer == AnswerKind::Number { 1 } else { categories },
            combine,
        };
        let kernel = ensemble.compile_within(&Limits::default()).ok()?;
        Some(Self { kernel, slots: slots.into(), votes: answer == AnswerKind::Vote })
    }

    /// Scores a row whose fields are all there; false if it must be scored segment by segment.
    pub fn score(&self, model: &ModelPlan, row: &mut Row<'_>, prediction: &mut Prediction) -> bool {
        let mut memory = std::mem::take(row.forests);
        let scored = self.score_with(&mut memory, model, row, prediction);
        *row.forests = memory;
        scored.is_some()
    }

    fn score_with(
        &self,
        memory: &mut ForestMemory,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Option<()> {
        let ForestMemory { scratch, values, numbers } = memory;
        let classification = model.is_classification();
        if classification && model.categories().len() != self.kernel.outputs() {
            return None;
        }
        values.clear();
        for slot in &self.slots {
            // A field that fails is an error only where a path reads it: left to the segments.
            let value = row.raw(*slot).ok().flatten().filter(|value| !value.is_nan())?;
            values.push(value);
        }
        numbers.clear();
        numbers.resize(self.kernel.outputs(), 0.0);
        if self.votes {
            let winner = self.kernel.score_row_votes(TreesRow::new(values), scratch, numbers).ok()?.ok()?;
            let total: f64 = numbers.iter().sum();
            prediction.probabilities.extend(numbers.iter().map(|vote| vote / total));
            prediction.value = Some(*model.categories().get(winner as usize)?);
            return Some(());
        }
        if self.kernel.score_row(TreesRow::new(values), scratch, numbers).ok()?.is_some() {
            return None;
        }
        if classification {
            prediction.probabilities.extend_from_slice(numbers);
            prediction.value = largest(numbers).map(|winner| model.categories()[winner]);
        } else {
            prediction.value = Some(Datum::double(numbers[0]));
        }
        Some(())
    }
}

impl Forest {
    /// Adds the columns that the trees read.
    pub fn columns(&self, model: &ModelPlan, wanted: &mut Vec<Wanted>) -> Option<()> {
        if model.is_classification() && model.categories().len() != self.kernel.outputs() {
            return None;
        }
        wanted.extend(self.slots.iter().map(|slot| Wanted::tree(*slot)));
        Some(())
    }

    /// Scores a block.
    pub fn score_columns(
        &self,
        model: &ModelPlan,
        frame: &Frame<'_>,
        work: &mut Work,
        answers: &mut Answers,
    ) {
        let (rows, width) = (frame.rows, self.kernel.outputs());
        if rows == 1 {
            self.score_single(model, frame, work, answers);
            return;
        }
        let columns: Vec<_> = self.slots.iter().map(|slot| frame.tree_column(*slot)).collect();
        let Answers { numbers, winners, probabilities, left, .. } = answers;
        let scored = if self.votes {
            probabilities.resize(rows * width, 0.0);
            winners.resize(rows, 0);
            self.kernel.score_votes(&columns, rows, &mut work.trees, probabilities, winners)
        } else if model.is_classification() {
            probabilities.resize(rows * width, 0.0);
            self.kernel.score(&columns, rows, &mut work.trees, probabilities)
        } else {
            numbers.resize(rows * width, 0.0);
            self.kernel.score(&columns, rows, &mut work.trees, numbers)
        };
        if scored.is_err() {
            left.mark_all();
        }
        for (row, _) in work.trees.exceptions() {
            left.mark(*row as usize);
            if let Some(winner) = winners.get_mut(*row as usize) {
                *winner = 0;
            }
        }
        if self.votes {
            for votes in probabilities.chunks_exact_mut(width) {
                let total: f64 = votes.iter().sum();
                votes.iter_mut().for_each(|vote| *vote /= total);
            }
        } else if model.is_classification() {
            answers.elect(width);
        }
    }
}

impl Forest {
    fn score_single(&self, model: &ModelPlan, frame: &Frame<'_>, work: &mut Work, answers: &mut Answers) {
        let row = TreesRow::new(frame.row());
        let Answers { numbers, winners, probabilities, left, .. } = answers;
        let into = if model.is_classification() { &mut *probabilities } else { &mut *numbers };
        into.resize(self.kernel.outputs(), 0.0);
        if self.votes {
            match self.kernel.score_row_votes(row, &mut work.trees, into) {
                Ok(Ok(winner)) => winners.push(winner),
                _ => {
                    winners.push(0);
                    left.mark(0);
                }
            }
            let total: f64 = into.iter().sum();
            into.iter_mut().for_each(|vote| *vote /= total);
            return;
        }
        if !matches!(self.kernel.score_row(row, &mut work.trees, into), Ok(None)) {
            left.mark(0);
        }
        if model.is_classification() {
            answers.elect(self.kernel.outputs());
        }
    }
}

/// What a tree answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AnswerKind {
    Number,
    Distribution,
    Vote,
}

/// The leaves of all trees; equal distributions are one.
struct Leaf<'b, 'd, 'a> {
    answer: AnswerKind,
    /// Numbers a leaf.
    width: usize,
    compiler: &'b Compiler<'d, 'a>,
    values: Vec<f64>,
    /// Leaves by the hash of their distribution.
    known: HashTable<(u64, u32)>,
    /// By answer of the tree at hand: the leaf, if it has one by now.
    by_answer: Vec<Option<Node>>,
}

impl<'b, 'd, 'a> Leaf<'b, 'd, 'a> {
    fn new(answer: AnswerKind, width: usize, compiler: &'b Compiler<'d, 'a>) -> Self {
        let (values, known, by_answer) = (Vec::new(), HashTable::new(), Vec::new());
        Self { answer, width, compiler, values, known, by_answer }
    }

    /// The nodes of a segment that is a plain tree.
    fn segment(&mut self, segment: &Segment, trees: &mut Builder<'_>) -> Option<Vec<Node>> {
        let model = self.compiler.model_plan(segment.model)?;
        let target = model.target();
        let plain = matches!(segment.predicate, Predicate::True)
            && !segment.is_misfit
            && segment.weight_slot.is_none()
            && model.outputs.is_empty()
            && target.rules.is_none()
            && model.is_classification() == (self.answer != AnswerKind::Number)
            && (self.answer != AnswerKind::Number || matches!(target.kind, Kind::Double | Kind::Float));
        let ElementPlan::Tree(tree) = &model.element else { return None };
        self.by_answer.clear();
        if plain && tree.embedded.is_empty() {
            trees.tree(tree, |node| self.leaf(tree, model, segment, node))
        } else {
            None
        }
    }

    /// What a path that ends at this node answers; a node without an answer is left to the segments.
    fn leaf(&mut self, tree: &tree::Plan, model: &ModelPlan, segment: &Segment, node: usize) -> Option<Node> {
        if self.answer == AnswerKind::Number {
            let score = tree.answers.score(node);
            if score.is_nan() {
                return Some(Node::Null);
            }
            let value = Precision::from(model.math_context).round(score);
            self.values.push(if model.target().kind == Kind::Float {
                f64::from(value as f32)
            } else {
                value
            });
            return Some(Node::Leaf(self.values.len() as u32 - 1));
        }
        let answer = tree.answers.of(node);
        if answer == tree::NONE {
            return Some(Node::Null);
        }
        let at = answer as usize;
        if self.by_answer.len() <= at {
            self.by_answer.resize(at + 1, None);
        }
        if self.by_answer[at].is_none() {
            self.by_answer[at] = Some(self.answer(tree, segment, node)?);
        }
        self.by_answer[at]
    }

    /// The leaf of a node that tells categories apart.
    fn answer(&mut self, tree: &tree::Plan, segment: &Segment, node: usize) -> Option<Node> {
        let score = tree.answers.score(node);
        let probabilities = tree.answers.probabilities(node).unwrap_or_default();
        let winner = if score.is_nan() { largest(probabilities) } else { Some(score as usize) };
        let Some(winner) = winner else { return Some(Node::Null) };
        if self.answer == AnswerKind::Vote {
            return Some(Node::Leaf(*segment.categories.get(winner)?));
        }
        if probabilities.is_empty() {
            return Some(Node::Null);
        }
        let start = self.values.len();
        self.values.resize(start + self.width, 0.0);
        for (category, probability) in probabilities.iter().enumerate() {
            let index = *segment.categories.get(category)? as usize;
            *self.values[start..].get_mut(index)? = *probability;
        }
        let (values, own) = self.values.split_at(start);
        let hash = hash_keys(own);
        let same = |(_, leaf): &(u64, u32)| {
            let known = &values[*leaf as usize * self.width..][..self.width];
            known.iter().zip(own).all(|(a, b)| a.to_bits() == b.to_bits())
        };
        if let Some((_, leaf)) = self.known.find(hash, same) {
            let leaf = *leaf;
            self.values.truncate(start);
            return Some(Node::Leaf(leaf));
        }
        let leaf = (start / self.width) as u32;
        self.known.insert_unique(hash, (hash, leaf), |(hash, _)| *hash);
        Some(Node::Leaf(leaf))
    }
}
