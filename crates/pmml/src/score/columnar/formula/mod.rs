//! Expressions for whole columns.
//!
//! A formula gives a number a row; [`MISSING`](crate::value::missing::MISSING) where the value is missing, any other NaN
//! where the exact path would find an error or has to look for itself. Rows of which the *taken* branch has no number
//! are left to it, so that a fault in a branch that is not taken never matters.
//!
//! | file | what it holds |
//! |---|---|
//! | [`node`] | [`Formula`]: an expression with types known, functions of the document within, constants folded |
//! | [`find`] | from an expression to a formula, if every type is known before any row |
//! | [`conversion`] | how numbers of one type become another |
//! | [`evaluate`] | a formula on a block of rows |
//! | [`call`] | functions: one row with missing values, or columns without |
//! | [`tables`] | piecewise linear functions, bins, tables |

pub mod call;
pub mod conversion;
pub mod evaluate;
pub mod find;
pub mod node;
pub mod tables;

pub use conversion::{Conversion, Type};
pub use evaluate::Evaluation;
pub use find::Finder;
pub use node::Formula;
