//! `AnomalyDetectionModel`: how far a record is from what is usual, by the model within.
//!
//! | `algorithmType` | the score |
//! |---|---|
//! | `iforest` | `2^(−h / c(n))`: `h` is the prediction of the model within, the mean length of paths; `n` is `sampleDataSize`; `c(n) = 2H(n−1) − 2(n−1)/n`, `H(i) = ln i + 0.5772156649…`, and `c(2) = 1`, which is exact |
//! | `ocsvm` | the prediction of the model within |
//! | `clusterMeanDist` | the distance to the nearest cluster, divided by that cluster's entry of `MeanClusterDistances` |
//! | `other` | the prediction of the model within, with all that it tells of it |
//!
//! Where the model within has no prediction, there is no score.

mod compile;
mod read;
mod score;
#[cfg(test)]
mod tests;

pub use compile::{Plan, compile};
pub use read::{Document, read};
