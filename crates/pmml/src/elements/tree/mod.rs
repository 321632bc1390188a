//! `TreeModel`: a path of predicates to a score.

mod columns;
mod compile;
pub mod embedded;
mod ensemble;
mod read;
mod score;
#[cfg(test)]
mod tests;

pub use columns::{TreeColumns, compile_columns};
pub use compile::{NONE, Node, Plan, Test, compile};
pub use ensemble::Builder;
pub use read::{Document, NoTrueChildStrategy, read, read_attributes, read_node};
