//! Tensors: constants of a graph, and values while constants are folded.

use std::fmt;

use crate::data::Data;
use crate::element::ElementType;

/// Type and shape of a tensor, every dimension known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TensorType {
    /// Type of the elements.
    pub element: ElementType,
    /// Length of each dimension; `[]` is a scalar.
    pub shape: Vec<usize>,
}

impl TensorType {
    /// A tensor of this element type and shape.
    #[must_use]
    pub fn new(element: ElementType, shape: impl Into<Vec<usize>>) -> Self {
        Self { element, shape: shape.into() }
    }

    /// Number of elements, saturating.
    #[must_use]
    pub fn len(&self) -> usize {
        element_count(&self.shape)
    }

    /// True if a dimension is 0.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of dimensions.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.shape.len()
    }
}

impl fmt::Display for TensorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:?}", self.element, self.shape)
    }
}

/// The product of a shape's dimensions, saturating.
#[must_use]
pub fn element_count(shape: &[usize]) -> usize {
    if shape.contains(&0) {
        return 0;
    }
    shape.iter().fold(1, |product: usize, dimension| product.saturating_mul(*dimension))
}

/// A tensor with its elements. `data.len()` is the product of the shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Type of the elements.
    pub element: ElementType,
    /// Length of each dimension.
    pub shape: Vec<usize>,
    /// The elements, row-major.
    pub data: Data,
}

impl Tensor {
    /// A tensor of f32.
    #[must_use]
    pub fn f32(shape: &[usize], elements: Vec<f32>) -> Self {
        Self { element: ElementType::F32, shape: shape.to_vec(), data: Data::F32(elements) }
    }

    /// A tensor of i64.
    #[must_use]
    pub fn i64(shape: &[usize], elements: Vec<i64>) -> Self {
        Self { element: ElementType::I64, shape: shape.to_vec(), data: Data::I64(elements) }
    }

    /// Its type and shape.
    #[must_use]
    pub fn tensor_type(&self) -> TensorType {
        TensorType { element: self.element, shape: self.shape.clone() }
    }
}
