//! What can be wrong with an ensemble, with a call, and with a row.

use thiserror::Error;

/// The ensemble is bad: it cannot be compiled.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum CompileError {
    /// A tree has no nodes.
    #[error("tree {tree} has no nodes")]
    EmptyTree {
        /// Index of the tree.
        tree: usize,
    },
    /// A root or child does not exist.
    #[error("tree {tree}, node {node}: child {child} does not exist, the tree has {nodes} nodes")]
    ChildOutOfRange {
        /// Index of the tree.
        tree: usize,
        /// Index of the node, or of the root itself.
        node: u32,
        /// What it refers to.
        child: u32,
        /// Number of nodes of the tree.
        nodes: usize,
    },
    /// A path comes back to a node that it has passed.
    #[error("tree {tree}, node {node}: the path comes back to this node")]
    Cycle {
        /// Index of the tree.
        tree: usize,
        /// Index of the node.
        node: u32,
    },
    /// A path is longer than the limit.
    #[error("tree {tree}, node {node}: deeper than {limit} splits")]
    TooDeep {
        /// Index of the tree.
        tree: usize,
        /// Index of the node.
        node: u32,
        /// The limit.
        limit: usize,
    },
    /// The trees are too large as a whole, after shared subtrees are repeated.
    #[error("tree {tree}: more than {limit} nodes in all, shared subtrees counted at each use")]
    TooManyNodes {
        /// Index of the tree that passes the limit.
        tree: usize,
        /// The limit.
        limit: usize,
    },
    /// A threshold is not a number.
    #[error("tree {tree}, node {node}: the threshold is NaN")]
    NanThreshold {
        /// Index of the tree.
        tree: usize,
        /// Index of the node.
        node: u32,
    },
    /// A feature does not exist.
    #[error("tree {tree}, node {node}: feature {feature} does not exist, there are {features}")]
    FeatureOutOfRange {
        /// Index of the tree.
        tree: usize,
        /// Index of the node.
        node: u32,
        /// What it refers to.
        feature: u32,
        /// Number of features.
        features: usize,
    },
    /// A category set does not exist.
    #[error("tree {tree}, node {node}: category set {set} does not exist, there are {sets}")]
    SetOutOfRange {
        /// Index of the tree.
        tree: usize,
        /// Index of the node.
        node: u32,
        /// What it refers to.
        set: u32,
        /// Number of sets.
        sets: usize,
    },
    /// A leaf does not exist.
    #[error("tree {tree}, node {node}: leaf {leaf} does not exist, there are {leaves}")]
    LeafOutOfRange {
        /// Index of the tree.
        tree: usize,
        /// Index of the node.
        node: u32,
        /// What it refers to.
        leaf: u32,
        /// Number of leaves.
        leaves: usize,
    },
    /// A number is compared with a set, or a category with a number.
    #[error("tree {tree}, node {node}: the test does not fit the type of feature {feature}")]
    TestDoesNotFit {
        /// Index of the tree.
        tree: usize,
        /// Index of the node.
        node: u32,
        /// The feature.
        feature: u32,
    },
    /// A tree adds to outputs that do not exist.
    #[error("tree {tree}: adds to outputs {first}..{end}, there are {outputs}")]
    OutputOutOfRange {
        /// Index of the tree.
        tree: usize,
        /// First output it adds to.
        first: usize,
        /// One past the last.
        end: usize,
        /// Number of outputs.
        outputs: usize,
    },
    /// A leaf votes for a class that does not exist.
    #[error("leaf {leaf}: class {class} does not exist, there are {classes}")]
    ClassOutOfRange {
        /// Index of the leaf.
        leaf: usize,
        /// What it votes for.
        class: u32,
        /// Number of outputs.
        classes: usize,
    },
    /// The leaves' kind or table does not fit how answers are combined.
    #[error("leaves: {0}")]
    Leaves(&'static str),
    /// The number of constants is neither 0 nor the number of outputs.
    #[error("base: {given} constants for {outputs} outputs")]
    Base {
        /// How many are given.
        given: usize,
        /// Number of outputs.
        outputs: usize,
    },
}

/// The call is wrong: the caller's columns or buffers do not fit the kernel.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputError {
    /// Not one column a feature.
    #[error("{given} columns given, the ensemble has {expected} features")]
    Columns {
        /// How many are given.
        given: usize,
        /// How many there must be.
        expected: usize,
    },
    /// A column or its states are shorter than the rows asked for.
    #[error("column {column} has fewer than {rows} rows")]
    ColumnTooShort {
        /// Index of the column.
        column: usize,
        /// How many rows are to be scored.
        rows: usize,
    },
    /// A column of codes for a number, or the like.
    #[error("column {column} holds codes, the ensemble reads a number")]
    ColumnType {
        /// Index of the column.
        column: usize,
    },
    /// An output buffer has another length than rows × width.
    #[error("output buffer of {given} entries, {expected} are written")]
    Output {
        /// Its length.
        given: usize,
        /// What it must be.
        expected: usize,
    },
    /// The ensemble combines its trees in another way than the method called.
    #[error("the ensemble does not combine its trees by {0}")]
    Combine(&'static str),
}

/// A row without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exception {
    /// Trees without an answer, as [`NullTree`](crate::NullTree) says.
    Null,
    /// A path reached a cell that is a fault, or a missing one at a node that forbids it.
    Fault {
        /// The first tree, in order, whose path did.
        tree: u32,
        /// The feature it read there.
        feature: u32,
    },
}
