//! How codecs write the cells of a column in place.
//!
//! A batch is grown by the number of records at hand ([`crate::Batch::resize`]), its rows are written in ascending
//! order, and what was not used is cut. A method for another type than the column's writes nothing and says `false`:
//! a codec compiles its plan against the schema and so never sees that.

use crate::cell::Cell;
use crate::column::{Column, Values};

impl Column {
    /// Writes a number into a column of 64-bit floating point.
    #[inline]
    pub fn write_f64(&mut self, row: usize, value: f64) -> bool {
        let Values::F64(values) = &mut self.values else { return false };
        let Some(slot) = values.get_mut(row) else { return false };
        *slot = value;
        self.mark_value(row);
        true
    }

    /// Writes a number into a column of 32-bit floating point.
    #[inline]
    pub fn write_f32(&mut self, row: usize, value: f32) -> bool {
        let Values::F32(values) = &mut self.values else { return false };
        let Some(slot) = values.get_mut(row) else { return false };
        *slot = value;
        self.mark_value(row);
        true
    }

    /// Writes an integer into a column of integers, or the number of a date, time or date-time.
    #[inline]
    pub fn write_i64(&mut self, row: usize, value: i64) -> bool {
        let (Values::I64(values) | Values::Date(values) | Values::Time(values) | Values::DateTime(values)) =
            &mut self.values
        else {
            return false;
        };
        let Some(slot) = values.get_mut(row) else { return false };
        *slot = value;
        self.mark_value(row);
        true
    }

    /// Writes a truth value.
    #[inline]
    pub fn write_bool(&mut self, row: usize, value: bool) -> bool {
        let Values::Bool(values) = &mut self.values else { return false };
        let Some(slot) = values.get_mut(row) else { return false };
        *slot = value;
        self.mark_value(row);
        true
    }

    /// Writes a string. A string equal to that of the row before costs a comparison, another one a hash.
    #[inline]
    pub fn write_text(&mut self, row: usize, value: &str) -> bool {
        let Values::Text { codes, dictionary } = &mut self.values else { return false };
        if row >= codes.len() {
            return false;
        }
        codes[row] = dictionary.intern_near(codes[row.saturating_sub(1)], value);
        self.mark_value(row);
        true
    }

    /// Writes the string of the row before once more if its bytes are these, and else nothing. It spares the caller
    /// the look whether the bytes are UTF-8.
    #[inline]
    pub fn repeat_text(&mut self, row: usize, bytes: &[u8]) -> bool {
        let Values::Text { codes, dictionary } = &mut self.values else { return false };
        let Some(&before) = row.checked_sub(1).and_then(|before| codes.get(before)) else { return false };
        if dictionary.get(before).as_bytes() != bytes || row >= codes.len() {
            return false;
        }
        codes[row] = before;
        self.mark_value(row);
        true
    }

    /// Writes numbers into several rows of a column of 64-bit floating point; rows beyond the column are left out.
    pub fn write_f64_rows(&mut self, cells: impl Iterator<Item = (usize, f64)>) -> bool {
        let Values::F64(values) = &mut self.values else { return false };
        write_rows(values, &mut self.cells, cells);
        true
    }

    /// Writes numbers into several rows of a column of 32-bit floating point.
    pub fn write_f32_rows(&mut self, cells: impl Iterator<Item = (usize, f32)>) -> bool {
        let Values::F32(values) = &mut self.values else { return false };
        write_rows(values, &mut self.cells, cells);
        true
    }

    /// Writes one string into several rows of a column of strings.
    pub fn write_text_rows(&mut self, rows: impl Iterator<Item = usize>, value: &str) -> bool {
        let Values::Text { codes, dictionary } = &mut self.values else { return false };
        let code = dictionary.intern(value);
        write_rows(codes, &mut self.cells, rows.map(|row| (row, code)));
        true
    }

    /// Adds a string to the list being written; [`Column::end_list`] says whose it is.
    pub fn push_list_text(&mut self, value: &str) -> bool {
        let Values::TextList(list) = &mut self.values else { return false };
        let code = list.dictionary.intern(value);
        list.codes.push(code);
        true
    }

    /// Ends the list of `row`: what was pushed since the last end is its. To be called for every row that is
    /// written, also for one without a list; what the cell is stays as it was ([`Column::set_cell`]).
    #[inline]
    pub fn end_list(&mut self, row: usize) {
        if let Values::TextList(list) = &mut self.values {
            let end = list.codes.len() as u32;
            if let Some(slot) = list.ends.get_mut(row) {
                *slot = end;
            }
        }
    }

    /// Takes back what was pushed since the end of the row before.
    pub fn discard_list(&mut self, row: usize) {
        if let Values::TextList(list) = &mut self.values {
            let start = if row == 0 { 0 } else { list.ends.get(row - 1).copied().unwrap_or(0) };
            list.codes.truncate(start as usize);
            let start = list.codes.len() as u32;
            for end in list.ends.iter_mut().skip(row) {
                *end = start;
            }
        }
    }

    /// The row of a tensor of f32, to be written; the cell becomes a value.
    pub fn tensor_f32_mut(&mut self, row: usize) -> Option<&mut [f32]> {
        self.mark_value(row);
        let Values::TensorF32 { width, elements } = &mut self.values else { return None };
        elements.get_mut(row * *width..(row + 1) * *width)
    }

    /// The row of a tensor of f64, to be written; the cell becomes a value.
    pub fn tensor_f64_mut(&mut self, row: usize) -> Option<&mut [f64]> {
        self.mark_value(row);
        let Values::TensorF64 { width, elements } = &mut self.values else { return None };
        elements.get_mut(row * *width..(row + 1) * *width)
    }

    /// The row of a tensor of i64, to be written; the cell becomes a value.
    pub fn tensor_i64_mut(&mut self, row: usize) -> Option<&mut [i64]> {
        self.mark_value(row);
        let Values::TensorI64 { width, elements } = &mut self.values else { return None };
        elements.get_mut(row * *width..(row + 1) * *width)
    }

    /// Writes one string of a tensor of strings; the cell becomes a value.
    pub fn write_tensor_text(&mut self, row: usize, element: usize, value: &str) -> bool {
        self.mark_value(row);
        let Values::TensorText { width, codes, dictionary } = &mut self.values else { return false };
        if element >= *width {
            return false;
        }
        let Some(slot) = codes.get_mut(row * *width + element) else { return false };
        *slot = dictionary.intern(value);
        true
    }

    /// Elements a row of a tensor column; 1 for other columns.
    #[must_use]
    pub fn width(&self) -> usize {
        match &self.values {
            Values::TensorF32 { width, .. }
            | Values::TensorF64 { width, .. }
            | Values::TensorI64 { width, .. }
            | Values::TensorText { width, .. } => *width,
            _ => 1,
        }
    }

    #[inline]
    fn mark_value(&mut self, row: usize) {
        if let Some(cell) = self.cells.get_mut(row) {
            *cell = Cell::Value;
        }
    }

    /// Puts `row` back to missing (`missing`) or the type's zero; see [`crate::Batch::reset_row`].
    pub fn reset_row(&mut self, row: usize, missing: bool) {
        self.set_cell(row, if missing { Cell::Missing } else { Cell::Value });
        if let Ok(found) = self.fault_texts.binary_search_by_key(&row, |(at, _)| *at as usize) {
            self.fault_texts.remove(found);
        }
        match &mut self.values {
            Values::F64(values) => values[row] = 0.0,
            Values::F32(values) => values[row] = 0.0,
            Values::I64(values) | Values::Date(values) | Values::Time(values) | Values::DateTime(values) => {
                values[row] = 0;
            }
            Values::Bool(values) => values[row] = false,
            Values::Text { codes, dictionary } => codes[row] = dictionary.intern(""),
            Values::TextList(_) => self.discard_list(row),
            Values::TensorF32 { width, elements } => elements[row * *width..(row + 1) * *width].fill(0.0),
            Values::TensorF64 { width, elements } => elements[row * *width..(row + 1) * *width].fill(0.0),
            Values::TensorI64 { width, elements } => elements[row * *width..(row + 1) * *width].fill(0),
            Values::TensorText { width, codes, dictionary } => {
                let empty = dictionary.intern("");
                codes[row * *width..(row + 1) * *width].fill(empty);
            }
        }
    }
}

/// Writes values and, unless all cells of the column are values, says that these are.
#[inline]
fn write_rows<T>(values: &mut [T], cells: &mut [Cell], written: impl Iterator<Item = (usize, T)>) {
    if cells.is_empty() {
        for (row, value) in written {
            if let Some(slot) = values.get_mut(row) {
                *slot = value;
            }
        }
    } else {
        for (row, value) in written {
            if let (Some(slot), Some(cell)) = (values.get_mut(row), cells.get_mut(row)) {
                *slot = value;
                *cell = Cell::Value;
            }
        }
    }
}
