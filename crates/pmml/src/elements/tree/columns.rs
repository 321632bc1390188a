//! `TreeModel` on a block of rows: the kernel finds the leaf of each, tables tell what it answers.

use scorewheel_trees::{Column, Combine, Ensemble, Kernel, Leaves, Limits, Node, Row};

use crate::elements::ElementPlan;
use crate::elements::tree::compile::Plan;
use crate::elements::tree::ensemble::Builder;
use crate::plan::{ModelId, ModelPlan, Slot, SlotPlan};
use crate::precision::Precision;
use crate::score::columnar::{Answers, Frame, Wanted, Work};
use crate::score::prediction::largest;

/// A tree compiled for blocks of rows whose fields are all there.
#[derive(Debug)]
pub struct TreeColumns {
    kernel: Kernel,
    slots: Box<[Slot]>,
    /// By leaf: the node.
    entities: Box<[u32]>,
    /// By leaf: the number; empty if the tree tells categories apart.
    numbers: Box<[f64]>,
    /// By leaf: the category.
    winners: Box<[u32]>,
    /// By leaf: probabilities, one a category.
    probabilities: Box<[f64]>,
    /// By leaf: confidences, one a category; empty if all are nought.
    confidences: Box<[f64]>,
}

/// Compiles the trees of a plan that answer by themselves. Others need none: their forest has them.
pub fn compile_columns(plan: &mut crate::plan::Plan) {
    let root = plan.model(plan.root);
    let mut answering = vec![root.id];
    if let ElementPlan::Mining(mining) = &root.element
        && let Some(chain) = mining.plain_chain()
    {
        answering.extend(chain.iter().map(|segment| segment.model));
    }
    for ModelId(id) in answering {
        let model = &plan.models[id as usize];
        let ElementPlan::Tree(tree) = &model.element else { continue };
        let columns = TreeColumns::of(tree, model, &plan.slots);
        if let ElementPlan::Tree(tree) = &mut plan.models[id as usize].element {
            tree.columns = columns.map(Box::new);
        }
    }
}

impl TreeColumns {
    fn of(tree: &Plan, model: &ModelPlan, slots: &[SlotPlan]) -> Option<Self> {
        if !tree.embedded.is_empty() {
            return None;
        }
        let classification = model.is_classification();
        let mut entities = Vec::new();
        let (mut numbers, mut winners) = (Vec::new(), Vec::new());
        let (mut probabilities, mut confidences) = (Vec::new(), Vec::new());
        let mut builder = Builder::new(slots);
        let nodes = builder.tree(tree, |node| {
            let score = tree.answers.score(node);
            if classification {
                // Without a distribution the figures are missing, or an error: left to the exact path.
                let Some(own) = tree.answers.probabilities(node) else { return Some(Node::Null) };
                let winner = if score.is_nan() { largest(own)? } else { score as usize };
                winners.push(winner as u32);
                probabilities.extend_from_slice(own);
                confidences.extend_from_slice(tree.answers.confidences(node).unwrap_or_default());
            } else if score.is_nan() {
                return Some(Node::Null);
            } else {
                numbers.push(Precision::from(model.math_context).round(score));
            }
            entities.push(node as u32);
            Some(Node::Leaf(entities.len() as u32 - 1))
        })?;
        let Builder { slots, features, sets, .. } = builder;
        let ensemble = Ensemble {
            features,
            sets,
            trees: vec![scorewheel_trees::Tree::new(nodes)],
            leaves: Leaves::Numbered(entities.len() as u32),
            outputs: 1,
            combine: Combine::None,
        };
        Some(Self {
            kernel: ensemble.compile_within(&Limits::default()).ok()?,
            slots: slots.into(),
            entities: entities.into(),
            numbers: numbers.into(),
            winners: winners.into(),
            probabilities: probabilities.into(),
            confidences: confidences.into(),
        })
    }

    /// Adds the columns that the tree reads.
    pub fn wanted(&self, model: &ModelPlan, wanted: &mut Vec<Wanted>) -> Option<()> {
        // A tree that always answers without a figure is left to the exact path altogether.
        if self.entities.is_empty() || model.is_classification() && self.winners.is_empty() {
            return None;
        }
        wanted.extend(self.slots.iter().map(|slot| Wanted::tree(*slot)));
        Some(())
    }

    fn columns<'f>(&self, frame: &Frame<'f>) -> Vec<Column<'f>> {
        self.slots.iter().map(|slot| frame.tree_column(*slot)).collect()
    }

    /// Scores a block.
    pub fn score(&self, model: &ModelPlan, frame: &Frame<'_>, work: &mut Work, answers: &mut Answers) {
        if frame.rows == 1 {
            self.score_one(model, frame, work, answers);
            return;
        }
        work.leaves.resize(frame.rows, 0);
        let columns = self.columns(frame);
        if self.kernel.score_leaves(&columns, frame.rows, &mut work.trees, &mut work.leaves).is_err() {
            answers.left.mark_all();
        }
        for (row, leaf) in work.leaves.iter_mut().enumerate() {
            if *leaf as usize >= self.entities.len() {
                answers.left.mark(row);
                *leaf = 0;
            }
        }
        let leaves = work.leaves.iter().map(|leaf| *leaf as usize);
        answers.entities.extend(leaves.clone().map(|leaf| self.entities[leaf]));
        if !model.is_classification() {
            answers.numbers.extend(leaves.map(|leaf| self.numbers[leaf]));
            return;
        }
        let width = model.categories().len();
        answers.winners.extend(leaves.clone().map(|leaf| self.winners[leaf]));
        for leaf in leaves.clone() {
            answers.probabilities.extend_from_slice(&self.probabilities[leaf * width..][..width]);
        }
        if !self.confidences.is_empty() {
            for leaf in leaves {
                answers.confidences.extend_from_slice(&self.confidences[leaf * width..][..width]);
            }
        }
    }

    /// Scores a single row.
    fn score_one(&self, model: &ModelPlan, frame: &Frame<'_>, work: &mut Work, answers: &mut Answers) {
        let mut leaf = [u32::MAX];
        let walked = self.kernel.score_row_leaves(Row::new(frame.row()), &mut work.trees, &mut leaf);
        let mut leaf = leaf[0] as usize;
        if walked.is_err() || leaf >= self.entities.len() {
            answers.left.mark(0);
            leaf = 0;
        }
        answers.entities.push(self.entities[leaf]);
        if !model.is_classification() {
            answers.numbers.push(self.numbers[leaf]);
            return;
        }
        let width = model.categories().len();
        answers.winners.push(self.winners[leaf]);
        answers.probabilities.extend_from_slice(&self.probabilities[leaf * width..][..width]);
        if !self.confidences.is_empty() {
            answers.confidences.extend_from_slice(&self.confidences[leaf * width..][..width]);
        }
    }
}
