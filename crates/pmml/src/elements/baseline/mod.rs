//! `BaselineModel`: how far a record lies from what is usual.
//!
//! PMML computes its statistics over a stream, or a window of it. Here one record is the whole stream: it begins anew
//! with each record, `windowSize` is a window of one, and the table of observed counts has the record's weight
//! (`weightField`, else 1) in one cell and nought elsewhere. So a score depends on its record alone.
//!
//! | `testStatistic` | `Baseline` | the score of a record with the value `x` and the weight `w` |
//! |---|---|---|
//! | `zValue` | a distribution | `(x − mean) / √variance` |
//! | `CUSUM` | a distribution, and one in `Alternate` | `max(resetValue, ln f₁(x) − ln f₀(x))` |
//! | `chiSquareDistribution` | a table of counts | `Σ (O − E)² / E` over its cells, `E` being `w` times their share: `w (1/p − 1)`, with the share `p` of the record's cell |
//! | `chiSquareIndependence` | a table of counts | the same with the product of the shares that each field's value has, as if the fields were independent |
//! | `chiSquareIndependence` | `FieldRef`s | 0: one record alone is independent of nothing |
//! | `scalarProduct` | a table of counts | `Σ O × count` over its cells: `w` times the count of the record's cell, as it is written |
//!
//! A record whose value no cell has: its share is nought, so a chi-square is infinite. Of a missing value there is no
//! score. `AnyDistribution` has no density, so it is for `zValue` only.

mod compile;
mod distribution;
mod read;
mod score;
#[cfg(test)]
mod tests;

pub use compile::{Plan, compile};
pub use read::{Document, read};
