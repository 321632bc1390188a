//! `NearestNeighborModel`: what the nearest training instances agree on.

mod compile;
mod instances;
mod read;
mod score;
#[cfg(test)]
mod tests;

pub use compile::{Plan, compile};
pub use instances::transform;
pub use read::{Document, read};
