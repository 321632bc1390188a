//! Histograms of durations, of this process.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

/// Bounds of the buckets that Prometheus gets, in microseconds.
pub(crate) const BOUNDS_MICROS: [u64; 16] = [
    10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 1_000_000,
    10_000_000,
];

/// Longest duration that is told apart; longer ones count as this.
const LONGEST_NANOS: u64 = 3_600_000_000_000;

/// A distribution of durations, from 1 ns to an hour, to two digits.
#[derive(Debug)]
pub struct Latencies {
    histogram: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    histogram: Histogram<u64>,
    sum_nanos: u64,
}

/// What a distribution amounts to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quantiles {
    /// Durations recorded.
    pub count: u64,
    /// Half are shorter.
    pub median: Duration,
    /// 99 of 100 are shorter.
    pub p99: Duration,
    /// The longest.
    pub max: Duration,
}

/// Cumulative counts at [`BOUNDS_MICROS`], the count and the sum.
pub(crate) struct Buckets {
    pub cumulative: [u64; BOUNDS_MICROS.len()],
    pub count: u64,
    pub sum_seconds: f64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { histogram: Mutex::new(Inner { histogram: empty(), sum_nanos: 0 }) }
    }
}

fn empty() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_NANOS, 2)
        .expect("the bounds and digits are within what the crate accepts")
}

impl Latencies {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic while counting leaves a count that is off by one at worst.
        self.histogram.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one duration.
    pub fn record(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let mut inner = self.lock();
        inner.histogram.saturating_record(nanos.clamp(1, LONGEST_NANOS));
        inner.sum_nanos = inner.sum_nanos.saturating_add(nanos);
    }

    /// The distribution since the start of the process.
    #[must_use]
    pub fn quantiles(&self) -> Quantiles {
        quantiles(&self.lock().histogram)
    }

    /// Forgets what was counted, and says what it was: for figures of the last second.
    pub fn take(&self) -> Quantiles {
        let mut inner = self.lock();
        let found = quantiles(&inner.histogram);
        inner.histogram.reset();
        inner.sum_nanos = 0;
        found
    }

    pub(crate) fn buckets(&self) -> Buckets {
        let inner = self.lock();
        let cumulative = BOUNDS_MICROS.map(|bound| inner.histogram.count_between(0, bound * 1000));
        Buckets { cumulative, count: inner.histogram.len(), sum_seconds: inner.sum_nanos as f64 / 1e9 }
    }
}

fn quantiles(histogram: &Histogram<u64>) -> Quantiles {
    let at = |share| Duration::from_nanos(histogram.value_at_quantile(share));
    if histogram.is_empty() {
        return Quantiles::default();
    }
    Quantiles {
        count: histogram.len(),
        median: at(0.5),
        p99: at(0.99),
        max: Duration::from_nanos(histogram.max()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_and_buckets() {
        let latencies = Latencies::default();
        assert_eq!(latencies.quantiles(), Quantiles::default());
        for micros in 1..=100 {
            latencies.record(Duration::from_micros(micros));
        }
        let close = |found: Duration, micros: u64| found.as_micros().abs_diff(u128::from(micros)) <= 1;
        let found = latencies.quantiles();
        assert!(
            found.count == 100 && close(found.median, 50) && close(found.p99, 99) && close(found.max, 100),
            "{found:?}"
        );
        let buckets = latencies.buckets();
        assert_eq!((buckets.count, &buckets.cumulative[..5]), (100, &[10, 25, 50, 100, 100][..]));
        assert!((buckets.sum_seconds - 0.00505).abs() < 1e-9);
        assert_eq!(latencies.take().count, 100);
        assert_eq!(latencies.quantiles().count, 0);
        latencies.record(Duration::MAX);
        assert_eq!(latencies.buckets().cumulative[15], 0);
    }
}
