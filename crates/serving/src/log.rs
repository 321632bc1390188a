//! The fold of the control log: which messages stand, what must be loaded, which revision comes next.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use scorewheel_model::{DataTypeName, Digest, ModelKey, ModelName, TypeNumbering};

use crate::message::{ControlMessage, ControlRecord, Put};
use crate::reference::ModelReference;
use crate::rejection::{Refusal, Rejection};
use crate::revision::{InstalledModel, Revision, RevisionId};
use crate::route::Route;
use crate::selection::{Selection, Selections};

/// Rejections that are kept with their reasons, for queries.
const REJECTIONS_SHOWN: usize = 1000;

/// Published revisions whose set digests are remembered.
const HISTORY: usize = 1024;

/// What folding one record did.
#[derive(Clone, Debug)]
pub enum Folded {
    /// A model stands there now, not judged yet.
    Put(ModelReference),
    /// A model was removed, or a removal named none that stands.
    Removed(ModelKey),
    /// The message cannot be used; to be written to the rejections topic.
    Refused(Rejection),
    /// The rejections topic holds the verdict already.
    KnownRefused(i64),
    /// The record was folded before.
    Seen,
}

/// The verdict on one model.
#[derive(Debug)]
pub enum Verdict {
    /// It passed every check.
    Accepted(Arc<InstalledModel>),
    /// It is refused, on this and every other instance.
    Refused(Refusal),
}

/// What the control log says up to a position: references to the models that stand, those that are loaded, and the
/// revisions published. Holds no model bytes.
///
/// Fold the log to its end, call [`caught_up`](Self::caught_up), load what is [`wanted`](Self::wanted), report with
/// [`judged`](Self::judged), publish what [`next_revision`](Self::next_revision) hands out. First load, restore and
/// hot swap are these same calls.
#[derive(Debug)]
pub struct ControlLog {
    numbering: TypeNumbering,
    instance: String,
    by_reference: bool,
    selections: Selections,
    routes: BTreeMap<DataTypeName, Route>,
    messages: Vec<(i64, Digest)>,
    position: i64,
    caught_up: bool,
    known: HashMap<i64, Rejection>,
    refused: BTreeSet<i64>,
    rejections: VecDeque<Rejection>,
    quarantined: BTreeSet<i64>,
    /// Models whose last try to come has failed without a verdict.
    delayed: BTreeSet<i64>,
    installed: HashMap<i64, Arc<InstalledModel>>,
    history: VecDeque<RevisionId>,
}

/// The set of messages in force when only those before a limit count.
pub(crate) struct Plan {
    pub control: i64,
    pub tops: Vec<i64>,
}

impl ControlLog {
    /// The log before its first record. `instance` names this process in rejections.
    #[must_use]
    pub fn new(numbering: TypeNumbering, instance: impl Into<String>) -> Self {
        Self {
            numbering,
            instance: instance.into(),
            by_reference: false,
            selections: Selections::new(),
            routes: BTreeMap::new(),
            messages: Vec::new(),
            position: 0,
            caught_up: false,
            known: HashMap::new(),
            refused: BTreeSet::new(),
            rejections: VecDeque::new(),
            quarantined: BTreeSet::new(),
            delayed: BTreeSet::new(),
            installed: HashMap::new(),
            history: VecDeque::new(),
        }
    }

    /// Says that somebody fetches models by reference; without it they are refused. To be called before the log is
    /// folded.
    pub fn allow_references(&mut self) {
        self.by_reference = true;
    }

    /// Says which models of which route are asked; to be called before the log is folded.
    #[must_use]
    pub fn with_selections(mut self, selections: Selections) -> Self {
        self.selections = selections;
        self
    }

    /// A rejection found in the rejections topic; to be called before the log is folded. It stands for every
    /// version of the engine, if the message at its offset has its digest.
    pub fn know_rejection(&mut self, rejection: Rejection) {
        self.known.insert(rejection.offset, rejection);
    }

    /// Models that this process must not touch, by control offset: local knowledge and no verdict.
    pub fn quarantine(&mut self, offset: i64) {
        self.quarantined.insert(offset);
    }

    /// Takes a model out of quarantine; false if it was not in it.
    pub fn lift_quarantine(&mut self, offset: i64) -> bool {
        self.quarantined.remove(&offset)
    }

    /// Takes in the next record of the log. Records come in the order of their offsets.
    pub fn fold(&mut self, record: &ControlRecord<'_>) -> Folded {
        if record.offset < self.position {
            return Folded::Seen;
        }
        self.position = record.offset + 1;
        let message = ControlMessage::read(record, self.numbering);
        let digest = message.digest();
        self.messages.push((record.offset, digest));
        if let Some(known) = self.known.remove(&record.offset)
            && known.message() == Some(digest)
        {
            self.note_rejection(known);
            return Folded::KnownRefused(record.offset);
        }
        match message {
            ControlMessage::Put(put) => {
                if let Some(location) = put.location().filter(|_| !self.by_reference) {
                    let rejection =
                        Rejection::of_model(&put.reference, &Put::not_enabled(location), &self.instance);
                    self.note_rejection(rejection.clone());
                    return Folded::Refused(rejection);
                }
                let reference = put.reference;
                let data_type = reference.key.data_type.clone();
                let selection = self.selections.get(&data_type);
                let route = self
                    .routes
                    .entry(data_type)
                    .or_insert_with(|| Route::new(selection.cloned().unwrap_or_default()));
                route.put(reference.clone());
                Folded::Put(reference)
            }
            ControlMessage::Remove { key, .. } => {
                if let Some(route) = self.routes.get_mut(&key.data_type) {
                    route.remove(record.offset, key.name.clone());
                }
                Folded::Removed(key)
            }
            ControlMessage::Refused { partial, refusal } => {
                let rejection = Rejection::of_message(record.offset, partial, &refusal, &self.instance);
                self.note_rejection(rejection.clone());
                Folded::Refused(rejection)
            }
        }
    }

    /// Says that there is no record before `position`: beyond the last record where transaction markers or aborted
    /// records follow it.
    pub fn advance(&mut self, position: i64) {
        self.position = self.position.max(position);
    }

    /// Says that the log was folded to the end that it had at the start. Before, nothing is wanted or published.
    pub fn caught_up(&mut self) {
        self.caught_up = true;
        self.known = HashMap::new();
    }

    /// The next offset to be folded.
    #[must_use]
    pub fn position(&self) -> i64 {
        self.position
    }

    /// Control offsets of the models in force that are not loaded, ascending, and of those that score in the place of one
    /// that is delayed. Other superseded models, removed, refused and quarantined ones are never among them.
    #[must_use]
    pub fn wanted(&self) -> Vec<i64> {
        if !self.caught_up {
            return Vec::new();
        }
        let mut wanted = self.plan(self.target()).tops;
        wanted.extend(self.plan(self.meanwhile()).tops);
        wanted.retain(|offset| !self.installed.contains_key(offset));
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    /// The models that are [`wanted`](Self::wanted).
    #[must_use]
    pub fn loading(&self) -> Vec<ModelReference> {
        self.wanted().into_iter().filter_map(|offset| self.reference(offset).cloned()).collect()
    }

    /// What is known of the model at `offset`, if it can still matter.
    #[must_use]
    pub fn reference(&self, offset: i64) -> Option<&ModelReference> {
        self.routes.values().find_map(|route| route.find(offset))
    }

    /// The model at `offset` does not come, for a reason that is no verdict. It stays wanted; what stands below it scores
    /// meanwhile, at a start as well. False if that was known.
    pub fn delayed(&mut self, offset: i64) -> bool {
        self.delayed.insert(offset)
    }

    /// The verdict on the model at `offset`. A refusal makes the model below it wanted, and is returned as the
    /// record to be written; lack of memory, time or disk is no verdict, and the model stays wanted.
    pub fn judged(&mut self, offset: i64, verdict: Verdict) -> Option<Rejection> {
        let reference = self.reference(offset)?.clone();
        let route = self.routes.get_mut(&reference.key.data_type)?;
        self.delayed.remove(&offset);
        match verdict {
            Verdict::Accepted(model) => {
                route.accept(offset, model.reference.sha256);
                self.installed.insert(offset, model);
                None
            }
            Verdict::Refused(refusal) => {
                route.refuse(offset);
                let rejection = Rejection::of_model(&reference, &refusal, &self.instance);
                self.note_rejection(rejection.clone());
                Some(rejection)
            }
        }
    }

    /// The message at `offset` cannot be read any more: gone by compaction or retention, and so for whoever starts
    /// later. It is as if it had never been there.
    pub fn gone(&mut self, offset: i64) {
        for route in self.routes.values_mut() {
            route.refuse(offset);
        }
    }

    /// The next revision to be published, if its models are loaded and it is newer than the last.
    ///
    /// The first is that of the log's end, or of what precedes a model that is delayed. Later, a model that is still
    /// loading does not hold back what stands before it on the log. Models that it does not need are let go, here and now.
    pub fn next_revision(&mut self) -> Option<Arc<Revision>> {
        if !self.caught_up {
            return None;
        }
        let mut limit = if self.history.is_empty() { self.meanwhile() } else { self.target() };
        let plan = loop {
            let plan = self.plan(limit);
            match plan.tops.iter().filter(|offset| !self.installed.contains_key(offset)).min() {
                None => break plan,
                Some(_) if self.history.is_empty() => return None,
                Some(offset) => limit = *offset,
            }
        };
        if self.history.back().is_some_and(|last| plan.control <= last.control) {
            return None;
        }
        let models = plan.tops.iter().filter_map(|offset| self.installed.get(offset).cloned()).collect();
        let revision = match self.message(plan.control) {
            Some(message) => Revision::new(plan.control, message, models),
            None => Revision::empty(),
        };
        for route in self.routes.values_mut() {
            route.settle(limit);
        }
        let target = self.plan(self.target());
        self.installed.retain(|offset, _| plan.tops.contains(offset) || target.tops.contains(offset));
        self.history.push_back(revision.id());
        if self.history.len() > HISTORY {
            self.history.pop_front();
        }
        Some(Arc::new(revision))
    }

    /// The revision published last.
    #[must_use]
    pub fn revision(&self) -> Option<RevisionId> {
        self.history.back().copied()
    }

    /// The quarantined model that holds this instance back, if one does.
    #[must_use]
    pub fn held_back_by(&self) -> Option<&ModelReference> {
        self.reference(self.target())
    }

    /// The latest message of each name of each route, highest control offset first: the first scores, once it is
    /// loaded; the others are held by reference.
    pub fn held(&self) -> impl Iterator<Item = (&DataTypeName, Vec<&ModelReference>)> {
        self.routes.iter().map(|(data_type, route)| (data_type, route.held()))
    }

    /// The models that routes ask for by name and that do not stand, in the order of their routes.
    #[must_use]
    pub fn missing(&self) -> Vec<ModelKey> {
        let mut missing = Vec::new();
        for (data_type, selection) in &self.selections {
            let key = |name: &ModelName| ModelKey { data_type: data_type.clone(), name: name.clone() };
            match (self.routes.get(data_type), selection) {
                (Some(route), _) => missing.extend(route.missing().into_iter().map(key)),
                (None, Selection::Names(names)) => missing.extend(names.iter().map(key)),
                (None, _) => {}
            }
        }
        missing
    }

    /// The latest rejections, in the order in which they came to be known.
    pub fn rejections(&self) -> impl ExactSizeIterator<Item = &Rejection> {
        self.rejections.iter()
    }

    /// Digest of the message at `offset`; `None` if there is none, or none any more.
    #[must_use]
    pub fn message(&self, offset: i64) -> Option<Digest> {
        let found = self.messages.binary_search_by_key(&offset, |(at, _)| *at).ok()?;
        Some(self.messages[found].1)
    }

    pub(crate) fn is_refused(&self, offset: i64) -> bool {
        self.refused.contains(&offset)
    }

    pub(crate) fn history(&self) -> &VecDeque<RevisionId> {
        &self.history
    }

    /// Control offset of the newest revision that this instance can come to.
    pub(crate) fn target_control(&self) -> i64 {
        self.plan(self.target()).control
    }

    /// Everything before this offset counts: all, or what precedes a quarantined model in force.
    pub(crate) fn target(&self) -> i64 {
        let mut limit = i64::MAX;
        if self.quarantined.is_empty() {
            return limit;
        }
        while let Some(offset) =
            self.plan(limit).tops.into_iter().filter(|offset| self.quarantined.contains(offset)).min()
        {
            limit = offset;
        }
        limit
    }

    /// Everything before this offset scores while models are delayed: the target, if none is, or if a route would be left
    /// without a model by which it was scored before.
    fn meanwhile(&self) -> i64 {
        let target = self.target();
        let mut limit = target;
        let is_late = |offset: &i64| self.delayed.contains(offset) && !self.installed.contains_key(offset);
        while let Some(offset) = self.plan(limit).tops.into_iter().filter(is_late).min() {
            limit = offset;
        }
        let keeps =
            |route: &Route| route.standing(target).tops.is_empty() || !route.standing(limit).tops.is_empty();
        if self.routes.values().all(keeps) { limit } else { target }
    }

    fn plan(&self, limit: i64) -> Plan {
        let mut plan = Plan { control: -1, tops: Vec::new() };
        for route in self.routes.values() {
            let standing = route.standing(limit);
            plan.control = plan.control.max(standing.change);
            plan.tops.extend(standing.tops.iter().map(|reference| reference.offset));
        }
        plan
    }

    fn note_rejection(&mut self, rejection: Rejection) {
        self.refused.insert(rejection.offset);
        self.rejections.push_back(rejection);
        if self.rejections.len() > REJECTIONS_SHOWN {
            self.rejections.pop_front();
        }
    }
}
