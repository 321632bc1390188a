//! How the answers of the trees become one.

use crate::ensemble::Number;

/// How the answers of the trees become one.
#[derive(Clone, Debug, PartialEq)]
pub enum Combine {
    /// Σ weight × leaf, in the order of the trees. Needs [`Leaves::Numbers`](crate::Leaves::Numbers).
    Sum(Sum),
    /// The same sum, divided by the Σ weight of the trees that add to that output.
    Average(Sum),
    /// Σ weight of the trees that vote for each class. Needs [`Leaves::Classes`](crate::Leaves::Classes).
    Vote(NullTree),
    /// Leaf numbers only: [`Kernel::score_leaves`](crate::Kernel::score_leaves) is the only way to score.
    None,
}

/// A sum's precision, constants and treatment of trees without an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Sum {
    /// Every product and every addition is rounded to this precision.
    pub precision: Number,
    /// One constant an output; empty for none.
    pub base: Vec<f64>,
    /// Where the constant is added.
    pub base_place: BasePlace,
    /// What a tree without an answer does to the row.
    pub null_tree: NullTree,
}

impl Default for Sum {
    fn default() -> Self {
        Self {
            precision: Number::F64,
            base: Vec::new(),
            base_place: BasePlace::Last,
            null_tree: NullTree::RowIsNull,
        }
    }
}

/// Where the constant of a sum is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BasePlace {
    /// The sum starts from it, so that an average divides it too.
    First,
    /// Added to the finished sum or average.
    Last,
}

/// What a tree without an answer does to the row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NullTree {
    /// The row has no answer.
    RowIsNull,
    /// The tree is left out, and out of the average's divisor. The row has no answer if all are left out, or more
    /// than this share of all trees.
    Skip {
        /// Largest share of trees that may lack an answer, 0 to 1.
        threshold: f64,
    },
    /// Of votes only: it votes for "no answer", and the row has none if that wins.
    Votes,
}
