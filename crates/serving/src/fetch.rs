//! Where the bytes of models by reference come from: what the ledger asks of whoever fetches them.

use std::task::Waker;

use bytes::Bytes;
use scorewheel_model::Digest;

use crate::message::Put;
use crate::reference::ModelReference;
use crate::rejection::Refusal;

/// A model by reference that is to be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedModel {
    /// Control offset of its message.
    pub control: i64,
    /// Digest of its message.
    pub message: Digest,
    /// Where it is, as its publisher wrote it.
    pub location: String,
    /// What its digest must be; `None` if the publisher does not say.
    pub sha256: Option<Digest>,
}

impl WantedModel {
    /// What a message asks for; `None` if it carries its model.
    #[must_use]
    pub fn of(put: &Put) -> Option<Self> {
        Some(Self {
            control: put.reference.offset,
            message: put.reference.message,
            location: put.location()?.to_owned(),
            sha256: put.descriptor.sha256,
        })
    }
}

/// How far a model by reference is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// It is there; `sha256` is the digest of these bytes, and the one that was asked for.
    Here {
        /// The model.
        data: Bytes,
        /// Its digest.
        sha256: Digest,
    },
    /// It is on its way.
    Coming,
    /// It does not come, for a reason that is no verdict; it is tried again.
    Delayed(String),
    /// It is refused, on this and every other instance.
    Refused(Refusal),
}

/// Fetches models by reference. The ledger's rule 5 is its own: an answer that passes is never a refusal.
pub trait Fetcher: Send {
    /// Asks for a model. Never waits for anything but the local disk: asked again until the answer is final. `waker` is
    /// woken when the answer may have changed.
    fn fetch(&mut self, wanted: &WantedModel, waker: &Waker) -> Fetched;

    /// What is still of interest: the models in force and those to be installed, whose copies must be kept. Everything
    /// else may be forgotten.
    fn keep(&mut self, in_force: &[ModelReference], wanted: &[ModelReference]);
}
