//! `TreeModel`: a path of predicates to a score.

mod answers;
mod columns;
mod compile;
pub mod embedded;
mod ensemble;
mod read;
mod score;
#[cfg(test)]
mod tests;

pub use answers::{NONE, share as share_answers};
pub use columns::{TreeColumns, compile_columns};
pub use compile::{Node, Plan, Test, compile};
pub use ensemble::Builder;
pub use read::{Document, NoTrueChildStrategy, read, read_attributes, read_node};
