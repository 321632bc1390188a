//! `BaselineModel`: how far a value lies from what is usual.
//!
//! One row is one observation: `zValue` is its distance from the mean of the baseline's distribution in standard
//! deviations. Statistics over several records (`CUSUM` and those of tables of counts) are refused.

mod compile;
mod read;
mod score;
#[cfg(test)]
mod tests;

pub use compile::{Plan, compile};
pub use read::{Document, read};
