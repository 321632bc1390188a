//! `TimeSeriesModel`: forecasts of a series whose end the document holds.
//!
//! One row asks for one forecast. How far ahead it lies is told by the row:
//!
//! | mining schema | meaning of the field |
//! |---|---|
//! | one active field, a number | steps after the last known value, from 1 |
//! | a field of usage `order`, a number | the point in time that is asked for, on the axis of the series: `index`, else `time` |
//! | neither | the next step |
//!
//! A forecast depends on nothing else in the row, so all of them, up to [`forecast::HORIZON_LIMIT`] steps or what
//! [`forecast::WORK_LIMIT`] allows, are computed once, when the document is compiled; a row is one lookup. Without a
//! number of steps the answer is missing; a fraction, the past and what lies beyond the limit are invalid values.
//!
//! | file | what it holds |
//! |---|---|
//! | `read` | `Document<'a>`, the series, and which algorithm answers (`bestFit`) |
//! | [`forecast`] | [`forecast::Forecast`]: values and their uncertainty, by step; the transformations |
//! | [`exponential_smoothing`] | `ExponentialSmoothing`: level, trend, seasons |
//! | [`arima`] | `ARIMA`: seasonal too, by conditional or exact least squares |
//! | [`outliers`] | effects that are no part of the process: taken out of the series, and added to the forecasts |
//! | [`polynomial`] | products of lag polynomials |
//! | [`kalman`] | exact predictions of a stationary process from a short series |
//! | [`garch`] | `GARCH`: an ARMA process whose variance changes |
//! | [`state_space`] | `StateSpaceModel` |
//!
//! Standard errors and intervals are told of `ARIMA` with an `RMSE` (its square is the variance of the shocks), `GARCH`, and
//! `StateSpaceModel` with both covariance matrices of its state; the standard deviation of a `GARCH` is that of the shock at the
//! step. The ends of an interval are transformed back as its middle is.
//!
//! `SpectralAnalysis` and `SeasonalTrendDecomposition` have no content in PMML 4.4, and no scoring. `DynamicRegressor` and
//! `PsiVector` are refused: the standard leaves open how their factors are signed and applied.
//!
//! # How the standard is read where it leaves a choice
//! As the producer in the wild, the package `pmml` of R, writes its documents:
//! φ(B) Φ(Bˢ) (∇ᵈ ∇ₛᴰ y − c) = θ(B) Θ(Bˢ) a, where c is `constantTerm`, the mean of the differenced series, φ(B) = 1 − φ₁B − …,
//! and θ(B) = 1 + θ₁B + …; the state vector of a `StateSpaceModel` is that of the first step ahead, its covariance matrix
//! that of the last known step, and `variance` a factor of all covariances.
//! The factors of seasons begin with the first step ahead, unless `phase` says which of them belonged to the last known
//! value.

mod compile;
mod read;
mod score;

pub mod arima;
pub mod exponential_smoothing;
pub mod forecast;
pub mod garch;
pub mod kalman;
pub mod outliers;
pub mod polynomial;
pub mod state_space;
#[cfg(test)]
mod tests;

pub use compile::{Plan, compile};
pub use read::{Document, read};
