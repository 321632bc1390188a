//! The models topic as a broadcast source: folds the control log, installs what is in force, publishes revisions.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use scorewheel_model::DataTypeName;
use scorewheel_serving::{
    Arrival, Arrivals, ControlLog, ControlMessage, ControlRecord, ControlView, Folded, Mark, Marking,
    ModelReference, ModelView, Put, Reached, Rejection, Revision, Verdict, Waiting, not_loaded,
};
use scorewheel_streams::{BroadcastHandler, BuildContext, Published, Reached as Answer};
use scorewheel_topics::{Offset, RecordView};

use crate::access::{ControlAccess, Message};
use crate::event::ScoringEvent;
use crate::parts::Parts;
use crate::state::quarantine_message;

/// Wait before something that failed without a verdict is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Folds the control log into revisions; lives on the broadcast source's thread, where models may take their time.
pub struct ModelsHandler {
    parts: Arc<Parts>,
    access: Box<dyn ControlAccess>,
    log: ControlLog,
    /// The latest message of each route, until it is installed: it need not be fetched then.
    latest: HashMap<DataTypeName, (Offset, Message)>,
    /// Models by reference that are on their way.
    arrivals: Arrivals,
    /// Rejections that are not in their topic yet.
    unwritten: Vec<Rejection>,
    folded: bool,
    /// Rejections of the first install are only written when no committed mark contradicts them.
    started: bool,
    models: Vec<ModelView>,
    postponed: Option<String>,
    end: Option<Offset>,
}

impl ModelsHandler {
    /// A handler before the first record. Reads the rejections topic and the marks of the state directory.
    ///
    /// # Errors
    /// If the rejections topic cannot be read.
    pub(crate) fn new(parts: Arc<Parts>) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let mut access = (parts.access)()?;
        let mut log = ControlLog::new(parts.judge.numbering(), parts.instance.as_str())
            .with_selections(parts.selections.clone());
        for rejection in access.rejections()? {
            log.know_rejection(rejection);
        }
        let arrivals = Arrivals::new(parts.fetcher.as_ref().map(|make| make()));
        if arrivals.are_allowed() {
            log.allow_references();
        }
        for (control, _) in parts.markers.quarantined() {
            log.quarantine(control);
        }
        Ok(Self {
            parts,
            access,
            log,
            latest: HashMap::new(),
            arrivals,
            unwritten: Vec::new(),
            folded: false,
            started: false,
            models: Vec::new(),
            postponed: None,
            end: None,
        })
    }

    fn observe(&self, event: ScoringEvent) {
        self.parts.observer.observe(&event);
    }

    fn reject(&mut self, rejection: Rejection) {
        self.observe(ScoringEvent::Rejected(rejection.clone()));
        self.unwritten.push(rejection);
    }

    /// Loads the models in force, one by one in the order of the log, until a revision can be published. One that is
    /// on its way holds none of the others up.
    fn install(&mut self, context: &mut BuildContext<'_>) -> Option<Arc<Revision>> {
        self.postponed = None;
        self.arrivals.keep(&self.models, &self.log.loading());
        let mut waits = Vec::new();
        loop {
            if let Some(revision) = self.log.next_revision() {
                return Some(revision);
            }
            let wanted = self.log.wanted();
            let Some(control) = wanted.into_iter().find(|control| !waits.contains(control)) else {
                if !waits.is_empty() {
                    context.retry_after(self.arrivals.pause());
                }
                return None;
            };
            if context.is_closing() {
                return None;
            }
            match self.put(control) {
                Ok(Some(put)) => match self.arrivals.ask(put) {
                    Arrival::Here(put) => self.judge(&put, context),
                    Arrival::Refused(refusal) => self.verdict(control, Verdict::Refused(refusal)),
                    Arrival::Coming(news) => {
                        waits.push(control);
                        if let Some(reason) = news {
                            self.observe(ScoringEvent::Postponed { control, reason });
                        }
                        if let Some(reason) = self.arrivals.postponed(control) {
                            self.log.delayed(control);
                            self.postponed.get_or_insert(reason);
                        }
                    }
                },
                // Gone by compaction or retention, or the log was created anew under the process.
                Ok(None) => self.log.gone(control),
                Err(reason) => {
                    self.observe(ScoringEvent::Postponed { control, reason: reason.clone() });
                    self.postponed = Some(not_loaded(control, &reason));
                    context.retry_after(RETRY);
                    return None;
                }
            }
        }
    }

    fn judge(&mut self, put: &Put, context: &BuildContext<'_>) {
        let started = context.clock().wall();
        self.parts.markers.enter(&put.reference);
        let verdict = self.parts.judge.judge_put(put);
        self.parts.markers.leave(&put.reference);
        if let Verdict::Accepted(model) = &verdict {
            let milliseconds = context.clock().wall().saturating_sub(started);
            self.observe(ScoringEvent::Installed {
                model: model.reference.clone(),
                milliseconds,
                notes: model.bound.notes().to_vec(),
            });
        }
        self.verdict(put.reference.offset, verdict);
    }

    fn verdict(&mut self, control: Offset, verdict: Verdict) {
        if let Some(rejection) = self.log.judged(control, verdict) {
            self.reject(rejection);
        }
        self.latest.retain(|_, (offset, _)| *offset != control);
    }

    /// The message at `control`, read; none if it is gone, or another one than was folded.
    fn put(&mut self, control: Offset) -> Result<Option<Box<Put>>, String> {
        if let Some(put) = self.arrivals.take(control) {
            return Ok(Some(put));
        }
        let Some(message) = self.message(control)? else { return Ok(None) };
        match ControlMessage::read(&record_of(control, &message), self.parts.judge.numbering()) {
            ControlMessage::Put(put) => Ok(Some(put)),
            _ => Ok(None),
        }
    }

    fn message(&mut self, control: Offset) -> Result<Option<Message>, String> {
        if let Some((_, message)) = self.latest.values().find(|(offset, _)| *offset == control) {
            return Ok(Some(message.clone()));
        }
        self.access.message(control).map_err(|error| error.to_string())
    }

    /// Writes what is to be known by all instances.
    fn write_rejections(&mut self, context: &mut BuildContext<'_>) {
        if self.unwritten.is_empty() || (!self.started && self.is_contradicted(context)) {
            return;
        }
        let now = context.clock().wall();
        while let Some(rejection) = self.unwritten.first() {
            if let Err(error) = self.access.reject(rejection, now) {
                let reason = format!("a rejection is not written: {error}");
                self.observe(ScoringEvent::Postponed { control: rejection.offset, reason });
                context.retry_after(RETRY);
                return;
            }
            self.unwritten.remove(0);
        }
    }

    /// Whether partitions are committed at a revision that this instance's verdicts deny: then its rejections must not
    /// stand for everybody.
    fn is_contradicted(&mut self, context: &mut BuildContext<'_>) -> bool {
        let metadata = match self.access.committed_metadata() {
            Ok(metadata) => metadata,
            Err(_) => {
                context.retry_after(RETRY);
                return true;
            }
        };
        let end = self.end();
        for marking in metadata.iter().flat_map(|metadata| marks_in(metadata)) {
            if let Reached::Refused(divergence) = self.log.reached(&marking, end, self.parts.adopt) {
                if self.parts.state.set_diverged(&divergence.to_string()) {
                    self.observe(ScoringEvent::Diverged(divergence));
                }
                return true;
            }
        }
        false
    }

    fn end(&self) -> Offset {
        self.end.unwrap_or(-1).max(self.log.position())
    }

    fn show(&self) {
        self.parts.state.set_control(ControlView {
            position: self.end(),
            postponed: self.postponed.clone(),
            rejections_unwritten: self.unwritten.len(),
            ..ControlView::of(&self.log, &self.models)
        });
    }

    /// Takes models out of quarantine that are not at their offsets any more.
    fn check_quarantine(&mut self) {
        for (control, digest) in self.parts.markers.quarantined() {
            if self.log.message(control) != Some(digest) {
                self.log.lift_quarantine(control);
            }
        }
        if let Some(model) = self.log.held_back_by().cloned() {
            let message = quarantine_message(&model);
            self.observe(ScoringEvent::Quarantined { control: model.offset, message });
        }
    }
}

impl BroadcastHandler for ModelsHandler {
    type Snapshot = Revision;

    fn record(&mut self, record: RecordView<'_>) {
        let message = Message {
            timestamp: record.timestamp,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(Bytes::copy_from_slice),
        };
        match self.log.fold(&record_of(record.offset, &message)) {
            Folded::Put(ModelReference { offset, key, .. }) => {
                self.latest.insert(key.data_type, (offset, message));
            }
            Folded::Removed(key) => {
                let removed =
                    self.latest.get(&key.data_type).and_then(|(offset, _)| self.log.reference(*offset));
                if removed.is_some_and(|reference| reference.key == key) {
                    self.latest.remove(&key.data_type);
                }
                self.observe(ScoringEvent::Removed { model: key.to_string(), control: record.offset });
            }
            Folded::Refused(rejection) => self.reject(rejection),
            Folded::KnownRefused(_) | Folded::Seen => {}
        }
    }

    fn caught_up(&mut self) {
        let first = !std::mem::replace(&mut self.folded, true);
        if let Ok(Some(end)) = self.access.end() {
            self.end = Some(end);
        }
        self.log.caught_up();
        if first {
            self.check_quarantine();
        }
        self.show();
    }

    fn build(&mut self, context: &mut BuildContext<'_>) -> Option<Published<Revision>> {
        let revision = self.install(context);
        if let Some(revision) = &revision {
            self.models = revision.asked().map(|model| ModelView::of(model)).collect();
            self.observe(ScoringEvent::Published(revision.id()));
            let loading = self.log.loading();
            self.arrivals.keep(&self.models, &loading);
            if !loading.is_empty() {
                context.retry_after(Duration::ZERO);
            }
        }
        self.write_rejections(context);
        self.started |= self.log.revision().is_some() && self.unwritten.is_empty();
        self.show();
        revision.map(|revision| Published {
            position: revision.id().control,
            mark: revision.mark().encode(),
            snapshot: revision,
        })
    }

    fn reached(&self, mark: &str) -> Answer {
        let state = &self.parts.state;
        let (answer, reason) =
            match self.log.reached(&Mark::read(mark.as_bytes()), self.end(), self.parts.adopt) {
                Reached::Yes(adoption) => {
                    if let Some(adoption) = adoption {
                        state.adopted(mark, adoption);
                    }
                    (Answer::Yes, None)
                }
                Reached::NotYet(waiting) => (Answer::NotYet, Some(describe(&waiting))),
                Reached::Refused(divergence) => {
                    let reason = divergence.to_string();
                    if state.set_diverged(&reason) {
                        self.observe(ScoringEvent::Diverged(divergence));
                    }
                    (Answer::NotYet, Some(reason))
                }
                Reached::Never(mismatch) => (Answer::Never(mismatch.to_string()), None),
            };
        state.set_waiting(mark, reason);
        answer
    }
}

fn describe(waiting: &Waiting) -> String {
    match waiting {
        Waiting::Folding { position } => {
            format!("partitions wait for a later revision; the control log is folded up to offset {position}")
        }
        Waiting::Loading { offsets } => {
            format!(
                "partitions wait for a later revision; the models at control offsets {offsets:?} are being loaded"
            )
        }
        Waiting::Quarantined { offset } => format!(
            "partitions wait for a revision with the model at control offset {offset}, which is quarantined on this \
             instance"
        ),
    }
}

fn record_of(offset: Offset, message: &Message) -> ControlRecord<'_> {
    ControlRecord {
        offset,
        timestamp: message.timestamp,
        key: message.key.as_deref(),
        value: message.value.clone(),
    }
}

/// The marks in the metadata of a committed offset, whatever else it holds.
fn marks_in(metadata: &[u8]) -> impl Iterator<Item = Marking> {
    metadata
        .split(|byte| *byte == b' ')
        .filter_map(|word| word.strip_prefix(b"="))
        .map(Mark::read)
        .filter(|marking| matches!(marking, Marking::Ours(_)))
}
