//! `GeneralRegressionModel`: sums over parameters that are products of fields, through a link function; Cox regression.

mod columns;
mod compile;
mod hazard;
mod link;
mod read;
mod score;
#[cfg(test)]
mod tests;

pub use compile::{Plan, compile};
pub use link::{CumulativeLink, Link};
pub use read::{Document, read};
