//! What is known of a number's distribution.

use crate::fault::Result;
use crate::reader::{Element, Xml};

/// A distribution of numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    /// `AnyDistribution`: nothing but its mean and variance is known.
    Any {
        /// Mean.
        mean: f64,
        /// Variance.
        variance: f64,
    },
    /// `GaussianDistribution`.
    Gaussian {
        /// Mean.
        mean: f64,
        /// Variance.
        variance: f64,
    },
    /// `PoissonDistribution`.
    Poisson {
        /// Mean and variance.
        mean: f64,
    },
    /// `UniformDistribution`.
    Uniform {
        /// Lower end.
        lower: f64,
        /// Upper end.
        upper: f64,
    },
}

impl Distribution {
    /// True for the names of elements that are distributions.
    #[must_use]
    pub fn is_one(name: &str) -> bool {
        matches!(
            name,
            "AnyDistribution" | "GaussianDistribution" | "PoissonDistribution" | "UniformDistribution"
        )
    }

    /// Reads a distribution to its end. `parent` names the element that holds it.
    pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>, parent: &str) -> Result<Self> {
        let found = match element.name {
            "AnyDistribution" | "GaussianDistribution" => {
                let (mean, variance) =
                    (element.required_number("mean")?, element.required_number("variance")?);
                match element.name {
                    "AnyDistribution" => Self::Any { mean, variance },
                    _ => Self::Gaussian { mean, variance },
                }
            }
            "PoissonDistribution" => Self::Poisson { mean: element.required_number("mean")? },
            "UniformDistribution" => Self::Uniform {
                lower: element.required_number("lower")?,
                upper: element.required_number("upper")?,
            },
            _ => return Err(element.unexpected(parent)),
        };
        element.finish()?;
        let (mean, variance) = (found.mean(), found.variance());
        if !mean.is_finite() || !variance.is_finite() || variance <= 0.0 || found.is_turned_round() {
            let message = format!("a mean of {mean} with a variance of {variance} is no distribution");
            return Err(element.invalid(message));
        }
        xml.end(&element)?;
        Ok(found)
    }

    fn is_turned_round(&self) -> bool {
        matches!(self, Self::Uniform { lower, upper } if lower > upper)
    }

    /// Its mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        match *self {
            Self::Any { mean, .. } | Self::Gaussian { mean, .. } | Self::Poisson { mean } => mean,
            Self::Uniform { lower, upper } => (lower + upper) / 2.0,
        }
    }

    /// Its variance.
    #[must_use]
    pub fn variance(&self) -> f64 {
        match *self {
            Self::Any { variance, .. } | Self::Gaussian { variance, .. } => variance,
            Self::Poisson { mean } => mean,
            Self::Uniform { lower, upper } => (upper - lower) * (upper - lower) / 12.0,
        }
    }

    /// The logarithm of its density, or of the probability of a count. Of `AnyDistribution` there is none.
    #[must_use]
    pub fn log_density(&self, value: f64) -> f64 {
        match *self {
            Self::Any { .. } => f64::NAN,
            Self::Gaussian { mean, variance } => {
                let distance = value - mean;
                -distance * distance / (2.0 * variance)
                    - 0.5 * libm::log(2.0 * std::f64::consts::PI * variance)
            }
            Self::Poisson { mean } if value >= 0.0 && value.fract() == 0.0 => {
                value * libm::log(mean) - mean - libm::lgamma(value + 1.0)
            }
            Self::Uniform { lower, upper } if (lower..=upper).contains(&value) => -libm::log(upper - lower),
            Self::Poisson { .. } | Self::Uniform { .. } => f64::NEG_INFINITY,
        }
    }
}
