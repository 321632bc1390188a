//! What an objective does to the constant that sums start from, and to the sums.

use scorewheel_model::ModelError;

use crate::boosting::link::Link;
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
    Probability,
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
        "count:poisson" | "reg:gamma" | "reg:tweedie" | "survival:cox" | "survival:aft" => {
            (Link::SingleExponential, Constant::Mean)
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
            Constant::Probability if single > 0.0 && single < 1.0 => {
                Ok(-(libm::log(f64::from(1.0 / single - 1.0)) as f32))
            }
            Constant::Mean if single > 0.0 => Ok(libm::log(f64::from(single)) as f32),
            _ => Err(invalid(format!("base_score {constant} does not fit the objective"))),
        }
    }
}
