//! Activation functions.

use crate::precision::Precision;

closed_list! {
    /// What a neuron makes of its weighted sum.
    pub enum Activation {
        Threshold = "threshold",
        Logistic = "logistic",
        Tanh = "tanh",
        Identity = "identity",
        Exponential = "exponential",
        Reciprocal = "reciprocal",
        Square = "square",
        Gauss = "Gauss",
        Sine = "sine",
        Cosine = "cosine",
        Elliott = "Elliott",
        Arctan = "arctan",
        Rectifier = "rectifier",
        RadialBasis = "radialBasis",
    }
}

impl Activation {
    /// The value of a sum; not of radial bases, which are not made of sums.
    #[inline]
    #[must_use]
    pub fn apply(self, sum: f64, threshold: f64, precision: Precision) -> f64 {
        let round = |number| precision.round(number);
        match self {
            Self::Threshold => f64::from(u8::from(sum > threshold)),
            Self::Logistic => round(1.0 / round(1.0 + round(libm::exp(-sum)))),
            Self::Tanh => round(libm::tanh(sum)),
            Self::Identity | Self::RadialBasis => sum,
            Self::Exponential => round(libm::exp(sum)),
            Self::Reciprocal => round(1.0 / sum),
            Self::Square => round(sum * sum),
            Self::Gauss => round(libm::exp(-round(sum * sum))),
            Self::Sine => round(libm::sin(sum)),
            Self::Cosine => round(libm::cos(sum)),
            Self::Elliott => round(sum / round(1.0 + sum.abs())),
            Self::Arctan => round(2.0 * round(libm::atan(sum)) / std::f64::consts::PI),
            Self::Rectifier => {
                if sum > 0.0 || sum.is_nan() {
                    sum
                } else {
                    0.0
                }
            }
        }
    }
}
