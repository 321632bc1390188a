//! Takes events, writes logs, keeps metrics.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tracing::{debug, error, info, warn};

use crate::catalogue::Metric;
use crate::event::{Event, Reference};
use crate::exposition::Exposition;
use crate::influx::{Queue, SenderNote};
use crate::latency::Latencies;
use crate::traces::{Tracer, TracesNote};

/// Most different labels of one metric; further ones are counted together as `other`, so that names which come from
/// outside cannot fill the memory.
const MOST_LABELS: usize = 256;

/// Logs and metrics of one process. Shared by reference; every call is short.
#[derive(Debug, Default)]
pub struct Telemetry {
    counters: Mutex<BTreeMap<Metric, BTreeMap<Vec<String>, u64>>>,
    latency: Latencies,
    scoring: Latencies,
    commit: Latencies,
    install: Latencies,
    /// The same as `latency`, forgotten each time it is asked for.
    recent: Latencies,
    /// Points on their way to InfluxDB, if there is one.
    influx: OnceLock<Arc<Queue>>,
    /// Makes spans of events, if anybody wants them.
    tracer: OnceLock<Arc<Tracer>>,
}

impl Telemetry {
    /// Nothing happened yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Shows what becomes of the points of this queue. Only the first queue is shown.
    pub fn show_influx(&self, queue: Arc<Queue>) {
        _ = self.influx.set(queue);
    }

    /// Hands every further event to this tracer, too. Only the first tracer is taken.
    pub fn trace(&self, tracer: Arc<Tracer>) {
        _ = self.tracer.set(tracer);
    }

    /// Shows the kinds of which nothing has been refused yet as well: an increase is seen only from one sample to another.
    pub fn expect_rejections(&self, kinds: impl IntoIterator<Item = &'static str>) {
        for kind in kinds {
            self.add(Metric::Rejections, &[kind], 0);
        }
    }

    /// Logs an event and counts it.
    pub fn record(&self, event: &Event) {
        if let Some(tracer) = self.tracer.get() {
            tracer.record(event);
        }
        match event {
            Event::Started { application, place, engine } => {
                info!(application, place, engine, "started");
            }
            Event::Waiting { reason } => info!(reason, "waiting"),
            Event::TopicCreated { topic, partitions } => info!(topic, partitions, "topic created"),
            Event::Rebalanced { partitions, lost } => {
                self.add(Metric::Rebalances, &[], 1);
                let count = partitions.len();
                let list = partitions.join(" ");
                if *lost {
                    warn!(count, partitions = list, "partitions were taken away");
                } else {
                    info!(count, partitions = list, "partitions assigned");
                }
            }
            Event::Restored { partition, records, took } => {
                info!(partition, records, seconds = took.as_secs_f64(), "store restored");
            }
            Event::Installed { model, version, control_offset, took, notes } => {
                self.add(Metric::Installs, &[], 1);
                self.install.record(*took);
                info!(model, version, control_offset, seconds = took.as_secs_f64(), "model installed");
                for note in notes {
                    info!(model, version, "{note}");
                }
            }
            Event::Rejected { control_offset, model, kind, reason } => {
                self.add(Metric::Rejections, &[kind], 1);
                let model = model.as_deref().unwrap_or("unknown");
                warn!(model, control_offset, kind, reason, "model refused; the one in force stays");
            }
            Event::Removed { model, control_offset } => info!(model, control_offset, "model removed"),
            Event::CutOver { partition, offset, control_offset } => {
                self.add(Metric::Cutovers, &[], 1);
                info!(partition, offset, control_offset, "cut over");
            }
            Event::BatchScored { rows, took } => {
                self.scoring.record(*took);
                debug!(rows, micros = took.as_micros(), "batch scored");
            }
            Event::DeadLettered { step, records } => {
                self.add(Metric::DeadLetters, &[step], *records);
                debug!(step, records, "dead letters");
            }
            Event::Committed { took, oldest } => {
                self.add(Metric::Commits, &[], 1);
                self.commit.record(*took);
                if let Some(oldest) = oldest {
                    self.latency.record(*oldest);
                    self.recent.record(*oldest);
                }
                debug!(micros = took.as_micros(), "committed");
            }
            Event::Aborted { reason } => {
                self.add(Metric::Aborts, &[], 1);
                warn!(reason, "transaction aborted; its work is done again");
            }
            Event::Paused { partition, reason } => warn!(partition, reason, "partition waits"),
            Event::Resumed { partition } => info!(partition, "partition goes on"),
            Event::Alarm { kind, message } => {
                self.add(Metric::Alarms, &[kind], 1);
                error!(kind, "{message}");
            }
            Event::Warning { kind, message } => {
                self.add(Metric::Alarms, &[kind], 1);
                warn!(kind, "{message}");
            }
            Event::Influx(note) => match note {
                SenderNote::Prepared(what) => info!("{what}"),
                SenderNote::Failing(why) => warn!(why, "no points are written; scoring goes on"),
                SenderNote::Recovered { dropped } => info!(dropped, "points are written again"),
                SenderNote::Refused { points, reason } => warn!(points, reason, "InfluxDB refuses points"),
                SenderNote::Aggregates(true) => {
                    info!("scores come fast: InfluxDB gets one point a second for each model and partition");
                }
                SenderNote::Aggregates(false) => info!("InfluxDB gets a point a score again"),
            },
            Event::Traces(note) => match note {
                TracesNote::Failing(why) => warn!(why, "no traces are sent; scoring goes on"),
                TracesNote::Recovered => info!("traces are sent again"),
            },
            Event::Reference(reference) => self.record_reference(reference),
            Event::Grafana { note } => info!("{note}"),
            Event::GrafanaFailed { reason, again } => {
                warn!(reason, again, "Grafana is not set up; scoring goes on");
            }
            Event::Stopping { reason } => info!(reason, "stopping"),
        }
    }

    fn record_reference(&self, reference: &Reference) {
        let fetches = |scheme: &str, outcome| {
            let scheme = if scheme.is_empty() { "none" } else { scheme };
            self.add(Metric::ReferenceFetches, &[scheme, outcome], 1);
        };
        match reference {
            Reference::Fetched { location, scheme, bytes, took } => {
                fetches(scheme, "fetched");
                self.add(Metric::ReferenceBytes, &[scheme], *bytes);
                info!(location, bytes, seconds = took.as_secs_f64(), "model fetched");
            }
            Reference::Cached { location } => {
                self.add(Metric::ReferencesCached, &[], 1);
                info!(location, "model found in the state directory");
            }
            Reference::Progress { location, bytes, total } => {
                info!(location, bytes, total, "model on its way");
            }
            Reference::Failed { location, scheme, reason, again } => {
                fetches(scheme, "failed");
                warn!(
                    location,
                    reason,
                    again_in_seconds = again.as_secs(),
                    "model does not come; tried again"
                );
            }
            Reference::Refused { scheme } => fetches(scheme, "refused"),
        }
    }

    fn add(&self, metric: Metric, labels: &[&str], count: u64) {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let series = counters.entry(metric).or_default();
        let labels: Vec<String> = labels.iter().map(|&label| label.to_owned()).collect();
        let labels = if series.len() >= MOST_LABELS && !series.contains_key(&labels) {
            vec!["other".to_owned(); labels.len()]
        } else {
            labels
        };
        *series.entry(labels).or_default() += count;
    }

    /// Latencies of records from their timestamp to the commit, since the start of the process.
    #[must_use]
    pub fn latency(&self) -> &Latencies {
        &self.latency
    }

    /// The same latencies, those since the last time somebody took them: for a line a second.
    #[must_use]
    pub fn recent_latency(&self) -> &Latencies {
        &self.recent
    }

    /// Puts what this process has counted into an exposition.
    pub fn expose(&self, exposition: &mut Exposition) {
        exposition.sample(Metric::BuildInfo, &[env!("CARGO_PKG_VERSION")], 1.0);
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        for metric in
            [Metric::Commits, Metric::Aborts, Metric::Installs, Metric::Cutovers, Metric::Rebalances]
        {
            if !counters.contains_key(&metric) {
                exposition.sample(metric, &[], 0.0);
            }
        }
        for (metric, series) in &*counters {
            for (labels, count) in series {
                let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
                exposition.sample(*metric, &labels, *count as f64);
            }
        }
        drop(counters);
        exposition.histogram(Metric::LatencySeconds, &self.latency);
        exposition.histogram(Metric::ScoringSeconds, &self.scoring);
        exposition.histogram(Metric::CommitSeconds, &self.commit);
        exposition.histogram(Metric::InstallSeconds, &self.install);
        if let Some(queue) = self.influx.get() {
            let counts = queue.counts();
            let points =
                [("written", counts.written), ("dropped", counts.dropped), ("refused", counts.refused)];
            for (outcome, count) in points {
                exposition.sample(Metric::InfluxPoints, &[outcome], count as f64);
            }
            exposition.sample(Metric::InfluxWaitingPoints, &[], counts.waiting as f64);
        }
        if let Some(tracer) = self.tracer.get() {
            let (sent, failed) = tracer.requests();
            exposition.sample(Metric::TraceRequests, &["sent"], sent as f64);
            exposition.sample(Metric::TraceRequests, &["failed"], failed as f64);
        }
        process(exposition);
    }
}

/// Memory and processor time of this process, where the system tells.
fn process(exposition: &mut Exposition) {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let resident = read("/proc/self/status")
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
    if let Some(kibibytes) = resident {
        exposition.sample(Metric::ResidentBytes, &[], kibibytes * 1024.0);
    }
    // User and system time are the 14th and 15th field; the second, in parentheses, may hold spaces. A tick is 10 ms.
    let stat = read("/proc/self/stat");
    let fields = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect::<Vec<_>>());
    let ticks = fields
        .and_then(|fields| Some(fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?));
    if let Some(ticks) = ticks {
        exposition.sample(Metric::ProcessorSeconds, &[], ticks / 100.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn text(telemetry: &Telemetry) -> String {
        let mut exposition = Exposition::new();
        telemetry.expose(&mut exposition);
        exposition.render()
    }

    #[test]
    fn events_are_counted() {
        let telemetry = Telemetry::new();
        telemetry.expect_rejections(["malformed", "too_large"]);
        let took = Duration::from_millis(2);
        telemetry.record(&Event::Committed { took, oldest: Some(Duration::from_millis(7)) });
        telemetry.record(&Event::DeadLettered { step: "decode", records: 3 });
        telemetry.record(&Event::Rejected {
            control_offset: 4,
            model: None,
            kind: "malformed".into(),
            reason: "r".into(),
        });
        let text = text(&telemetry);
        for line in [
            "scorewheel_commits_total 1",
            "scorewheel_aborts_total 0",
            "scorewheel_deadletters_total{step=\"decode\"} 3",
            "scorewheel_rejections_total{kind=\"malformed\"} 1",
            "scorewheel_rejections_total{kind=\"too_large\"} 0",
            "scorewheel_commit_seconds_bucket{le=\"0.0025\"} 1",
            "scorewheel_latency_seconds_bucket{le=\"0.005\"} 0",
            "scorewheel_latency_seconds_count 1",
            "scorewheel_latency_seconds_sum 0.007",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        assert_eq!(telemetry.recent_latency().take().count, 1);
        assert_eq!(telemetry.latency().quantiles().count, 1);
    }

    #[test]
    fn labels_are_bounded() {
        let telemetry = Telemetry::new();
        for index in 0..2 * MOST_LABELS {
            telemetry.add(Metric::Alarms, &[&index.to_string()], 1);
        }
        let text = text(&telemetry);
        assert_eq!(text.matches("scorewheel_alarms_total{").count(), MOST_LABELS + 1);
        assert!(
            text.contains(&format!("scorewheel_alarms_total{{kind=\"other\"}} {MOST_LABELS}\n")),
            "{text}"
        );
    }

    #[test]
    fn the_process_tells_of_itself() {
        let text = text(&Telemetry::new());
        assert!(
            text.contains("\nscorewheel_resident_bytes ")
                && text.contains("\nscorewheel_processor_seconds_total ")
        );
    }
}
