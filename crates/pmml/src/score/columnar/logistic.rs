//! The logistic function of many numbers.

use scorewheel_trees::exponentials;

use crate::precision::Precision;

/// 1 / (1 + exp(−x)) of every number, each step rounded to the precision.
#[inline(always)]
pub fn logistics(numbers: &mut [f64], precision: Precision) {
    numbers.iter_mut().for_each(|number| *number = -*number);
    exponentials(numbers);
    precision.round_all(numbers);
    if precision.is_float() {
        for number in numbers {
            *number = precision.round(1.0 / precision.round(1.0 + *number));
        }
    } else {
        numbers.iter_mut().for_each(|number| *number = 1.0 / (1.0 + *number));
    }
}
