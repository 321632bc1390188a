//! `MiningModel`: segments, combined or chained.

mod combine;
mod compile;
pub mod forest;
mod read;
mod score;
#[cfg(test)]
mod tests;

pub use compile::{Plan, Segment, compile};
pub use read::{Document, Method, MissingPrediction, read};
