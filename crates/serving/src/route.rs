//! The messages of one route, and which of them scores as of a control offset.

use std::collections::{BTreeMap, HashMap, HashSet};

use scorewheel_model::{Digest, ModelName};

use crate::reference::ModelReference;
use crate::selection::Selection;

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
    /// The messages that score, in the order of the selection: neither removed nor refused, none superseded.
    pub tops: Vec<&'a ModelReference>,
    /// Control offset of the last message that changed what scores; −1 if none did.
    pub change: i64,
}

/// The messages of one route that can still matter, in the order of the log. References only, never bytes.
///
/// A message that nobody has judged yet counts as accepted until its verdict is known.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    selection: Selection,
    entries: Vec<Entry>,
    /// Last change up to the point that [`Route::settle`] has reached.
    settled: i64,
}

impl Route {
    pub fn new(selection: Selection) -> Self {
        Self { selection, entries: Vec::new(), settled: -1 }
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
            change = change.max(held.follow(entry, &self.selection));
        }
        Standing { tops: held.tops(&self.selection), change }
    }

    /// The names that are asked for and have no model.
    pub fn missing(&self) -> Vec<&ModelName> {
        let Selection::Names(names) = &self.selection else { return Vec::new() };
        let tops = self.standing(i64::MAX).tops;
        names.iter().filter(|name| !tops.iter().any(|top| top.key.name == **name)).collect()
    }

    /// The latest message of each name that is there at the end, highest control offset first.
    pub fn held(&self) -> Vec<&ModelReference> {
        let mut held = Held::default();
        for entry in &self.entries {
            held.follow(entry, &self.selection);
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
            change = change.max(held.follow(entry, &self.selection));
            if let Entry::Put { reference, accepted: true } = entry {
                superseded.insert(&reference.key.name, reference.offset);
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
    /// Takes in the next message: its control offset if it changes what scores, else −1.
    fn follow(&mut self, entry: &'a Entry, selection: &Selection) -> i64 {
        match entry {
            Entry::Put { reference, .. } => {
                self.by_offset.insert(reference.offset, reference);
                self.by_name.entry(&reference.key.name).or_default().push(reference.offset);
                if selection.concerns(&reference.key.name) { reference.offset } else { -1 }
            }
            Entry::Remove { offset, name } => {
                let was_last = self.by_offset.last_key_value().is_some_and(|(_, top)| top.key.name == *name);
                let removed = self.by_name.remove(name).unwrap_or_default();
                for offset in &removed {
                    self.by_offset.remove(offset);
                }
                let scored = match selection {
                    Selection::Latest => was_last,
                    Selection::All | Selection::Names(_) => !removed.is_empty() && selection.concerns(name),
                };
                if scored { *offset } else { -1 }
            }
        }
    }

    /// What scores, in the order of the selection.
    fn tops(&self, selection: &Selection) -> Vec<&'a ModelReference> {
        let latest = |name: &ModelName| {
            let offset = self.by_name.get(name)?.last()?;
            self.by_offset.get(offset).copied()
        };
        match selection {
            Selection::Latest => self.by_offset.values().next_back().copied().into_iter().collect(),
            Selection::All => {
                let mut tops: Vec<_> = self.by_name.keys().filter_map(|name| latest(name)).collect();
                tops.sort_unstable_by_key(|top| std::cmp::Reverse(top.offset));
                tops
            }
            Selection::Names(names) => names.iter().filter_map(latest).collect(),
        }
    }
}
