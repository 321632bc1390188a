//! The meaning of an ensemble, told as plainly as possible: one row, one tree, one node at a time.
//!
//! The compiled walks are held against this in tests; ensembles of more columns than compiled nodes can address are
//! walked by it.

use crate::answers::NULL_LEAF;
use crate::cell::Cell;
use crate::ensemble::{Ensemble, Feature, Node, Number};
use crate::error::Exception;
use crate::split::{Missing, Split, Test};

/// Where a row ends up in one tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Walked {
    /// At this leaf.
    Leaf(u32),
    /// The tree has no answer.
    Null,
    /// The path read this feature, which it must not.
    Fault {
        /// The feature.
        feature: u32,
    },
}

enum Answer {
    Yes,
    No,
    Missing,
    Fault,
}

/// Walks all trees in order, writing leaf numbers; a fault ends the row.
pub(crate) fn walk_all(
    ensemble: &Ensemble,
    leaves: &mut [u32],
    read: impl Fn(u32) -> Cell,
) -> Result<(), Exception> {
    for tree in 0..ensemble.trees.len() {
        leaves[tree] = match walk(ensemble, tree, &read) {
            Walked::Leaf(leaf) => leaf,
            Walked::Null => NULL_LEAF,
            Walked::Fault { feature } => {
                leaves[tree..].fill(NULL_LEAF);
                return Err(Exception::Fault { tree: tree as u32, feature });
            }
        };
    }
    Ok(())
}

/// Walks one tree of a checked ensemble; `read` gives the cell of a feature.
fn walk(ensemble: &Ensemble, tree: usize, read: impl Fn(u32) -> Cell) -> Walked {
    let tree = &ensemble.trees[tree];
    let mut at = tree.root;
    loop {
        let split = match tree.nodes[at as usize] {
            Node::Leaf(leaf) => return Walked::Leaf(leaf),
            Node::Null => return Walked::Null,
            Node::Split(split) => split,
        };
        at = match ask(ensemble, &split, read(split.feature)) {
            Answer::Yes => split.yes,
            Answer::No => split.no,
            Answer::Fault => return Walked::Fault { feature: split.feature },
            Answer::Missing => match split.missing {
                Missing::Yes => split.yes,
                Missing::No => split.no,
                Missing::Leaf(leaf) => return Walked::Leaf(leaf),
                Missing::Null => return Walked::Null,
                Missing::Fault => return Walked::Fault { feature: split.feature },
            },
        };
    }
}

fn ask(ensemble: &Ensemble, split: &Split, cell: Cell) -> Answer {
    let cell = match ensemble.features[split.feature as usize] {
        Feature::Number(_) => split.reading.apply(cell),
        Feature::Category(_) => cell,
    };
    let holds = match cell {
        Cell::Fault => return Answer::Fault,
        Cell::Missing if split.test == Test::IsMissing => true,
        Cell::Missing => return Answer::Missing,
        Cell::Code(code) => match split.test {
            Test::InSet(set) => ensemble.sets[set as usize].contains(code),
            Test::NotInSet(set) => !ensemble.sets[set as usize].contains(code),
            _ => false,
        },
        Cell::Number(value) => {
            let constant = |constant: f64| match ensemble.features[split.feature as usize] {
                Feature::Number(Number::F32) => f64::from(constant as f32),
                _ => constant,
            };
            match split.test {
                Test::Less(threshold) => value < constant(threshold),
                Test::LessOrEqual(threshold) => value <= constant(threshold),
                Test::Greater(threshold) => value > constant(threshold),
                Test::GreaterOrEqual(threshold) => value >= constant(threshold),
                Test::Equal(threshold) => value == constant(threshold),
                Test::NotEqual(threshold) => value != constant(threshold),
                Test::InSet(_) | Test::NotInSet(_) | Test::IsMissing => false,
            }
        }
    };
    if holds { Answer::Yes } else { Answer::No }
}
