//! From sums to predictions, each in the library's own precision and order of operations.

use crate::boosting::exponential::exp;
use crate::boosting::single;

/// How the sums of a row become its prediction.
///
/// The names say the precision: XGBoost computes in f32, LightGBM in f64.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Link {
    Identity,
    /// 1 / (1 + e^−x), f32.
    SingleLogistic,
    /// e^x, f32.
    SingleExponential,
    /// Softmax over the outputs, f32 with a sum in f64.
    SingleSoftmax,
    /// The class with the largest sum, the first of equals.
    LargestClass,
    /// 1 above 0, else 0.
    Hinge,
    /// 1 / (1 + e^(−scale·x)) of each output.
    Logistic {
        scale: f64,
        /// True if the outputs are classes.
        classes: bool,
    },
    /// e^x
    Exponential,
    /// Softmax over the outputs.
    Softmax,
    /// ln(1 + e^x)
    SoftPlus,
    /// x·|x|
    SignedSquare,
}

impl Link {
    /// Numbers of a prediction of this many sums.
    pub fn width(self, outputs: usize) -> usize {
        if self == Self::LargestClass { 1 } else { outputs }
    }

    /// True if the numbers are degrees of belief in classes.
    pub fn over_classes(self) -> bool {
        matches!(self, Self::SingleSoftmax | Self::Softmax | Self::Logistic { classes: true, .. })
    }

    /// Turns the sums of a row into its prediction, in place. f32 are kept in f64 without change.
    pub fn apply(self, row: &mut [f64]) {
        let each = |row: &mut [f64], function: &dyn Fn(f64) -> f64| {
            row.iter_mut().for_each(|value| *value = function(*value));
        };
        match self {
            Self::Identity => {}
            Self::SingleLogistic => each(row, &|x| f64::from(single_logistic(x as f32))),
            Self::SingleExponential => each(row, &|x| f64::from(single::exp(x as f32))),
            Self::SingleSoftmax => single_softmax(row),
            Self::LargestClass => {
                let largest = largest(row) as f64;
                if let Some(first) = row.first_mut() {
                    *first = largest;
                }
            }
            Self::Hinge => each(row, &|x| f64::from(u8::from(x > 0.0))),
            Self::Logistic { scale, .. } => each(row, &|x| 1.0 / (1.0 + exp(-scale * x))),
            Self::Exponential => each(row, &exp),
            Self::Softmax => softmax(row),
            Self::SoftPlus => each(row, &|x| libm::log1p(exp(x))),
            Self::SignedSquare => each(row, &|x| if x.is_nan() { x } else { f64::copysign(1.0, x) * x * x }),
        }
    }
}

fn single_logistic(x: f32) -> f32 {
    // XGBoost keeps the exponential finite, and its summand for safety vanishes beside the 1.
    let power = single::exp(if -x > 88.7 { 88.7 } else { -x });
    1.0 / (power + 1.0)
}

fn single_softmax(row: &mut [f64]) {
    let largest = row.iter().fold(f32::NEG_INFINITY, |largest, value| largest.max(*value as f32));
    let mut total = 0.0_f64;
    for value in &mut *row {
        let power = single::exp(*value as f32 - largest);
        total += f64::from(power);
        *value = f64::from(power);
    }
    let total = total as f32;
    row.iter_mut().for_each(|value| *value = f64::from(*value as f32 / total));
}

fn softmax(row: &mut [f64]) {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut total = 0.0;
    for value in &mut *row {
        *value = exp(*value - largest);
        total += *value;
    }
    row.iter_mut().for_each(|value| *value /= total);
}

fn largest(row: &[f64]) -> usize {
    let mut best = 0;
    for (index, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = index;
        }
    }
    best
}
