//! The models topic, folded for people: which message of each model is the latest, and what was refused.

use std::collections::BTreeMap;

use scorewheel_model::{ModelKey, TypeNumbering};
use scorewheel_serving::message::{ControlMessage, ControlRecord};
use scorewheel_serving::rejection::Rejection;
use scorewheel_topics::{Backend, Offset, TopicsError};

use super::tail::{Tail, TailStart};

/// A model message, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedModel {
    /// `dataType/name`.
    pub key: ModelKey,
    /// Version: of the descriptor, else `@<offset>`.
    pub version: String,
    /// Offset of the message.
    pub offset: Offset,
    /// SHA-256 of the model's bytes, in hexadecimal; empty for a model by reference that does not state it.
    pub sha256: String,
    /// Type as the descriptor claims.
    pub model_type: &'static str,
    /// Bytes of the model; 0 for one by reference.
    pub bytes: usize,
    /// Why it was refused, if an instance did.
    pub refused: Option<String>,
}

/// What the models topic says.
#[derive(Clone, Debug, Default)]
pub struct ControlLogView {
    /// Every model message in order, refused ones included.
    pub messages: Vec<ListedModel>,
    /// Messages that are no usable descriptor, and why.
    pub unusable: Vec<(Offset, String)>,
    /// The latest tombstone of each model.
    removed: BTreeMap<ModelKey, Offset>,
}

impl ControlLogView {
    /// Reads the models topic to its end, and the rejections topic if it is there.
    ///
    /// # Errors
    /// [`TopicsError::UnknownTopic`] if there is no models topic, and those of reading.
    pub fn read(
        backend: &dyn Backend,
        models: &str,
        rejections: &str,
        numbering: TypeNumbering,
    ) -> Result<Self, TopicsError> {
        let refused = read_rejections(backend, rejections)?;
        let mut view = Self::default();
        let mut tail = Tail::open(backend, models, None, TailStart::Start)?;
        while !tail.at_end() {
            let Some(batch) = tail.next_batch()? else { continue };
            for record in batch.iter() {
                let value = record.value.map(bytes::Bytes::copy_from_slice);
                let control = ControlRecord {
                    offset: record.offset,
                    timestamp: record.timestamp,
                    key: record.key,
                    value,
                };
                view.take(record.offset, ControlMessage::read(&control, numbering), &refused);
            }
        }
        Ok(view)
    }

    fn take(&mut self, offset: Offset, message: ControlMessage, refused: &BTreeMap<Offset, Rejection>) {
        let digest = message.digest();
        let rejection = refused.get(&offset).filter(|rejection| rejection.message() == Some(digest));
        match message {
            ControlMessage::Put(put) => self.messages.push(ListedModel {
                key: put.reference.key.clone(),
                version: put.reference.version.to_string(),
                offset,
                sha256: put.reference.known_sha256().map(|sha256| sha256.to_string()).unwrap_or_default(),
                model_type: put.descriptor.model_type.as_str(),
                bytes: match &put.descriptor.content {
                    scorewheel_model::Content::Data(data) => data.len(),
                    scorewheel_model::Content::Location(_) => 0,
                },
                refused: rejection.map(|rejection| rejection.reason.clone()),
            }),
            ControlMessage::Remove { key, .. } => {
                self.removed.insert(key, offset);
            }
            ControlMessage::Refused { refusal, .. } => self.unusable.push((offset, refusal.reason)),
        }
    }

    /// The messages of one model that still count, the latest last: after its last removal, not refused.
    pub fn standing(&self, key: &ModelKey) -> impl DoubleEndedIterator<Item = &ListedModel> {
        let removed = self.removed.get(key).copied().unwrap_or(-1);
        self.messages.iter().filter(move |message| {
            message.key == *key && message.offset > removed && message.refused.is_none()
        })
    }

    /// The models that are held: the latest standing message of each, by data type, the one in force first.
    #[must_use]
    pub fn held(&self) -> BTreeMap<String, Vec<&ListedModel>> {
        let mut routes: BTreeMap<String, Vec<&ListedModel>> = BTreeMap::new();
        let mut keys: Vec<&ModelKey> = self.messages.iter().map(|message| &message.key).collect();
        keys.sort();
        keys.dedup();
        for model in keys.into_iter().filter_map(|key| self.standing(key).next_back()) {
            routes.entry(model.key.data_type.to_string()).or_default().push(model);
        }
        for models in routes.values_mut() {
            models.sort_by_key(|model| std::cmp::Reverse(model.offset));
        }
        routes
    }
}

fn read_rejections(backend: &dyn Backend, topic: &str) -> Result<BTreeMap<Offset, Rejection>, TopicsError> {
    let mut found = BTreeMap::new();
    let mut tail = match Tail::open(backend, topic, None, TailStart::Start) {
        Err(TopicsError::UnknownTopic { .. }) => return Ok(found),
        tail => tail?,
    };
    while !tail.at_end() {
        let Some(batch) = tail.next_batch()? else { continue };
        for record in batch.iter() {
            if let Some(rejection) = record.value.and_then(|value| Rejection::read(record.key, value)) {
                found.insert(rejection.offset, rejection);
            }
        }
    }
    Ok(found)
}
