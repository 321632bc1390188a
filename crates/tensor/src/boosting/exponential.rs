//! e^x nearly always rounded correctly, as the libraries' platform has it, by plain arithmetic that is the same
//! everywhere.
//!
//! x is taken apart into k·ln 2 / 128 and a rest of at most 0.003, whose exponential is a short series; powers of
//! 2^(1/128) come from a table with twice the digits, computed once.

use std::sync::OnceLock;

/// Entries of the table.
const STEPS: usize = 128;

/// ln 2 as a sum of two numbers.
const LN_2: (f64, f64) = (std::f64::consts::LN_2, 2.319_046_813_846_299_6e-17);

/// 2^(i / 128), and what is left of it relative to that.
type Table = [(f64, f64); STEPS];

/// e^x, at most a few thousandths of a step off before it is rounded.
pub(crate) fn exp(x: f64) -> f64 {
    // Results that are not normal numbers, and NaN.
    if x.is_nan() || x.abs() > 700.0 {
        return libm::exp(x);
    }
    static TABLE: OnceLock<Box<Table>> = OnceLock::new();
    let table = TABLE.get_or_init(|| Box::new(std::array::from_fn(power)));
    let count = libm::rint(x * (STEPS as f64 / LN_2.0));
    // The upper part has so few digits that its product with the count is exact.
    let upper = f64::from_bits((LN_2.0 / STEPS as f64).to_bits() & !0xfff_ffff);
    let lower = (LN_2.0 / STEPS as f64 - upper) + LN_2.1 / STEPS as f64;
    let rest = (x - count * upper) - count * lower;
    let whole = count as i64;
    let (scale, tail) = table[whole.rem_euclid(STEPS as i64) as usize];
    let square = rest * rest;
    let series = tail
        + rest
        + square * (0.5 + rest * (1.0 / 6.0))
        + square * square * (1.0 / 24.0 + rest * (1.0 / 120.0));
    let exponent = whole.div_euclid(STEPS as i64);
    let power_of_two = f64::from_bits(((exponent + 1_023) as u64) << 52);
    (scale + scale * series) * power_of_two
}

/// An entry of the table, by the series of e^x in twice the digits.
fn power(index: usize) -> (f64, f64) {
    let share = index as f64 / STEPS as f64;
    let x = times(LN_2, (share, 0.0));
    let mut sum = (1.0, 0.0);
    for n in (1..=28).rev() {
        let divided = divide(times(x, sum), f64::from(n));
        sum = plus((1.0, 0.0), divided);
    }
    (sum.0, sum.1 / sum.0)
}

fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let from_b = sum - a;
    (sum, (a - (sum - from_b)) + (b - from_b))
}

/// The product and what rounding took from it.
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let split = |value: f64| {
        let scaled = value * 134_217_729.0;
        let upper = scaled - (scaled - value);
        (upper, value - upper)
    };
    let (product, (a_upper, a_lower), (b_upper, b_lower)) = (a * b, split(a), split(b));
    let error = ((a_upper * b_upper - product) + a_upper * b_lower + a_lower * b_upper) + a_lower * b_lower;
    (product, error)
}

fn plus(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    let (sum, error) = two_sum(a.0, b.0);
    two_sum(sum, error + a.1 + b.1)
}

fn times(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    let (product, error) = two_product(a.0, b.0);
    two_sum(product, error + a.0 * b.1 + a.1 * b.0)
}

fn divide(a: (f64, f64), divisor: f64) -> (f64, f64) {
    let quotient = a.0 / divisor;
    let (product, error) = two_product(quotient, divisor);
    two_sum(quotient, ((a.0 - product) - error + a.1) / divisor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        for (x, expected) in [
            (0.0, 1.0),
            (1.0, std::f64::consts::E),
            (-1.0, 0.367_879_441_171_442_33),
            (0.5, 1.648_721_270_700_128_2),
            (10.0, 22_026.465_794_806_718),
            (-20.0, 2.061_153_622_438_558e-9),
            (f64::INFINITY, f64::INFINITY),
            (f64::NEG_INFINITY, 0.0),
            (-745.0, 5e-324),
        ] {
            assert_eq!(exp(x), expected, "{x}");
        }
        assert!(exp(f64::NAN).is_nan());
    }

    #[test]
    fn one_step_from_the_other_at_most() {
        for step in -200_000..200_000 {
            let x = f64::from(step) * 0.003_3;
            let (here, there) = (exp(x), libm::exp(x));
            assert!(here.to_bits().abs_diff(there.to_bits()) <= 1, "{x}: {here} {there}");
        }
    }
}
