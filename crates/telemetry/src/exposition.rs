//! Metrics as Prometheus' text format, version 0.0.4.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::catalogue::Metric;
use crate::latency::{BOUNDS_MICROS, Latencies};
use crate::row_times::{BOUNDS_NANOS, RowTimes};

/// Samples of metrics, gathered from several places and rendered in the order of the catalogue.
#[derive(Debug, Default)]
pub struct Exposition {
    lines: BTreeMap<Metric, String>,
}

impl Exposition {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a sample; `labels` are the values of the metric's labels, in its order.
    pub fn sample(&mut self, metric: Metric, labels: &[&str], value: f64) {
        let description = metric.description();
        debug_assert_eq!(labels.len(), description.labels.len(), "{}", description.name);
        let lines = self.lines.entry(metric).or_default();
        // Writing to a string does not fail.
        let _ = writeln!(lines, "{}{} {value}", description.name, label_text(description.labels, labels));
    }

    /// Adds a distribution.
    pub fn histogram(&mut self, metric: Metric, latencies: &Latencies) {
        let name = metric.description().name;
        let buckets = latencies.buckets();
        let lines = self.lines.entry(metric).or_default();
        for (bound, count) in BOUNDS_MICROS.iter().zip(buckets.cumulative) {
            let _ = writeln!(lines, "{name}_bucket{{le=\"{}\"}} {count}", *bound as f64 / 1e6);
        }
        let _ = writeln!(lines, "{name}_bucket{{le=\"+Inf\"}} {}", buckets.count);
        let _ = writeln!(lines, "{name}_sum {}", buckets.sum_seconds);
        let _ = writeln!(lines, "{name}_count {}", buckets.count);
    }

    /// Adds the distribution of a metric with labels.
    pub fn row_times(&mut self, metric: Metric, labels: &[&str], times: &RowTimes) {
        let description = metric.description();
        debug_assert_eq!(labels.len(), description.labels.len(), "{}", description.name);
        let (name, text) = (description.name, label_text(description.labels, labels));
        let inner = text.trim_start_matches('{').trim_end_matches('}');
        let lines = self.lines.entry(metric).or_default();
        let bounds = BOUNDS_NANOS.iter().map(|bound| (*bound as f64 / 1e9).to_string());
        for (bound, count) in bounds.chain(["+Inf".to_owned()]).zip(times.cumulative()) {
            let _ = writeln!(lines, "{name}_bucket{{{inner},le=\"{bound}\"}} {count}");
        }
        let _ = writeln!(lines, "{name}_sum{text} {}", times.sum_seconds());
        let _ = writeln!(lines, "{name}_count{text} {}", times.count());
    }

    /// The text.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        for (metric, lines) in &self.lines {
            let description = metric.description();
            let _ = writeln!(text, "# HELP {} {}", description.name, description.help);
            let _ = writeln!(text, "# TYPE {} {}", description.name, description.kind.as_str());
            text.push_str(lines);
        }
        text
    }
}

fn label_text(names: &[&str], values: &[&str]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let pairs: Vec<String> =
        names.iter().zip(values).map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    format!("{{{}}}", pairs.join(","))
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_stand_under_their_help() {
        let mut exposition = Exposition::new();
        exposition.sample(Metric::ConsumerLagRecords, &["a\"b", "0"], 3.0);
        exposition.sample(Metric::ReadyState, &[], 1.0);
        let expected = "\
            # HELP scorewheel_ready_state 1 while records are being scored or could be, else 0.\n\
            # TYPE scorewheel_ready_state gauge\n\
            scorewheel_ready_state 1\n\
            # HELP scorewheel_consumer_lag_records Records between the committed offset and the end of the input partition.\n\
            # TYPE scorewheel_consumer_lag_records gauge\n\
            scorewheel_consumer_lag_records{topic=\"a\\\"b\",partition=\"0\"} 3\n";
        assert_eq!(exposition.render(), expected);
    }
}
