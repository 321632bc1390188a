//! The broker's storage on an LSM store: every step of the broker is one atomic write.
//!
//! Two keyspaces: `logs` holds chunks ([`super::layout`]), `facts` holds topics (`t`), log starts (`s`) and committed
//! offsets (`o`).

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use fjall::config::{BlockSizePolicy, FilterPolicy};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, KvSeparationOptions, OwnedWriteBatch, PersistMode};

use super::directory::io_error;
use super::ends::Ends;
use super::facts::{self, TopicFact};
use super::failure::{FirstFailure, broken_assertion, open_error, store_error};
use super::layout::{ChunkKey, Log, checked, decode_value, encode_value, log_prefix, prefix};
use super::{Damage, EmbeddedOptions, SyncPolicy};
use crate::broker::{Change, Chunk, Recovered, RecoveredPartition, RecoveredTopic, Storage};
use crate::error::TopicsError;
use crate::partition::{Offset, TopicPartition};

/// Bytes at the end of each log whose checksums are verified when it is opened; the rest is verified when read.
const VERIFIED_TAIL: u64 = 4 << 20;
/// Logs are read in order, so blocks are large: the index of all tables is in memory and has an entry a block.
const LOG_BLOCK: u32 = 32 << 10;

/// The store of one data directory.
pub(super) struct Store {
    path: PathBuf,
    database: Database,
    logs: Keyspace,
    facts: Keyspace,
    ends: Ends,
    failure: FirstFailure,
    known_ends: HashMap<Log, Offset>,
    topics: BTreeMap<String, TopicFact>,
    next_topic: u32,
    /// Where each log ends in the store: an append before that replaces a chunk.
    stored_ends: HashMap<Log, Offset>,
    refused: HashMap<Log, TopicsError>,
    damage: Vec<Damage>,
    durability: PersistMode,
    memory_budget: usize,
}

impl Store {
    /// Opens the store below `path`, or makes one.
    pub fn open(path: &Path, options: &EmbeddedOptions) -> Result<Self, TopicsError> {
        let failed = |error| open_error(path, &error);
        let open = || {
            Database::builder(path.join("store"))
                .cache_size(options.cache_bytes)
                .max_journaling_size(options.journal_bytes)
                .worker_threads(1)
                .open()
        };
        // The store asserts that a journal is what it wrote; where that is damaged, an assertion fails.
        let opened = catch_unwind(AssertUnwindSafe(open)).map_err(|_| broken_assertion(path))?;
        let database = opened.map_err(failed)?;
        let memtable = options.write_buffer_bytes / 2;
        let separated = KvSeparationOptions::default().separation_threshold(4096);
        let logs = database
            .keyspace("logs", || {
                KeyspaceCreateOptions::default()
                    .max_memtable_size(memtable)
                    .data_block_size_policy(BlockSizePolicy::all(LOG_BLOCK))
                    // No key is looked for that may not be there.
                    .filter_policy(FilterPolicy::disabled())
                    .with_kv_separation(Some(separated))
            })
            .map_err(failed)?;
        let facts = database
            .keyspace("facts", || KeyspaceCreateOptions::default().max_memtable_size(memtable / 16))
            .map_err(failed)?;
        let (ends, known_ends) = Ends::open(&path.join("ends")).map_err(|error| io_error(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            database,
            logs,
            facts,
            ends,
            failure: FirstFailure::default(),
            known_ends,
            topics: BTreeMap::new(),
            next_topic: 0,
            stored_ends: HashMap::new(),
            refused: HashMap::new(),
            damage: Vec::new(),
            durability: match options.sync {
                SyncPolicy::Always => PersistMode::SyncData,
                SyncPolicy::Interval(_) | SyncPolicy::Never => PersistMode::Buffer,
            },
            memory_budget: options.memory_bytes,
        })
    }

    /// A handle to sync the journal from elsewhere.
    pub fn database(&self) -> Database {
        self.database.clone()
    }

    /// Where the first failure of a write is kept.
    pub fn first_failure(&self) -> FirstFailure {
        self.failure.clone()
    }

    /// What recovery found damaged or lost.
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    fn recover_partition(
        &mut self,
        topic: u32,
        partition: &TopicPartition,
        start: Offset,
    ) -> Result<RecoveredPartition, TopicsError> {
        let log = (topic, partition.partition());
        let mut found = RecoveredPartition { start, end: start, ..RecoveredPartition::default() };
        let mut keys = Vec::new();
        let mut hole = None;
        for guard in self.logs.prefix(log_prefix(log.0, log.1)) {
            let key = guard.key().map_err(|error| store_error(&self.path, &error))?;
            let Some(key) = ChunkKey::decode(&key) else { continue };
            if key.base > found.end && hole.is_none() {
                hole = Some((found.end, key.base));
            }
            found.end = found.end.max(key.next);
            found.bytes += u64::from(key.bytes);
            found.records += u64::from(key.records);
            keys.push(key);
        }
        let hole = hole.or(self.damaged_tail(&keys)?);
        if let Some((from, to)) = hole {
            let lost = u64::try_from(to - from).unwrap_or(0);
            let error = TopicsError::Corrupt { partition: partition.clone(), from, to, lost };
            self.damage.push(Damage { partition: partition.clone(), from, to, refused: true });
            self.refused.insert(log, error);
        }
        if let Some(&end) = self.known_ends.get(&log)
            && end > found.end
        {
            self.damage.push(Damage {
                partition: partition.clone(),
                from: found.end,
                to: end,
                refused: false,
            });
        }
        Ok(found)
    }

    /// The range of the first chunk near the log's end whose checksum is wrong.
    fn damaged_tail(&self, keys: &[ChunkKey]) -> Result<Option<(Offset, Offset)>, TopicsError> {
        let mut verified = 0;
        let mut damaged = None;
        for key in keys.iter().rev() {
            if verified > VERIFIED_TAIL {
                break;
            }
            verified += u64::from(key.bytes);
            let whole = match self.logs.get(key.encode()) {
                Ok(value) => value.is_some_and(|value| checked(&value).is_some()),
                Err(fjall::Error::Io(error)) => return Err(io_error(&self.path, &error)),
                Err(_) => false,
            };
            if !whole {
                damaged = Some((key.base, key.next));
            }
        }
        Ok(damaged)
    }

    fn topic(&self, name: &str) -> Result<&TopicFact, TopicsError> {
        self.topics.get(name).ok_or_else(|| TopicsError::UnknownTopic { topic: name.to_owned() })
    }

    /// The log of a partition, unless it is refused.
    fn log(&self, partition: &TopicPartition) -> Result<Log, TopicsError> {
        let log = (self.topic(partition.topic())?.id, partition.partition());
        match self.refused.get(&log) {
            Some(error) => Err(error.clone()),
            None => Ok(log),
        }
    }

    fn add(
        &mut self,
        batch: &mut OwnedWriteBatch,
        change: &Change,
        ends: &mut Vec<(Log, Offset)>,
    ) -> Result<(), TopicsError> {
        match change {
            Change::CreateTopic { topic, partitions, config } => {
                let fact = TopicFact { id: self.next_topic, partitions: *partitions, config: config.clone() };
                self.next_topic += 1;
                batch.insert(&self.facts, facts::topic_key(topic), fact.encode());
                self.topics.insert(topic.clone(), fact);
            }
            Change::AlterTopic { topic, partitions, config } => {
                let fact =
                    TopicFact { id: self.topic(topic)?.id, partitions: *partitions, config: config.clone() };
                batch.insert(&self.facts, facts::topic_key(topic), fact.encode());
                self.topics.insert(topic.clone(), fact);
            }
            Change::DeleteTopic { topic } => {
                let id = self.topic(topic)?.id;
                batch.remove(&self.facts, facts::topic_key(topic));
                for guard in self.facts.prefix(facts::start_prefix(id)) {
                    batch.remove(&self.facts, guard.key().map_err(|error| store_error(&self.path, &error))?);
                }
                for guard in self.logs.prefix(id.to_be_bytes()) {
                    batch.remove(&self.logs, guard.key().map_err(|error| store_error(&self.path, &error))?);
                }
                self.stored_ends.retain(|log, _| log.0 != id);
                self.topics.remove(topic);
            }
            Change::Append { partition, chunk } => {
                let log = self.log(partition)?;
                let key = ChunkKey::of(log.0, log.1, chunk);
                if self.stored_ends.get(&log).is_some_and(|end| chunk.base() < *end) {
                    self.remove_range(batch, log, chunk.base()..chunk.next(), &[key])?;
                }
                batch.insert(&self.logs, key.encode(), encode_value(chunk));
                ends.push((log, chunk.next()));
            }
            Change::Replace { partition, from, to, chunks } => {
                let log = self.log(partition)?;
                let keys: Vec<_> = chunks.iter().map(|chunk| ChunkKey::of(log.0, log.1, chunk)).collect();
                self.remove_range(batch, log, *from..*to, &keys)?;
                for (key, chunk) in keys.iter().zip(chunks) {
                    batch.insert(&self.logs, key.encode(), encode_value(chunk));
                }
            }
            Change::DeleteBefore { partition, start } => {
                let log = self.log(partition)?;
                self.remove_range(batch, log, 0..*start, &[])?;
                batch.insert(&self.facts, facts::start_key(log), start.to_be_bytes());
            }
            Change::CommitOffset { group, partition, committed } => {
                batch.insert(
                    &self.facts,
                    facts::offset_key(group, partition),
                    facts::encode_offset(committed),
                );
            }
            Change::ForgetOffset { group, partition } => {
                batch.remove(&self.facts, facts::offset_key(group, partition));
            }
        }
        Ok(())
    }

    /// Removes the chunks that lie in a range as a whole, but for those that are written anew in the same step: the
    /// store does not say which of two changes of one key in one batch is the later.
    fn remove_range(
        &self,
        batch: &mut OwnedWriteBatch,
        log: Log,
        offsets: Range<Offset>,
        written_anew: &[ChunkKey],
    ) -> Result<(), TopicsError> {
        let at = |offset| prefix(log.0, log.1, offset).to_vec();
        let range = at(offsets.start)..at(offsets.end);
        for guard in self.logs.range(range) {
            let bytes = guard.key().map_err(|error| store_error(&self.path, &error))?;
            let Some(key) = ChunkKey::decode(&bytes) else { continue };
            if key.next <= offsets.end && !written_anew.contains(&key) {
                batch.remove(&self.logs, bytes);
            }
        }
        Ok(())
    }
}

impl Storage for Store {
    fn recover(&mut self) -> Result<Recovered, TopicsError> {
        let mut recovered = Recovered::default();
        let mut starts = HashMap::new();
        for guard in self.facts.iter() {
            let (key, value) = guard.into_inner().map_err(|error| store_error(&self.path, &error))?;
            if let Some(name) = facts::read_topic_key(&key) {
                let fact = TopicFact::decode(&value).ok_or_else(|| facts::damaged(&self.path, name))?;
                self.next_topic = self.next_topic.max(fact.id + 1);
                self.topics.insert(name.to_owned(), fact);
            } else if let Some((log, start)) = facts::read_start(&key, &value) {
                starts.insert(log, start);
            } else if let Some(offset) = facts::read_offset(&key, &value) {
                recovered.offsets.push(offset);
            }
        }
        let mut ends = Vec::new();
        for (name, fact) in self.topics.clone() {
            let mut topic = RecoveredTopic { config: fact.config, partitions: Vec::new() };
            for number in 0..fact.partitions {
                let start = starts.get(&(fact.id, number)).copied().unwrap_or(0);
                let partition = TopicPartition::new(name.as_str(), number);
                let found = self.recover_partition(fact.id, &partition, start)?;
                ends.push(((fact.id, number), found.end));
                self.stored_ends.insert((fact.id, number), found.end);
                topic.partitions.push(found);
            }
            recovered.topics.insert(name, topic);
        }
        self.ends.rewrite(ends).map_err(|error| io_error(&self.path, &error))?;
        Ok(recovered)
    }

    fn apply(&mut self, changes: &[Change]) -> Result<(), TopicsError> {
        let mut batch = self.database.batch().durability(Some(self.durability));
        let mut ends = Vec::new();
        for change in changes {
            self.add(&mut batch, change, &mut ends)?;
        }
        batch.commit().map_err(|error| self.failure.note(&self.path, &error))?;
        for (log, end) in ends {
            // A replaced chunk lies before the end, which stays.
            let stored = self.stored_ends.entry(log).or_insert(end);
            *stored = end.max(*stored);
            let end = *stored;
            self.ends.set(log, end).map_err(|error| io_error(&self.path, &error))?;
        }
        Ok(())
    }

    fn failure(&self) -> Option<TopicsError> {
        self.failure.get()
    }

    fn read(&self, partition: &TopicPartition, offset: Offset) -> Result<Option<Chunk>, TopicsError> {
        let log = self.log(partition)?;
        let unreadable = |from: Offset, to: Offset| TopicsError::Corrupt {
            partition: partition.clone(),
            from,
            to,
            lost: u64::try_from(to - from).unwrap_or(0),
        };
        let whole = log_prefix(log.0, log.1).to_vec();
        let at = prefix(log.0, log.1, offset.saturating_add(1)).to_vec();
        let past = prefix(log.0, log.1, i64::MAX).to_vec();
        // The chunk that begins at or before the offset; if it ends before, the next one.
        let before = self.logs.range(whole..at.clone()).next_back();
        let after = self.logs.range(at..=past);
        for guard in before.into_iter().chain(after) {
            let (key, value) = guard.into_inner().map_err(|error| match error {
                fjall::Error::Io(error) => io_error(&self.path, &error),
                _ => unreadable(offset, offset + 1),
            })?;
            let Some(key) = ChunkKey::decode(&key) else { continue };
            if key.next > offset {
                return decode_value(&key, &value).map(Some).ok_or_else(|| unreadable(key.base, key.next));
            }
        }
        Ok(None)
    }

    fn memory_budget(&self) -> Option<usize> {
        Some(self.memory_budget)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headers::Headers;
    use crate::records::RecordView;

    fn open(path: &Path) -> (Store, Recovered) {
        let mut store = Store::open(path, &EmbeddedOptions::default()).unwrap();
        let recovered = store.recover().unwrap();
        (store, recovered)
    }

    fn partition(number: u32) -> TopicPartition {
        TopicPartition::new("topic", number)
    }

    fn chunk(base: Offset) -> Chunk {
        let value = Some(&b"value"[..]);
        let record = RecordView { offset: base, timestamp: 1, key: None, value, headers: Headers::default() };
        Chunk::from_records(base, base + 2, [record]).unwrap()
    }

    fn append(store: &mut Store, number: u32, chunk: Chunk) {
        store.apply(&[Change::Append { partition: partition(number), chunk }]).unwrap();
    }

    fn filled(path: &Path) -> Store {
        let (mut store, _) = open(path);
        let create = Change::CreateTopic { topic: "topic".into(), partitions: 2, config: BTreeMap::new() };
        store.apply(&[create]).unwrap();
        for base in [0, 2, 4, 6] {
            append(&mut store, 0, chunk(base));
            append(&mut store, 1, chunk(base));
        }
        store
    }

    #[test]
    fn a_chunk_is_found_by_each_of_its_offsets() {
        let folder = tempfile::tempdir().unwrap();
        let store = filled(folder.path());
        let found = |offset| store.read(&partition(0), offset).unwrap().map(|chunk| chunk.base());
        assert_eq!(
            (0..9).map(found).collect::<Vec<_>>(),
            [0, 0, 2, 2, 4, 4, 6, 6, -1].map(|b| (b >= 0).then_some(b))
        );
    }

    #[test]
    fn a_placeholder_gives_way_to_its_transaction_or_stays() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = filled(folder.path());
        append(&mut store, 0, Chunk::gap(8, 10));
        append(&mut store, 0, Chunk::gap(10, 12));
        append(&mut store, 0, chunk(12));
        append(&mut store, 0, chunk(8));
        append(&mut store, 0, Chunk::gap(10, 12));
        drop(store);
        let (store, recovered) = open(folder.path());
        assert_eq!(recovered.topics["topic"].partitions[0].end, 14);
        assert_eq!(recovered.topics["topic"].partitions[0].records, 6);
        assert!(store.damage().is_empty());
        assert_eq!(store.read(&partition(0), 10).unwrap(), Some(Chunk::gap(10, 12)));
        assert_eq!(store.read(&partition(0), 8).unwrap(), Some(chunk(8)));
    }

    #[test]
    fn compaction_takes_the_place_of_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = filled(folder.path());
        let chunks = vec![Chunk::gap(0, 4), chunk(4)];
        store.apply(&[Change::Replace { partition: partition(0), from: 0, to: 6, chunks }]).unwrap();
        store.apply(&[Change::DeleteBefore { partition: partition(1), start: 4 }]).unwrap();
        drop(store);
        let (store, recovered) = open(folder.path());
        assert!(store.damage().is_empty());
        let [first, second] = recovered.topics["topic"].partitions[..] else { panic!("two partitions") };
        assert_eq!((first.start, first.end, first.records), (0, 8, 2));
        assert_eq!((second.start, second.end, second.records), (4, 8, 2));
    }

    #[test]
    fn a_hole_refuses_the_partition_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let store = filled(folder.path());
        store.logs.remove(ChunkKey::of(0, 0, &chunk(2)).encode()).unwrap();
        drop(store);
        let (mut store, _) = open(folder.path());
        let damage = Damage { partition: partition(0), from: 2, to: 4, refused: true };
        assert_eq!(store.damage(), [damage]);
        let read = store.read(&partition(0), 0);
        assert!(matches!(read, Err(TopicsError::Corrupt { from: 2, to: 4, lost: 2, .. })), "{read:?}");
        let change = Change::Append { partition: partition(0), chunk: chunk(8) };
        assert!(matches!(store.apply(&[change]), Err(TopicsError::Corrupt { .. })));
        assert_eq!(store.read(&partition(1), 2).unwrap(), Some(chunk(2)));
        append(&mut store, 1, chunk(8));
    }

    #[test]
    fn a_wrong_checksum_refuses_the_partition() {
        let folder = tempfile::tempdir().unwrap();
        let store = filled(folder.path());
        let mut value = encode_value(&chunk(4));
        value[8] ^= 1;
        store.logs.insert(ChunkKey::of(0, 1, &chunk(4)).encode(), value).unwrap();
        assert!(matches!(store.read(&partition(1), 5), Err(TopicsError::Corrupt { from: 4, to: 6, .. })));
        drop(store);
        let (store, _) = open(folder.path());
        assert_eq!(store.damage(), [Damage { partition: partition(1), from: 4, to: 6, refused: true }]);
    }
}
