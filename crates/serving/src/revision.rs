//! The immutable set of models in force as of a control offset.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use scorewheel_model::{BoundModel, DataTypeName, Digest, ModelType, Summary};

use crate::mark::Mark;
use crate::reference::ModelReference;
use crate::watcher::FedField;

/// A model that is loaded, checked and bound to the records of its route.
pub struct InstalledModel {
    /// Where it lies on the control log and what it is.
    pub reference: ModelReference,
    /// The publisher's description.
    pub description: Arc<str>,
    /// The descriptor's type.
    pub model_type: ModelType,
    /// What it is, for people.
    pub summary: Summary,
    /// Rows that it reproduced before it was accepted: its own and golden ones.
    pub verified_rows: usize,
    /// What scores.
    pub bound: Arc<dyn BoundModel>,
    /// The fields that feed it, as far as they are known.
    pub fed: Vec<FedField>,
    serial: u64,
}

/// Tells loaded models apart, also two that were loaded from one message; 0 is none.
static SERIAL: AtomicU64 = AtomicU64::new(1);

impl InstalledModel {
    /// A model that passed every check.
    #[must_use]
    pub fn new(
        reference: ModelReference,
        description: impl Into<Arc<str>>,
        model_type: ModelType,
        summary: Summary,
        verified_rows: usize,
        bound: Arc<dyn BoundModel>,
    ) -> Self {
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let description = description.into();
        Self { reference, description, model_type, summary, verified_rows, bound, fed: Vec::new(), serial }
    }

    /// Says which fields feed it.
    #[must_use]
    pub fn with_fed(mut self, fed: Vec<FedField>) -> Self {
        self.fed = fed;
        self
    }

    /// A number that no other loaded model of this process has.
    #[must_use]
    pub fn serial(&self) -> u64 {
        self.serial
    }
}

impl fmt::Debug for InstalledModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstalledModel").field("reference", &self.reference).finish_non_exhaustive()
    }
}

/// Identity of a revision: the control offset of the last message that changed the set, and a digest of the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RevisionId {
    /// Control offset; −1 before the first model.
    pub control: i64,
    /// Digest over the sorted (route, name, version, digest); `None` before the first model.
    pub set: Option<Digest>,
}

impl RevisionId {
    /// The revision before any message.
    pub const EMPTY: Self = Self { control: -1, set: None };
}

impl fmt::Display for RevisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.set {
            None => f.write_str("none"),
            Some(set) => write!(f, "{}:{:.16}", self.control, set.to_string()),
        }
    }
}

/// The models in force as of one control offset: immutable, shared by all tasks.
#[derive(Debug)]
pub struct Revision {
    id: RevisionId,
    message: Option<Digest>,
    models: Vec<Arc<InstalledModel>>,
    /// By data type: the indexes of the models that score it, in order.
    routes: Vec<(DataTypeName, Vec<usize>)>,
    _counted: Counted,
}

/// Revisions of this process that are alive.
static ALIVE: AtomicUsize = AtomicUsize::new(0);

/// Counts a revision as long as it lives.
#[derive(Debug)]
struct Counted;

impl Counted {
    fn new() -> Self {
        ALIVE.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Revision {
    /// Revisions of this process that are alive: of one application two at most, the current one and one that a task
    /// still scores a batch with.
    #[must_use]
    pub fn alive() -> usize {
        ALIVE.load(Ordering::Relaxed)
    }

    /// The revision before any message: no model.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            id: RevisionId::EMPTY,
            message: None,
            models: Vec::new(),
            routes: Vec::new(),
            _counted: Counted::new(),
        }
    }

    /// The set of these models as of the message at `control` that has this digest. A route's models are asked in the
    /// order in which they stand here.
    #[must_use]
    pub fn new(control: i64, message: Digest, mut models: Vec<Arc<InstalledModel>>) -> Self {
        let mut asked: BTreeMap<DataTypeName, Vec<i64>> = BTreeMap::new();
        for model in &models {
            let reference = &model.reference;
            asked.entry(reference.key.data_type.clone()).or_default().push(reference.offset);
        }
        models.sort_by(|a, b| a.reference.key.cmp(&b.reference.key));
        let index = |offset: i64| models.iter().position(|model| model.reference.offset == offset);
        let routes = asked
            .into_iter()
            .map(|(data_type, offsets)| (data_type, offsets.into_iter().filter_map(index).collect()))
            .collect();
        let set = set_digest(models.iter().map(|model| &model.reference));
        let id = RevisionId { control, set: Some(set) };
        Self { id, message: Some(message), models, routes, _counted: Counted::new() }
    }

    /// Its identity.
    #[must_use]
    pub fn id(&self) -> RevisionId {
        self.id
    }

    /// What is committed with the offsets of records that it scored.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark { revision: self.id, message: self.message }
    }

    /// The models in force, sorted by route and name.
    #[must_use]
    pub fn models(&self) -> &[Arc<InstalledModel>] {
        &self.models
    }

    /// Indexes among [`Revision::models`] of the models that score this data type, in the order in which they are
    /// asked; empty while there is none.
    #[must_use]
    pub fn route(&self, data_type: &DataTypeName) -> &[usize] {
        let found = self.routes.binary_search_by(|(name, _)| name.cmp(data_type));
        found.map_or(&[], |at| &self.routes[at].1)
    }

    /// The first model that scores this data type.
    #[must_use]
    pub fn model(&self, data_type: &DataTypeName) -> Option<&Arc<InstalledModel>> {
        self.route(data_type).first().map(|index| &self.models[*index])
    }

    /// The models in force by route, within a route in the order in which they are asked.
    pub fn asked(&self) -> impl Iterator<Item = &Arc<InstalledModel>> {
        self.routes.iter().flat_map(|(_, models)| models).map(|index| &self.models[*index])
    }
}

/// Digest over (route, name, version, digest) of models that are sorted by route and name.
#[must_use]
pub fn set_digest<'a>(models: impl IntoIterator<Item = &'a ModelReference>) -> Digest {
    let mut text = Vec::new();
    for model in models {
        text.extend_from_slice(model.key.to_string().as_bytes());
        text.push(0);
        text.extend_from_slice(&(model.version.len() as u64).to_be_bytes());
        text.extend_from_slice(model.version.as_bytes());
        text.extend_from_slice(model.sha256.as_bytes());
    }
    Digest::of(&text)
}
