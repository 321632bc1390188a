//! The columns of one block.

use std::ops::Range;

use scorewheel_columns::{Batch, Cell, Values};
use scorewheel_trees as trees;

use crate::plan::{Plan, Slot, Source};
use crate::score::block::Columns;
use crate::score::bound::InputBinding;
use crate::score::columnar::answers::Left;
use crate::score::columnar::feed::{Demand, Feed, Feeds};
use crate::score::columnar::formula::Evaluation;
use crate::score::columnar::formula::evaluate::Buffers;
use crate::score::row::{Row, RowMemory};
use crate::score::{fill, treatment};
use crate::value::missing::{MISSING, is_fault, is_missing, lacks_some};

/// Some rows of a batch.
#[derive(Clone, Copy)]
pub struct Block<'f> {
    /// The batch.
    pub batch: &'f Batch,
    /// The first row.
    pub start: usize,
    /// Number of rows.
    pub rows: usize,
}

/// The columns of one block, by slot.
///
/// A row that is not clean has any numbers.
pub struct Frame<'f> {
    batch: &'f Batch,
    start: usize,
    /// Number of rows.
    pub rows: usize,
    feeds: &'f Feeds,
    buffers: &'f [Vec<f64>],
    /// Of a single row the number of each feed.
    ones: &'f [f64],
    row: &'f [f64],
}

impl<'f> Frame<'f> {
    /// The columns of a block, out of buffers that are filled.
    #[must_use]
    pub fn new(block: Block<'f>, feeds: &'f Feeds, buffers: &'f [Vec<f64>], ones: &'f [f64]) -> Self {
        let Block { batch, start, rows } = block;
        Self { batch, start, rows, feeds, buffers, ones, row: &[] }
    }

    /// The same with the numbers of a single row, see [`Frame::row`].
    #[must_use]
    pub fn with_row(mut self, row: &'f [f64]) -> Self {
        self.row = row;
        self
    }

    /// Of a single row the numbers of all columns that the element wanted, in the order in which it wanted them.
    #[inline]
    #[must_use]
    pub fn row(&self) -> &'f [f64] {
        self.row
    }

    /// The column of a slot. Of one that was not wanted it is empty.
    #[inline]
    #[must_use]
    pub fn column(&self, slot: Slot) -> &'f [f64] {
        self.feeds.of(slot).map_or(&[], |feed| self.feed(feed))
    }

    #[inline]
    fn feed(&self, feed: usize) -> &'f [f64] {
        if self.rows == 1 {
            return &self.ones[feed..=feed];
        }
        match self.feeds.all()[feed] {
            Feed::Doubles { field } => match self.batch.column(field).values() {
                Values::F64(values) => &values[self.start..self.start + self.rows],
                _ => &[],
            },
            Feed::Singles { .. } => &[],
            Feed::Prepared { buffer, .. }
            | Feed::Treated { buffer, .. }
            | Feed::Derived { buffer, .. }
            | Feed::ByRow { buffer, .. }
            | Feed::HandedOn { buffer } => {
                let column = self.buffers[buffer].get(..self.rows);
                debug_assert!(column.is_some(), "feed {feed} is read before it is filled");
                column.unwrap_or_default()
            }
        }
    }

    /// The column of a slot as trees take it.
    #[must_use]
    pub fn tree_column(&self, slot: Slot) -> trees::Column<'f> {
        let found = self.feeds.of(slot).filter(|_| self.rows != 1);
        if let Some(Feed::Singles { field, .. }) = found.map(|feed| self.feeds.all()[feed])
            && let Values::F32(values) = self.batch.column(field).values()
        {
            return trees::Column::f32(&values[self.start..self.start + self.rows]);
        }
        trees::Column::f64(self.column(slot))
    }

    /// One number of a slot's column.
    #[inline]
    #[must_use]
    pub fn number(&self, slot: Slot, row: usize) -> f64 {
        let Some(feed) = self.feeds.of(slot) else { return f64::NAN };
        if self.rows == 1 {
            return self.ones[feed];
        }
        match self.feeds.all()[feed] {
            Feed::Singles { field, .. } => match self.batch.column(field).values() {
                Values::F32(values) => f64::from(values[self.start + row]),
                _ => f64::NAN,
            },
            _ => self.feed(feed)[row],
        }
    }
}

/// Reads these fields of one row, which are columns of f64; false if one has no number there.
#[inline]
pub fn read_row(batch: &Batch, row: usize, fields: &[usize], into: &mut [f64]) -> bool {
    let columns = batch.columns();
    let mut is_clean = true;
    for (field, into) in fields.iter().zip(into) {
        let column = &columns[*field];
        let number = match column.values() {
            Values::F64(values) => values[row],
            _ => f64::NAN,
        };
        is_clean &= !number.is_nan() & column.cells().is_none_or(|_| column.cell(row) == Cell::Value);
        *into = number;
    }
    is_clean
}

/// Fills the buffers of some feeds and marks the rows that are not clean.
#[expect(clippy::too_many_arguments, reason = "a block, and what it is filled into")]
pub fn fill(
    plan: &Plan,
    bindings: &[InputBinding],
    feeds: &Feeds,
    of: Range<usize>,
    block: Block<'_>,
    buffers: &mut [Vec<f64>],
    ones: &mut [f64],
    formulas: &mut Buffers,
    memory: &mut RowMemory,
    left: &mut Left,
) {
    let Block { batch, start, rows } = block;
    let single = rows == 1;
    for index in of {
        let buffer = match feeds.all()[index] {
            Feed::Doubles { field } if single => {
                let column = batch.column(field);
                ones[index] = match column.values() {
                    Values::F64(values) if column.cell(start) == Cell::Value => values[start],
                    _ => f64::NAN,
                };
                left.mark_nan(&ones[index..=index]);
                continue;
            }
            Feed::Singles { field, .. } if single => {
                let column = batch.column(field);
                ones[index] = match column.values() {
                    Values::F32(values) if column.cell(start) == Cell::Value => f64::from(values[start]),
                    _ => f64::NAN,
                };
                left.mark_nan(&ones[index..=index]);
                continue;
            }
            Feed::Doubles { field } => {
                let column = batch.column(field);
                if let Values::F64(values) = column.values() {
                    left.mark_nan(&values[start..start + rows]);
                }
                mark_cells(column.cells(), start, rows, left);
                continue;
            }
            Feed::Singles { field, .. } => {
                let column = batch.column(field);
                if let Values::F32(values) = column.values() {
                    let values = &values[start..start + rows];
                    if values.iter().fold(false, |any, value| any | value.is_nan()) {
                        left.mark_where(values, |value| value.is_nan());
                    }
                }
                mark_cells(column.cells(), start, rows, left);
                continue;
            }
            Feed::Prepared { slot, input, field, buffer } => {
                let Source::Input { treatment, .. } = &plan.slots[slot.index()].source else { continue };
                let into = &mut buffers[buffer];
                into.resize(rows, 0.0);
                fill::prepare(plan, treatment, input, batch.column(field), start, into, memory);
                buffer
            }
            Feed::Treated { slot, of, buffer } => {
                let Source::Field { treatment, .. } = &plan.slots[slot.index()].source else { continue };
                // The other column stands in a buffer before this one, or in the batch.
                let mut into = std::mem::take(&mut buffers[buffer]);
                let from = Frame::new(block, feeds, buffers, ones).feed(of);
                into.clear();
                into.extend(from.iter().map(|number| {
                    let prepared = match number {
                        number if is_missing(*number) => treatment::missing(treatment),
                        number if number.is_nan() => return f64::NAN,
                        number => treatment::prepare_number(treatment, *number),
                    };
                    treatment::column_number(prepared)
                }));
                buffers[buffer] = into;
                buffer
            }
            Feed::Derived { formula, conversion, buffer } => {
                let mut into = std::mem::take(&mut buffers[buffer]);
                let frame = Frame::new(block, feeds, buffers, ones);
                Evaluation::new(&frame, formulas).evaluate(feeds.formula(formula), &mut into);
                conversion.apply(&mut into);
                buffers[buffer] = into;
                buffer
            }
            Feed::ByRow { slot, buffer } => {
                let into = &mut buffers[buffer];
                into.clear();
                let columns = Columns::default();
                let mut row = Row::new(plan, bindings, batch, &columns, memory);
                into.extend((0..rows).map(|local| {
                    row.go_to(start + local, local);
                    match row.raw(slot) {
                        Ok(Some(number)) if !number.is_nan() => number,
                        Ok(None) => MISSING,
                        _ => f64::NAN,
                    }
                }));
                buffer
            }
            Feed::HandedOn { .. } => continue,
        };
        match feeds.demand(index) {
            Demand::Nothing => {}
            Demand::NoFaults => {
                if lacks_some(&buffers[buffer]) {
                    left.mark_where(&buffers[buffer], |number| is_fault(*number));
                }
            }
            Demand::Numbers => left.mark_nan(&buffers[buffer]),
        }
        if single {
            ones[index] = buffers[buffer][0];
        }
    }
}

fn mark_cells(cells: Option<&[Cell]>, start: usize, rows: usize, left: &mut Left) {
    let Some(cells) = cells else { return };
    let end = cells.len().min(start + rows);
    if let Some(cells) = cells.get(start..end)
        && cells.iter().any(|cell| *cell != Cell::Value)
    {
        left.mark_where(cells, |cell| *cell != Cell::Value);
    }
}
