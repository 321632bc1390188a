//! Which models of a route are asked.

use std::collections::BTreeMap;

use scorewheel_model::{DataTypeName, ModelName};

/// Which models of a route score each of its records.
///
/// With more than one, a record gets an outcome from each, in a stable order: that of the list, or for
/// [`Selection::All`] the newest first, so that the first is the one that [`Selection::Latest`] would ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Selection {
    /// The one with the highest control offset.
    #[default]
    Latest,
    /// The latest of each name that stands, highest control offset first.
    All,
    /// The latest of each of these names, in this order; names without a model are passed over.
    Names(Vec<ModelName>),
}

impl Selection {
    /// True if a message of this name can change what scores.
    pub(crate) fn concerns(&self, name: &ModelName) -> bool {
        match self {
            Self::Latest | Self::All => true,
            Self::Names(names) => names.contains(name),
        }
    }
}

/// The selections of routes that have another one than [`Selection::Latest`].
pub type Selections = BTreeMap<DataTypeName, Selection>;

/// Which of a route's models this is, of those that are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// From 1; the first is what a reader of one result a record wants.
    pub place: u32,
    /// Models that were asked.
    pub of: u32,
}

impl Order {
    /// True if there are others.
    #[must_use]
    pub fn is_shared(self) -> bool {
        self.of > 1
    }
}
