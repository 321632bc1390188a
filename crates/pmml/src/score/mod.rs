//! From a bound plan and a batch to scores.
//!
//! | file | what it holds |
//! |---|---|
//! | [`bound`] | [`Bound`]: a plan bound to a schema; the loop over blocks of rows |
//! | [`columnar`] | clean rows, scored column by column |
//! | [`block`] | columns of slots for a block of rows, filled ahead |
//! | [`cell`] | from a cell of the record to a number of the field's type |
//! | [`row`] | [`Row`]: everything about one row, computed when it is read |
//! | [`treatment`] | missing, invalid and outlying values |
//! | [`expression`] | expressions |
//! | [`predicate`] | predicates |
//! | [`prediction`] | [`Prediction`]: what an element finds for one row |
//! | [`target`] | from the raw prediction to the target's value |
//! | [`output`] | output fields |
//! | [`fill`] | columns of inputs for a block of rows, ahead |
//! | [`emit`] | from predictions to columns of scores |
//!
//! A row is scored lazily: a field is prepared, and can fail, only when the row's path reads it. Columns are filled
//! ahead for a block of rows where that cannot fail; a cell that could is left to the row. Where the element can, clean
//! rows are not scored by themselves at all, but column by column.

pub mod block;
pub mod bound;
pub mod cell;
pub mod columnar;
pub mod emit;
pub mod expression;
pub mod fill;
pub mod output;
pub mod predicate;
pub mod prediction;
pub mod row;
pub mod target;
pub mod treatment;

pub use bound::Bound;
pub use prediction::Prediction;
pub use row::Row;
