//! Distributions of continuous nodes.

use std::f64::consts::PI;

use crate::elements::bayesian_network::read::Shape;

/// A distribution with its parameters: [`Shape::parameters`] in their order.
#[derive(Clone, Copy, Debug)]
pub struct Density {
    /// Which one.
    pub shape: Shape,
    /// Its parameters; those that it has not are nought.
    pub parameters: [f64; 3],
}

impl Density {
    /// True if the parameters make a distribution.
    #[must_use]
    pub fn is_one(&self) -> bool {
        let [first, second, third] = self.parameters;
        match self.shape {
            Shape::Normal | Shape::Lognormal => first.is_finite() && second >= 0.0 && second.is_finite(),
            Shape::Uniform => first.is_finite() && second.is_finite() && first < second,
            Shape::Triangular => {
                let peak = self.peak();
                second.is_finite() && third.is_finite() && second < third && (second..=third).contains(&peak)
            }
        }
    }

    /// Where a triangular one is highest.
    fn peak(&self) -> f64 {
        let [mean, lower, upper] = self.parameters;
        3.0 * mean - lower - upper
    }

    /// Mean and variance.
    #[must_use]
    pub fn moments(&self) -> (f64, f64) {
        let [first, second, third] = self.parameters;
        match self.shape {
            Shape::Normal => (first, second),
            Shape::Lognormal => {
                let mean = libm::exp(first + second / 2.0);
                (mean, libm::expm1(second) * mean * mean)
            }
            Shape::Uniform => (f64::midpoint(first, second), (second - first) * (second - first) / 12.0),
            Shape::Triangular => {
                let (lower, upper, peak) = (second, third, self.peak());
                let squares = lower * lower + upper * upper + peak * peak;
                (first, (squares - lower * upper - lower * peak - upper * peak) / 18.0)
            }
        }
    }

    /// The logarithm of the density. A normal one without variance has none but in its mean.
    #[must_use]
    pub fn log(&self, value: f64) -> f64 {
        let [first, second, third] = self.parameters;
        let normal = |value: f64| {
            let distance = value - first;
            -distance * distance / (2.0 * second) - 0.5 * libm::log(2.0 * PI * second)
        };
        match self.shape {
            Shape::Normal if second > 0.0 => normal(value),
            Shape::Lognormal if second > 0.0 && value > 0.0 => normal(libm::log(value)) - libm::log(value),
            Shape::Normal if value == first => f64::INFINITY,
            Shape::Lognormal if second == 0.0 && value == libm::exp(first) => f64::INFINITY,
            Shape::Uniform if (first..=second).contains(&value) => -libm::log(second - first),
            Shape::Triangular if (second..=third).contains(&value) => {
                let (lower, upper, peak) = (second, third, self.peak());
                let (height, side) = match value {
                    _ if value < peak => (value - lower, peak - lower),
                    _ if value > peak => (upper - value, upper - peak),
                    _ => (1.0, 1.0),
                };
                libm::log(2.0 * height / ((upper - lower) * side))
            }
            Shape::Normal | Shape::Lognormal | Shape::Uniform | Shape::Triangular => f64::NEG_INFINITY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn densities_integrate_to_one_with_their_moments() {
        for (shape, parameters, from, to) in [
            (Shape::Normal, [1.0, 4.0, 0.0], -30.0, 32.0),
            (Shape::Lognormal, [0.3, 0.25, 0.0], 0.0, 60.0),
            (Shape::Uniform, [-1.0, 3.0, 0.0], -1.0, 3.0),
            (Shape::Triangular, [2.0, 0.0, 5.0], 0.0, 5.0),
        ] {
            let density = Density { shape, parameters };
            assert!(density.is_one());
            let steps = 200_000;
            let width = (to - from) / f64::from(steps);
            let (mut whole, mut mean, mut square) = (0.0, 0.0, 0.0);
            for step in 0..steps {
                let x = from + (f64::from(step) + 0.5) * width;
                let mass = density.log(x).exp() * width;
                whole += mass;
                mean += x * mass;
                square += x * x * mass;
            }
            let (expected, variance) = density.moments();
            assert!((whole - 1.0).abs() < 1e-6, "{shape:?}: {whole}");
            assert!((mean - expected).abs() < 1e-5, "{shape:?}: {mean} for {expected}");
            assert!((square - mean * mean - variance).abs() < 1e-4, "{shape:?}: {variance}");
        }
    }

    #[test]
    fn parameters_that_contradict_one_another_make_none() {
        for (shape, parameters) in [
            (Shape::Normal, [0.0, -1.0, 0.0]),
            (Shape::Normal, [f64::INFINITY, 1.0, 0.0]),
            (Shape::Uniform, [1.0, 1.0, 0.0]),
            (Shape::Triangular, [0.5, 0.0, 6.0]),
        ] {
            assert!(!Density { shape, parameters }.is_one(), "{shape:?} {parameters:?}");
        }
    }
}
