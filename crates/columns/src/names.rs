//! Which field a name stands for.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::schema::{FieldIndex, Schema, fold_name};

/// Names remembered at most; records with ever new names do not grow the memory.
const NAME_LIMIT: usize = 4096;

/// What a name stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meaning {
    /// A field of the schema.
    pub field: Option<FieldIndex>,
    /// The first part of dotted names of fields.
    pub prefix: bool,
}

/// The names of records of one schema, looked up once.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    schema: Arc<Schema>,
    /// The folded names of everything in front of a dot in the schema.
    prefixes: HashSet<String>,
    /// By dotted name.
    known: HashMap<Box<str>, Meaning, foldhash::fast::RandomState>,
    /// The names of the record before in order, each with its depth: records mostly repeat it. Names and depths in
    /// order make the tree, so equal ones so far say that the dotted name is equal too.
    order: Vec<(usize, Box<str>, Meaning)>,
}

impl Names {
    pub(crate) fn new(schema: &Arc<Schema>) -> Self {
        let mut prefixes = HashSet::new();
        for field in schema.fields() {
            for (dot, _) in field.name.match_indices('.') {
                prefixes.insert(fold_name(&field.name[..dot]));
            }
        }
        Self { schema: Arc::clone(schema), prefixes, known: HashMap::default(), order: Vec::new() }
    }

    pub(crate) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The meaning of `name` under `path` (empty, or with a dot at its end), the record's `position`th name of all.
    #[inline]
    pub(crate) fn meaning(
        &mut self,
        position: usize,
        depth: usize,
        path: &mut String,
        name: &str,
    ) -> Meaning {
        if let Some((expected_depth, expected, meaning)) = self.order.get(position)
            && *expected_depth == depth
            && **expected == *name
        {
            return *meaning;
        }
        let length = path.len();
        path.push_str(name);
        let meaning = self.find(path);
        path.truncate(length);
        // What follows belongs to another tree.
        self.order.truncate(position);
        if position < NAME_LIMIT {
            self.order.push((depth, name.into(), meaning));
        }
        meaning
    }

    fn find(&mut self, dotted: &str) -> Meaning {
        if let Some(meaning) = self.known.get(dotted) {
            return *meaning;
        }
        let meaning = Meaning {
            field: self.schema.find(dotted).ok(),
            prefix: self.prefixes.contains(&fold_name(dotted)),
        };
        if self.known.len() < NAME_LIMIT {
            self.known.insert(dotted.into(), meaning);
        }
        meaning
    }
}
