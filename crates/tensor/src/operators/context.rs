//! What a builder sees of its node.

use std::sync::Arc;

use scorewheel_model::ModelError;

use crate::data::Data;
use crate::element::{ElementType, Storage};
use crate::error::{invalid, too_large, unsupported};
use crate::graph::{Attributes, Node};
use crate::tensor::{Tensor, TensorType};

/// An input of a node: its type, and its value where that is known.
#[derive(Clone)]
pub(crate) struct Input {
    pub tensor_type: TensorType,
    pub constant: Option<Arc<Tensor>>,
}

impl Input {
    pub fn element(&self) -> ElementType {
        self.tensor_type.element
    }

    pub fn shape(&self) -> &[usize] {
        &self.tensor_type.shape
    }

    pub fn rank(&self) -> usize {
        self.tensor_type.shape.len()
    }
}

/// A node with its inputs.
pub(crate) struct NodeContext<'a> {
    pub node: &'a Node,
    /// `None` for one left out.
    pub inputs: &'a [Option<Input>],
}

impl NodeContext<'_> {
    /// The operator's name.
    pub fn operator(&self) -> &str {
        &self.node.operator
    }

    /// Version of the operator set.
    pub fn version(&self) -> i64 {
        self.node.version
    }

    pub fn attributes(&self) -> &Attributes {
        &self.node.attributes
    }

    /// An input that must be there.
    pub fn input(&self, index: usize) -> Result<&Input, ModelError> {
        self.optional(index).ok_or_else(|| invalid(format!("input {index} is missing")))
    }

    /// An input that may be left out.
    pub fn optional(&self, index: usize) -> Option<&Input> {
        self.inputs.get(index).and_then(Option::as_ref)
    }

    /// The value of an input that must be constant.
    pub fn constant(&self, index: usize, what: &str) -> Result<&Arc<Tensor>, ModelError> {
        self.input(index)?.constant.as_ref().ok_or_else(|| {
            unsupported(format!("{what} depends on the record; only constants are supported here"))
        })
    }

    /// Integers of an input that must be constant.
    pub fn integers(&self, index: usize, what: &str) -> Result<Vec<i64>, ModelError> {
        match &self.constant(index, what)?.data {
            Data::I64(values) => Ok(values.clone()),
            _ => Err(invalid(format!("{what} is not of an integer type"))),
        }
    }

    /// Integers of a constant input, else of an attribute (how older versions state them); `None` if neither is there.
    pub fn integers_or_attribute(
        &self,
        index: usize,
        attribute: &str,
    ) -> Result<Option<Vec<i64>>, ModelError> {
        match self.optional(index) {
            Some(_) => self.integers(index, attribute).map(Some),
            None => Ok(self.attributes().integers(attribute)?.map(<[i64]>::to_vec)),
        }
    }

    /// Refuses inputs whose element types are not one and the same.
    pub fn same_elements(&self, indices: &[usize]) -> Result<ElementType, ModelError> {
        let first = self.input(indices[0])?.element();
        for index in indices {
            let other = self.input(*index)?.element();
            if other != first {
                return Err(invalid(format!("inputs are of different types: {first} and {other}")));
            }
        }
        Ok(first)
    }

    /// The storage of an input, refused unless it is one of `allowed`.
    pub fn storage(&self, index: usize, allowed: &[Storage]) -> Result<Storage, ModelError> {
        let element = self.input(index)?.element();
        if allowed.contains(&element.storage()) {
            Ok(element.storage())
        } else {
            Err(self.no_kernel(element))
        }
    }

    /// The operator does not take elements of this type.
    pub fn no_kernel(&self, element: ElementType) -> ModelError {
        unsupported(format!("{} of {element}", self.operator()))
    }
}

/// A dimension counted from the front, given one that may count from the back.
pub(crate) fn axis(axis: i64, rank: usize) -> Result<usize, ModelError> {
    let from_front = if axis < 0 { axis + rank as i64 } else { axis };
    usize::try_from(from_front)
        .ok()
        .filter(|axis| *axis < rank)
        .ok_or_else(|| invalid(format!("axis {axis} of a tensor with {rank} dimensions")))
}

/// Dimensions counted from the front, ascending, each once.
pub(crate) fn axes(list: &[i64], rank: usize) -> Result<Vec<usize>, ModelError> {
    let mut found = list.iter().map(|value| axis(*value, rank)).collect::<Result<Vec<_>, _>>()?;
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// A length of a dimension or a count.
pub(crate) fn length(value: i64, what: &str) -> Result<usize, ModelError> {
    let length = usize::try_from(value).map_err(|_| invalid(format!("{what} is {value}")))?;
    if length > LONGEST {
        return Err(too_large(format!("{what} is {value}")));
    }
    Ok(length)
}

/// Longest dimension.
const LONGEST: usize = 1 << 31;

/// Refuses shapes whose arithmetic could leave the range of integers, even where a dimension of 0 leaves no elements.
pub(crate) fn check_shape(shape: &[usize]) -> Result<(), ModelError> {
    let fits = shape.iter().all(|dimension| *dimension <= LONGEST)
        && shape.iter().fold(1usize, |all, dimension| all.saturating_mul((*dimension).max(1))) <= 1 << 40;
    if fits { Ok(()) } else { Err(too_large(format!("a tensor of shape {shape:?}"))) }
}
