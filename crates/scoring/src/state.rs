//! What can be asked of scoring: read-only views, published by whoever changes them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use scorewheel_serving::{Adoption, Alarm, ControlView, Cutover, ModelReference};

/// Cut-overs and alarms that are kept for queries.
const RECENT: usize = 100;

/// The state of scoring on this instance, for queries and health checks. Reading never waits for a scoring thread.
///
/// What tasks have committed is not here but in the views of their stores: see
/// [`TaskView`](crate::task_view::TaskView).
#[derive(Debug)]
pub struct ServingState {
    control: ArcSwap<ControlView>,
    cutovers: Mutex<VecDeque<Cutover>>,
    alarms: Mutex<VecDeque<Alarm>>,
    /// Committed marks that were adopted, not reached.
    adoptions: Mutex<BTreeMap<Arc<str>, Adoption>>,
    /// Marks that tasks wait for, and why.
    waiting: Mutex<BTreeMap<Arc<str>, String>>,
    diverged: Mutex<Option<String>>,
}

impl Default for ServingState {
    fn default() -> Self {
        Self {
            control: ArcSwap::from_pointee(ControlView::default()),
            cutovers: Mutex::default(),
            alarms: Mutex::default(),
            adoptions: Mutex::default(),
            waiting: Mutex::default(),
            diverged: Mutex::default(),
        }
    }
}

impl ServingState {
    /// Nothing known yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What the control log comes to on this instance, as of the last change.
    #[must_use]
    pub fn control(&self) -> Arc<ControlView> {
        self.control.load_full()
    }

    /// The latest committed cut-overs of this instance's tasks, oldest first.
    #[must_use]
    pub fn cutovers(&self) -> Vec<Cutover> {
        lock(&self.cutovers).iter().cloned().collect()
    }

    /// The latest alarms about models that fail, oldest first.
    #[must_use]
    pub fn alarms(&self) -> Vec<Alarm> {
        lock(&self.alarms).iter().cloned().collect()
    }

    /// Why scoring on this instance is not ready; empty if it is.
    ///
    /// A model that is being loaded while another one scores is no reason; neither is a refused one.
    #[must_use]
    pub fn not_ready(&self) -> Vec<String> {
        let control = self.control.load();
        let mut reasons = Vec::new();
        if control.revision.is_none() {
            reasons.push(format!(
                "the control log is folded up to offset {} and {} models are being loaded; nothing is scored before \
                 that",
                control.position,
                control.loading.len()
            ));
        }
        reasons.extend(control.postponed.clone());
        reasons.extend(control.quarantined.as_ref().map(quarantine_message));
        reasons.extend(lock(&self.diverged).clone());
        reasons.extend(lock(&self.waiting).values().cloned());
        reasons
    }

    pub(crate) fn set_control(&self, view: ControlView) {
        self.control.store(Arc::new(view));
    }

    pub(crate) fn push_cutovers(&self, cutovers: impl IntoIterator<Item = Cutover>) {
        let mut recent = lock(&self.cutovers);
        for cutover in cutovers {
            push_recent(&mut recent, cutover);
        }
    }

    pub(crate) fn push_alarm(&self, alarm: Alarm) {
        push_recent(&mut lock(&self.alarms), alarm);
    }

    pub(crate) fn adopted(&self, mark: &str, adoption: Adoption) {
        lock(&self.adoptions).insert(mark.into(), adoption);
    }

    pub(crate) fn adoption(&self, mark: &str) -> Option<Adoption> {
        lock(&self.adoptions).get(mark).copied()
    }

    /// Notes why a task waits for a mark, or that it does so no more.
    pub(crate) fn set_waiting(&self, mark: &str, reason: Option<String>) {
        let mut waiting = lock(&self.waiting);
        match reason {
            Some(reason) => waiting.insert(mark.into(), reason),
            None => waiting.remove(mark),
        };
    }

    /// Notes that this instance holds another set than others; true if that is news.
    pub(crate) fn set_diverged(&self, reason: &str) -> bool {
        let mut diverged = lock(&self.diverged);
        let news = diverged.as_deref() != Some(reason);
        *diverged = Some(reason.to_owned());
        news
    }
}

/// What an operator is told about a quarantined model.
pub(crate) fn quarantine_message(model: &ModelReference) -> String {
    format!(
        "the model {} at control offset {} ended the process twice and is quarantined on this instance; publish \
         another version, or try it again with `scorewheel models release {}`",
        model.key, model.offset, model.offset
    )
}

fn push_recent<T>(recent: &mut VecDeque<T>, item: T) {
    if recent.len() == RECENT {
        recent.pop_front();
    }
    recent.push_back(item);
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
