//! The meaning of an ensemble, told as plainly as possible: one row, one tree, one node at a time.
//!
//! The kernel is held against this in tests; it is also a way to see which leaf a row reaches and why.

use crate::cell::Cell;
use crate::ensemble::{Ensemble, Feature, Node, Number};
use crate::split::{Missing, Split, Test};

/// Where a row ends up in one tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Walked {
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

/// Walks one tree of a checked ensemble; `read` gives the cell of a feature.
pub(crate) fn walk(ensemble: &Ensemble, tree: usize, read: impl Fn(u32) -> Cell) -> Walked {
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
