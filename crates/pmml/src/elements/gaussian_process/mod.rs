//! `GaussianProcessModel`: training instances weighed by how near a record is to them, with the uncertainty of it.
//!
//! With the kernel `k`, the instances `x₁…xₙ`, their targets `y` and the noise variance `σ²`: the prediction is
//! `kᵀ (K + σ²I)⁻¹ y` and its variance `k(x, x) − kᵀ (K + σ²I)⁻¹ k + σ²`, where `kᵢ = k(xᵢ, x)`. The matrix is factored
//! once, when the document is loaded. A prediction costs one kernel an instance, and its variance, which is computed
//! only where an output tells it, `n²` multiplications; so the number of instances is limited.
//!
//! | kernel | `k(x, z)` |
//! |---|---|
//! | `RadialBasisKernel` | `γ exp(−Σ (xⱼ − zⱼ)² / 2λ²)` |
//! | `ARDSquaredExponentialKernel` | `γ exp(−½ Σ ((xⱼ − zⱼ) / λⱼ)²)` |
//! | `AbsoluteExponentialKernel` | `γ exp(−Σ \|xⱼ − zⱼ\| / λⱼ)` |
//! | `GeneralizedExponentialKernel` | `γ exp(−Σ (\|xⱼ − zⱼ\| / λⱼ)ᵖ)`, `p` being the `degree` |
//!
//! The features are the instance fields without the target, in their order; so are the entries of `Lambda`.
//! A record that lacks one has no prediction.

mod compile;
mod matrix;
mod read;
mod score;
#[cfg(test)]
mod tests;

pub use compile::{Plan, compile};
pub use read::{Document, read};
