//! The precision in which a model computes.
//!
//! Sums, products, quotients and square roots of f32 numbers, computed in f64 and rounded once, have the bits of f32
//! arithmetic: f64 has more than twice the digits. So one code serves both.

use crate::document::head::MathContext;

/// The precision in which a model computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Precision(MathContext);

impl From<MathContext> for Precision {
    fn from(context: MathContext) -> Self {
        Self(context)
    }
}

impl Precision {
    /// That of f64.
    #[must_use]
    pub fn double() -> Self {
        Self(MathContext::Double)
    }

    /// A result rounded to the precision.
    #[inline(always)]
    #[must_use]
    pub fn round(self, number: f64) -> f64 {
        match self.0 {
            MathContext::Double => number,
            MathContext::Float => f64::from(number as f32),
        }
    }

    /// `sum` + `factor` × `number`, rounded twice.
    #[inline(always)]
    #[must_use]
    pub fn add_product(self, sum: f64, factor: f64, number: f64) -> f64 {
        self.round(sum + self.round(factor * number))
    }

    /// Adds `factor` × number to every sum, each rounded twice.
    #[inline(always)]
    pub fn add_products(self, sums: &mut [f64], factor: f64, numbers: &[f64]) {
        let pairs = sums.iter_mut().zip(numbers);
        match self.0 {
            MathContext::Double => pairs.for_each(|(sum, number)| *sum += factor * number),
            MathContext::Float => {
                pairs.for_each(|(sum, number)| *sum = self.add_product(*sum, factor, *number))
            }
        }
    }

    /// Rounds every number to the precision.
    #[inline(always)]
    pub fn round_all(self, numbers: &mut [f64]) {
        if self.is_float() {
            numbers.iter_mut().for_each(|number| *number = self.round(*number));
        }
    }

    /// True if results are rounded to f32.
    #[must_use]
    pub fn is_float(self) -> bool {
        self.0 == MathContext::Float
    }
}
