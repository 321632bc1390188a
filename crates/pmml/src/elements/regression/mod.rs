//! `RegressionModel`: sums of products, normalised.

mod columns;
mod compile;
mod read;
mod score;
#[cfg(test)]
mod tests;

pub use compile::{Plan, Table, compile, compile_table};
pub use read::{Document, Normalization, TableDocument, read, read_table};
pub use score::{class_probabilities, divide_by_sum, inverse_link, softmax};
