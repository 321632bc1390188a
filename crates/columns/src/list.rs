//! How a list becomes a cell: a list of strings, or a tensor.

use crate::cell::Cell;
use crate::coerce::{self, Scalar};
use crate::column::Column;
use crate::schema::DataType;

/// Nested lists deeper than this are no tensor.
const DIMENSIONS: usize = 8;

/// One list on its way into its cell, element by element.
///
/// A tensor takes nested lists of its shape, or one list of all its elements; lists of one element may be left out or
/// put around. Whatever else comes is a fault of the cell.
#[derive(Debug)]
pub struct ListWriter<'c> {
    column: &'c mut Column,
    row: usize,
    data_type: &'c DataType,
    elements: usize,
    /// By depth, the length of every list there.
    lengths: [Option<usize>; DIMENSIONS],
    /// The depth at which the elements stand.
    leaf: Option<usize>,
    fits: bool,
}

impl<'c> ListWriter<'c> {
    /// A list for the cell of `row` of a column of this type.
    pub fn new(column: &'c mut Column, row: usize, data_type: &'c DataType) -> Self {
        Self { column, row, data_type, elements: 0, lengths: [None; DIMENSIONS], leaf: None, fits: true }
    }

    /// Takes an element; the outermost list's elements stand at depth 1.
    pub fn element(&mut self, depth: usize, element: Scalar<'_>) {
        match (self.data_type, element) {
            (DataType::TextList, Scalar::Text(text)) => {
                self.fits &= depth == 1 && self.column.push_list_text(text);
            }
            (DataType::Tensor { .. }, _) => {
                self.fits &= *self.leaf.get_or_insert(depth) == depth;
                if self.elements < self.column.width() {
                    self.fits &= coerce::write_element(self.column, self.row, self.elements, element);
                }
            }
            _ => self.fits = false,
        }
        self.elements += 1;
    }

    /// Takes what can be no element: nothing, or a map.
    pub fn misfit(&mut self) {
        self.fits = false;
        self.elements += 1;
    }

    /// Takes note that a list at `depth` (the outermost at 0) had this length.
    pub fn end(&mut self, depth: usize, length: usize) {
        match self.lengths.get_mut(depth) {
            Some(known) => self.fits &= *known.get_or_insert(length) == length,
            None => self.fits = false,
        }
    }

    /// Says what has become of the cell.
    pub fn finish(self) {
        let Self { column, row, data_type, elements, lengths, leaf, fits } = self;
        match data_type {
            DataType::TextList if fits => column.set_cell(row, Cell::Value),
            DataType::TextList => {
                column.discard_list(row);
                column.set_fault(row, Cell::WrongType, "a list with an item that is no string");
            }
            DataType::Tensor { shape, .. } => {
                let depth = leaf.map_or(1, |depth| depth.min(DIMENSIONS));
                let found =
                    lengths[..depth].iter().map(|length| length.unwrap_or(0)).filter(|length| *length != 1);
                let right = depth == 1 || found.eq(shape.iter().copied().filter(|length| *length != 1));
                let width = column.width();
                if fits && right && elements == width {
                    column.set_cell(row, Cell::Value);
                } else if elements != width {
                    let text = format!("{elements} elements instead of {width}");
                    column.set_fault(row, Cell::WrongType, &text);
                } else if fits {
                    column.set_fault(row, Cell::WrongType, "a list of another shape");
                } else {
                    column.set_fault(row, Cell::WrongType, "a list with an element of another type");
                }
            }
            _ => column.set_fault(row, Cell::WrongType, "[…]"),
        }
    }
}
