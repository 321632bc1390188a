//! The functions of the standard.
//!
//! | file | what it holds |
//! |---|---|
//! | [`registry`] | [`Builtin`]: names, numbers of arguments |
//! | [`apply`] | what becomes of missing arguments; which file evaluates what |
//! | [`arithmetic`] | + - * / modulo, rounding, powers and logarithms |
//! | [`statistics`] | sums, means, normal distributions |
//! | [`comparison`] | equality, order, membership, `if`, `and`, `or` |
//! | [`text`] | strings |
//! | [`text_index`] | `TextIndex` |
//! | [`calendar`] | dates and times |
//! | [`format`] | `formatNumber` (printf), `formatDatetime` (strftime) |
//! | [`pattern`] | regular expressions: Java's, as far as they can be matched in linear time |

pub mod apply;
pub mod arithmetic;
pub mod calendar;
pub mod comparison;
pub mod format;
pub mod pattern;
pub mod registry;
pub mod statistics;
pub mod text;
pub mod text_index;

pub use registry::{Builtin, FunctionName};
