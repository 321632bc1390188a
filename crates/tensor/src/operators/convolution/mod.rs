//! Convolutions.
//!
//! | file | what it holds |
//! |---|---|
//! | `build` | from a node to a convolution with everything about shapes known |
//! | `fixed` | convolutions whose weights are known, and what they take in |
//! | `weights` | weights as the kernels take them |
//! | `run` | the kernels: matrix products over windows laid out in panels |
//! | `transposed` | every input element spreads its window over the output |

mod build;
mod fixed;
mod run;
mod transposed;
mod weights;

pub(crate) use build::{build, describe};
pub(crate) use fixed::FixedConvolution;
pub(crate) use transposed::transposed;
pub(crate) use weights::Weights;
