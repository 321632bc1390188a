//! Columns of slots for a block of rows, filled ahead.

use crate::plan::Slot;
use crate::value::Kind;

/// Rows that are scored together: their columns stay in the processor's cache.
pub const BLOCK_ROWS: usize = 256;

/// What a cell of a slot's column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// A value.
    Value,
    /// A missing value.
    Missing,
    /// What reading it gives is left to the row.
    Fault,
}

/// A slot's column.
#[derive(Clone, Debug)]
pub struct SlotColumn {
    /// Type of the values.
    pub kind: Kind,
    /// The values; meaningless where there is none.
    pub values: Vec<f64>,
    /// What each cell is.
    pub states: Vec<State>,
    /// True if every cell is a value.
    pub is_full: bool,
    is_ready: bool,
}

/// The columns of a block, by slot.
#[derive(Debug, Default)]
pub struct Columns {
    columns: Vec<SlotColumn>,
    /// Number of rows of the block.
    pub rows: usize,
}

impl Columns {
    /// Forgets all columns and keeps the memory.
    pub fn clear(&mut self, slots: usize, rows: usize) {
        let empty = SlotColumn {
            kind: Kind::Double,
            values: Vec::new(),
            states: Vec::new(),
            is_full: false,
            is_ready: false,
        };
        if self.columns.len() != slots {
            self.columns.resize(slots, empty);
        }
        for column in &mut self.columns {
            column.is_ready = false;
        }
        self.rows = rows;
    }

    /// The column of a slot, if it was filled.
    #[inline]
    #[must_use]
    pub fn ready(&self, slot: Slot) -> Option<&SlotColumn> {
        self.columns.get(slot.index()).filter(|column| column.is_ready)
    }

    /// Prepares the column of a slot to be filled; it is then ready. All cells are values, of undefined content.
    pub fn open(&mut self, slot: Slot, kind: Kind) -> &mut SlotColumn {
        let rows = self.rows;
        let column = &mut self.columns[slot.index()];
        column.kind = kind;
        column.values.resize(rows, 0.0);
        column.states.clear();
        column.states.resize(rows, State::Value);
        column.is_full = true;
        column.is_ready = true;
        column
    }
}
