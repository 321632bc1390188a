//! The description of an ensemble: plain data that readers fill and [`Ensemble::compile`] checks.

use crate::combine::Combine;
use crate::error::CompileError;
use crate::kernel::Kernel;
use crate::limits::Limits;
use crate::split::{CategorySet, Split};

/// A tree ensemble as a model file tells it.
#[derive(Clone, Debug)]
pub struct Ensemble {
    /// What each input is, in the order in which [`Kernel::score`] takes its columns.
    pub features: Vec<Feature>,
    /// The sets that [`Test::InSet`](crate::Test::InSet) names.
    pub sets: Vec<CategorySet>,
    /// The trees, in the order in which their answers are added.
    pub trees: Vec<Tree>,
    /// What the leaves hold.
    pub leaves: Leaves,
    /// Numbers a row that the kernel answers with: 1, the classes or the targets.
    pub outputs: usize,
    /// How the answers of the trees become one.
    pub combine: Combine,
}

/// What an input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// A number, compared in this precision.
    Number(Number),
    /// A category by code. Where the input is a number, this says how it becomes a code.
    Category(CodeRule),
}

/// The precision of comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// f64.
    F64,
    /// Value and threshold are rounded to f32 before they are compared.
    F32,
}

/// How a number becomes a category's code. NaN is missing, what does not fit is an unknown category.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CodeRule {
    /// Truncated towards zero, so that −0.5 is category 0 (LightGBM).
    #[default]
    Truncated,
    /// Truncated, but every negative number is an unknown category (XGBoost).
    NonNegative,
}

/// One tree: an arena of nodes.
///
/// Several nodes may lead to one child; the compiled kernel repeats what is shared, within [`Limits`].
#[derive(Clone, Debug)]
pub struct Tree {
    /// The nodes, in any order.
    pub nodes: Vec<Node>,
    /// Where to begin.
    pub root: u32,
    /// Factor of this tree's answer, or the weight of its vote; 1 for most.
    pub weight: f64,
    /// First of the outputs that this tree's leaves are added to: `tree % classes` for multi-class boosting.
    pub output: u32,
}

impl Tree {
    /// A tree of weight 1 that begins at node 0 and adds to output 0.
    #[must_use]
    pub fn new(nodes: Vec<Node>) -> Self {
        Self { nodes, root: 0, weight: 1.0, output: 0 }
    }
}

/// A node of a tree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Node {
    /// The tree answers with this leaf of [`Ensemble::leaves`].
    Leaf(u32),
    /// The tree has no answer for this row.
    Null,
    /// The path goes on.
    Split(Split),
}

/// What the leaves hold. Several nodes, of several trees too, may name the same leaf.
#[derive(Clone, Debug)]
pub enum Leaves {
    /// Rows of `width` numbers; leaf `i` is `values[i * width..][..width]`, added to as many outputs.
    Numbers {
        /// Numbers a leaf.
        width: usize,
        /// The numbers of all leaves.
        values: Vec<f64>,
    },
    /// The class that each leaf votes for, below [`Ensemble::outputs`].
    Classes(Vec<u32>),
    /// Only numbered: as many leaves, of which the caller knows the rest.
    Numbered(u32),
}

impl Leaves {
    /// Number of leaves.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers { width, values } => values.len().checked_div(*width).unwrap_or(0),
            Self::Classes(classes) => classes.len(),
            Self::Numbered(count) => *count as usize,
        }
    }

    /// True without any leaf.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Ensemble {
    /// Checks the ensemble and compiles it, within the default [`Limits`].
    ///
    /// # Errors
    /// [`CompileError`] names the tree and node that are wrong.
    pub fn compile(self) -> Result<Kernel, CompileError> {
        self.compile_within(&Limits::default())
    }

    /// Checks the ensemble and compiles it.
    ///
    /// # Errors
    /// [`CompileError`] names the tree and node that are wrong.
    pub fn compile_within(self, limits: &Limits) -> Result<Kernel, CompileError> {
        Kernel::compile(self, limits)
    }

    /// Checks the ensemble and keeps it as it is: walked node by node, one row at a time, with the same bits as the
    /// compiled kernel, slowly. For tests and comparisons.
    ///
    /// # Errors
    /// As [`Ensemble::compile`].
    pub fn compile_plain(self) -> Result<Kernel, CompileError> {
        Kernel::compile_plain(self, &Limits::default())
    }
}
