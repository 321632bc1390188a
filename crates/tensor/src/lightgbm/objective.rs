//! What an objective does to sums.

use scorewheel_model::ModelError;

use crate::boosting::link::Link;
use crate::error::{invalid, unsupported};

/// The link of an objective as its line tells it: a name, then words such as `sigmoid:1`.
///
/// # Errors
/// An objective that the library does not have.
pub(crate) fn link(line: &str) -> Result<Link, ModelError> {
    let mut words = line.split_ascii_whitespace();
    let name = words.next().unwrap_or("custom");
    let words: Vec<&str> = words.collect();
    let scale = || match words.iter().find_map(|word| word.strip_prefix("sigmoid:")) {
        None => Ok(1.0),
        Some(text) => match text.parse::<f64>() {
            Ok(scale) if scale > 0.0 => Ok(scale),
            _ => Err(invalid(format!("sigmoid is {text:?}"))),
        },
    };
    Ok(match name {
        "regression" | "regression_l1" | "huber" | "fair" | "quantile" | "mape"
            if words.contains(&"sqrt") =>
        {
            Link::SignedSquare
        }
        "regression" | "regression_l1" | "huber" | "fair" | "quantile" | "mape" | "lambdarank"
        | "rank_xendcg" | "custom" | "none" => Link::Identity,
        "poisson" | "gamma" | "tweedie" => Link::Exponential,
        "binary" => Link::Logistic { scale: scale()?, classes: false },
        "cross_entropy" | "xentropy" => Link::Logistic { scale: 1.0, classes: false },
        "cross_entropy_lambda" | "xentlambda" => Link::SoftPlus,
        "multiclass" => Link::Softmax,
        "multiclassova" => Link::Logistic { scale: scale()?, classes: true },
        _ => return Err(unsupported(format!("the objective {name:?}"))),
    })
}
