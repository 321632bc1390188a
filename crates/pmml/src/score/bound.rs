//! A plan bound to a schema.

use std::ops::Range;
use std::sync::Arc;

use scorewheel_columns::{
    Batch, DataType, Dictionary, ErrorCode, OutputField, OutputSchema, OutputType, OutputValues, RowError,
    Schema, Scores, TensorElement,
};
use scorewheel_model::{
    BoundInput, BoundModel, Mapping, ModelError, ModelErrorKind, RecordError, Scratch, resolve_inputs,
};

use crate::plan::Plan;
use crate::score::block::{BLOCK_ROWS, Columns};
use crate::score::columnar::{Program, program};
use crate::score::emit::{self, NO_TEXT, TextRows};
use crate::score::fill::{self, Filled};
use crate::score::row::{Row, RowMemory};
use crate::value::Kind;

/// Marks a place as the index of a slot.
pub const SLOT_PLACE: u32 = 1 << 31;

/// What feeds one input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputBinding {
    /// The field, if there is one.
    pub column: Option<usize>,
}

/// A plan bound to the schema of its records.
#[derive(Debug)]
pub struct Bound {
    plan: Arc<Plan>,
    schema: Arc<Schema>,
    inputs: Vec<InputBinding>,
    filled: Vec<Filled>,
    program: Option<Program>,
    /// Columns of scores that hold texts.
    text_columns: Vec<usize>,
}

/// Working memory of one thread.
#[derive(Debug, Default)]
struct Memory {
    columns: Columns,
    rows: RowMemory,
    columnar: program::Memory,
    text_rows: Vec<TextRows>,
}

impl Bound {
    /// Binds a plan to a schema.
    ///
    /// # Errors
    /// [`ModelErrorKind::WrongSchema`] if a required input has no field, or one that cannot feed it.
    pub fn new(plan: Arc<Plan>, schema: &Arc<Schema>, mapping: &Mapping) -> Result<Self, ModelError> {
        let resolved = resolve_inputs(schema, &plan.input_fields, mapping)?;
        let mut inputs = Vec::with_capacity(resolved.len());
        for (input, bound) in plan.inputs.iter().zip(resolved) {
            let column = match bound {
                BoundInput::Absent => None,
                BoundInput::Field(field) => {
                    let data_type = &schema.fields()[field].data_type;
                    if !feeds(data_type, input.kind) {
                        let message = format!(
                            "field {:?} is {data_type}, which cannot feed the input {:?}, {}",
                            schema.fields()[field].name,
                            input.name,
                            input.kind.describe()
                        );
                        return Err(ModelError::new(ModelErrorKind::WrongSchema, message));
                    }
                    Some(field)
                }
                BoundInput::Vector(_) => {
                    let message = format!("input {:?} takes one field, not several", input.name);
                    return Err(ModelError::new(ModelErrorKind::WrongSchema, message));
                }
            };
            inputs.push(InputBinding { column });
        }
        let filled = fill::find(&plan, &inputs, schema);
        let program = Program::of(&plan, &inputs, schema);
        let is_text = |(_, field): &(usize, &OutputField)| field.output_type == OutputType::Text;
        let fields = plan.answer.schema.fields.iter().enumerate();
        let text_columns = fields.filter(is_text).map(|(index, _)| index).collect();
        Ok(Self { plan, schema: Arc::clone(schema), inputs, filled, program, text_columns })
    }

    /// The same without scoring column by column: every row takes the exact path. For tests and comparisons.
    #[must_use]
    pub fn row_by_row(mut self) -> Self {
        self.program = None;
        self
    }

    /// True if clean rows are scored column by column.
    #[must_use]
    pub fn scores_columns(&self) -> bool {
        self.program.is_some()
    }

    fn score_rows(&self, batch: &Batch, rows: Range<usize>, memory: &mut Memory, scores: &mut Scores) {
        let plan = &*self.plan;
        scores.reset(&plan.answer.schema, rows.len());
        if !Arc::ptr_eq(batch.schema(), &self.schema) && **batch.schema() != *self.schema {
            for row in 0..rows.len() {
                scores.set_error(row, RowError::new(ErrorCode::WrongType));
            }
            return;
        }
        self.prepare_texts(rows.len(), memory, scores);
        let block_rows = self.program.as_ref().map_or(BLOCK_ROWS, Program::block_rows);
        let mut start = rows.start;
        while start < rows.end {
            let count = block_rows.min(rows.end - start);
            self.score_block(batch, start, count, start - rows.start, memory, scores);
            start += count;
        }
        self.finish_texts(memory, scores);
    }

    fn score_block(
        &self,
        batch: &Batch,
        start: usize,
        count: usize,
        out: usize,
        memory: &mut Memory,
        scores: &mut Scores,
    ) {
        let Some(program) = &self.program else {
            self.score_exactly(batch, start, count, 0..count, out, memory, scores);
            return;
        };
        let Memory { columnar, rows, text_rows, .. } = memory;
        program.score(&self.plan, &self.inputs, batch, start, count, columnar, rows, scores, text_rows, out);
        if columnar.any_left() {
            let columnar = std::mem::take(&mut memory.columnar);
            for local in columnar.left() {
                // What stands there means nothing.
                scores.clear_row(out + local);
                for column in &self.text_columns {
                    memory.text_rows[*column][out + local] = NO_TEXT;
                }
            }
            self.score_exactly(batch, start, count, columnar.left(), out, memory, scores);
            memory.columnar = columnar;
        }
    }

    /// Scores some rows of a block one by one.
    #[expect(
        clippy::too_many_arguments,
        reason = "some rows of a block, where they go, and what they are worked out in"
    )]
    fn score_exactly(
        &self,
        batch: &Batch,
        start: usize,
        count: usize,
        rows: impl Iterator<Item = usize>,
        out: usize,
        memory: &mut Memory,
        scores: &mut Scores,
    ) {
        let plan = &*self.plan;
        memory.columns.clear(plan.slots.len(), count);
        memory.rows.lists.clear();
        fill::fill(plan, &self.filled, batch, start, count, &mut memory.columns, &mut memory.rows);
        let root = plan.model(plan.root);
        let mut row = Row::new(plan, &self.inputs, batch, &memory.columns, &mut memory.rows);
        for local in rows {
            row.go_to(start + local, local);
            let mut prediction = row.take_prediction(root.id);
            match row.score(root.id, &mut prediction) {
                Ok(()) => {
                    emit::write_row(&mut row, root, &prediction, scores, &mut memory.text_rows, out + local);
                }
                Err(error) => scores.set_error(out + local, error),
            }
            row.give_prediction(prediction);
        }
    }

    fn prepare_texts(&self, rows: usize, memory: &mut Memory, scores: &Scores) {
        memory.rows.forget_texts(self.inputs.len());
        memory.text_rows.resize_with(scores.columns().len(), Vec::new);
        for column in &self.text_columns {
            memory.text_rows[*column].clear();
            memory.text_rows[*column].resize(rows, NO_TEXT);
        }
    }

    /// Text columns take one end a row, in row order.
    fn finish_texts(&self, memory: &Memory, scores: &mut Scores) {
        let fixed = &self.plan.texts;
        for index in &self.text_columns {
            let rows = &memory.text_rows[*index];
            if let OutputValues::Text { bytes, ends } = &mut scores.columns_mut()[*index].values {
                for code in rows {
                    if let Some(position) = emit::position_of_text(*code) {
                        emit::push_decimal(bytes, position + 1);
                    } else if *code != NO_TEXT {
                        bytes.push_str(text(fixed, &memory.rows.own, *code));
                    }
                    ends.push(bytes.len() as u32);
                }
            }
        }
    }
}

fn text<'t>(fixed: &'t Dictionary, own: &'t Dictionary, code: u32) -> &'t str {
    match (code as usize).checked_sub(fixed.len()) {
        None => fixed.get(code),
        Some(own_code) => own.get(own_code as u32),
    }
}

/// Whether a column can hold values of an input. What does not fit in single rows is a fault of those rows.
fn feeds(data_type: &DataType, kind: Kind) -> bool {
    match (data_type, kind) {
        (DataType::Tensor { element: TensorElement::Text, .. }, _) => false,
        (DataType::Tensor { .. }, _) => false,
        (DataType::TextList, kind) => kind == Kind::List,
        (DataType::Text, _) => true,
        (_, Kind::List) => false,
        (_, Kind::Text) => true,
        (DataType::F64 | DataType::F32 | DataType::I64 | DataType::Bool, kind) => {
            kind.counts() || kind == Kind::Boolean
        }
        (DataType::Date, kind) => {
            matches!(kind, Kind::Date | Kind::DateTime | Kind::DaysSince(_) | Kind::SecondsSince(_))
        }
        (DataType::Time, kind) => matches!(kind, Kind::Time | Kind::TimeSeconds),
        (DataType::DateTime, kind) => matches!(
            kind,
            Kind::DateTime
                | Kind::Date
                | Kind::Time
                | Kind::DaysSince(_)
                | Kind::SecondsSince(_)
                | Kind::TimeSeconds
        ),
    }
}

impl BoundModel for Bound {
    fn outputs(&self) -> &Arc<OutputSchema> {
        &self.plan.answer.schema
    }

    fn new_scratch(&self) -> Scratch {
        Scratch::new(Memory::default())
    }

    fn score(&self, batch: &Batch, rows: Range<usize>, scratch: &mut Scratch, scores: &mut Scores) {
        match scratch.state::<Memory>() {
            Some(memory) => self.score_rows(batch, rows, memory, scores),
            None => self.score_rows(batch, rows, &mut Memory::default(), scores),
        }
    }

    fn explain(&self, error: RowError, batch: &Batch, row: usize) -> RecordError {
        RecordError { error, message: self.message(error, batch, row) }
    }
}

impl Bound {
    fn message(&self, error: RowError, batch: &Batch, row: usize) -> String {
        let plan = &*self.plan;
        let place = match error.place {
            0 => String::new(),
            slot if slot & SLOT_PLACE != 0 => match plan.slots.get((slot & !SLOT_PLACE) as usize) {
                Some(slot_plan) => format!(" {:?}", slot_plan.name),
                None => String::new(),
            },
            place => plan.places.get(place as usize).map(|words| format!(" in {words}")).unwrap_or_default(),
        };
        let shown = |input: u32| -> (String, String) {
            let name = &plan.inputs[input as usize].name;
            let value = match self.inputs[input as usize].column {
                None => "no value, since the records have no such field".to_owned(),
                Some(field) if row < batch.rows() => {
                    let column = batch.column(field);
                    match column.fault_text(row) {
                        Some(text) => format!("{text:?}"),
                        None if column.cell(row).is_fault() => column.cell(row).describe().to_owned(),
                        None => column.get(row).to_string(),
                    }
                }
                Some(_) => "a value".to_owned(),
            };
            (name.to_string(), value)
        };
        match (error.code, error.field) {
            (ErrorCode::MissingValue, Some(input)) => {
                format!("field {:?} must not be missing{place}", shown(input).0)
            }
            (ErrorCode::InvalidValue, Some(input)) => {
                let (name, value) = shown(input);
                format!("field {name:?} cannot accept the invalid value {value}{place}")
            }
            (ErrorCode::UnparsableValue | ErrorCode::WrongType, Some(input)) => {
                let (name, value) = shown(input);
                let kind = plan.inputs[input as usize].kind.describe();
                format!("field {name:?} takes {kind}, not {value}{place}")
            }
            (code, Some(input)) => {
                let (name, value) = shown(input);
                format!("{} by field {name:?}, which is {value}{place}", describe(code))
            }
            (code, None) => format!("{}{place}", describe(code)),
        }
    }
}

fn describe(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::MissingValue => "a value is missing",
        ErrorCode::InvalidValue => "a value is invalid",
        ErrorCode::UnparsableValue => "a string does not parse",
        ErrorCode::WrongType => "a value is of another type",
        ErrorCode::ResultOutOfType => "a result does not fit its type",
        ErrorCode::ResultNotANumber => "a result is not a number",
        ErrorCode::NoAnswer => "nothing answers this record",
        ErrorCode::UnsupportedElement => "cannot be evaluated",
        ErrorCode::UndefinedName => "not defined:",
        ErrorCode::BadArgument => "a function cannot take these arguments",
        ErrorCode::LimitExceeded => "the limit of steps a record may take is exceeded",
        _ => "failed",
    }
}
