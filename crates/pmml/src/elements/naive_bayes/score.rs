//! `NaiveBayesModel` on one row.

use scorewheel_columns::RowError;

use crate::elements::Element;
use crate::elements::naive_bayes::compile::{Evidence, Plan};
use crate::elements::naive_bayes::read::Distribution;
use crate::elements::regression::softmax;
use crate::plan::ModelPlan;
use crate::precision::Precision;
use crate::score::{Prediction, Row};

impl Element for Plan {
    fn score(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        prediction.probabilities.extend_from_slice(&self.priors);
        let width = self.priors.len();
        for input in &self.inputs {
            match &input.evidence {
                Evidence::Counted { values, logarithms } => {
                    let Some(value) = row.raw(input.slot)? else { continue };
                    let Ok(found) = values.binary_search_by(|known| known.total_cmp(&(value + 0.0))) else {
                        continue;
                    };
                    let own = &logarithms[found * width..(found + 1) * width];
                    for (sum, logarithm) in prediction.probabilities.iter_mut().zip(own) {
                        *sum += logarithm;
                    }
                }
                Evidence::Distributed(distributions) => {
                    let Some(value) = row.number(input.slot)? else { continue };
                    for (sum, distribution) in prediction.probabilities.iter_mut().zip(distributions) {
                        let density = distribution.as_ref().map_or(0.0, |known| known.density(value));
                        *sum += libm::log(f64::max(density, self.threshold));
                    }
                }
            }
        }
        softmax(&mut prediction.probabilities, Precision::from(model.math_context));
        prediction.value = prediction.most_probable().map(|index| model.categories()[index]);
        Ok(())
    }
}

impl Distribution {
    /// The probability, or its density, of a value.
    #[must_use]
    pub fn density(&self, value: f64) -> f64 {
        match *self {
            Self::Gaussian { mean, variance } => {
                let distance = value - mean;
                libm::exp(-(distance * distance) / (2.0 * variance))
                    / (2.0 * std::f64::consts::PI * variance).sqrt()
            }
            Self::Poisson { mean } => libm::exp(value * libm::log(mean) - mean - libm::lgamma(value + 1.0)),
            Self::Uniform { lower, upper } => {
                if (lower..=upper).contains(&value) {
                    1.0 / (upper - lower)
                } else {
                    0.0
                }
            }
        }
    }
}
