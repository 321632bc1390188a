//! What is kept of a model message when its bytes are gone.

use std::sync::Arc;

use scorewheel_model::{Digest, ModelKey};

/// A model by reference: where on the control log it lies and what it is. Never bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelReference {
    /// Control offset: the identity of the message.
    pub offset: i64,
    /// Route and name.
    pub key: ModelKey,
    /// Descriptor field 100, else `@<control offset>`.
    pub version: Arc<str>,
    /// SHA-256 of the model's bytes.
    pub sha256: Digest,
    /// Digest of the whole message.
    pub message: Digest,
    /// When it was published, milliseconds since the epoch.
    pub timestamp: i64,
}
