//! A store of its own: for each data type {current, new} × {reference, statistics}, in one record a partition.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use scorewheel_model::{DataTypeName, ModelKey};
use scorewheel_serving::{ModelReference, ModelStatistics, TaskStatistics, Totals};
use scorewheel_streams::{
    BatchView, ChangelogWriter, Checkpoint, ProcessorError, StateStore, StoreContext, StoreError,
};

use crate::statistics_store::StatisticsStore;

/// The key of the one record: 42, big-endian, in 4 bytes.
pub const MODEL_STORE_KEY: [u8; 4] = 42_u32.to_be_bytes();

/// Kind and version of the changelog's records.
const KIND: &str = "model-store/1";

const VERSION: u8 = 1;

/// The model that scored a data type last, and the one that will score its next record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Generations {
    /// Scored the last record of the data type.
    pub current: Option<StoredModel>,
    /// Is in force and has scored no record of this partition yet.
    pub new: Option<StoredModel>,
}

/// A model and what it has done in this partition. References only, never bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredModel {
    /// Where it lies on the control log and what it is.
    pub reference: ModelReference,
    /// What it has done.
    pub statistics: ModelStatistics,
}

/// The content of the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelState {
    /// Both models of each data type that asks one model.
    pub generations: BTreeMap<DataTypeName, Generations>,
    /// Both models of each name, of data types that ask several.
    pub shared: BTreeMap<ModelKey, Generations>,
    /// What all models before them have done.
    pub earlier: Option<ModelStatistics>,
    /// What became of the records.
    pub totals: Totals,
}

/// The store of one task: state in memory, one changelog record.
#[derive(Debug)]
pub struct ModelStore {
    state: ModelState,
    committed: Arc<ArcSwap<(ModelState, Checkpoint)>>,
    changed: bool,
}

/// The last committed state of a [`ModelStore`], for other threads.
#[derive(Clone, Debug)]
pub struct ModelStoreView {
    committed: Arc<ArcSwap<(ModelState, Checkpoint)>>,
}

impl ModelStoreView {
    /// The content as of one commit, and which.
    #[must_use]
    pub fn snapshot(&self) -> Arc<(ModelState, Checkpoint)> {
        self.committed.load_full()
    }

    /// The model that scored the last record of a data type.
    #[must_use]
    pub fn current(&self, data_type: &DataTypeName) -> Option<StoredModel> {
        self.committed.load().0.generations.get(data_type)?.current.clone()
    }

    /// The model in force for a data type that has scored no record of this partition yet.
    #[must_use]
    pub fn new_model(&self, data_type: &DataTypeName) -> Option<StoredModel> {
        self.committed.load().0.generations.get(data_type)?.new.clone()
    }
}

impl ModelStore {
    /// An empty store.
    ///
    /// # Errors
    /// None; the signature is that of a supplier of stores.
    pub fn open(_: &StoreContext) -> Result<Self, StoreError> {
        Ok(Self {
            state: ModelState::default(),
            committed: Arc::new(ArcSwap::from_pointee((ModelState::default(), Checkpoint::default()))),
            changed: false,
        })
    }

    /// The content, with what is not committed yet.
    #[must_use]
    pub fn state(&self) -> &ModelState {
        &self.state
    }
}

impl StateStore for ModelStore {
    fn kind(&self) -> &str {
        KIND
    }

    fn flush(&mut self, changelog: &mut ChangelogWriter<'_>) -> Result<(), StoreError> {
        if self.changed {
            changelog.put_with(&MODEL_STORE_KEY, |value| self.state.encode(value))?;
        }
        Ok(())
    }

    fn commit(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        self.changed = false;
        self.committed.store(Arc::new((self.state.clone(), checkpoint.clone())));
        Ok(())
    }

    fn rollback(&mut self) {
        self.changed = false;
        self.state = self.committed.load().0.clone();
    }

    fn restore(&mut self, records: BatchView<'_>, _: &Checkpoint) -> Result<(), StoreError> {
        let foreign = |found: String| StoreError::ForeignChangelog { found, expected: KIND.to_owned() };
        for record in records.iter() {
            if record.key != Some(&MODEL_STORE_KEY[..]) {
                return Err(foreign(format!("a record at offset {} whose key is not 42", record.offset)));
            }
            self.state = match record.value {
                None => ModelState::default(),
                Some(value) => ModelState::decode(value)
                    .ok_or_else(|| foreign(format!("a value at offset {} of another form", record.offset)))?,
            };
        }
        Ok(())
    }

    fn wipe(&mut self) -> Result<(), StoreError> {
        self.state = ModelState::default();
        self.changed = false;
        Ok(())
    }

    fn view(&self) -> Arc<dyn Any + Send + Sync> {
        Arc::new(ModelStoreView { committed: Arc::clone(&self.committed) })
    }
}

impl StatisticsStore for ModelStore {
    fn load(&self) -> Result<TaskStatistics, ProcessorError> {
        Ok(self.state.statistics())
    }

    fn save(
        &mut self,
        statistics: &mut TaskStatistics,
        in_force: &[ModelReference],
    ) -> Result<(), ProcessorError> {
        let mut generations = BTreeMap::new();
        let mut shared = BTreeMap::new();
        for reference in in_force {
            let key = &reference.key;
            let is_shared =
                in_force.iter().filter(|other| other.key.data_type == key.data_type).nth(1).is_some();
            let entry = match statistics.model(reference.offset) {
                Some(done) => {
                    let statistics = done.clone();
                    Generations {
                        current: Some(StoredModel { reference: reference.clone(), statistics }),
                        new: None,
                    }
                }
                None => Generations {
                    current: self.state.scored_before(key, is_shared).cloned(),
                    new: Some(StoredModel {
                        reference: reference.clone(),
                        statistics: ModelStatistics::new(reference, reference.timestamp),
                    }),
                },
            };
            match is_shared {
                true => _ = shared.insert(key.clone(), entry),
                false => _ = generations.insert(key.data_type.clone(), entry),
            }
        }
        let all = generations.values().chain(shared.values());
        let keep: Vec<i64> = all.filter_map(Generations::current_offset).collect();
        statistics.keep_models(&keep);
        let (earlier, totals) = (statistics.model(-1).cloned(), statistics.totals());
        self.state = ModelState { generations, shared, earlier, totals };
        self.changed = true;
        // What the statistics have noted as changed is written: the store has one record.
        statistics.write(|_, _| Ok(()))
    }
}

impl Generations {
    fn current_offset(&self) -> Option<i64> {
        self.current.as_ref().map(|model| model.reference.offset)
    }
}

impl ModelState {
    /// The model that a new one of this key follows: the last that scored under its name, where the data type asks
    /// several, else the last that scored its records. It is found also if the data type asked one model, or several,
    /// until now.
    fn scored_before(&self, key: &ModelKey, is_shared: bool) -> Option<&StoredModel> {
        let one = self.generations.get(&key.data_type).and_then(|both| both.current.as_ref());
        if is_shared {
            let named = self.shared.get(key).and_then(|both| both.current.as_ref());
            return named.or(one.filter(|model| model.reference.key == *key));
        }
        let several = self.shared.iter().filter(|(other, _)| other.data_type == key.data_type);
        let several = several.filter_map(|(_, both)| both.current.as_ref());
        one.or_else(|| several.max_by_key(|model| model.reference.offset))
    }

    /// The statistics of all models.
    #[must_use]
    pub fn statistics(&self) -> TaskStatistics {
        let all = self.generations.values().chain(self.shared.values());
        let current = all.filter_map(|generations| generations.current.as_ref());
        let models = current.map(|model| model.statistics.clone()).chain(self.earlier.clone());
        TaskStatistics::of(self.totals.clone(), models)
    }

    /// Appends the state as the value of the one record: a version byte, then lengths and parts.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        put_part(out, &self.totals.encode());
        put_part(out, &self.earlier.as_ref().map(ModelStatistics::encode).unwrap_or_default());
        out.extend_from_slice(&((self.generations.len() + self.shared.len()) as u32).to_be_bytes());
        let of_types = self.generations.iter().map(|(data_type, both)| (data_type.to_string(), both));
        // A data type has no slash, so that `dataType/name` is told from it.
        let of_names = self.shared.iter().map(|(key, both)| (key.to_string(), both));
        for (key, generations) in of_types.chain(of_names) {
            put_part(out, key.as_bytes());
            for model in [&generations.current, &generations.new] {
                let mut reference = Vec::new();
                if let Some(model) = model {
                    model.reference.encode(&mut reference);
                }
                put_part(out, &reference);
                put_part(out, &model.as_ref().map(|model| model.statistics.encode()).unwrap_or_default());
            }
        }
    }

    /// Reads a value; `None` if it is not one.
    #[must_use]
    pub fn decode(value: &[u8]) -> Option<Self> {
        let (version, mut rest) = value.split_first()?;
        if *version != VERSION {
            return None;
        }
        let totals = Totals::decode(take_part(&mut rest)?)?;
        let earlier = optional(take_part(&mut rest)?, ModelStatistics::decode)?;
        let (count, mut rest) = rest.split_first_chunk()?;
        let (mut generations, mut shared) = (BTreeMap::new(), BTreeMap::new());
        for _ in 0..u32::from_be_bytes(*count) {
            let key = std::str::from_utf8(take_part(&mut rest)?).ok()?;
            let current = take_model(&mut rest)?;
            let new = take_model(&mut rest)?;
            let both = Generations { current, new };
            match key.contains('/') {
                true => _ = shared.insert(ModelKey::parse(key).ok()?, both),
                false => _ = generations.insert(DataTypeName::new(key).ok()?, both),
            }
        }
        rest.is_empty().then_some(Self { generations, shared, earlier, totals })
    }
}

fn put_part(out: &mut Vec<u8>, part: &[u8]) {
    out.extend_from_slice(&(part.len() as u32).to_be_bytes());
    out.extend_from_slice(part);
}

fn take_part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk()?;
    let (part, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    *rest = after;
    Some(part)
}

/// A part that may be empty; the outer `None` says that it is neither.
fn optional<T>(part: &[u8], decode: impl FnOnce(&[u8]) -> Option<T>) -> Option<Option<T>> {
    if part.is_empty() { Some(None) } else { decode(part).map(Some) }
}

fn take_model(rest: &mut &[u8]) -> Option<Option<StoredModel>> {
    let reference =
        optional(take_part(rest)?, |mut part| ModelReference::decode(&mut part).filter(|_| part.is_empty()))?;
    let statistics = optional(take_part(rest)?, ModelStatistics::decode)?;
    match (reference, statistics) {
        (Some(reference), Some(statistics)) => Some(Some(StoredModel { reference, statistics })),
        (None, None) => Some(None),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scorewheel_model::Digest;

    fn model(name: &str, offset: i64) -> ModelReference {
        ModelReference {
            key: ModelKey::parse(&format!("wine/{name}")).unwrap(),
            version: "1".into(),
            sha256: Digest::of(b"model"),
            message: Digest::of(b"message"),
            timestamp: 0,
            offset,
        }
    }

    fn store() -> ModelStore {
        let committed = Arc::new(ArcSwap::from_pointee((ModelState::default(), Checkpoint::default())));
        ModelStore { state: ModelState::default(), committed, changed: false }
    }

    /// Statistics in which these have scored.
    fn scored(models: &[&ModelReference]) -> TaskStatistics {
        TaskStatistics::of(Totals::default(), models.iter().map(|model| ModelStatistics::new(model, 1)))
    }

    #[test]
    fn a_model_is_followed_also_when_its_data_type_begins_or_ends_to_ask_several() {
        let mut store = store();
        let (a, b, newer, last) = (model("a", 1), model("b", 2), model("a", 3), model("c", 4));
        let current = |generations: &Generations| generations.current_offset();
        store.save(&mut scored(&[&a]), std::slice::from_ref(&a)).unwrap();
        // From one to two: `a` is replaced, `b` had none before it.
        let mut statistics = scored(&[&a]);
        store.save(&mut statistics, &[newer.clone(), b.clone()]).unwrap();
        let ModelState { generations, shared, .. } = store.state();
        assert!(generations.is_empty());
        let told: Vec<_> = shared
            .values()
            .map(|both| (current(both), both.new.as_ref().map(|model| model.reference.offset)))
            .collect();
        assert_eq!(told, [(Some(1), Some(3)), (None, Some(2))]);
        assert!(statistics.model(1).is_some(), "what it has done stays told apart");
        // And back to one, of another name, after both have scored.
        store.save(&mut scored(&[&newer, &b]), &[newer, b]).unwrap();
        store.save(&mut scored(&[&model("a", 3), &model("b", 2)]), std::slice::from_ref(&last)).unwrap();
        let ModelState { generations, shared, .. } = store.state();
        assert!(shared.is_empty());
        assert_eq!(generations.values().map(current).collect::<Vec<_>>(), [Some(3)]);
    }
}
