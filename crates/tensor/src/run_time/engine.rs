//! A session as an engine: a record at a time.

use std::any::Any;
use std::fmt;

use scorewheel_columns::ErrorCode;

use super::Session;
use crate::data::Data;
use crate::engine::{Engine, Layout, Slot};
use crate::tensor::{Tensor, TensorType};

/// Gives a session one record after another.
///
/// Never several at once: the libraries sum in an order that depends on how many rows they get, and a score must not
/// depend on what arrived together.
pub(crate) struct SessionEngine {
    session: Box<dyn Session>,
    inputs: Vec<TensorType>,
    outputs: Vec<TensorType>,
    input_slots: Vec<Slot>,
    output_slots: Vec<Slot>,
}

impl SessionEngine {
    /// An engine whose inputs and outputs have these types.
    pub fn new(session: Box<dyn Session>, inputs: Vec<TensorType>, outputs: Vec<TensorType>) -> Self {
        let slots = |types: &[TensorType]| {
            types
                .iter()
                .map(|tensor_type| Slot { element: tensor_type.element, width: tensor_type.len() })
                .collect()
        };
        let (input_slots, output_slots) = (slots(&inputs), slots(&outputs));
        Self { session, inputs, outputs, input_slots, output_slots }
    }
}

/// Tensors of zeros.
pub(crate) fn zeros(types: &[TensorType]) -> Vec<Tensor> {
    types
        .iter()
        .map(|tensor_type| Tensor {
            element: tensor_type.element,
            shape: tensor_type.shape.clone(),
            data: Data::zeros(tensor_type.element, tensor_type.len()),
        })
        .collect()
}

impl Engine for SessionEngine {
    fn inputs(&self) -> &[Slot] {
        &self.input_slots
    }

    fn outputs(&self) -> &[Slot] {
        &self.output_slots
    }

    fn layout(&self) -> Layout {
        Layout::RowMajor
    }

    fn block(&self) -> usize {
        16
    }

    fn new_state(&self) -> Box<dyn Any + Send> {
        Box::new(zeros(&self.inputs))
    }

    fn run(
        &self,
        state: &mut dyn Any,
        inputs: &[Data],
        rows: usize,
        outputs: &mut [Data],
    ) -> Result<(), ErrorCode> {
        let tensors: &mut Vec<Tensor> = state.downcast_mut().ok_or(ErrorCode::EnginePanicked)?;
        for row in 0..rows {
            for ((tensor, slot), input) in tensors.iter_mut().zip(&self.input_slots).zip(inputs) {
                tensor.data.copy_range(0, input, row * slot.width, slot.width);
            }
            let found = self.session.run(tensors).map_err(|_| ErrorCode::RuntimeFailed)?;
            if found.len() != self.outputs.len() {
                return Err(ErrorCode::RuntimeFailed);
            }
            for (((found, wanted), slot), output) in
                found.iter().zip(&self.outputs).zip(&self.output_slots).zip(outputs.iter_mut())
            {
                // A shape that this record steers.
                if found.tensor_type() != *wanted {
                    return Err(ErrorCode::ResultOutOfType);
                }
                output.copy_range(row * slot.width, &found.data, 0, slot.width);
            }
        }
        Ok(())
    }
}

impl fmt::Debug for SessionEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionEngine").field("session", &self.session).finish_non_exhaustive()
    }
}
