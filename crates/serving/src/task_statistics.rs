//! What a task counts, and how it lies in a store.

use std::collections::{BTreeMap, BTreeSet};

use crate::compact::{Reader, put_integer, put_signed, put_text};
use crate::conservation::Conservation;
use crate::outcome::Step;
use crate::reference::ModelReference;
use crate::revision::Revision;
use crate::statistics::ModelStatistics;
use crate::tally::Tally;

/// Models that are kept one by one; older ones are added up.
pub const MODELS_KEPT: usize = 1000;

const TOTALS_KEY: &[u8] = b"t";
const MODEL_KEY: u8 = b'm';

/// The statistics of one task: a value for each model, one for the totals.
///
/// Kept in memory by the task, written to its store before a commit, read back after a rollback or a start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskStatistics {
    conservation: Conservation,
    paused: Vec<(String, i64)>,
    models: BTreeMap<i64, ModelStatistics>,
    changed: BTreeSet<i64>,
    removed: BTreeSet<i64>,
    totals_changed: bool,
}

/// The totals of a task, as one value of its store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// What became of the records.
    pub conservation: Conservation,
    /// Routes that are paused because their model fails, with the model's control offset.
    pub paused: Vec<(String, i64)>,
}

/// A value of a task's store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredStatistics {
    /// The totals.
    Totals(Totals),
    /// One model.
    Model(ModelStatistics),
}

/// How the way of one record ended.
#[derive(Clone, Copy, Debug)]
pub enum Ending<'a> {
    /// This model made a result of it, in so many nanoseconds.
    Result(&'a ModelReference, u64),
    /// It became a dead letter at this step.
    DeadLetter(Step),
    /// It was dropped because no model was in force.
    Dropped,
}

/// A value that is not ours, or of a version that this build does not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store holds a value that is no statistics of this version (key {key:?}, {length} bytes)")]
pub struct UnreadableStatistics {
    /// The key, printable characters only.
    pub key: String,
    /// Length of the value in bytes.
    pub length: usize,
}

impl TaskStatistics {
    /// Nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// These totals and models.
    #[must_use]
    pub fn of(totals: Totals, models: impl IntoIterator<Item = ModelStatistics>) -> Self {
        Self {
            conservation: totals.conservation,
            paused: totals.paused,
            models: models.into_iter().map(|model| (model.control, model)).collect(),
            ..Self::default()
        }
    }

    /// Reads a store's content.
    ///
    /// # Errors
    /// [`UnreadableStatistics`] for the first value that is not ours.
    pub fn read<'a>(
        entries: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Result<Self, UnreadableStatistics> {
        let mut read = Self::default();
        for (key, value) in entries {
            read.read_entry(key, value)?;
        }
        Ok(read)
    }

    /// Takes in one entry of a store.
    ///
    /// # Errors
    /// [`UnreadableStatistics`] if it is not ours.
    pub fn read_entry(&mut self, key: &[u8], value: &[u8]) -> Result<(), UnreadableStatistics> {
        match StoredStatistics::decode(key, value) {
            Some(StoredStatistics::Totals(totals)) => {
                self.conservation = totals.conservation;
                self.paused = totals.paused;
            }
            Some(StoredStatistics::Model(model)) => {
                self.models.insert(model.control, model);
            }
            None => {
                let key = key.escape_ascii().to_string();
                return Err(UnreadableStatistics { key, length: value.len() });
            }
        }
        Ok(())
    }

    /// Adds a batch of `records` records that was scored with `revision`, at `now` (milliseconds since the epoch).
    pub fn add_batch(&mut self, records: u64, tally: &Tally, revision: &Revision, now: i64) {
        if records == 0 {
            return;
        }
        self.conservation.add_batch(records, tally);
        self.totals_changed = true;
        for results in tally.results().iter().filter(|results| results.count > 0) {
            let Some(model) = revision.models().get(results.model) else { continue };
            let control = model.reference.offset;
            let statistics =
                self.models.entry(control).or_insert_with(|| ModelStatistics::new(&model.reference, now));
            statistics.record(results.count, results.nanoseconds);
            self.changed.insert(control);
        }
        self.add_up_earlier_models();
    }

    /// Adds one record, for those who count record by record; `now` is in milliseconds since the epoch.
    pub fn add_record(&mut self, ending: Ending<'_>, now: i64) {
        self.conservation.add_record(ending);
        self.add_ending(ending, now);
    }

    /// Adds what another model has made of the record added last.
    pub fn add_further(&mut self, ending: Ending<'_>, now: i64) {
        self.conservation.add_further(ending);
        self.add_ending(ending, now);
    }

    fn add_ending(&mut self, ending: Ending<'_>, now: i64) {
        self.totals_changed = true;
        if let Ending::Result(model, nanoseconds) = ending {
            let statistics =
                self.models.entry(model.offset).or_insert_with(|| ModelStatistics::new(model, now));
            statistics.record(1, nanoseconds);
            self.changed.insert(model.offset);
            self.add_up_earlier_models();
        }
    }

    /// Keeps these models one by one and adds all others up.
    pub fn keep_models(&mut self, keep: &[i64]) {
        let others: Vec<i64> =
            self.models.keys().copied().filter(|control| *control >= 0 && !keep.contains(control)).collect();
        for control in others {
            self.add_up(control);
        }
    }

    fn add_up(&mut self, control: i64) {
        let Some(model) = self.models.remove(&control) else { return };
        self.changed.remove(&control);
        self.removed.insert(control);
        self.models.entry(-1).or_insert_with(ModelStatistics::of_earlier_models).merge(&model);
        self.changed.insert(-1);
    }

    fn add_up_earlier_models(&mut self) {
        while self.models.len() > MODELS_KEPT + 1 {
            let Some(oldest) = self.models.keys().copied().find(|control| *control >= 0) else { return };
            self.add_up(oldest);
        }
    }

    /// Notes which routes are paused.
    pub fn set_paused(&mut self, paused: Vec<(String, i64)>) {
        if self.paused != paused {
            self.paused = paused;
            self.totals_changed = true;
        }
    }

    /// Hands out what changed since the last call as entries of the store; `None` deletes.
    pub fn write<E>(&mut self, mut put: impl FnMut(&[u8], Option<&[u8]>) -> Result<(), E>) -> Result<(), E> {
        if self.totals_changed {
            put(TOTALS_KEY, Some(&self.totals().encode()))?;
        }
        for control in &self.changed {
            if let Some(model) = self.models.get(control) {
                put(&model_key(*control), Some(&model.encode()))?;
            }
        }
        for control in &self.removed {
            put(&model_key(*control), None)?;
        }
        self.totals_changed = false;
        self.changed.clear();
        self.removed.clear();
        Ok(())
    }

    /// What became of the records.
    #[must_use]
    pub fn conservation(&self) -> Conservation {
        self.conservation
    }

    /// Routes that are paused because their model fails, with the model's control offset.
    #[must_use]
    pub fn paused(&self) -> &[(String, i64)] {
        &self.paused
    }

    /// The totals.
    #[must_use]
    pub fn totals(&self) -> Totals {
        Totals { conservation: self.conservation, paused: self.paused.clone() }
    }

    /// The models, by control offset.
    pub fn models(&self) -> impl DoubleEndedIterator<Item = &ModelStatistics> {
        self.models.values()
    }

    /// One model.
    #[must_use]
    pub fn model(&self, control: i64) -> Option<&ModelStatistics> {
        self.models.get(&control)
    }

    /// Adds another task's statistics.
    pub fn merge(&mut self, other: &Self) {
        self.conservation += other.conservation;
        self.paused.extend(other.paused.iter().cloned());
        for (control, model) in &other.models {
            self.models.entry(*control).and_modify(|mine| mine.merge(model)).or_insert_with(|| model.clone());
        }
    }
}

fn model_key(control: i64) -> [u8; 9] {
    let mut key = [MODEL_KEY; 9];
    // The sign bit turned over, so that keys sort as offsets do.
    key[1..].copy_from_slice(&(control ^ i64::MIN).to_be_bytes());
    key
}

impl Totals {
    /// The totals as the value of a store.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.conservation.encode(&mut out);
        put_integer(&mut out, self.paused.len() as u64);
        for (data_type, control) in &self.paused {
            put_text(&mut out, data_type);
            put_signed(&mut out, *control);
        }
        out
    }

    /// Reads a value; `None` if it is not one.
    #[must_use]
    pub fn decode(value: &[u8]) -> Option<Self> {
        let mut reader = Reader(value);
        let conservation = Conservation::decode(&mut reader)?;
        let mut paused = Vec::new();
        for _ in 0..reader.integer()? {
            paused.push((reader.text()?.to_owned(), reader.signed()?));
        }
        reader.end().map(|()| Self { conservation, paused })
    }
}

impl StoredStatistics {
    /// Reads an entry of a store; `None` if it is not ours.
    #[must_use]
    pub fn decode(key: &[u8], value: &[u8]) -> Option<Self> {
        match key {
            TOTALS_KEY => Totals::decode(value).map(Self::Totals),
            [MODEL_KEY, ..] => {
                let model = ModelStatistics::decode(value)?;
                (key == model_key(model.control)).then_some(Self::Model(model))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn model(control: i64, figures: [u64; 5], texts: [String; 4]) -> ModelStatistics {
        let [count, sum_nanoseconds, sum_milliseconds, min_nanoseconds, max_nanoseconds] = figures;
        let [data_type, name, version, sha256] = texts.map(Into::into);
        ModelStatistics {
            control,
            data_type,
            name,
            version,
            sha256,
            since: control,
            count,
            sum_nanoseconds,
            sum_milliseconds,
            min_nanoseconds,
            max_nanoseconds,
        }
    }

    proptest! {
        #[test]
        fn entries_come_back(
            control in any::<i64>(),
            figures in any::<[u64; 5]>(),
            texts in [".*", ".*", ".*", ".*"],
            counts in any::<[u32; 7]>(),
            paused in proptest::collection::vec((".*", any::<i64>()), 0..3),
        ) {
            let model = model(control, figures, texts);
            let key = model_key(control);
            prop_assert_eq!(
                StoredStatistics::decode(&key, &model.encode()),
                Some(StoredStatistics::Model(model))
            );
            let [records, results, drops, a, b, c, d] = counts.map(u64::from);
            let conservation = Conservation { records, results, drops, dead_letters: [a, b, c, d], further: records % 3 };
            let totals = Totals { conservation, paused };
            prop_assert_eq!(
                StoredStatistics::decode(TOTALS_KEY, &totals.encode()),
                Some(StoredStatistics::Totals(totals))
            );
        }

        #[test]
        fn any_bytes_are_read_without_harm(
            key in proptest::collection::vec(any::<u8>(), 0..10),
            value in proptest::collection::vec(any::<u8>(), 0..60),
        ) {
            let _ = StoredStatistics::decode(&key, &value);
            let _ = Totals::decode(&value);
            let _ = ModelStatistics::decode(&value);
        }

        #[test]
        fn the_mean_lies_between_min_and_max(rows in proptest::collection::vec((1..50_u64, 0..5_000_000_u64), 1..20)) {
            let mut whole = model(3, [0; 5], Default::default());
            let mut parts = whole.clone();
            for (count, nanoseconds) in &rows {
                whole.record(*count, *nanoseconds);
                let mut part = model(3, [0; 5], Default::default());
                part.record(*count, *nanoseconds);
                parts.merge(&part);
            }
            prop_assert_eq!(&whole, &parts);
            prop_assert!(whole.min_nanoseconds * whole.count <= whole.sum_nanoseconds);
            prop_assert!(whole.sum_nanoseconds <= whole.max_nanoseconds * whole.count);
            let milliseconds: u64 = rows.iter().map(|(count, nanoseconds)| count * (nanoseconds / 1_000_000)).sum();
            prop_assert_eq!(whole.sum_milliseconds, milliseconds);
        }
    }

    #[test]
    fn keys_sort_as_offsets_do() {
        assert!(model_key(-1) < model_key(0) && model_key(255) < model_key(256));
    }
}
