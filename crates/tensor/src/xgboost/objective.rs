//! What an objective does to the constant that sums start from, and to the sums.

use scorewheel_model::ModelError;

use crate::boosting::link::Link;
use crate::boosting::single;
use crate::error::{invalid, unsupported};

/// An objective, as far as predictions go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Objective {
    /// From sums to predictions.
    pub link: Link,
    /// The file's constants are predictions: this takes them back to sums.
    constant: Constant,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Constant {
    Sum,
    /// From 0 to 1.
    Probability,
    /// At least 0.
    Count,
    /// Above 0.
    Mean,
}

/// The objective of this name.
///
/// # Errors
/// One that the library does not have, or has in versions to come.
pub(crate) fn objective(name: &str) -> Result<Objective, ModelError> {
    let (link, constant) = match name {
        "reg:squarederror"
        | "reg:linear"
        | "reg:squaredlogerror"
        | "reg:pseudohubererror"
        | "reg:absoluteerror"
        | "reg:quantileerror"
        | "rank:pairwise"
        | "rank:ndcg"
        | "rank:map" => (Link::Identity, Constant::Sum),
        "reg:logistic" | "binary:logistic" => (Link::SingleLogistic, Constant::Probability),
        "binary:logitraw" => (Link::Identity, Constant::Sum),
        "binary:hinge" => (Link::Hinge, Constant::Sum),
        "reg:gamma" => (Link::SingleExponential, Constant::Mean),
        "count:poisson" | "reg:tweedie" | "survival:cox" | "survival:aft" => {
            (Link::SingleExponential, Constant::Count)
        }
        "multi:softprob" => (Link::SingleSoftmax, Constant::Sum),
        "multi:softmax" => (Link::LargestClass, Constant::Sum),
        _ => return Err(unsupported(format!("the objective {name:?}"))),
    };
    Ok(Objective { link, constant })
}

impl Objective {
    /// The sum that gives this prediction.
    pub fn sum_of(self, constant: f64) -> Result<f32, ModelError> {
        let single = constant as f32;
        match self.constant {
            Constant::Sum => Ok(single),
            Constant::Probability if (0.0..=1.0).contains(&single) => {
                // Where all labels of the training were the same: the library keeps this far from the ends.
                const EDGE: f32 = 1e-6;
                let inner = single.clamp(EDGE, 1.0 - EDGE);
                Ok(-single::ln(1.0 / inner - 1.0))
            }
            Constant::Count if single >= 0.0 => Ok(single::ln(single)),
            Constant::Mean if single > 0.0 => Ok(single::ln(single)),
            _ => Err(invalid(format!("base_score {constant} does not fit the objective"))),
        }
    }
}
