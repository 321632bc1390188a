//! Everything about one row, computed when it is read.

use scorewheel_columns::{Batch, Dictionary, ErrorCode, RowError, Values};

use crate::elements::measure;
use crate::elements::mining::forest::ForestMemory;
use crate::functions::text_index::TokenCache;
use crate::plan::{ModelId, Place, Plan, Slot, Source};
use crate::score::block::{Columns, State};
use crate::score::bound::InputBinding;
use crate::score::treatment;
use crate::score::{Prediction, cell};
use crate::value::texts::Lists;
use crate::value::{Datum, Kind, Texts};

/// A value, a missing one, or the error of the row.
pub type Evaluated = Result<Option<Datum>, RowError>;

/// Expressions, predicates and models that one row may evaluate before it is given up.
pub const STEP_LIMIT: u64 = 50_000_000;

/// What is known of a slot in the row at hand.
#[derive(Clone, Copy, Debug)]
pub struct Memo {
    stamp: u64,
    result: Evaluated,
}

impl Default for Memo {
    fn default() -> Self {
        Self { stamp: 0, result: Ok(None) }
    }
}

/// Memory that rows use one after another.
#[derive(Debug, Default)]
pub struct RowMemory {
    memos: Vec<Memo>,
    stamp: u64,
    parameters: Vec<Option<Datum>>,
    predictions: Vec<Prediction>,
    numbers: Vec<Vec<f64>>,
    /// Lists of the block.
    pub lists: Lists,
    /// What compiled forests work in.
    pub forests: ForestMemory,
    /// Words of the batch's texts.
    pub tokens: TokenCache,
    /// Of points that are ordered.
    pub keys: measure::Keys,
    /// Strings of the batch.
    pub own: Dictionary,
    /// By input: the plan's code of each of the batch's strings, [`UNKNOWN_CODE`] if not looked up so far.
    pub codes: Vec<Vec<u32>>,
    /// False if nothing of a batch's strings is kept.
    knows_texts: bool,
}

impl RowMemory {
    /// Forgets the strings of the last batch.
    pub fn forget_texts(&mut self, inputs: usize) {
        if self.codes.len() != inputs {
            self.codes.resize_with(inputs, Vec::new);
        }
        if !self.knows_texts {
            return;
        }
        self.knows_texts = false;
        self.own.clear();
        self.tokens.clear();
        self.codes.iter_mut().for_each(Vec::clear);
    }

    /// The memory, in which strings will be kept from now on.
    pub fn keep_texts(&mut self) -> &mut Self {
        self.knows_texts = true;
        self
    }
}

/// A string of the batch that was not looked up so far.
pub const UNKNOWN_CODE: u32 = u32::MAX;

/// One row of a batch under a plan.
///
/// Fields are prepared, and can fail, only when they are read; each is prepared once.
pub struct Row<'r> {
    /// The plan.
    pub plan: &'r Plan,
    /// Strings by code.
    pub texts: Texts<'r>,
    /// Lists by number.
    pub lists: &'r mut Lists,
    /// What compiled forests work in.
    pub forests: &'r mut ForestMemory,
    /// Words of texts.
    pub tokens: &'r mut TokenCache,
    /// Integers that are sorted.
    pub keys: &'r mut measure::Keys,
    bindings: &'r [InputBinding],
    batch: &'r Batch,
    row: usize,
    columns: &'r Columns,
    local: usize,
    memos: &'r mut [Memo],
    stamp: &'r mut u64,
    codes: &'r mut [Vec<u32>],
    parameters: &'r mut Vec<Option<Datum>>,
    frame: usize,
    predictions: &'r mut Vec<Prediction>,
    numbers: &'r mut Vec<Vec<f64>>,
    steps: u64,
}

impl<'r> Row<'r> {
    /// The rows of a block, before the first; see [`Row::go_to`].
    pub fn new(
        plan: &'r Plan,
        bindings: &'r [InputBinding],
        batch: &'r Batch,
        columns: &'r Columns,
        memory: &'r mut RowMemory,
    ) -> Self {
        memory.keep_texts().memos.resize(plan.slots.len(), Memo::default());
        Self {
            plan,
            texts: Texts::new(&plan.texts, &mut memory.own),
            lists: &mut memory.lists,
            forests: &mut memory.forests,
            tokens: &mut memory.tokens,
            keys: &mut memory.keys,
            bindings,
            batch,
            row: 0,
            columns,
            local: 0,
            memos: &mut memory.memos,
            stamp: &mut memory.stamp,
            codes: &mut memory.codes,
            parameters: &mut memory.parameters,
            frame: 0,
            predictions: &mut memory.predictions,
            numbers: &mut memory.numbers,
            steps: 0,
        }
    }

    /// Turns to a row: `row` of the batch, `local` of the block.
    pub fn go_to(&mut self, row: usize, local: usize) {
        self.row = row;
        self.local = local;
        *self.stamp += 1;
        self.steps = 0;
        self.parameters.clear();
        self.frame = 0;
    }

    /// The value of a slot.
    #[inline]
    pub fn get(&mut self, slot: Slot) -> Evaluated {
        if let Some(column) = self.columns.ready(slot) {
            match column.states[self.local] {
                State::Value => return Ok(Some(Datum::new(column.kind, column.values[self.local]))),
                State::Missing => return Ok(None),
                State::Fault => {}
            }
        }
        let memo = &self.memos[slot.index()];
        if memo.stamp == *self.stamp {
            return memo.result;
        }
        self.compute(slot)
    }

    /// The value of a slot as a number.
    #[inline]
    pub fn number(&mut self, slot: Slot) -> Result<Option<f64>, RowError> {
        match self.get(slot)? {
            None => Ok(None),
            Some(datum) if datum.kind.counts() => Ok(Some(datum.number)),
            Some(datum) => self.number_of(datum, slot).map(Some),
        }
    }

    #[cold]
    fn number_of(&mut self, datum: Datum, slot: Slot) -> Result<f64, RowError> {
        let double = datum.cast(Kind::Double, &mut self.texts);
        double.map(|datum| datum.number).map_err(|code| self.error_of(code, slot))
    }

    /// The value of a slot as the number by which values of its type are told apart.
    #[inline]
    pub fn raw(&mut self, slot: Slot) -> Result<Option<f64>, RowError> {
        Ok(self.get(slot)?.map(|datum| datum.number))
    }

    /// Sets a slot for this row: an output, or what a segment hands on.
    pub fn set(&mut self, slot: Slot, value: Option<Datum>) {
        self.memos[slot.index()] = Memo { stamp: *self.stamp, result: Ok(value) };
    }

    /// Forgets a slot for this row: it is then as if it had never been set.
    pub fn unset(&mut self, slot: Slot) {
        self.memos[slot.index()].stamp = 0;
    }

    /// True if an output or what a segment hands on is there.
    #[must_use]
    pub fn is_set(&self, slot: Slot) -> bool {
        self.memos[slot.index()].stamp == *self.stamp || self.columns.ready(slot).is_some()
    }

    #[inline(never)]
    fn compute(&mut self, slot: Slot) -> Evaluated {
        let plan = self.plan;
        let slot_plan = &plan.slots[slot.index()];
        let result = match &slot_plan.source {
            Source::Input { input, treatment } => self.input(*input, treatment),
            Source::Field { slot: outer, treatment } => match self.get(*outer) {
                Ok(value) => {
                    let prepared = match value {
                        Some(datum) => treatment::prepare_number(treatment, datum.number),
                        None => treatment::missing(treatment),
                    };
                    let kind = treatment.kind;
                    match prepared {
                        Ok(number) => Ok(number.map(|number| Datum::new(kind, number))),
                        Err(code) => Err(self.error_of(code, slot)),
                    }
                }
                Err(error) => Err(error),
            },
            Source::Derived { expression, place } => {
                // The parameters of a function under way mean nothing to the field.
                let frame = std::mem::replace(&mut self.frame, self.parameters.len());
                let result = self.evaluate(expression);
                self.frame = frame;
                match (result, slot_plan.kind) {
                    (Ok(Some(datum)), Some(kind)) => match datum.cast(kind, &mut self.texts) {
                        Ok(datum) => Ok(Some(datum)),
                        Err(code) => Err(RowError::new(code).at(place.0)),
                    },
                    (result, _) => result,
                }
            }
            Source::Output | Source::Undefined => Err(self.error_of(ErrorCode::UndefinedName, slot)),
        };
        self.memos[slot.index()] = Memo { stamp: *self.stamp, result };
        result
    }

    fn input(&mut self, input: u32, treatment: &crate::plan::Treatment) -> Evaluated {
        let kind = treatment.kind;
        let raw = match self.bindings[input as usize].column {
            None => cell::Raw::Missing,
            Some(field) => {
                let column = self.batch.column(field);
                if kind == Kind::List {
                    return self.list(input, field, treatment);
                }
                let codes = &mut self.codes[input as usize];
                cell::read(column, self.row, kind, &mut self.texts, |code, texts| {
                    plan_code(codes, code, column.values(), texts)
                })
            }
        };
        let text = || {
            let field = self.bindings[input as usize].column?;
            self.batch.column(field).fault_text(self.row)
        };
        match treatment::prepare(treatment, raw, text) {
            Ok(number) => Ok(number.map(|number| Datum::new(kind, number))),
            Err(code) => Err(RowError::of_field(code, input)),
        }
    }

    /// A list of strings: invalid if it is none.
    fn list(&mut self, input: u32, field: usize, treatment: &crate::plan::Treatment) -> Evaluated {
        use scorewheel_columns::Cell;
        let column = self.batch.column(field);
        match (column.cell(self.row), column.values()) {
            (Cell::Missing, _) => match treatment::missing(treatment) {
                Ok(_) => Ok(None),
                Err(code) => Err(RowError::of_field(code, input)),
            },
            (Cell::Value, Values::TextList(list)) => {
                let codes = &mut self.codes[input as usize];
                let mut items = Vec::with_capacity(list.row(self.row).len());
                for code in list.row(self.row) {
                    let code = plan_code(codes, *code, column.values(), &mut self.texts);
                    items.push(Datum::text(code));
                }
                let number = self.lists.push(items.into_iter().map(Some));
                Ok(Some(Datum::new(Kind::List, f64::from(number))))
            }
            (Cell::Value, Values::Text { codes: rows, .. }) => {
                let code = rows[self.row];
                let code = plan_code(&mut self.codes[input as usize], code, column.values(), &mut self.texts);
                let number = self.lists.push([Some(Datum::text(code))]);
                Ok(Some(Datum::new(Kind::List, f64::from(number))))
            }
            _ => Err(RowError::of_field(ErrorCode::WrongType, input)),
        }
    }

    /// A list of values, of which some may be missing.
    pub fn list_of(&mut self, items: impl IntoIterator<Item = Option<Datum>>) -> Datum {
        let list = self.lists.push(items);
        Datum::new(Kind::List, f64::from(list))
    }

    /// An error about a slot: about the input behind it, if there is one.
    #[must_use]
    pub fn error_of(&self, code: ErrorCode, slot: Slot) -> RowError {
        let mut slot = slot;
        loop {
            match &self.plan.slots[slot.index()].source {
                Source::Input { input, .. } => return RowError::of_field(code, *input),
                Source::Field { slot: outer, .. } => slot = *outer,
                Source::Derived { place, .. } => return RowError::new(code).at(place.0),
                Source::Output | Source::Undefined => {
                    return RowError::new(code).at(crate::score::bound::SLOT_PLACE | slot.0);
                }
            }
        }
    }

    /// An error at an element.
    #[must_use]
    pub fn error(&self, code: ErrorCode, place: Place) -> RowError {
        RowError::new(code).at(place.0)
    }

    /// Counts work, so that no record takes for ever.
    #[inline]
    pub fn step(&mut self) -> Result<(), RowError> {
        self.spend(1)
    }

    /// Counts work that is done at one go: products, kernels.
    #[inline]
    pub fn spend(&mut self, steps: usize) -> Result<(), RowError> {
        self.steps = self.steps.saturating_add(steps as u64);
        if self.steps > STEP_LIMIT { Err(RowError::new(ErrorCode::LimitExceeded)) } else { Ok(()) }
    }

    /// An argument of the function under way.
    #[must_use]
    pub fn parameter(&self, index: u32) -> Option<Datum> {
        self.parameters.get(self.frame + index as usize).copied().flatten()
    }

    /// Evaluates the body of a function over arguments.
    pub fn call(&mut self, arguments: &[Option<Datum>], body: &crate::plan::Expression) -> Evaluated {
        let start = self.parameters.len();
        self.parameters.extend_from_slice(arguments);
        let frame = std::mem::replace(&mut self.frame, start);
        let result = self.evaluate(body);
        self.frame = frame;
        self.parameters.truncate(start);
        result
    }

    /// A cleared prediction; to be given back.
    #[must_use]
    pub fn take_prediction(&mut self, model: ModelId) -> Prediction {
        let mut prediction = self.predictions.pop().unwrap_or_default();
        prediction.clear(model);
        prediction
    }

    /// Gives a prediction back.
    pub fn give_prediction(&mut self, prediction: Prediction) {
        self.predictions.push(prediction);
    }

    /// An empty buffer; to be given back.
    #[must_use]
    pub fn take_numbers(&mut self) -> Vec<f64> {
        let mut numbers = self.numbers.pop().unwrap_or_default();
        numbers.clear();
        numbers
    }

    /// Gives a buffer back.
    pub fn give_numbers(&mut self, numbers: Vec<f64>) {
        self.numbers.push(numbers);
    }

    /// Scores a model on this row: its element, then its targets, then its outputs.
    pub fn score(&mut self, model: ModelId, prediction: &mut Prediction) -> Result<(), RowError> {
        self.step()?;
        let plan = self.plan;
        let model = plan.model(model);
        prediction.clear(model.id);
        model.element.score(model, self, prediction)?;
        crate::score::target::apply(model, self, prediction)?;
        crate::score::output::evaluate(model, self, prediction)
    }
}

/// The plan's code of a batch's string, looked up once a batch.
pub fn plan_code(codes: &mut Vec<u32>, code: u32, values: &Values, texts: &mut Texts<'_>) -> u32 {
    let dictionary = match values {
        Values::Text { dictionary, .. } => dictionary,
        Values::TextList(list) => &list.dictionary,
        _ => return texts.intern(""),
    };
    let index = code as usize;
    if codes.len() <= index {
        codes.resize(index + 1, UNKNOWN_CODE);
    }
    if codes[index] == UNKNOWN_CODE {
        codes[index] = texts.intern(dictionary.get(code));
    }
    codes[index]
}
