//! Every metric there is. The page `docs/metrics.md` is made from this file.

/// What kind of metric it is, as Prometheus calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution over fixed bounds, in seconds.
    Histogram,
}

impl Kind {
    /// How Prometheus writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// What is said of a metric once.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// `scorewheel_<noun>_<unit>`.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Names of its labels, in the order in which their values are given.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

macro_rules! catalogue {
    ($($(#[doc = $help:literal])+ $metric:ident: $kind:ident $name:literal [$($label:literal),*],)+) => {
        /// A metric.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Metric { $($(#[doc = $help])+ $metric,)+ }

        impl Metric {
            /// Every metric, in the order of the page.
            pub const ALL: &[Self] = &[$(Self::$metric),+];

            /// Name, kind, labels and meaning.
            #[must_use]
            pub fn description(self) -> Description {
                match self {
                    $(Self::$metric => Description {
                        name: $name,
                        kind: Kind::$kind,
                        labels: &[$($label),*],
                        help: concat!($($help),+).trim_ascii_start(),
                    },)+
                }
            }
        }
    };
}

catalogue! {
    /// Always 1; the label says which version runs.
    BuildInfo: Gauge "scorewheel_build_info" ["version"],
    /// 1 while records are being scored or could be, else 0.
    ReadyState: Gauge "scorewheel_ready_state" [],
    /// Records read, as of the last commit.
    InputRecords: Counter "scorewheel_input_records_total" ["topic", "partition"],
    /// Results written, as of the last commit.
    ResultRecords: Counter "scorewheel_result_records_total" ["topic", "partition"],
    /// Dead letters written, as of the last commit.
    DeadLetterRecords: Counter "scorewheel_deadletter_records_total" ["topic", "partition"],
    /// Records dropped on purpose, as of the last commit.
    DroppedRecords: Counter "scorewheel_dropped_records_total" ["topic", "partition", "cause"],
    /// Records read and not yet committed.
    InFlightRecords: Gauge "scorewheel_inflight_records" ["topic", "partition"],
    /// Records between the committed offset and the end of the input partition.
    ConsumerLagRecords: Gauge "scorewheel_consumer_lag_records" ["topic", "partition"],
    /// Control messages between this instance and the end of the control log.
    ControlLagRecords: Gauge "scorewheel_control_lag_records" [],
    /// Control offset of the newest revision that is ready on this instance.
    RevisionOffset: Gauge "scorewheel_revision_offset" [],
    /// Control offset of the revision that a task's committed offset carries.
    TaskRevisionOffset: Gauge "scorewheel_task_revision_offset" ["topic", "partition"],
    /// Tasks of this instance by what they are doing: restoring, awaiting_revision, running, paused.
    TasksCount: Gauge "scorewheel_tasks_count" ["state"],
    /// Models by what has become of them: in_force, held, rejected.
    ModelsCount: Gauge "scorewheel_models_count" ["state"],
    /// Rows scored by a model of the revision, as of the last commit.
    ModelRows: Counter "scorewheel_model_rows_total" ["data_type", "model"],
    /// Time that those rows took.
    ModelSeconds: Counter "scorewheel_model_seconds_total" ["data_type", "model"],
    /// Time that each of those rows took, by the model's version: that of its batch divided by its rows. Of this process,
    /// and of models in force.
    RowSeconds: Histogram "scorewheel_row_seconds" ["data_type", "model", "version"],
    /// Time from a record's timestamp to the commit of its result, of the oldest record in each batch.
    LatencySeconds: Histogram "scorewheel_latency_seconds" [],
    /// Time to score a batch.
    ScoringSeconds: Histogram "scorewheel_scoring_seconds" [],
    /// Time of a commit.
    CommitSeconds: Histogram "scorewheel_commit_seconds" [],
    /// Time to install a model: to load, check and bind it.
    InstallSeconds: Histogram "scorewheel_install_seconds" [],
    /// Commits of this process.
    Commits: Counter "scorewheel_commits_total" [],
    /// Transactions that this process aborted.
    Aborts: Counter "scorewheel_aborts_total" [],
    /// Dead letters of this process by the step that failed, aborted ones included.
    DeadLetters: Counter "scorewheel_deadletters_total" ["step"],
    /// Models that this process has installed.
    Installs: Counter "scorewheel_installs_total" [],
    /// Control messages that this process has refused, by kind.
    Rejections: Counter "scorewheel_rejections_total" ["kind"],
    /// Cut-overs to another revision, of this process.
    Cutovers: Counter "scorewheel_cutovers_total" [],
    /// Changes of this instance's partitions.
    Rebalances: Counter "scorewheel_rebalances_total" [],
    /// Alarms that this process has raised, by kind.
    Alarms: Counter "scorewheel_alarms_total" ["kind"],
    /// Tries of this process to get a model by reference, by what became of them: fetched, failed (tried again), refused.
    ReferenceFetches: Counter "scorewheel_reference_fetches_total" ["scheme", "outcome"],
    /// Bytes of models by reference that this process has fetched.
    ReferenceBytes: Counter "scorewheel_reference_bytes_total" ["scheme"],
    /// Models by reference that this process found in its state directory.
    ReferencesCached: Counter "scorewheel_references_cached_total" [],
    /// Points of this process for InfluxDB by what became of them: written, dropped (did not fit), refused.
    InfluxPoints: Counter "scorewheel_influx_points_total" ["outcome"],
    /// Requests with traces by what became of them: sent, failed.
    TraceRequests: Counter "scorewheel_trace_requests_total" ["outcome"],
    /// Points that wait for InfluxDB.
    InfluxWaitingPoints: Gauge "scorewheel_influx_waiting_points" [],
    /// How far an input of a model in force is from its reference: population stability index, as this instance sees it.
    /// Not there while there are too few rows.
    DriftInputPsi: Gauge "scorewheel_drift_input_psi" ["data_type", "model", "input"],
    /// The same for the scores of a model in force.
    DriftScorePsi: Gauge "scorewheel_drift_score_psi" ["data_type", "model"],
    /// Rows that a model in force has scored within the window and that were looked at for drift.
    DriftRows: Gauge "scorewheel_drift_rows" ["data_type", "model"],
    /// Resident memory of this process.
    ResidentBytes: Gauge "scorewheel_resident_bytes" [],
    /// Processor time of this process.
    ProcessorSeconds: Counter "scorewheel_processor_seconds_total" [],
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_follow_the_formula() {
        let mut names = BTreeSet::new();
        for metric in Metric::ALL {
            let description = metric.description();
            let name = description.name;
            assert!(names.insert(name), "{name} stands twice");
            assert!(name.starts_with("scorewheel_") && name.split('_').count() >= 3, "{name}");
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
            assert_eq!(name.ends_with("_total"), description.kind == Kind::Counter, "{name}");
            assert_eq!(name.ends_with("_seconds"), description.kind == Kind::Histogram, "{name}");
            assert!(!description.help.is_empty(), "{name}");
        }
    }
}
