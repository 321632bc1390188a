//! A loaded tensor model, and one bound to a schema.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use scorewheel_columns::{Batch, ErrorCode, OutputSchema, RowError, Schema, Scores};
use scorewheel_model::{BoundModel, InputField, Mapping, Model, ModelError, RecordError, Scratch, Summary};

use crate::answers::Answers;
use crate::data::Data;
use crate::engine::Engine;
use crate::records::{Blame, Feeds, Port};

/// A tensor model of any format: an engine between inputs and answers.
#[derive(Debug)]
pub(crate) struct TensorModel {
    core: Arc<Core>,
    /// What the descriptor says about inputs and outputs; taken when a binding says nothing itself.
    mapping: Mapping,
    /// Inputs of the graph that are maps: their fields are inputs of the model.
    maps: Vec<Box<str>>,
}

#[derive(Debug)]
struct Core {
    summary: Summary,
    inputs: Vec<InputField>,
    ports: Vec<Port>,
    answers: Answers,
    engine: Box<dyn Engine>,
}

impl TensorModel {
    /// A model of these parts; `ports` say where each of `inputs` lies in the engine's buffers.
    pub fn new(
        summary: Summary,
        inputs: Vec<(InputField, Port)>,
        answers: Answers,
        engine: Box<dyn Engine>,
        mapping: Mapping,
    ) -> Self {
        let (inputs, ports) = inputs.into_iter().unzip();
        Self { core: Arc::new(Core { summary, inputs, ports, answers, engine }), mapping, maps: Vec::new() }
    }

    /// The same model, whose graph has these maps as inputs.
    #[must_use]
    pub fn with_maps(mut self, maps: Vec<Box<str>>) -> Self {
        self.maps = maps;
        self
    }

    /// The same model with one more fact for people.
    #[must_use]
    pub fn with_detail(mut self, name: &str, text: String) -> Self {
        if let Some(core) = Arc::get_mut(&mut self.core) {
            core.summary.details.push((name.to_owned(), text));
        }
        self
    }
}

impl Model for TensorModel {
    fn summary(&self) -> Summary {
        self.core.summary.clone()
    }

    fn inputs(&self) -> &[InputField] {
        &self.core.inputs
    }

    fn outputs(&self) -> &Arc<OutputSchema> {
        self.core.answers.schema()
    }

    fn bind(&self, schema: &Arc<Schema>, mapping: &Mapping) -> Result<Arc<dyn BoundModel>, ModelError> {
        let core = &self.core;
        let stated = !mapping.inputs.is_empty() || !mapping.codes.is_empty();
        let mapping = if stated { mapping } else { &self.mapping };
        // Which fields a map has was decided at load.
        let mut mapping = Cow::Borrowed(mapping);
        if mapping.inputs.iter().any(|stated| self.maps.contains(&stated.input)) {
            mapping.to_mut().inputs.retain(|stated| !self.maps.contains(&stated.input));
        }
        let feeds = Feeds::new(schema, &core.inputs, &core.ports, core.engine.inputs(), &mapping)?;
        Ok(Arc::new(BoundTensorModel { core: Arc::clone(core), feeds, schema: Arc::clone(schema) }))
    }
}

struct BoundTensorModel {
    core: Arc<Core>,
    feeds: Feeds,
    schema: Arc<Schema>,
}

/// Working memory: the buffers of one block, and the engine's own.
struct State {
    inputs: Vec<Data>,
    outputs: Vec<Data>,
    engine: Box<dyn Any + Send>,
}

impl BoundModel for BoundTensorModel {
    fn outputs(&self) -> &Arc<OutputSchema> {
        self.core.answers.schema()
    }

    fn notes(&self) -> &[String] {
        self.feeds.notes()
    }

    fn new_scratch(&self) -> Scratch {
        let engine = &self.core.engine;
        let buffers = |slots: &[crate::engine::Slot]| {
            slots.iter().map(|slot| Data::zeros(slot.element, slot.width * engine.block())).collect()
        };
        Scratch::new(State {
            inputs: buffers(engine.inputs()),
            outputs: buffers(engine.outputs()),
            engine: engine.new_state(),
        })
    }

    fn score(&self, batch: &Batch, rows: Range<usize>, scratch: &mut Scratch, scores: &mut Scores) {
        scores.reset(self.core.answers.schema(), rows.len());
        let Some(state) = scratch.state::<State>() else {
            for row in 0..rows.len() {
                scores.set_error(row, RowError::new(ErrorCode::EnginePanicked));
            }
            return;
        };
        let block = self.core.engine.block();
        for start in rows.clone().step_by(block) {
            let end = rows.end.min(start + block);
            self.score_block(batch, start..end, start - rows.start, state, scores);
        }
    }

    fn explain(&self, error: RowError, batch: &Batch, row: usize) -> RecordError {
        let input = error.field.and_then(|field| self.core.inputs.get(field as usize));
        let what = match error.code {
            ErrorCode::MissingValue => "is missing",
            ErrorCode::UnparsableValue => "holds what does not parse",
            ErrorCode::WrongType => "holds a value of another type",
            ErrorCode::InvalidValue => "holds a value that the model does not take",
            ErrorCode::ResultNotANumber => "the scores of the classes are not numbers",
            ErrorCode::RuntimeFailed => "the run time refuses this record",
            ErrorCode::ResultOutOfType => "an output has another shape for this record than for others",
            ErrorCode::BadArgument => {
                "an operator of the model cannot take a value computed from this record"
            }
            _ => error.code.as_str(),
        };
        let message = match (input, self.feeds.blame(error, batch, row)) {
            (Some(input), Some(Blame { field, held, takes })) => {
                let name = &self.schema.fields()[field].name;
                // What helps goes first: what is held may be long.
                let held = held.map_or(String::new(), |held| format!(", not {held}"));
                format!("input {:?} (field {name:?}) {what}; it takes {takes}{held}", input.name)
            }
            (Some(input), None) => format!("input {:?} {what}", input.name),
            _ => what.to_owned(),
        };
        RecordError { error, message }
    }
}

impl BoundTensorModel {
    fn score_block(
        &self,
        batch: &Batch,
        rows: Range<usize>,
        first: usize,
        state: &mut State,
        scores: &mut Scores,
    ) {
        let engine = &self.core.engine;
        let layout = (engine.layout(), engine.block());
        let count = rows.len();
        // Errors of the input go first: the first error of a row stays.
        self.feeds.fill(batch, rows.clone(), &mut state.inputs, engine.inputs(), layout, |row, error| {
            scores.set_error(first + row, error);
        });
        let together = engine.run(&mut *state.engine, &state.inputs, count, &mut state.outputs);
        if together.is_ok() {
            self.core.answers.write(&state.outputs, engine.outputs(), layout, first, count, scores);
            return;
        }
        // Row by row, so that only guilty rows have no answer.
        for (index, row) in rows.enumerate() {
            let ignore = |_, _| {};
            self.feeds.fill(batch, row..row + 1, &mut state.inputs, engine.inputs(), layout, ignore);
            if let Err(code) = engine.run(&mut *state.engine, &state.inputs, 1, &mut state.outputs) {
                scores.set_error(first + index, RowError::new(code));
            }
            self.core.answers.write(&state.outputs, engine.outputs(), layout, first + index, 1, scores);
        }
    }
}

impl fmt::Debug for BoundTensorModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundTensorModel").field("engine", &self.core.engine).finish_non_exhaustive()
    }
}
