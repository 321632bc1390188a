//! A trace as steps over reused buffers, one row at a time.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use scorewheel_columns::ErrorCode;
use scorewheel_model::{Limits, ModelError};
use smallvec::SmallVec;

use crate::data::Data;
use crate::element::{ElementType, Storage};
use crate::engine::trace::{Operand, Source, Trace, Traced};
use crate::engine::{Engine, Layout, Slot};
use crate::error::too_large;
use crate::number::{round_to_bf16, round_to_f16};
use crate::operators::{Kernel, Workspace};
use crate::tensor::{Tensor, TensorType};

/// What a step reads.
#[derive(Clone, Debug)]
enum Place {
    Constant(Arc<Tensor>),
    Buffer(usize),
    Absent,
}

struct Step {
    inputs: SmallVec<[Place; 4]>,
    outputs: SmallVec<[usize; 2]>,
    /// Types of outputs that are rounded after the kernel.
    rounded: SmallVec<[(usize, ElementType); 1]>,
    kernel: Kernel,
}

/// Steps that compute one row.
pub(crate) struct Program {
    steps: Vec<Step>,
    /// Type of the elements and length of each buffer.
    buffers: Vec<(ElementType, usize)>,
    inputs: Vec<usize>,
    outputs: Vec<Place>,
    input_slots: Vec<Slot>,
    output_slots: Vec<Slot>,
    /// Rows of one run of the steps.
    rows: usize,
}

struct State {
    buffers: Vec<Data>,
    workspace: Workspace,
}

impl Program {
    /// The steps of a trace, with buffers shared by values that are never alive together.
    ///
    /// # Errors
    /// [`scorewheel_model::ModelErrorKind::TooLarge`] if the buffers take more memory than the limit allows.
    pub fn new(trace: Trace, limits: &Limits) -> Result<Self, ModelError> {
        Self::of_rows(trace, 1, limits)
    }

    /// As [`Program::new`], of a trace whose inputs and outputs are of this many rows.
    pub fn of_rows(trace: Trace, rows: usize, limits: &Limits) -> Result<Self, ModelError> {
        let slot =
            |tensor_type: &TensorType| Slot { element: tensor_type.element, width: tensor_type.len() / rows };
        let input_slots = trace.inputs.iter().map(|operand| slot(&operand.tensor_type)).collect();
        let output_slots = trace
            .outputs
            .iter()
            .map(|output| match output {
                Traced::Constant(tensor) => slot(&tensor.tensor_type()),
                Traced::Runtime(operand) => slot(&operand.tensor_type),
                // Refused when the answers were made.
                Traced::Resource(_) | Traced::Dead => Slot { element: ElementType::F32, width: 0 },
            })
            .collect();

        // The step after which each value is no longer read.
        let mut last_use = vec![0; trace.buffers];
        for (index, step) in trace.steps.iter().enumerate() {
            for operand in step.inputs.iter().filter_map(operand_of).chain(&step.outputs) {
                last_use[operand.buffer] = index;
            }
        }
        for output in &trace.outputs {
            if let Traced::Runtime(operand) = output {
                last_use[operand.buffer] = usize::MAX;
            }
        }

        let mut shared = Shared {
            places: vec![usize::MAX; trace.buffers],
            released: vec![false; trace.buffers],
            ..Shared::default()
        };
        let inputs: Vec<usize> = trace.inputs.iter().map(|operand| shared.place(operand)).collect();
        let mut steps = Vec::with_capacity(trace.steps.len());
        for (index, step) in trace.steps.into_iter().enumerate() {
            let outputs: SmallVec<[usize; 2]> =
                step.outputs.iter().map(|operand| shared.place(operand)).collect();
            let rounded = step
                .outputs
                .iter()
                .enumerate()
                .map(|(position, operand)| (position, operand.tensor_type.element))
                .filter(|(_, element)| matches!(element, ElementType::F16 | ElementType::BF16))
                .collect();
            let inputs = step
                .inputs
                .iter()
                .map(|source| match source {
                    Source::Constant(tensor) => Place::Constant(Arc::clone(tensor)),
                    Source::Operand(operand) => Place::Buffer(shared.places[operand.buffer]),
                    Source::Absent => Place::Absent,
                })
                .collect();
            for operand in step.inputs.iter().filter_map(operand_of).chain(&step.outputs) {
                if last_use[operand.buffer] == index {
                    shared.release(operand);
                }
            }
            steps.push(Step { inputs, outputs, rounded, kernel: step.kernel });
        }
        let bytes: usize = shared.buffers.iter().map(|(_, len)| len * 8).fold(0, usize::saturating_add);
        if bytes > limits.unpacked_bytes {
            return Err(too_large(format!("scoring a row takes {bytes} bytes of memory")));
        }
        let outputs = trace
            .outputs
            .into_iter()
            .map(|output| match output {
                Traced::Constant(tensor) => Place::Constant(tensor),
                Traced::Runtime(operand) => Place::Buffer(shared.places[operand.buffer]),
                Traced::Resource(_) | Traced::Dead => Place::Absent,
            })
            .collect();
        Ok(Self { steps, buffers: shared.buffers, inputs, outputs, input_slots, output_slots, rows })
    }

    /// Runs the steps once: for the `count` rows from `start` on, at most as many as the trace was made for.
    pub fn run_rows(
        &self,
        state: &mut dyn Any,
        inputs: &[Data],
        start: usize,
        count: usize,
        outputs: &mut [Data],
    ) -> Result<(), ErrorCode> {
        let state: &mut State = state.downcast_mut().ok_or(ErrorCode::EnginePanicked)?;
        let count = count.min(self.rows);
        for ((place, slot), input) in self.inputs.iter().zip(&self.input_slots).zip(inputs) {
            state.buffers[*place].copy_range(0, input, start * slot.width, count * slot.width);
        }
        for step in &self.steps {
            step.run(state)?;
        }
        for ((place, slot), output) in self.outputs.iter().zip(&self.output_slots).zip(outputs.iter_mut()) {
            let source = match place {
                Place::Constant(tensor) => &tensor.data,
                Place::Buffer(index) => &state.buffers[*index],
                Place::Absent => continue,
            };
            output.copy_range(start * slot.width, source, 0, count * slot.width);
        }
        Ok(())
    }
}

fn operand_of(source: &Source) -> Option<&Operand> {
    match source {
        Source::Operand(operand) => Some(operand),
        _ => None,
    }
}

/// Buffers handed out again once nobody reads their value any more.
#[derive(Default)]
struct Shared {
    buffers: Vec<(ElementType, usize)>,
    /// Where each value of the trace lies.
    places: Vec<usize>,
    free: HashMap<(Storage, usize), Vec<usize>>,
    released: Vec<bool>,
}

impl Shared {
    fn place(&mut self, operand: &Operand) -> usize {
        let (element, len) = (operand.tensor_type.element, operand.tensor_type.len());
        let place = self.free.get_mut(&(element.storage(), len)).and_then(Vec::pop).unwrap_or_else(|| {
            self.buffers.push((element, len));
            self.buffers.len() - 1
        });
        self.places[operand.buffer] = place;
        place
    }

    fn release(&mut self, operand: &Operand) {
        if !std::mem::replace(&mut self.released[operand.buffer], true) {
            let place = self.places[operand.buffer];
            let (element, len) = self.buffers[place];
            self.free.entry((element.storage(), len)).or_default().push(place);
        }
    }
}

/// Brings results to the grid of a short floating-point type.
pub(crate) fn round(element: ElementType, data: &mut Data) {
    match element {
        ElementType::F16 => data.f32_mut().iter_mut().for_each(|value| *value = round_to_f16(*value)),
        ElementType::BF16 => data.f32_mut().iter_mut().for_each(|value| *value = round_to_bf16(*value)),
        _ => {}
    }
}

impl Engine for Program {
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
        let buffers = self.buffers.iter().map(|(element, len)| Data::zeros(*element, *len)).collect();
        Box::new(State { buffers, workspace: Workspace::default() })
    }

    fn run(
        &self,
        state: &mut dyn Any,
        inputs: &[Data],
        rows: usize,
        outputs: &mut [Data],
    ) -> Result<(), ErrorCode> {
        (0..rows).try_for_each(|row| self.run_rows(state, inputs, row, 1, outputs))
    }
}

impl Step {
    fn run(&self, state: &mut State) -> Result<(), ErrorCode> {
        // Most steps give one value or two: these are swapped out and in again, and no list is made.
        match *self.outputs.as_slice() {
            [a] => {
                let mut results = [Data::default()];
                std::mem::swap(&mut results[0], &mut state.buffers[a]);
                let outcome = self.compute(state, &mut results);
                std::mem::swap(&mut results[0], &mut state.buffers[a]);
                outcome
            }
            [a, b] => {
                let mut results = [Data::default(), Data::default()];
                std::mem::swap(&mut results[0], &mut state.buffers[a]);
                std::mem::swap(&mut results[1], &mut state.buffers[b]);
                let outcome = self.compute(state, &mut results);
                std::mem::swap(&mut results[0], &mut state.buffers[a]);
                std::mem::swap(&mut results[1], &mut state.buffers[b]);
                outcome
            }
            ref outputs => {
                let take = |index: &usize| std::mem::take(&mut state.buffers[*index]);
                let mut results: Vec<Data> = outputs.iter().map(take).collect();
                let outcome = self.compute(state, &mut results);
                for (index, result) in outputs.iter().zip(results) {
                    state.buffers[*index] = result;
                }
                outcome
            }
        }
    }

    /// Calls the kernel, whose results are not among the buffers while it runs.
    #[inline]
    fn compute(&self, state: &mut State, results: &mut [Data]) -> Result<(), ErrorCode> {
        let buffers = &state.buffers;
        let outcome = match self.inputs.as_slice() {
            [a] => (self.kernel)(&[a.data(buffers)], results, &mut state.workspace),
            [a, b] => {
                let arguments = [a.data(buffers), b.data(buffers)];
                (self.kernel)(&arguments, results, &mut state.workspace)
            }
            inputs => {
                let arguments: SmallVec<[&Data; 6]> =
                    inputs.iter().map(|place| place.data(buffers)).collect();
                (self.kernel)(&arguments, results, &mut state.workspace)
            }
        };
        for (position, element) in &self.rounded {
            round(*element, &mut results[*position]);
        }
        outcome
    }
}

impl Place {
    #[inline]
    fn data<'a>(&'a self, buffers: &'a [Data]) -> &'a Data {
        static ABSENT: Data = Data::F32(Vec::new());
        match self {
            Self::Constant(tensor) => &tensor.data,
            Self::Buffer(index) => &buffers[*index],
            Self::Absent => &ABSENT,
        }
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("steps", &self.steps.len()).finish_non_exhaustive()
    }
}
