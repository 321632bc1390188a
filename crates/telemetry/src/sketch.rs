//! Distributions of numbers in a fixed space.

/// Exponents that are told apart: numbers from 2^-24 to 2^40. Smaller ones count as zero, larger ones as the largest.
const LOWEST_EXPONENT: i32 = -24;
const EXPONENTS: usize = 64;
/// Buckets of one octave: a bucket is at most a 32nd of its numbers wide.
const STEPS: usize = 32;
const SIDE: usize = EXPONENTS * STEPS;

/// Number of buckets: negative numbers, zero, positive numbers, in order of size.
pub const BUCKETS: usize = 2 * SIDE + 1;

/// The bucket of a number; `None` for what is none.
#[must_use]
pub fn bucket_of(number: f64) -> Option<usize> {
    if number.is_nan() {
        return None;
    }
    let bits = number.abs().to_bits();
    // The exponent and the first five bits of the fraction, as they lie in the number.
    let exponent = i32::try_from(bits >> 52).unwrap_or(0) - 1023;
    if exponent < LOWEST_EXPONENT {
        return Some(SIDE);
    }
    let octave = usize::try_from(exponent - LOWEST_EXPONENT).unwrap_or(0);
    let step = usize::try_from((bits >> 47) & 31).unwrap_or(0);
    let place = (octave * STEPS + step).min(SIDE - 1);
    Some(if number < 0.0 { SIDE - 1 - place } else { SIDE + 1 + place })
}

/// The numbers of a bucket: from, to.
#[must_use]
pub fn range_of(bucket: usize) -> (f64, f64) {
    let edge = |place: usize| {
        let octave = i32::try_from(place / STEPS).unwrap_or(0) + LOWEST_EXPONENT;
        // A power of two has no rounding of its own.
        (1.0 + (place % STEPS) as f64 / STEPS as f64) * f64::from_bits(((octave + 1023) as u64) << 52)
    };
    let smallest = edge(0);
    match bucket.cmp(&SIDE) {
        std::cmp::Ordering::Equal => (-smallest, smallest),
        std::cmp::Ordering::Greater => (edge(bucket - SIDE - 1), edge(bucket - SIDE)),
        std::cmp::Ordering::Less => (-edge(SIDE - bucket), -edge(SIDE - 1 - bucket)),
    }
}

/// How numbers are distributed: counts of buckets whose width is at most 1/32 of their numbers, and the exact extremes.
#[derive(Clone, Debug)]
pub struct Sketch {
    counts: Box<[u64]>,
    count: u64,
    min: f64,
    max: f64,
}

impl Default for Sketch {
    fn default() -> Self {
        let counts = vec![0; BUCKETS].into_boxed_slice();
        Self { counts, count: 0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }
}

impl Sketch {
    /// Counts a number; what is none is left out.
    pub fn add(&mut self, number: f64) {
        if let Some(bucket) = bucket_of(number) {
            self.add_bucket(bucket, 1);
            self.widen(number, number);
        }
    }

    /// Counts `count` numbers of a bucket below [`BUCKETS`], whose extremes [`Self::widen`] is told.
    pub fn add_bucket(&mut self, bucket: usize, count: u64) {
        self.counts[bucket] += count;
        self.count += count;
    }

    /// Notes the extremes of numbers that were counted by their buckets.
    pub fn widen(&mut self, min: f64, max: f64) {
        self.min = self.min.min(min);
        self.max = self.max.max(max);
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.count += other.count;
        self.widen(other.min, other.max);
    }

    /// Numbers counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Smallest and largest number; `None` before the first.
    #[must_use]
    pub fn extremes(&self) -> Option<(f64, f64)> {
        (self.count > 0).then_some((self.min, self.max))
    }

    /// The buckets that hold numbers, from the smallest number on: the bucket's numbers within the extremes, the count.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, f64, u64)> {
        self.counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(bucket, count)| {
            let (from, to) = range_of(bucket);
            // Beyond the largest bucket lies what counts as the largest.
            let to = if bucket == BUCKETS - 1 || bucket == 0 { to.max(self.max) } else { to };
            let from = if bucket == 0 { from.min(self.min) } else { from };
            (from.max(self.min), to.min(self.max).max(from.max(self.min)), *count)
        })
    }

    /// The number below which this share of all lies, as exactly as a bucket is wide; `None` before the first.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let wanted = share.clamp(0.0, 1.0) * self.count as f64;
        let mut before = 0.0;
        for (from, to, count) in self.buckets() {
            let count = count as f64;
            if before + count >= wanted {
                return Some(from + (to - from) * ((wanted - before) / count));
            }
            before += count;
        }
        self.extremes().map(|(_, max)| max)
    }

    /// Counts of `bins` bins of one width between the extremes; a bucket over several bins is shared out evenly.
    #[must_use]
    pub fn bins(&self, bins: usize) -> Vec<f64> {
        let mut shares = vec![0.0; bins];
        let Some((min, max)) = self.extremes() else { return shares };
        let width = (max - min) / bins as f64;
        if bins == 0 || !(width.is_finite() && width > 0.0) {
            if let Some(first) = shares.first_mut() {
                *first = self.count as f64;
            }
            return shares;
        }
        let place = |number: f64| ((number - min) / width).clamp(0.0, bins as f64);
        for (from, to, count) in self.buckets() {
            let (from, to) = (place(from), place(to));
            let first = (from as usize).min(bins - 1);
            let last = (to as usize).min(bins - 1);
            for (bin, share) in shares.iter_mut().enumerate().take(last + 1).skip(first) {
                let overlap = to.min(bin as f64 + 1.0) - from.max(bin as f64);
                let part = if to > from { overlap / (to - from) } else { 1.0 };
                *share += part * count as f64;
                if to <= from {
                    break;
                }
            }
        }
        shares
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn buckets_hold_their_numbers_in_order() {
        let numbers = [-1e300, -7.0, -0.1, -1e-9, 0.0, 1e-9, 0.1, 1.0, 1.03125, 5.5, 6.0, 1e11, 1e300];
        let buckets: Vec<usize> = numbers.iter().filter_map(|number| bucket_of(*number)).collect();
        assert!(buckets.is_sorted(), "{buckets:?}");
        assert_eq!(bucket_of(f64::NAN), None);
        assert_eq!(bucket_of(f64::INFINITY), Some(BUCKETS - 1));
        for number in [-7.0, -0.1, 0.1, 1.0, 5.5, 6.0, 1e11] {
            let (from, to) = range_of(bucket_of(number).unwrap_or_default());
            assert!(from <= number && number <= to, "{number} is not in {from}..{to}");
            assert!((to - from).abs() <= number.abs() / 31.9, "{number}: {from}..{to} is wide");
        }
    }

    proptest! {
        #[test]
        fn quantiles_are_as_exact_as_buckets(mut numbers in prop::collection::vec(-1e6..1e6f64, 1..200)) {
            let mut sketch = Sketch::default();
            numbers.iter().for_each(|number| sketch.add(*number));
            numbers.sort_by(f64::total_cmp);
            prop_assert_eq!(sketch.extremes(), Some((numbers[0], numbers[numbers.len() - 1])));
            let median = sketch.quantile(0.5).unwrap_or(f64::NAN);
            let (below, above) = (numbers[(numbers.len() - 1) / 2], numbers[numbers.len() / 2]);
            let slack = below.abs().max(above.abs()) / 32.0 + 1e-6;
            prop_assert!(median >= below - slack && median <= above + slack, "{below} {median} {above}");
            let total: f64 = sketch.bins(7).iter().sum();
            prop_assert!((total - numbers.len() as f64).abs() < 1e-6, "{total}");
        }

        #[test]
        fn merging_is_counting_together(left in prop::collection::vec(any::<f64>(), 0..50),
                                        right in prop::collection::vec(any::<f64>(), 0..50)) {
            let sketch = |numbers: &[f64]| {
                let mut sketch = Sketch::default();
                numbers.iter().for_each(|number| sketch.add(*number));
                sketch
            };
            let mut merged = sketch(&left);
            merged.merge(&sketch(&right));
            let together = sketch(&[left, right].concat());
            prop_assert_eq!(merged.counts, together.counts);
            prop_assert_eq!(merged.count, together.count);
        }
    }

    #[test]
    fn one_number_is_one_bin() {
        let mut sketch = Sketch::default();
        sketch.add(5.0);
        sketch.add(5.0);
        assert_eq!(sketch.bins(4), [2.0, 0.0, 0.0, 0.0]);
        assert_eq!(sketch.quantile(0.5), Some(5.0));
        assert_eq!(Sketch::default().quantile(0.5), None);
    }
}
