//! Trees that are walked on values instead of ranks.
//!
//! Where an ensemble reads many more columns than a row's paths do, ranking all of them costs more than it saves; a
//! row then reads just the cells that its paths ask for.

use crate::answers::NULL_LEAF;
use crate::cell::Cell;
use crate::ensemble::{Ensemble, Feature, Node, Number};
use crate::error::Exception;
use crate::split::{CategorySet, Missing, Reading, Test};

/// The bit that tells slots from nodes.
const SLOT: u32 = 1 << 31;

/// Question of a node, its operand kept beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Question {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    InSet,
    NotInSet,
    IsMissing,
}

/// Route of missing values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Route {
    Yes,
    No,
    Own,
    Fault,
}

/// An inner node: 32 bytes.
#[derive(Clone, Copy, Debug)]
struct SparseNode {
    operand: f64,
    feature: u32,
    /// Nodes, or slots with [`SLOT`].
    yes: u32,
    no: u32,
    /// Slot of the answer for missing values.
    own: u32,
    question: Question,
    reading: Reading,
    route: Route,
}

/// Trees as one arena of inner nodes.
#[derive(Debug)]
pub(crate) struct Sparse {
    nodes: Vec<SparseNode>,
    roots: Vec<u32>,
    /// Where each tree's slots begin, and the end of the last.
    slots: Vec<u32>,
    features: Vec<Feature>,
    sets: Vec<CategorySet>,
}

impl Sparse {
    /// Rewrites a checked ensemble; returns the leaf by slot too.
    pub(crate) fn new(ensemble: &Ensemble) -> (Self, Vec<u32>) {
        let mut this = Self {
            nodes: Vec::new(),
            roots: Vec::new(),
            slots: Vec::new(),
            features: ensemble.features.clone(),
            sets: ensemble.sets.clone(),
        };
        let mut leaves = Vec::new();
        for tree in &ensemble.trees {
            this.slots.push(leaves.len() as u32);
            // Nodes whose place is known, with where to write it: a node's `yes` or `no`, or the root.
            let mut open = vec![(tree.root, None)];
            while let Some((described, parent)) = open.pop() {
                let place = match tree.nodes[described as usize] {
                    Node::Leaf(leaf) => push_slot(&mut leaves, leaf),
                    Node::Null => push_slot(&mut leaves, NULL_LEAF),
                    Node::Split(split) => {
                        let place = this.nodes.len() as u32;
                        let single = ensemble.features[split.feature as usize] == Feature::Number(Number::F32);
                        let (question, operand) = question_of(split.test, single);
                        let (route, own) = match split.missing {
                            Missing::Yes => (Route::Yes, NULL_LEAF),
                            Missing::No => (Route::No, NULL_LEAF),
                            Missing::Leaf(leaf) => (Route::Own, push_slot(&mut leaves, leaf) & !SLOT),
                            Missing::Null => (Route::Own, push_slot(&mut leaves, NULL_LEAF) & !SLOT),
                            Missing::Fault => (Route::Fault, NULL_LEAF),
                        };
                        let &crate::Split { feature, reading, .. } = &split;
                        this.nodes.push(SparseNode {
                            operand,
                            feature,
                            yes: 0,
                            no: 0,
                            own,
                            question,
                            reading,
                            route,
                        });
                        open.push((split.no, Some((place, false))));
                        open.push((split.yes, Some((place, true))));
                        place
                    }
                };
                match parent {
                    None => this.roots.push(place),
                    Some((node, true)) => this.nodes[node as usize].yes = place,
                    Some((node, false)) => this.nodes[node as usize].no = place,
                }
            }
        }
        this.slots.push(leaves.len() as u32);
        this.nodes.shrink_to_fit();
        leaves.shrink_to_fit();
        (this, leaves)
    }

    /// The slots of a tree.
    pub(crate) fn slots_of(&self, tree: usize) -> std::ops::Range<usize> {
        self.slots[tree] as usize..self.slots[tree + 1] as usize
    }

    /// Walks one row through all trees in order, writing slots; a fault ends the row.
    pub(crate) fn walk_all(&self, slots: &mut [u32], read: impl Fn(u32) -> Cell) -> Result<(), Exception> {
        for (tree, root) in self.roots.iter().enumerate() {
            match self.walk(*root, &read) {
                Ok(slot) => slots[tree] = slot,
                Err(feature) => {
                    slots[tree..].fill(NULL_LEAF);
                    return Err(Exception::Fault { tree: tree as u32, feature });
                }
            }
        }
        Ok(())
    }

    fn walk(&self, root: u32, read: impl Fn(u32) -> Cell) -> Result<u32, u32> {
        let mut at = root;
        while at & SLOT == 0 {
            let node = &self.nodes[at as usize];
            let cell = match read(node.feature) {
                cell @ Cell::Number(_) => node.reading.apply(cell),
                Cell::Missing if matches!(self.features[node.feature as usize], Feature::Number(_)) => {
                    node.reading.apply(Cell::Missing)
                }
                other => other,
            };
            let holds = match cell {
                Cell::Number(value) => match node.question {
                    Question::Less => value < node.operand,
                    Question::LessOrEqual => value <= node.operand,
                    Question::Greater => value > node.operand,
                    Question::GreaterOrEqual => value >= node.operand,
                    Question::Equal => value == node.operand,
                    Question::NotEqual => value != node.operand,
                    Question::InSet | Question::NotInSet | Question::IsMissing => false,
                },
                Cell::Code(code) => match node.question {
                    Question::InSet => self.sets[node.operand as usize].contains(code),
                    Question::NotInSet => !self.sets[node.operand as usize].contains(code),
                    _ => false,
                },
                Cell::Fault => return Err(node.feature),
                Cell::Missing if node.question == Question::IsMissing => true,
                Cell::Missing => match node.route {
                    Route::Yes => true,
                    Route::No => false,
                    Route::Own => return Ok(node.own),
                    Route::Fault => return Err(node.feature),
                },
            };
            at = if holds { node.yes } else { node.no };
        }
        Ok(at & !SLOT)
    }
}

fn push_slot(leaves: &mut Vec<u32>, leaf: u32) -> u32 {
    leaves.push(leaf);
    (leaves.len() - 1) as u32 | SLOT
}

fn question_of(test: Test, single: bool) -> (Question, f64) {
    let round = |value: f64| if single { f64::from(value as f32) } else { value };
    match test {
        Test::Less(threshold) => (Question::Less, round(threshold)),
        Test::LessOrEqual(threshold) => (Question::LessOrEqual, round(threshold)),
        Test::Greater(threshold) => (Question::Greater, round(threshold)),
        Test::GreaterOrEqual(threshold) => (Question::GreaterOrEqual, round(threshold)),
        Test::Equal(constant) => (Question::Equal, round(constant)),
        Test::NotEqual(constant) => (Question::NotEqual, round(constant)),
        Test::InSet(set) => (Question::InSet, f64::from(set)),
        Test::NotInSet(set) => (Question::NotInSet, f64::from(set)),
        Test::IsMissing => (Question::IsMissing, 0.0),
    }
}
