//! The mark of a missing value in a column of numbers.
//!
//! A column holds a number a row. Where there is none it holds NaN: one with these bits where the value is missing, any
//! other where reading it is an error, or something that only the exact path can tell.

/// Stands for a missing value; no number that a row holds has these bits.
pub const MISSING: f64 = f64::from_bits(0x7ff8_0000_6d69_7373);

/// True for the mark of a missing value, which is not any other NaN.
#[inline(always)]
#[must_use]
pub fn is_missing(number: f64) -> bool {
    number.to_bits() == MISSING.to_bits()
}

/// True for what is neither a number nor missing.
#[inline(always)]
#[must_use]
pub fn is_fault(number: f64) -> bool {
    number.is_nan() && !is_missing(number)
}

/// True if any row of a column has no number.
#[inline]
#[must_use]
pub fn lacks_some(numbers: &[f64]) -> bool {
    numbers.iter().fold(false, |any, number| any | number.is_nan())
}
