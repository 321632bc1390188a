//! What nodes answer with; equal answers stand in the tables once.

use std::ops::Range;
use std::sync::Arc;

use hashbrown::HashTable;

use crate::compile::expression::hash_keys;
use crate::elements::ElementPlan;

/// No node, no answer, no distribution.
pub const NONE: u32 = u32::MAX;

/// What nodes answer with.
#[derive(Debug, Default)]
pub struct NodeAnswers {
    by_node: ByNode,
    table: Arc<Table>,
}

/// The answers of nodes.
#[derive(Debug, Default)]
enum ByNode {
    /// Every node has the answer of its number.
    #[default]
    Own,
    /// [`NARROW_NONE`] for none.
    Narrow(Box<[u16]>),
    /// [`NONE`] for none.
    Wide(Box<[u32]>),
}

const NARROW_NONE: u16 = u16::MAX;

impl ByNode {
    fn new(by_node: &[u32], answers: usize) -> Self {
        if answers >= usize::from(NARROW_NONE) {
            return Self::Wide(by_node.into());
        }
        // Of none the lower half is none again.
        Self::Narrow(by_node.iter().map(|answer| *answer as u16).collect())
    }

    #[inline]
    fn get(&self, node: usize) -> u32 {
        match self {
            Self::Own => node as u32,
            Self::Narrow(by_node) => match by_node[node] {
                NARROW_NONE => NONE,
                answer => u32::from(answer),
            },
            Self::Wide(by_node) => by_node[node],
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Own => 0,
            Self::Narrow(by_node) => by_node.len(),
            Self::Wide(by_node) => by_node.len(),
        }
    }
}

/// Answers, of one tree or of several.
#[derive(Debug, Default)]
struct Table {
    /// By answer: the score as a number (regression) or as an index of categories; NaN for none.
    scores: Vec<f64>,
    /// By answer: its distribution, [`NONE`] for none. Empty if no answer has one.
    distributions: Vec<u32>,
    /// Categories.
    width: usize,
    /// Probabilities of all distributions, one entry a category.
    probabilities: Vec<f64>,
    /// Confidences of all distributions, one entry a category; empty if no node has any.
    confidences: Vec<f64>,
}

impl NodeAnswers {
    /// The scores of a regression, by node.
    #[must_use]
    pub fn numbers(scores: Vec<f64>) -> Self {
        Self { by_node: ByNode::Own, table: Arc::new(Table { scores, ..Table::default() }) }
    }

    /// A node's answer; [`NONE`] for none.
    #[must_use]
    pub fn of(&self, node: usize) -> u32 {
        self.by_node.get(node)
    }

    /// A node's score; NaN for none.
    #[inline]
    #[must_use]
    pub fn score(&self, node: usize) -> f64 {
        self.table.scores.get(self.of(node) as usize).copied().unwrap_or(f64::NAN)
    }

    /// A node's probabilities by category, if it has a distribution.
    #[must_use]
    pub fn probabilities(&self, node: usize) -> Option<&[f64]> {
        self.table.probabilities.get(self.table.range(self.of(node))?)
    }

    /// A node's confidences by category, if it has a distribution and the tree any confidence.
    #[must_use]
    pub fn confidences(&self, node: usize) -> Option<&[f64]> {
        self.table.confidences.get(self.table.range(self.of(node))?)
    }
}

impl Table {
    fn range(&self, answer: u32) -> Option<Range<usize>> {
        let distribution = *self.distributions.get(answer as usize)?;
        let first = distribution as usize * self.width;
        (distribution != NONE).then(|| first..first + self.width)
    }

    fn distribution(&self, answer: u32) -> Option<Distribution<'_>> {
        let range = self.range(answer)?;
        Some((&self.probabilities[range.clone()], self.confidences.get(range).unwrap_or_default()))
    }
}

/// Lets all trees of a plan that tell as many categories apart have one table.
pub fn share(plan: &mut crate::plan::Plan) {
    let mut shared: Vec<(Collector, Vec<usize>)> = Vec::new();
    for (index, model) in plan.models.iter_mut().enumerate() {
        let ElementPlan::Tree(tree) = &mut model.element else { continue };
        let NodeAnswers { by_node, table } = &mut tree.answers;
        if matches!(by_node, ByNode::Own) {
            continue;
        }
        let confident = !table.confidences.is_empty();
        let width = table.width;
        let found =
            shared.iter().position(|(known, _)| known.table.width == width && known.confident == confident);
        let at = found.unwrap_or(shared.len());
        if found.is_none() {
            shared.push((Collector { confident, ..Collector::new(0, width) }, Vec::new()));
        }
        let (collector, users) = &mut shared[at];
        users.push(index);
        let moved: Vec<u32> = (0..table.scores.len() as u32)
            .map(|answer| collector.answer(table.scores[answer as usize], table.distribution(answer)))
            .collect();
        let node = |node: usize| moved.get(by_node.get(node) as usize).copied().unwrap_or(NONE);
        let own: Vec<u32> = (0..by_node.len()).map(node).collect();
        *by_node = ByNode::new(&own, collector.table.scores.len());
        *table = Arc::default();
    }
    for (collector, users) in shared {
        let table = collector.finish().table;
        for index in users {
            if let ElementPlan::Tree(tree) = &mut plan.models[index].element {
                tree.answers.table = Arc::clone(&table);
            }
        }
    }
}

/// Collects the answers of a classification, node after node.
#[derive(Debug)]
pub struct Collector {
    by_node: Vec<u32>,
    table: Table,
    confident: bool,
    /// Answers by hash.
    known: HashTable<(u64, u32)>,
    key: Vec<f64>,
}

/// A node's probabilities and confidences by category.
pub type Distribution<'d> = (&'d [f64], &'d [f64]);

impl Collector {
    /// None so far, of so many nodes and categories.
    #[must_use]
    pub fn new(nodes: usize, width: usize) -> Self {
        Self {
            by_node: Vec::with_capacity(nodes),
            table: Table { width, ..Table::default() },
            confident: false,
            known: HashTable::new(),
            key: Vec::new(),
        }
    }

    /// Adds the next node.
    pub fn push(&mut self, score: f64, distribution: Option<Distribution<'_>>) {
        let answer = self.answer(score, distribution);
        self.by_node.push(answer);
    }

    /// The number of an answer, which may be new; [`NONE`] for none.
    fn answer(&mut self, score: f64, distribution: Option<Distribution<'_>>) -> u32 {
        if score.is_nan() && distribution.is_none() {
            return NONE;
        }
        let Self { table, known, key, .. } = self;
        key.clear();
        key.push(score);
        if let Some((own, confident)) = distribution {
            key.extend_from_slice(own);
            key.extend_from_slice(confident);
        }
        let is = |known: &[f64], own: &[f64]| {
            known.len() == own.len() && known.iter().zip(own).all(|(a, b)| a.to_bits() == b.to_bits())
        };
        let same = |(_, answer): &(u64, u32)| {
            is(&[table.scores[*answer as usize]], &[score])
                && match (distribution, table.distribution(*answer)) {
                    (None, None) => true,
                    (Some((own, confident)), Some(known)) => is(known.0, own) && is(known.1, confident),
                    _ => false,
                }
        };
        let hash = hash_keys(key);
        if let Some((_, answer)) = known.find(hash, same) {
            return *answer;
        }
        let answer = table.scores.len() as u32;
        table.scores.push(score);
        table.distributions.push(match distribution {
            None => NONE,
            Some((own, confident)) => {
                table.probabilities.extend_from_slice(own);
                table.confidences.extend_from_slice(confident);
                (table.probabilities.len() / table.width.max(1)) as u32 - 1
            }
        });
        known.insert_unique(hash, (hash, answer), |(hash, _)| *hash);
        answer
    }

    /// The answers of all nodes.
    #[must_use]
    pub fn finish(self) -> NodeAnswers {
        let Self { by_node, mut table, .. } = self;
        table.scores.shrink_to_fit();
        table.distributions.shrink_to_fit();
        table.probabilities.shrink_to_fit();
        table.confidences.shrink_to_fit();
        NodeAnswers { by_node: ByNode::new(&by_node, table.scores.len()), table: Arc::new(table) }
    }
}
