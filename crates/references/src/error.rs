//! Why a model did not come.

use scorewheel_serving::{Refusal, RefusalKind};

/// Why a model did not come: the two that the ledger tells apart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// A verdict: another try would come to the same, here and on every other instance.
    #[error(transparent)]
    Refused(Refusal),
    /// No verdict: it passes by itself, or when the operator acts.
    #[error("{0}")]
    Passing(String),
    /// No verdict: what arrives cannot be kept, as the disk is full or refuses.
    #[error("it cannot be kept: {0}")]
    Unkept(String),
}

impl FetchError {
    /// A verdict.
    pub fn refused(kind: RefusalKind, reason: impl Into<String>) -> Self {
        Self::Refused(Refusal::new(kind, reason))
    }
}
