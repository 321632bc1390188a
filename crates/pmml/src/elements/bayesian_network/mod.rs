//! `BayesianNetworkModel`: the target's distribution given what a record holds of the other nodes.
//!
//! **What is observed.** A node is observed where its field is an active one, or a derived one, and has a value. What is
//! missing, or no input at all, is summed over. A value that the node does not have cannot have come from the network:
//! an error of the row, as is evidence of probability nought.
//!
//! **Discrete nodes** are eliminated one after another, exactly. The order is found once, for the case that nothing is
//! observed; what a record holds only narrows the sums, so that no record takes more steps than [`compile::WORK_LIMIT`].
//! A network that needs more is refused. `inferenceMethod` and `modelType` tell of how others go about it.
//!
//! **Continuous nodes.** Their distributions may depend on discrete parents by `ParentValue`, and on any field by the
//! expressions of their parameters. An observed one is evidence of its discrete parents. As the target its prediction
//! is the mean of the mixture, with `standardDeviation` as an output. Several `ContinuousDistribution`s weigh the same.
//! A target without a parameter, since a field that it is computed from is missing, has no prediction. Integrals are
//! not computed: a record that holds an effect of a hidden continuous node, or of a continuous target, is an error.
//!
//! | distribution | parameters |
//! |---|---|
//! | `NormalDistributionForBN` | `Mean`, `Variance` |
//! | `LognormalDistributionForBN` | `Mean` and `Variance` of the logarithm |
//! | `TriangularDistributionForBN` | `Mean`, `Lower`, `Upper`; its peak is `3 Mean − Lower − Upper` |
//! | `UniformDistributionForBN` | `Lower`, `Upper` |

pub mod compile;
mod density;
mod elimination;
mod network;
mod read;
mod score;
#[cfg(test)]
mod tests;

pub use compile::{Plan, compile};
pub use read::{Document, read};
