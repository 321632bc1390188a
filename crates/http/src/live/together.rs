//! What all instances together have done, for who looks at the page of one.
//!
//! The others are asked only while somebody looks, and not more often than about once a second. Whoever looks first
//! waits for their answers, or for the time limit of those that give none.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::figures::Latency;
use super::history::{History, SeenCutover};
use crate::cluster::{DriftCoverage, Gathered, Gatherer, InstanceReport, MissingPartition};
use crate::drift::{DriftState, ModelDrift};
use crate::snapshot::Snapshot;

/// The others are not asked again before.
const FRESH: Duration = Duration::from_millis(900);
/// Nor about drift, whose answers are large and change slowly.
const DRIFT_PAUSE: Duration = Duration::from_secs(5);
/// An answer older than this is not shown, and no rate is made with it.
const FORGOTTEN: Duration = Duration::from_secs(30);
/// Whoever looks first does not get an older one.
const STALE: Duration = Duration::from_secs(3);
/// Instances that are listed; the JSON behind the list has them all.
const MOST_INSTANCES: usize = 64;
/// Partitions that nobody gave, as listed.
const MOST_MISSING: usize = 8;

/// All instances of an application, on the page of one of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterView {
    /// The instance whose page it is.
    pub own: String,
    /// True if every partition is in the sums.
    pub complete: bool,
    /// Why it is not known who belongs to the cluster, or how many partitions there are.
    pub trouble: Option<String>,
    /// The instances; the one whose page it is first.
    pub instances: Vec<InstanceRow>,
    /// Instances that are not listed.
    pub more_instances: usize,
    /// Partitions that are in the sums.
    pub counted: usize,
    /// Partitions that are not.
    pub missing: Vec<MissingPartition>,
    /// Those of them that are not listed.
    pub more_missing: usize,
    /// Rates over all instances, oldest first, since somebody looks.
    pub rates: Vec<Rate>,
    /// Whose counts are in the drift that is shown; `null` if it is this instance's alone, or not watched.
    pub drift: Option<DriftCoverage>,
}

/// An instance as it is listed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InstanceRow {
    /// What became of the question to it.
    #[serde(flatten)]
    pub report: InstanceReport,
    /// Records of its partitions that are not read yet; `null` if not known of each.
    pub lag: Option<u64>,
}

/// What all instances have done in a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rate {
    /// When it ended, milliseconds since the epoch.
    pub at: i64,
    /// Records committed a second.
    pub records_per_second: f64,
    /// Dead letters a second.
    pub dead_letters_per_second: f64,
}

/// What the instances have answered last.
pub struct Known {
    asked: Instant,
    gathered: Arc<Gathered>,
    /// With the time at which it was asked for.
    drift: Option<(Instant, Vec<ModelDrift>, DriftCoverage)>,
    history: History,
    own: String,
    alone: bool,
}

impl Known {
    /// True if there is nobody else, and nothing is missing: this instance's state is all there is.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.alone
    }

    /// The state of all.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.gathered.snapshot
    }

    /// The models as all instances see them; `None` if that is not watched, or could not be asked.
    #[must_use]
    pub fn drift(&self) -> Option<Vec<ModelDrift>> {
        self.drift.as_ref().map(|(_, models, _)| models.clone())
    }

    /// Records a second of a partition.
    #[must_use]
    pub fn rate_of(&self, topic: &str, partition: u32) -> Option<f64> {
        self.history.rate_of(topic, partition)
    }

    /// The cut-overs that were seen at `from` or later while somebody looked, oldest first.
    #[must_use]
    pub fn cutovers(&self, from: i64) -> Vec<SeenCutover> {
        self.history.cutovers(from)
    }

    /// The instance that a partition's figures are of.
    #[must_use]
    pub fn instance_of(&self, topic: &str, partition: u32) -> Option<&str> {
        let mut reports = self.gathered.coverage.partitions.iter();
        let found = reports.find(|report| report.partition == partition && report.topic == topic);
        found.map(|report| report.instance.as_str())
    }

    /// As it is shown.
    #[must_use]
    pub fn view(&self) -> ClusterView {
        let coverage = &self.gathered.coverage;
        let lag = |instance: &str| {
            let mut own = coverage.partitions.iter().filter(|report| report.instance == instance);
            own.try_fold(0, |sum, report| Some(sum + report.lag?))
        };
        let rows = coverage.instances.iter().take(MOST_INSTANCES).map(|report| InstanceRow {
            lag: report.readiness.as_ref().and_then(|_| lag(&report.instance)),
            report: report.clone(),
        });
        let rates = self.history.seconds().map(|second| Rate {
            at: second.at,
            records_per_second: second.records_per_second,
            dead_letters_per_second: second.dead_letters_per_second,
        });
        ClusterView {
            own: self.own.clone(),
            complete: coverage.complete,
            trouble: coverage.trouble.clone(),
            instances: rows.collect(),
            more_instances: coverage.instances.len().saturating_sub(MOST_INSTANCES),
            counted: coverage.partitions.len(),
            missing: coverage.missing.iter().take(MOST_MISSING).cloned().collect(),
            more_missing: coverage.missing.len().saturating_sub(MOST_MISSING),
            rates: rates.collect(),
            drift: self.drift.as_ref().map(|(_, _, coverage)| coverage.clone()),
        }
    }
}

/// Asks all instances for who looks at a page.
pub struct Together {
    gatherer: Arc<Gatherer>,
    drift: Option<Arc<dyn DriftState>>,
    /// One question at a time.
    asking: tokio::sync::Mutex<()>,
    known: Mutex<Option<Arc<Known>>>,
}

impl Together {
    /// Nobody is asked yet. `drift` is what is known of drift here, if it is watched.
    #[must_use]
    pub fn new(gatherer: Arc<Gatherer>, drift: Option<Arc<dyn DriftState>>) -> Self {
        Self { gatherer, drift, asking: tokio::sync::Mutex::default(), known: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Known>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was answered last, unless that is long ago.
    #[must_use]
    pub fn known(&self) -> Option<Arc<Known>> {
        self.within(FORGOTTEN)
    }

    fn within(&self, time: Duration) -> Option<Arc<Known>> {
        self.lock().clone().filter(|known| known.asked.elapsed() < time)
    }

    /// What was answered a moment ago; else asks.
    pub async fn recent(&self, own: impl Fn() -> Arc<Snapshot>, now: impl Fn() -> i64) -> Arc<Known> {
        match self.within(STALE) {
            Some(known) => known,
            None => self.ask(own, now).await,
        }
    }

    /// Asks all, unless that was done just now. `own` is this instance's state, `now` the time in milliseconds since the
    /// epoch.
    pub async fn ask(&self, own: impl Fn() -> Arc<Snapshot>, now: impl Fn() -> i64) -> Arc<Known> {
        let _turn = self.asking.lock().await;
        if let Some(known) = self.within(FRESH) {
            return known;
        }
        let before = self.known();
        let drift_before = before.as_ref().and_then(|known| known.drift.clone());
        let application = own().application.clone();
        let (gathered, drift) =
            tokio::join!(self.gatherer.gather(own), self.ask_drift(&application, drift_before));
        let mut history = before.map(|known| known.history.clone()).unwrap_or_default();
        history.sample(now(), &gathered.snapshot, Latency::default());
        let members = self.gatherer.members();
        let coverage = &gathered.coverage;
        let alone = coverage.instances.len() == 1 && coverage.missing.is_empty() && members.trouble.is_none();
        let own = members.own.instance;
        let known = Arc::new(Known { asked: Instant::now(), gathered, drift, history, own, alone });
        *self.lock() = Some(Arc::clone(&known));
        known
    }

    async fn ask_drift(
        &self,
        application: &str,
        before: Option<(Instant, Vec<ModelDrift>, DriftCoverage)>,
    ) -> Option<(Instant, Vec<ModelDrift>, DriftCoverage)> {
        let state = self.drift.clone()?;
        if before.as_ref().is_some_and(|(asked, _, _)| asked.elapsed() < DRIFT_PAUSE) {
            return before;
        }
        match self.gatherer.gather_drift(state, application, None).await {
            Ok((models, mut coverage)) => {
                coverage.instances.truncate(MOST_INSTANCES);
                Some((Instant::now(), models, coverage))
            }
            Err(_) => before,
        }
    }
}
