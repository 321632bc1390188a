//! `RuleSetModel`: rules that fire.

mod columns;
mod compile;
mod read;
mod score;
#[cfg(test)]
mod tests;

pub use compile::{Plan, compile};
pub use read::{Document, read};
