//! At most two revisions are alive, and the old one goes where nobody scores.

use std::sync::Arc;

use crate::revision::Revision;

/// Holds replaced revisions until no task does, so that the last holder is never a scoring thread.
///
/// Owned by the installer. While an older revision than the current one is held by a task, none may be published.
#[derive(Debug, Default)]
pub struct Retirement {
    current: Option<Arc<Revision>>,
    replaced: Option<Arc<Revision>>,
}

impl Retirement {
    /// Nothing published yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Drops the replaced revision if nobody else holds it, here and now; true if another may be published.
    pub fn may_publish(&mut self) -> bool {
        if self.replaced.as_ref().is_some_and(|replaced| Arc::strong_count(replaced) == 1) {
            self.replaced = None;
        }
        self.replaced.is_none()
    }

    /// Notes that `revision` is now the current one. To be called only after [`Retirement::may_publish`].
    pub fn published(&mut self, revision: Arc<Revision>) {
        self.replaced = self.current.replace(revision);
    }

    /// The current revision.
    #[must_use]
    pub fn current(&self) -> Option<&Arc<Revision>> {
        self.current.as_ref()
    }

    /// Revisions alive: 0, 1 or 2.
    #[must_use]
    pub fn alive(&self) -> usize {
        usize::from(self.current.is_some()) + usize::from(self.replaced.is_some())
    }
}
