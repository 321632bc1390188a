//! `MiningModel`: segments, combined or chained, and models embedded in one another.

mod combine;
mod compile;
mod composition;
pub mod forest;
mod read;
mod score;
#[cfg(test)]
mod tests;

pub use compile::{Plan, Segment, collect_outputs, compile};
pub use composition::read_embedded;
pub use read::{Document, Method, MissingPrediction, read};
