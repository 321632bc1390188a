//! What happens, as logs, as metrics for Prometheus, as points in InfluxDB, and as traces.
//!
//! | file | what it holds |
//! |---|---|
//! | `agent` | the HTTP client of every way out |
//! | [`drift`] | whether inputs and scores are still distributed as they were |
//! | [`event`] | [`Event`]: what can happen; a closed list |
//! | [`recorder`] | [`Telemetry`]: takes events, writes logs, keeps metrics |
//! | [`catalogue`] | [`Metric`]: every metric there is, with its kind, labels and meaning |
//! | [`exposition`] | [`Exposition`]: metrics as Prometheus' text |
//! | [`grafana`] | data sources and dashboards in Grafana |
//! | [`influx`] | scores as points in InfluxDB |
//! | [`latency`] | [`Latencies`]: histograms of durations, of this process |
//! | [`logging`] | the log on standard error, for people or as JSON |
//! | [`reference`](mod@reference) | the page of metrics, generated |
//! | [`traces`] | installs, cut-overs and some batches as traces, by OTLP |
//! | [`sketch`] | [`Sketch`]: distributions of numbers in a fixed space |
//!
//! Figures of records, results and statistics are not kept here: whoever renders the metrics adds them from the last
//! committed state, so that a scrape shows what is committed. Histograms are of this process and begin with it.

mod agent;
pub mod catalogue;
pub mod drift;
pub mod event;
pub mod exposition;
pub mod grafana;
pub mod influx;
pub mod latency;
pub mod logging;
pub mod recorder;
pub mod reference;
pub mod row_times;
pub mod sketch;
pub mod traces;

pub use catalogue::{Kind, Metric};
pub use drift::DriftBoard;
pub use event::{Event, Reference};
pub use exposition::Exposition;
pub use grafana::GrafanaSettings;
pub use influx::InfluxSettings;
pub use latency::{Latencies, Quantiles};
pub use logging::{LogError, LogFormat, start_logging};
pub use recorder::Telemetry;
pub use row_times::RowTimes;
pub use sketch::Sketch;
pub use traces::TracesSettings;
