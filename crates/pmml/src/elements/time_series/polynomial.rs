//! Polynomials in the lag operator.

/// A polynomial in the lag operator by ascending powers, beginning with 1.
pub type Polynomial = Vec<f64>;

/// 1 + `sign` · (c₁ Bˢ + c₂ B²ˢ + …), where s is `period`.
#[must_use]
pub fn seasonal(coefficients: &[f64], period: usize, sign: f64) -> Polynomial {
    let mut polynomial = vec![0.0; coefficients.len() * period + 1];
    polynomial[0] = 1.0;
    for (at, coefficient) in coefficients.iter().enumerate() {
        polynomial[(at + 1) * period] = sign * coefficient;
    }
    polynomial
}

/// The product of two polynomials.
#[must_use]
pub fn product(left: &[f64], right: &[f64]) -> Polynomial {
    let mut product = vec![0.0; left.len() + right.len() - 1];
    for (at, one) in left.iter().enumerate().filter(|(_, one)| **one != 0.0) {
        for (other_at, other) in right.iter().enumerate() {
            product[at + other_at] += one * other;
        }
    }
    product
}

/// (1 − Bˢ)ⁿ, where s is `period` and n is `times`.
#[must_use]
pub fn difference(period: usize, times: usize) -> Polynomial {
    let once = seasonal(&[1.0], period, -1.0);
    (0..times).fold(vec![1.0], |power, _| product(&power, &once))
}

/// The value `lag` places before `index`; nought before the series begins.
#[must_use]
pub fn at(series: &[f64], index: usize, lag: usize) -> f64 {
    index.checked_sub(lag).map_or(0.0, |at| series[at])
}

/// The first `count` coefficients of `numerator` / `denominator`: the weights ψ of past shocks.
#[must_use]
pub fn quotient(numerator: &[f64], denominator: &[f64], count: usize) -> Vec<f64> {
    let mut weights: Vec<f64> = Vec::with_capacity(count);
    for step in 0..count {
        let mut weight = numerator.get(step).copied().unwrap_or(0.0);
        for (lag, coefficient) in denominator.iter().enumerate().skip(1).take(step) {
            weight -= coefficient * weights[step - lag];
        }
        weights.push(weight);
    }
    weights
}
