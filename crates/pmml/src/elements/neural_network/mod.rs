//! `NeuralNetwork`: layers of neurons.

mod activation;
mod columns;
mod compile;
mod read;
mod score;
#[cfg(test)]
mod tests;

pub use activation::Activation;
pub use compile::{Plan, compile};
pub use read::{Document, read};
