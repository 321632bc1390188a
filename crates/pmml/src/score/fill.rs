//! Fills the columns of inputs for a block of rows, where a value needs no look at its row.

use scorewheel_columns::{Batch, Cell, Column, Values};
use scorewheel_trees::vectorised;

use crate::document::dictionary::Property;
use crate::plan::{Plan, Slot, Source, Treatment};
use crate::score::block::{Columns, State};
use crate::score::bound::InputBinding;
use crate::score::row::{RowMemory, plan_code};
use crate::score::treatment;
use crate::value::datum::whole;
use crate::value::{Kind, Texts};

/// Blocks of fewer rows are read row by row.
const FEWEST_ROWS: usize = 4;

/// An input whose column of the batch is of its own type.
#[derive(Clone, Copy, Debug)]
pub struct Filled {
    slot: Slot,
    input: u32,
    field: usize,
}

/// The inputs that can be filled ahead.
#[must_use]
pub fn find(plan: &Plan, bindings: &[InputBinding], types: &scorewheel_columns::Schema) -> Vec<Filled> {
    use scorewheel_columns::DataType;
    let mut found = Vec::new();
    for (index, slot) in plan.slots.iter().enumerate() {
        let Source::Input { input, treatment } = &slot.source else { continue };
        let Some(field) = bindings[*input as usize].column else { continue };
        let is_own_type = matches!(
            (&types.fields()[field].data_type, treatment.kind),
            (DataType::F64, Kind::Double)
                | (DataType::F32, Kind::Float)
                | (DataType::I64, Kind::Integer)
                | (DataType::Bool, Kind::Boolean)
                | (DataType::Text, Kind::Text)
        );
        if is_own_type {
            found.push(Filled { slot: Slot(index as u32), input: *input, field });
        }
    }
    found
}

/// Fills the columns of `count` rows from `start` on. A cell that cannot be prepared is left to its row, so that an
/// error is one only where the row reads it.
pub fn fill(
    plan: &Plan,
    inputs: &[Filled],
    batch: &Batch,
    start: usize,
    count: usize,
    columns: &mut Columns,
    memory: &mut RowMemory,
) {
    if count < FEWEST_ROWS {
        return;
    }
    let memory = memory.keep_texts();
    for filled in inputs {
        let Source::Input { treatment, .. } = &plan.slots[filled.slot.index()].source else { continue };
        let column = batch.column(filled.field);
        let into = columns.open(filled.slot, treatment.kind);
        let range = start..start + count;
        match column.values() {
            Values::F64(values) => put(into, treatment, &values[range], |value| Some(*value)),
            Values::F32(values) => put(into, treatment, &values[range], |value| Some(f64::from(*value))),
            Values::I64(values) => put(into, treatment, &values[range], |value| whole(*value as f64).ok()),
            Values::Bool(values) => {
                put(into, treatment, &values[range], |value| Some(f64::from(u8::from(*value))));
            }
            Values::Text { codes, dictionary } => {
                let mut texts = Texts::new(&plan.texts, &mut memory.own);
                let known = &mut memory.codes[filled.input as usize];
                put(into, treatment, &codes[range], |code| {
                    // Behind a cell that is no value anything may stand.
                    let is_known = (*code as usize) < dictionary.len();
                    is_known.then(|| f64::from(plan_code(known, *code, column.values(), &mut texts)))
                });
            }
            _ => into.states.fill(State::Fault),
        }
        let Some(cells) = column.cells() else { continue };
        for local in 0..count {
            match cells.get(start + local) {
                None | Some(Cell::Value) => {}
                Some(Cell::Missing) => {
                    into.states[local] = match treatment::missing(treatment) {
                        Ok(Some(replacement)) => {
                            into.values[local] = replacement;
                            State::Value
                        }
                        Ok(None) => State::Missing,
                        Err(_) => State::Fault,
                    }
                }
                Some(_) => into.states[local] = State::Fault,
            }
        }
        into.is_full = into.states.iter().all(|state| *state == State::Value);
    }
}

/// Writes prepared numbers.
fn put<T>(
    into: &mut crate::score::block::SlotColumn,
    treatment: &Treatment,
    values: &[T],
    mut number: impl FnMut(&T) -> Option<f64>,
) {
    let passes = treatment.passes_all_numbers();
    for ((value, slot), state) in values.iter().zip(&mut into.values).zip(&mut into.states) {
        match number(value) {
            Some(number) if passes && !number.is_nan() => *slot = number,
            Some(number) => match treatment::prepare_number(treatment, number) {
                Ok(Some(prepared)) => *slot = prepared,
                Ok(None) => *state = State::Missing,
                Err(_) => *state = State::Fault,
            },
            None => *state = State::Fault,
        }
    }
}

/// Writes the numbers that a treatment makes of the cells from `start` on, missing values and faults as
/// [`crate::value::missing`] says.
pub fn prepare(
    plan: &Plan,
    treatment: &Treatment,
    input: u32,
    column: &Column,
    start: usize,
    into: &mut [f64],
    memory: &mut RowMemory,
) {
    let range = start..start + into.len();
    let passes = treatment.passes_all_numbers();
    let number = |number: f64| {
        if passes && !number.is_nan() {
            return number;
        }
        treatment::column_number(treatment::prepare_number(treatment, number))
    };
    match column.values() {
        Values::F64(values) if flow_on(&values[range.clone()], treatment) => {
            into.copy_from_slice(&values[range]);
        }
        Values::F64(values) => each(into, &values[range], |value| number(*value)),
        Values::F32(values) => each(into, &values[range], |value| number(f64::from(*value))),
        Values::I64(values) => {
            each(into, &values[range], |value| whole(*value as f64).map_or(f64::NAN, number));
        }
        Values::Bool(values) => each(into, &values[range], |value| number(f64::from(u8::from(*value)))),
        Values::Text { codes, dictionary } => {
            let memory = memory.keep_texts();
            let mut texts = Texts::new(&plan.texts, &mut memory.own);
            let known = &mut memory.codes[input as usize];
            each(into, &codes[range], |code| {
                let is_known = (*code as usize) < dictionary.len();
                if is_known {
                    number(f64::from(plan_code(known, *code, column.values(), &mut texts)))
                } else {
                    f64::NAN
                }
            });
        }
        _ => into.fill(f64::NAN),
    }
    let Some(cells) = column.cells() else { return };
    let missing = treatment::column_number(treatment::missing(treatment));
    for (into, cell) in into.iter_mut().zip(cells.get(start..).unwrap_or_default()) {
        match cell {
            Cell::Value => {}
            Cell::Missing => *into = missing,
            _ => *into = f64::NAN,
        }
    }
}

fn each<T>(into: &mut [f64], values: &[T], mut number: impl FnMut(&T) -> f64) {
    for (into, value) in into.iter_mut().zip(values) {
        *into = number(value);
    }
}

/// Listed values up to this many are looked through.
const FEW_LISTED: usize = 16;

/// Values that are looked up side by side.
const LANES: usize = 8;

/// True if all values are among the few listed ones, all valid, so that they flow on as they are.
fn flow_on(values: &[f64], treatment: &Treatment) -> bool {
    let listed = &treatment.listed;
    let is_plain = treatment.outliers.is_none()
        && (1..=FEW_LISTED).contains(&listed.len())
        && listed.iter().all(|(_, property)| *property == Property::Valid);
    is_plain
        && vectorised(
            #[inline(always)]
            || AllListed { values, listed }.run(),
        )
}

struct AllListed<'l> {
    values: &'l [f64],
    listed: &'l [(f64, Property)],
}

impl AllListed<'_> {
    #[inline(always)]
    fn run(self) -> bool {
        let Self { values, listed } = self;
        let (chunks, rest) = values.as_chunks::<LANES>();
        for chunk in chunks {
            let mut found = [0_u64; LANES];
            for (known, _) in listed {
                for lane in 0..LANES {
                    found[lane] |= u64::from(chunk[lane].to_bits() == known.to_bits());
                }
            }
            if found != [1; LANES] {
                return false;
            }
        }
        rest.iter().all(|value| listed.iter().any(|(known, _)| known.to_bits() == value.to_bits()))
    }
}
