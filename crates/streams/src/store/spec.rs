//! The blueprint of a store.

use std::fmt;
use std::sync::Arc;

use super::key_value::KeyValueStore;
use super::memory::MemoryBase;
use super::state_store::{StateStore, StoreContext, StoreError};

/// The blueprint of a store: what it is called, what it is, whether it has a changelog.
#[derive(Clone)]
pub struct StoreSpec {
    pub(crate) name: Arc<str>,
    pub(crate) kind: StoreKind,
    pub(crate) logged: bool,
}

#[derive(Clone)]
pub(crate) enum StoreKind {
    Memory,
    Persistent,
    Custom(Arc<CustomSupplier>),
}

type CustomSupplier = dyn Fn(&StoreContext) -> Result<Box<dyn StateStore>, StoreError> + Send + Sync;

impl StoreSpec {
    /// A [`KeyValueStore`] in memory with a changelog.
    #[must_use]
    pub fn memory(name: &str) -> Self {
        Self { name: name.into(), kind: StoreKind::Memory, logged: true }
    }

    /// A [`KeyValueStore`] in the state directory with a changelog: only what is missing is restored.
    #[must_use]
    pub fn persistent(name: &str) -> Self {
        Self { name: name.into(), kind: StoreKind::Persistent, logged: true }
    }

    /// A store of your own with a changelog.
    #[must_use]
    pub fn custom<S: StateStore>(
        name: &str,
        supplier: impl Fn(&StoreContext) -> Result<S, StoreError> + Send + Sync + 'static,
    ) -> Self {
        let supplier = move |context: &StoreContext| -> Result<Box<dyn StateStore>, StoreError> {
            Ok(Box::new(supplier(context)?))
        };
        Self { name: name.into(), kind: StoreKind::Custom(Arc::new(supplier)), logged: true }
    }

    /// Without a changelog: what it holds counts since the task came here.
    #[must_use]
    pub fn without_changelog(mut self) -> Self {
        self.logged = false;
        self
    }

    /// The store's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// True if its changes go to a changelog.
    #[must_use]
    pub fn has_changelog(&self) -> bool {
        self.logged
    }

    /// True if its content outlives the process on this machine.
    #[must_use]
    pub fn is_persistent(&self) -> bool {
        matches!(self.kind, StoreKind::Persistent)
    }

    /// The changelog topic of the store in an application.
    #[must_use]
    pub fn changelog_topic(&self, application: &str) -> String {
        format!("{application}-{}-changelog", self.name)
    }

    pub(crate) fn make_volatile(&self, context: &StoreContext) -> Result<Box<dyn StateStore>, StoreError> {
        match &self.kind {
            StoreKind::Memory | StoreKind::Persistent => {
                Ok(Box::new(KeyValueStore::new(Box::<MemoryBase>::default())))
            }
            StoreKind::Custom(supplier) => supplier(context),
        }
    }
}

impl fmt::Debug for StoreSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            StoreKind::Memory => "memory",
            StoreKind::Persistent => "persistent",
            StoreKind::Custom(_) => "custom",
        };
        f.debug_struct("StoreSpec").field("name", &self.name).field("kind", &kind).finish_non_exhaustive()
    }
}
