//! `TreeModel`: a path of predicates to a score.

mod columns;
mod compile;
mod ensemble;
mod read;
mod score;
#[cfg(test)]
mod tests;

pub use columns::{TreeColumns, compile_columns};
pub use compile::{NONE, Node, Plan, Test, compile};
pub use ensemble::Builder;
pub use read::{Document, NoTrueChildStrategy, read};
