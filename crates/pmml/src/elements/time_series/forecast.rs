//! Forecasts by step.

use crate::elements::time_series::read::Transformation;

/// Most steps that are forecast.
pub const HORIZON_LIMIT: usize = 4_096;

/// Most multiplications that are spent on the forecasts of a document; with many coefficients the horizon is nearer.
pub const WORK_LIMIT: usize = 1 << 27;

/// How many steps are forecast if each takes `cost` multiplications.
#[must_use]
pub fn horizon(cost: usize) -> usize {
    HORIZON_LIMIT.min(WORK_LIMIT / cost.max(1))
}

/// Forecasts by step, the first one step after the last known value; before they are transformed back.
#[derive(Debug, Default)]
pub struct Forecast {
    /// Expected values.
    pub values: Vec<f64>,
    /// Standard errors of the values; empty if the document does not tell.
    pub errors: Vec<f64>,
    /// Standard deviations of the process itself at each step; empty if it tells of no other than `errors`.
    pub deviations: Vec<f64>,
    /// What was done to the series before.
    pub transformation: Transformation,
}

impl Transformation {
    /// A known value as the model sees it.
    #[must_use]
    pub fn apply(self, value: f64) -> f64 {
        match self {
            Self::None => value,
            Self::Logarithmic => libm::log(value),
            Self::SquareRoot => value.sqrt(),
        }
    }

    /// A forecast as the series has it.
    #[must_use]
    pub fn invert(self, value: f64) -> f64 {
        match self {
            Self::None => value,
            Self::Logarithmic => libm::exp(value),
            Self::SquareRoot => value * value,
        }
    }
}

/// Standard errors of forecasts from the weights ψ of past shocks and the variance of each shock by step.
#[must_use]
pub fn errors(weights: &[f64], variance: impl Fn(usize) -> f64) -> Vec<f64> {
    let of_step = |step: usize| {
        let shocks = weights[..=step].iter().enumerate();
        shocks.map(|(lag, weight)| weight * weight * variance(step - lag)).sum::<f64>().sqrt()
    };
    (0..weights.len()).map(of_step).collect()
}

/// Standard errors if all shocks have one variance.
#[must_use]
pub fn errors_of_equal_shocks(weights: &[f64], variance: f64) -> Vec<f64> {
    let mut sum = 0.0;
    let of_step = |weight: &f64| {
        sum += weight * weight;
        (sum * variance).sqrt()
    };
    weights.iter().map(of_step).collect()
}
