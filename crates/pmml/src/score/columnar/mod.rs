//! Clean rows, scored column by column.
//!
//! A row is *clean* in a block if every field that the root model reads has a value that its treatment lets pass as it
//! is, or prepares; elements that know what a missing value means to them take those too. Such rows go through the
//! element a column at a time and their answers are written a column at a time; all others, and those for which the
//! element has no answer, are left to the exact path, row by row. Both give the same bits: every row's operations are the
//! same ones in the same order, only the rows are side by side.
//!
//! | file | what it holds |
//! |---|---|
//! | [`program`] | [`Program`]: what a bound plan scores column by column, decided once |
//! | [`feed`] | [`Feed`]: where a slot's column comes from |
//! | [`frame`] | [`Frame`]: the columns of one block |
//! | [`formula`] | expressions of derived fields for whole columns |
//! | [`predicates`] | predicates for whole columns |
//! | [`answers`] | [`Answers`]: what an element finds for a block |
//! | `write` | from answers to columns of scores |
//! | [`logistic`] | the logistic function of many numbers, with the bits of the one-by-one function |

pub mod answers;
pub mod feed;
pub mod formula;
pub mod frame;
pub mod logistic;
pub mod predicates;
pub mod program;
mod write;

pub use answers::{Answers, Work};
pub use feed::{Demand, Feed, Reading, Wanted};
pub use frame::Frame;
pub use program::Program;
