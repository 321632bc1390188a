//! Which field a key stands for.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use scorewheel_columns::{FieldIndex, Schema, schema::fold_name};

/// Keys remembered at most; records with ever new keys do not grow the memory.
const KEY_LIMIT: usize = 4096;

/// What a key stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Meaning {
    /// A field of the schema.
    pub field: Option<FieldIndex>,
    /// The first part of dotted names of fields.
    pub prefix: bool,
}

/// The keys of records of one schema.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    schema: Arc<Schema>,
    /// The folded names of everything in front of a dot in the schema.
    prefixes: HashSet<String>,
    known: HashMap<Box<str>, Meaning, foldhash::fast::RandomState>,
    /// The top-level keys of the record before, in order: records mostly repeat it.
    order: Vec<(Box<str>, Meaning)>,
}

impl Keys {
    pub(super) fn new(schema: &Arc<Schema>) -> Self {
        let mut prefixes = HashSet::new();
        for field in schema.fields() {
            for (dot, _) in field.name.match_indices('.') {
                prefixes.insert(fold_name(&field.name[..dot]));
            }
        }
        Self { schema: Arc::clone(schema), prefixes, known: HashMap::default(), order: Vec::new() }
    }

    pub(super) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The meaning of the key at `position` of the record's own keys.
    #[inline]
    pub(super) fn top(&mut self, position: usize, key: &str) -> Meaning {
        if let Some((expected, meaning)) = self.order.get(position)
            && **expected == *key
        {
            return *meaning;
        }
        let meaning = self.meaning(key);
        if position < KEY_LIMIT {
            self.order.truncate(position);
            self.order.push((key.into(), meaning));
        }
        meaning
    }

    /// The meaning of a key; of a nested object's key the dotted name.
    pub(super) fn meaning(&mut self, key: &str) -> Meaning {
        if let Some(meaning) = self.known.get(key) {
            return *meaning;
        }
        let meaning =
            Meaning { field: self.schema.find(key).ok(), prefix: self.prefixes.contains(&fold_name(key)) };
        if self.known.len() < KEY_LIMIT {
            self.known.insert(key.into(), meaning);
        }
        meaning
    }
}
