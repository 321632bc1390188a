//! `TreeModel`: a path of predicates to a score.

mod compile;
pub mod embedded;
mod read;
mod score;
#[cfg(test)]
mod tests;

pub use compile::{NONE, Node, Plan, Test, compile};
pub use read::{Document, NoTrueChildStrategy, read, read_attributes, read_node};
