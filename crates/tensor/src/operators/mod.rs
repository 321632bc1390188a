//! Operators: from a node with its input types to a kernel.
//!
//! A builder checks attributes, element types and shapes once and returns a kernel with all of that worked in. Every
//! dimension is known when a builder runs, so nothing about shapes can fail while scoring.
//!
//! | file | what it holds |
//! |---|---|
//! | [`context`] | [`NodeContext`]: what a builder sees of its node |
//! | [`registry`] | which builder an operator has |
//! | [`by_rows`] | which operators compute each row alone |
//! | [`broadcast`] | how two shapes meet |
//! | [`unary`], [`binary`], [`logic`] | element by element |
//! | [`matrix`], [`einsum`] | matrix products |
//! | [`softmax`] | softmax and its kin |
//! | [`movement`] | other shapes for the same elements |
//! | [`arrange`], [`strided`] | other places for elements |
//! | [`attention`], [`determinant`] | scaled dot products of queries and keys; determinants |
//! | [`buckets`], [`buckets_by_hash`] | numbers to intervals, strings to buckets |
//! | [`strings`], [`counts`] | strings one by one; how often numbers occur |
//! | [`gather`] | elements by index |
//! | [`facts`] | what the types of inputs tell: shapes, ranges |
//! | [`reduce`] | one number of many, the largest few, running sums |
//! | [`window`], [`convolution`], [`pooling`], [`resize`] | images and the like |
//! | [`normalisation`] | normalisations |
//! | [`recurrent`] | LSTM, GRU, RNN |
//! | [`ml`] | classical models |
//! | [`quantised`] | integers with a scale |

#![allow(clippy::clone_on_copy, reason = "code for buffers of every kind clones numbers as it does strings")]

pub(crate) mod arrange;
pub(crate) mod attention;
pub(crate) mod binary;
pub(crate) mod broadcast;
pub(crate) mod buckets;
pub(crate) mod buckets_by_hash;
pub(crate) mod by_rows;
pub(crate) mod context;
pub(crate) mod convolution;
pub(crate) mod counts;
pub(crate) mod determinant;
pub(crate) mod einsum;
pub(crate) mod facts;
pub(crate) mod gather;
pub(crate) mod logic;
pub(crate) mod matrix;
pub(crate) mod ml;
pub(crate) mod movement;
pub(crate) mod normalisation;
pub(crate) mod pooling;
pub(crate) mod quantised;
pub(crate) mod recurrent;
pub(crate) mod reduce;
pub(crate) mod registry;
pub(crate) mod resize;
pub(crate) mod softmax;
pub(crate) mod strided;
pub(crate) mod strings;
pub(crate) mod unary;
pub(crate) mod window;

use std::sync::Arc;

use scorewheel_columns::ErrorCode;
use scorewheel_model::ModelError;

pub(crate) use context::{Input, NodeContext};
pub(crate) use convolution::FixedConvolution;

use crate::data::Data;
use crate::gemm::Panels;
use crate::tensor::{Tensor, TensorType};

/// Computes the outputs of one node. Outputs have the right kind and length already; their content is left over.
pub(crate) type Kernel =
    Box<dyn Fn(&[&Data], &mut [Data], &mut Workspace) -> Result<(), ErrorCode> + Send + Sync>;

/// Memory that kernels use while they run.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    pub f32: Buffers<f32>,
    pub f64: Buffers<f64>,
    pub trees: scorewheel_trees::Scratch,
}

/// Memory for one type of numbers.
#[derive(Debug, Default)]
pub(crate) struct Buffers<T> {
    pub elements: Vec<T>,
    pub results: Vec<T>,
    pub panels: Panels<T>,
    /// More of the same, for what needs it.
    pub spare: [Vec<T>; 4],
}

/// What a builder makes of a node.
pub(crate) enum Built {
    /// Something to compute.
    Compute(Computation),
    /// Every output is the first input, element by element, in another shape.
    View(TensorType),
    /// Values that the types of the inputs tell, such as their shapes.
    Known(Vec<Tensor>),
}

/// A kernel and what it computes.
pub(crate) struct Computation {
    /// Types of all outputs; those that nobody reads are computed all the same.
    pub outputs: Vec<TensorType>,
    pub kernel: Kernel,
    /// The same operation on rows of f32, if it is one.
    pub row_form: Option<RowForm>,
    /// What it is to the convolution before it, or how it takes in what follows.
    pub fusion: Option<Fusion>,
}

/// How a step and a convolution become one.
pub(crate) enum Fusion {
    /// A convolution whose weights are known.
    Convolution(Box<FixedConvolution>),
    /// Every channel times a number plus another.
    Affine { scale: Vec<f32>, shift: Vec<f32> },
    /// Smaller numbers become the lower bound, larger ones the upper.
    Clamp { low: f32, high: f32 },
}

impl Computation {
    /// One output.
    pub fn one(
        output: TensorType,
        kernel: impl Fn(&[&Data], &mut [Data], &mut Workspace) -> Result<(), ErrorCode> + Send + Sync + 'static,
    ) -> Built {
        Self::many(vec![output], kernel)
    }

    /// Several outputs.
    pub fn many(
        outputs: Vec<TensorType>,
        kernel: impl Fn(&[&Data], &mut [Data], &mut Workspace) -> Result<(), ErrorCode> + Send + Sync + 'static,
    ) -> Built {
        Built::Compute(Self { outputs, kernel: Box::new(kernel), row_form: None, fusion: None })
    }
}

/// A function of each element.
pub(crate) type Map = Arc<dyn Fn(&[f32], &mut [f32]) + Send + Sync>;
/// A function of each pair of elements.
pub(crate) type Zip = Arc<dyn Fn(&[f32], &[f32], &mut [f32]) + Send + Sync>;

/// An operation that makes a row of numbers of a row of numbers, so that any number of rows can go side by side.
#[derive(Clone)]
pub(crate) enum RowForm {
    /// Times a matrix, row-major, `inputs × outputs`.
    Product { weights: Arc<[f32]>, outputs: usize },
    /// Times a matrix, plus a vector, or one number for all.
    ProductAndSum { weights: Arc<[f32]>, outputs: usize, summand: Arc<[f32]> },
    /// Every number times one of its own plus another.
    ScaleAndShift { scale: Arc<[f32]>, shift: Arc<[f32]> },
    /// Element by element.
    Map(Map),
    /// Element by element with the operand that is not constant, or with a constant.
    Zip(Zip),
    /// Softmax over the whole row; of the logarithm if so said.
    Softmax { logarithm: bool },
}

/// Makes a kernel for a node.
pub(crate) type Builder = fn(&NodeContext<'_>) -> Result<Built, ModelError>;
