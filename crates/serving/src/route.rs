//! The messages of one route, and which of them scores as of a control offset.

use std::collections::{BTreeMap, HashMap, HashSet};

use scorewheel_model::{Digest, ModelName};

use crate::reference::ModelReference;

/// One message of a route.
#[derive(Clone, Debug)]
enum Entry {
    /// A model that is not refused; `accepted` once it was judged.
    Put { reference: ModelReference, accepted: bool },
    /// A removal.
    Remove { offset: i64, name: ModelName },
}

impl Entry {
    fn offset(&self) -> i64 {
        match self {
            Self::Put { reference, .. } => reference.offset,
            Self::Remove { offset, .. } => *offset,
        }
    }
}

/// What a route comes to as of a control offset.
#[derive(Clone, Debug)]
pub(crate) struct Standing<'a> {
    /// The message with the highest control offset that is neither removed nor refused: it scores.
    pub top: Option<&'a ModelReference>,
    /// Control offset of the last message that changed what scores; −1 if none did.
    pub change: i64,
}

/// The messages of one route that can still matter, in the order of the log. References only, never bytes.
///
/// A message that nobody has judged yet counts as accepted until its verdict is known.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    entries: Vec<Entry>,
    /// Last change up to the point that [`Route::settle`] has reached.
    settled: i64,
}

impl Route {
    pub fn new() -> Self {
        Self { entries: Vec::new(), settled: -1 }
    }

    pub fn put(&mut self, reference: ModelReference) {
        self.entries.push(Entry::Put { reference, accepted: false });
    }

    pub fn remove(&mut self, offset: i64, name: ModelName) {
        self.entries.push(Entry::Remove { offset, name });
    }

    /// Says that the message was accepted, and which digest its model has.
    pub fn accept(&mut self, offset: i64, sha256: Digest) {
        for entry in &mut self.entries {
            if let Entry::Put { reference, accepted } = entry
                && reference.offset == offset
            {
                *accepted = true;
                reference.sha256 = sha256;
            }
        }
    }

    /// Says that the message was refused: it is as if it had never been there.
    pub fn refuse(&mut self, offset: i64) {
        self.entries
            .retain(|entry| !matches!(entry, Entry::Put { reference, .. } if reference.offset == offset));
    }

    /// The message at `offset`, if it is a model that can still matter.
    pub fn find(&self, offset: i64) -> Option<&ModelReference> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Put { reference, .. } if reference.offset == offset => Some(reference),
            _ => None,
        })
    }

    /// What scores when only messages before `limit` count.
    pub fn standing(&self, limit: i64) -> Standing<'_> {
        let mut held = Held::default();
        let mut change = self.settled;
        for entry in self.entries.iter().take_while(|entry| entry.offset() < limit) {
            match entry {
                Entry::Put { reference, .. } => {
                    held.put(reference);
                    change = change.max(reference.offset);
                }
                Entry::Remove { offset, name } => {
                    if held.remove(name) {
                        change = *offset;
                    }
                }
            }
        }
        Standing { top: held.by_offset.last_entry().map(|entry| *entry.get()), change }
    }

    /// The latest message of each name that is there at the end, highest control offset first.
    pub fn held(&self) -> Vec<&ModelReference> {
        let mut held = Held::default();
        for entry in &self.entries {
            match entry {
                Entry::Put { reference, .. } => held.put(reference),
                Entry::Remove { name, .. } => {
                    held.remove(name);
                }
            }
        }
        let mut seen = HashSet::new();
        held.by_offset.values().rev().filter(|reference| seen.insert(&reference.key.name)).copied().collect()
    }

    /// Forgets what no revision from the one before `limit` on can need: removed messages, removals, and messages
    /// that an accepted one of the same name has superseded. Everything in force before `limit` must be accepted.
    pub fn settle(&mut self, limit: i64) {
        let mut held = Held::default();
        let mut change = self.settled;
        let mut superseded: HashMap<&ModelName, i64> = HashMap::new();
        for entry in self.entries.iter().take_while(|entry| entry.offset() < limit) {
            match entry {
                Entry::Put { reference, accepted } => {
                    held.put(reference);
                    change = change.max(reference.offset);
                    if *accepted {
                        superseded.insert(&reference.key.name, reference.offset);
                    }
                }
                Entry::Remove { offset, name } => {
                    if held.remove(name) {
                        change = *offset;
                    }
                }
            }
        }
        let kept: Vec<i64> = held
            .by_offset
            .values()
            .filter(|reference| {
                superseded.get(&reference.key.name).is_none_or(|accepted| reference.offset >= *accepted)
            })
            .map(|reference| reference.offset)
            .collect();
        self.settled = change;
        self.entries.retain(|entry| entry.offset() >= limit || kept.binary_search(&entry.offset()).is_ok());
        self.entries.shrink_to(2 * self.entries.len());
    }
}

/// The models that are there at one point of the log.
#[derive(Default)]
struct Held<'a> {
    by_offset: BTreeMap<i64, &'a ModelReference>,
    by_name: HashMap<&'a ModelName, Vec<i64>>,
}

impl<'a> Held<'a> {
    fn put(&mut self, reference: &'a ModelReference) {
        self.by_offset.insert(reference.offset, reference);
        self.by_name.entry(&reference.key.name).or_default().push(reference.offset);
    }

    /// Removes all messages of a name; true if one of them was the one that scored.
    fn remove(&mut self, name: &ModelName) -> bool {
        let scored = self.by_offset.last_key_value().is_some_and(|(_, top)| top.key.name == *name);
        for offset in self.by_name.remove(name).unwrap_or_default() {
            self.by_offset.remove(&offset);
        }
        scored
    }
}
