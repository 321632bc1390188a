//! `NearestNeighborModel`: the instances that are nearest to a row answer for it.

mod compile;
mod instances;
mod read;
mod score;
#[cfg(test)]
mod tests;

pub use compile::{Plan, compile};
pub use read::{Document, read};
