//! `TreeModel` on one row.

use scorewheel_columns::{ErrorCode, RowError};

use crate::elements::Element;
use crate::elements::tree::answers::NONE;
use crate::elements::tree::compile::{Node, Plan, Test};
use crate::elements::tree::read::{MissingValueStrategy, NoTrueChildStrategy};
use crate::plan::{ModelPlan, Slot};
use crate::precision::Precision;
use crate::score::columnar::{Answers, Frame, Wanted, Work};
use crate::score::prediction::largest;
use crate::score::{Prediction, Row};
use crate::value::Datum;

/// Where the path of a row ends.
enum End {
    /// At this node.
    Node(usize),
    /// Nowhere: the prediction is missing.
    Nowhere,
    /// At several nodes below this one: a predicate among its children is unknown.
    Several(usize),
}

impl Element for Plan {
    fn score(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        self.embedded.begin(row);
        if self.test(row, &self.nodes[0])? != Some(true) {
            return Ok(());
        }
        let mut penalty = 1.0;
        match self.walk(model, row, &mut penalty)? {
            End::Nowhere => Ok(()),
            End::Several(node) => self.score_several(model, row, node, prediction),
            End::Node(node) => match self.embedded.of(node) {
                Some(embedded) => {
                    prediction.entity = Some(node as u32);
                    embedded.answer(row, model.categories().len(), prediction)
                }
                None => self.answer(model, row, node, penalty, prediction),
            },
        }
    }

    fn columns(&self, model: &ModelPlan, wanted: &mut Vec<Wanted>) -> Option<()> {
        let columns = self.columns.as_ref()?;
        columns.wanted(model, wanted)
    }

    fn score_columns(&self, model: &ModelPlan, frame: &Frame<'_>, work: &mut Work, answers: &mut Answers) {
        match &self.columns {
            Some(columns) => columns.score(model, frame, work, answers),
            None => answers.left.mark_all(),
        }
    }
}

impl Plan {
    #[inline]
    fn test(&self, row: &mut Row<'_>, node: &Node) -> Result<Option<bool>, RowError> {
        match node.test() {
            Test::True => Ok(Some(true)),
            Test::Compare(comparison) => {
                let number = row.raw(Slot(node.slot()))?;
                Ok(number.map(|number| comparison.holds(number, node.constant)))
            }
            Test::Predicate => row.test(&self.predicates[node.slot() as usize]),
        }
    }

    fn walk(&self, model: &ModelPlan, row: &mut Row<'_>, penalty: &mut f64) -> Result<End, RowError> {
        let mut at = 0;
        'nodes: loop {
            row.step()?;
            let end = self.nodes[at].next as usize;
            let mut child = at + 1;
            if child == end {
                return Ok(End::Node(at));
            }
            while child < end {
                let node = &self.nodes[child];
                match self.test(row, node)? {
                    Some(true) => {
                        at = child;
                        continue 'nodes;
                    }
                    Some(false) => {}
                    None => match self.missing {
                        MissingValueStrategy::None => {}
                        MissingValueStrategy::LastPrediction => return Ok(End::Node(at)),
                        MissingValueStrategy::NullPrediction => return Ok(End::Nowhere),
                        MissingValueStrategy::DefaultChild => {
                            let default = self.default_children[at];
                            if default == NONE {
                                return Err(row.error(ErrorCode::NoAnswer, model.place));
                            }
                            *penalty *= self.penalty;
                            at = default as usize;
                            continue 'nodes;
                        }
                        MissingValueStrategy::WeightedConfidence | MissingValueStrategy::AggregateNodes => {
                            return Ok(End::Several(at));
                        }
                    },
                }
                child = node.next as usize;
            }
            return Ok(match self.no_true_child {
                NoTrueChildStrategy::ReturnNullPrediction => End::Nowhere,
                NoTrueChildStrategy::ReturnLastPrediction => End::Node(at),
            });
        }
    }

    fn answer(
        &self,
        model: &ModelPlan,
        row: &Row<'_>,
        node: usize,
        penalty: f64,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        let score = self.answers.score(node);
        prediction.entity = Some(node as u32);
        if !model.is_classification() {
            if score.is_nan() {
                return Err(row.error(ErrorCode::NoAnswer, model.place));
            }
            prediction.value = Some(Datum::double(Precision::from(model.math_context).round(score)));
            return Ok(());
        }
        let width = model.categories().len();
        if let Some(probabilities) = self.answers.probabilities(node) {
            prediction.probabilities.extend_from_slice(probabilities);
            match self.answers.confidences(node) {
                None => prediction.confidences.resize(width, 0.0),
                Some(confidences) => {
                    prediction.confidences.extend(confidences.iter().map(|confidence| confidence * penalty));
                }
            }
        }
        let winner = if score.is_nan() { largest(&prediction.probabilities) } else { Some(score as usize) };
        match winner {
            Some(winner) => {
                prediction.value = Some(model.categories()[winner]);
                Ok(())
            }
            None => Err(row.error(ErrorCode::NoAnswer, model.place)),
        }
    }

    /// Weighs all nodes that a path with unknown predicates may end at.
    fn score_several(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        node: usize,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        let mut ends = Vec::new();
        self.collect(row, node, 1.0, &mut ends)?;
        let width = model.categories().len();
        let mut figures = vec![0.0; width];
        let mut confidences = vec![0.0; width];
        let aggregate = self.missing == MissingValueStrategy::AggregateNodes;
        let mut total = 0.0;
        for (end, weight) in &ends {
            let Some(probabilities) = self.answers.probabilities(*end) else { continue };
            let weight = if aggregate { self.record_counts[*end] } else { *weight };
            total += weight;
            for (figure, own) in figures.iter_mut().zip(probabilities) {
                *figure += weight * own;
            }
            // Where none are stated the share of a category is the confidence in it.
            let own = self.answers.confidences(*end).unwrap_or(probabilities);
            for (figure, own) in confidences.iter_mut().zip(own) {
                *figure += weight * own;
            }
        }
        if aggregate {
            for figure in &mut figures {
                *figure /= total;
            }
        }
        if !model.is_classification() {
            let sum: f64 =
                ends.iter().map(|(end, _)| self.record_counts[*end] * self.answers.score(*end)).sum();
            let total: f64 = ends.iter().map(|(end, _)| self.record_counts[*end]).sum();
            prediction.value = Some(Datum::double(sum / total));
            return Ok(());
        }
        let deciding = if aggregate { &figures } else { &confidences };
        prediction.value = largest(deciding).map(|winner| model.categories()[winner]);
        prediction.probabilities = figures;
        if !aggregate {
            prediction.confidences = confidences;
        }
        Ok(())
    }

    /// All nodes that a path from `at` may end at, with the share of training records that went there.
    fn collect(
        &self,
        row: &mut Row<'_>,
        at: usize,
        weight: f64,
        ends: &mut Vec<(usize, f64)>,
    ) -> Result<(), RowError> {
        row.step()?;
        let end = self.nodes[at].next as usize;
        let mut child = at + 1;
        if child == end {
            ends.push((at, weight));
            return Ok(());
        }
        let mut open = Vec::new();
        while child < end {
            match self.test(row, &self.nodes[child])? {
                Some(true) => {
                    if open.is_empty() {
                        return self.collect(row, child, weight, ends);
                    }
                    open.push(child);
                }
                None => open.push(child),
                Some(false) => {}
            }
            child = self.nodes[child].next as usize;
        }
        let total: f64 = open.iter().map(|child| self.record_counts[*child]).sum();
        for child in open {
            self.collect(row, child, weight * self.record_counts[child] / total, ends)?;
        }
        Ok(())
    }
}
