//! How long rows take: counts over fixed bounds, small enough for one of each model and task.

/// Bounds of the buckets, in nanoseconds.
pub(crate) const BOUNDS_NANOS: [u64; 15] = [
    100,
    250,
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    1_000_000,
    10_000_000,
    100_000_000,
    1_000_000_000,
];

/// Scoring times of rows. Adding one costs less than telling it apart where the one before took as long: rows of a batch
/// do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowTimes {
    counts: [u64; BOUNDS_NANOS.len() + 1],
    sum_nanos: u64,
    /// The last time, and its bucket.
    last: (u64, usize),
}

impl RowTimes {
    /// Counts a row.
    #[inline]
    pub fn add(&mut self, nanoseconds: u64) {
        if nanoseconds != self.last.0 {
            self.last = (nanoseconds, BOUNDS_NANOS.partition_point(|bound| *bound < nanoseconds));
        }
        self.counts[self.last.1] += 1;
        self.sum_nanos = self.sum_nanos.saturating_add(nanoseconds);
    }

    /// Adds what another one has counted.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.sum_nanos = self.sum_nanos.saturating_add(other.sum_nanos);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Rows.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub(crate) fn cumulative(&self) -> impl Iterator<Item = u64> {
        self.counts.iter().scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        })
    }

    pub(crate) fn sum_seconds(&self) -> f64 {
        self.sum_nanos as f64 / 1e9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_by_what_they_took() {
        let mut times = RowTimes::default();
        for nanoseconds in [0, 100, 101, 250, 250, 2_000_000_000] {
            times.add(nanoseconds);
        }
        let mut other = RowTimes::default();
        other.add(300);
        times.merge(&other);
        let cumulative: Vec<u64> = times.cumulative().collect();
        assert_eq!((&cumulative[..4], cumulative[15], times.count()), (&[2, 5, 6, 6][..], 7, 7));
        assert_eq!(times.sum_seconds(), 2.000_001_001);
        times.clear();
        assert_eq!(times, RowTimes::default());
    }
}
