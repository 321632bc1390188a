//! The log of one partition: chunks in offset order, open transactions, what a reader sees.

use std::collections::{BTreeMap, VecDeque};

use super::chunk::Chunk;
use super::storage::{Change, RecoveredPartition, Storage};
use crate::batch::RecordBatch;
use crate::error::TopicsError;
use crate::partition::{Isolation, Offset, PartitionOffsets, Timestamp, TopicPartition};
use crate::records::Records;

/// A transaction: its writer's number. A writer has one transaction open at a time.
pub(super) type TransactionKey = u64;

/// How much one read hands out.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadLimits {
    pub records: usize,
    pub bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Seen by every reader.
    Decided,
    /// Seen by readers of everything. `placed`: a gap in the storage holds its place.
    Open { transaction: TransactionKey, placed: bool },
    /// Seen by readers of everything; the storage has a gap for it.
    Aborted,
}

#[derive(Debug)]
struct Slot {
    chunk: Chunk,
    state: State,
}

/// The log of one partition. Its newest chunks are in memory; older ones only in the storage, if there is one.
#[derive(Debug)]
pub(super) struct PartitionLog {
    partition: TopicPartition,
    start: Offset,
    end: Offset,
    bytes: u64,
    /// Contiguous up to `end`.
    recent: VecDeque<Slot>,
    recent_bytes: usize,
    /// First offset of each open transaction here.
    open: BTreeMap<TransactionKey, Offset>,
    /// For the compactor: records in all, and those not looked at yet.
    pub records: u64,
    pub dirty_records: u64,
    /// When records were last looked at for their age.
    pub age_checked: Timestamp,
    /// When the compactor first met a tombstone.
    pub tombstones: BTreeMap<Offset, Timestamp>,
}

impl PartitionLog {
    pub fn new(partition: TopicPartition, recovered: RecoveredPartition) -> Self {
        Self {
            partition,
            start: recovered.start,
            end: recovered.end,
            bytes: recovered.bytes,
            recent: VecDeque::new(),
            recent_bytes: 0,
            open: BTreeMap::new(),
            records: recovered.records,
            dirty_records: recovered.records,
            age_checked: 0,
            tombstones: BTreeMap::new(),
        }
    }

    pub fn partition(&self) -> &TopicPartition {
        &self.partition
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn offsets(&self) -> PartitionOffsets {
        let last_stable = self.open.values().copied().min().unwrap_or(self.end);
        PartitionOffsets { earliest: self.start, last_stable, high_watermark: self.end }
    }

    pub fn visible_end(&self, isolation: Isolation) -> Offset {
        let offsets = self.offsets();
        match isolation {
            Isolation::Committed => offsets.last_stable,
            Isolation::Uncommitted => offsets.high_watermark,
        }
    }

    /// Gives records of a buffer their offsets.
    pub fn next_chunk(&self, mut records: Records) -> Chunk {
        let mut offset = self.end;
        for entry in &mut records.entries {
            entry.offset = offset;
            offset += 1;
        }
        Chunk::new(self.end, offset, records)
    }

    /// The storage's changes for a chunk outside transactions; [`append`](Self::append) follows if they succeed.
    pub fn append_changes(&self, chunk: &Chunk, changes: &mut Vec<Change>) {
        self.place_open_chunks(chunk.base(), None, changes);
        changes.push(Change::Append { partition: self.partition.clone(), chunk: chunk.clone() });
    }

    pub fn append(&mut self, chunk: Chunk, transaction: Option<TransactionKey>) {
        match transaction {
            None => self.mark_placed(),
            Some(transaction) => {
                self.open.entry(transaction).or_insert(chunk.base());
            }
        }
        let state =
            transaction.map_or(State::Decided, |transaction| State::Open { transaction, placed: false });
        self.push(Slot { chunk, state });
    }

    /// The storage's changes for the end of a transaction: its chunks, or gaps in their place, and a marker;
    /// [`end_transaction`](Self::end_transaction) follows if they succeed.
    pub fn end_changes(&self, ending: TransactionKey, commit: bool, changes: &mut Vec<Change>) {
        if !self.open.contains_key(&ending) {
            return;
        }
        self.place_open_chunks(self.end, Some(ending), changes);
        let of_transaction = self.undecided().filter(|(_, transaction, _)| *transaction == ending);
        for (chunk, _, _) in of_transaction {
            let chunk = if commit { chunk.clone() } else { Chunk::gap(chunk.base(), chunk.next()) };
            changes.push(Change::Append { partition: self.partition.clone(), chunk });
        }
        let marker = Chunk::gap(self.end, self.end + 1);
        changes.push(Change::Append { partition: self.partition.clone(), chunk: marker });
    }

    pub fn end_transaction(&mut self, ending: TransactionKey, commit: bool) {
        if self.open.remove(&ending).is_none() {
            return;
        }
        for slot in &mut self.recent {
            if matches!(slot.state, State::Open { transaction, .. } if transaction == ending) {
                slot.state = if commit { State::Decided } else { State::Aborted };
            }
        }
        self.mark_placed();
        self.push(Slot { chunk: Chunk::gap(self.end, self.end + 1), state: State::Decided });
    }

    fn push(&mut self, slot: Slot) {
        self.end = slot.chunk.next();
        self.recent_bytes += slot.chunk.footprint();
        self.bytes += slot.chunk.size() as u64;
        self.records += slot.chunk.len() as u64;
        self.dirty_records += slot.chunk.len() as u64;
        self.recent.push_back(slot);
    }

    fn undecided(&self) -> impl Iterator<Item = (&Chunk, TransactionKey, bool)> {
        self.recent.iter().filter_map(|slot| match slot.state {
            State::Open { transaction, placed } => Some((&slot.chunk, transaction, placed)),
            _ => None,
        })
    }

    /// Gaps for open chunks before `before`, so that the stored log has no hole when a later chunk is stored.
    fn place_open_chunks(&self, before: Offset, except: Option<TransactionKey>, changes: &mut Vec<Change>) {
        for (chunk, transaction, placed) in self.undecided() {
            if !placed && chunk.base() < before && Some(transaction) != except {
                let chunk = Chunk::gap(chunk.base(), chunk.next());
                changes.push(Change::Append { partition: self.partition.clone(), chunk });
            }
        }
    }

    fn mark_placed(&mut self) {
        if self.open.is_empty() {
            return;
        }
        for slot in &mut self.recent {
            if let State::Open { placed, .. } = &mut slot.state {
                *placed = true;
            }
        }
    }

    /// Copies what is visible from `from` on into `batch` and says in its `next_offset` where reading goes on: past
    /// invisible offsets too, even if there is no record at all.
    pub fn read(
        &self,
        storage: &dyn Storage,
        from: Offset,
        isolation: Isolation,
        limits: ReadLimits,
        batch: &mut RecordBatch,
    ) -> Result<(), TopicsError> {
        if from < self.start || from > self.end {
            return Err(TopicsError::OutOfRange {
                partition: self.partition.clone(),
                offset: from,
                earliest: self.start,
                end: self.end,
            });
        }
        let end = self.visible_end(isolation);
        let mut position = from;
        'chunks: while position < end {
            let Some((chunk, state)) = self.chunk_from(storage, position)? else { break };
            if chunk.base() >= end {
                position = end;
                break;
            }
            if state == State::Aborted && isolation == Isolation::Committed {
                position = chunk.next();
                continue;
            }
            for record in chunk.starting_at(position) {
                if batch.len() >= limits.records || batch.byte_len() >= limits.bytes {
                    break 'chunks;
                }
                if !batch.push(&record) {
                    break 'chunks;
                }
                position = record.offset + 1;
            }
            position = chunk.next();
        }
        batch.set_next_offset(position);
        Ok(())
    }

    /// The chunk that holds `offset`, or the first one after it.
    fn chunk_from(
        &self,
        storage: &dyn Storage,
        offset: Offset,
    ) -> Result<Option<(Chunk, State)>, TopicsError> {
        let recent_start = self.recent.front().map_or(self.end, |slot| slot.chunk.base());
        if offset < recent_start
            && let Some(chunk) = storage.read(&self.partition, offset)?
            && chunk.base() < recent_start
        {
            return Ok(Some((chunk, State::Decided)));
        }
        let index = self.recent.partition_point(|slot| slot.chunk.next() <= offset);
        Ok(self.recent.get(index).map(|slot| (slot.chunk.clone(), slot.state)))
    }

    /// The decided chunk that holds `offset`, or the first one after it, up to `end`.
    pub fn decided_from(
        &self,
        storage: &dyn Storage,
        offset: Offset,
        end: Offset,
    ) -> Result<Option<Chunk>, TopicsError> {
        Ok(self.chunk_from(storage, offset)?.filter(|(chunk, _)| chunk.next() <= end).map(
            |(chunk, state)| {
                if state == State::Decided { chunk } else { Chunk::gap(chunk.base(), chunk.next()) }
            },
        ))
    }

    /// Offset of the first committed record with this or a later timestamp.
    pub fn offset_for_timestamp(
        &self,
        storage: &dyn Storage,
        timestamp: Timestamp,
    ) -> Result<Option<Offset>, TopicsError> {
        let end = self.visible_end(Isolation::Committed);
        let mut position = self.start;
        while let Some(chunk) = self.decided_from(storage, position, end)? {
            if chunk.max_timestamp() >= timestamp {
                let found = chunk.starting_at(position).find(|record| record.timestamp >= timestamp);
                if let Some(record) = found {
                    return Ok(Some(record.offset));
                }
            }
            position = chunk.next();
        }
        Ok(None)
    }

    /// Forgets what lies before `start`; a chunk that straddles it stays, and readers do not see its beginning.
    pub fn delete_before(&mut self, start: Offset, dropped_bytes: u64) {
        self.start = start.clamp(self.start, self.end);
        self.bytes = self.bytes.saturating_sub(dropped_bytes);
        while self.recent.front().is_some_and(|slot| slot.chunk.next() <= self.start) {
            self.pop_recent();
        }
        let kept = self.tombstones.split_off(&self.start);
        self.tombstones = kept;
    }

    /// Takes over what the compactor made of the range from the log's start to before `to`.
    pub fn replace_before(&mut self, to: Offset, chunks: Vec<Chunk>, old_bytes: u64) {
        while self.recent.front().is_some_and(|slot| slot.chunk.next() <= to) {
            self.pop_recent();
        }
        let new_bytes: u64 = chunks.iter().map(|chunk| chunk.size() as u64).sum();
        self.bytes = self.bytes.saturating_sub(old_bytes) + new_bytes;
        for chunk in chunks.into_iter().rev() {
            self.recent_bytes += chunk.footprint();
            self.recent.push_front(Slot { chunk, state: State::Decided });
        }
    }

    /// Lets go of what is stored, oldest first, until at most `budget` bytes of it are in memory.
    pub fn evict(&mut self, budget: usize) {
        while self.recent_bytes > budget
            && self.recent.front().is_some_and(|slot| !matches!(slot.state, State::Open { .. }))
        {
            self.pop_recent();
        }
    }

    fn pop_recent(&mut self) {
        if let Some(slot) = self.recent.pop_front() {
            self.recent_bytes = self.recent_bytes.saturating_sub(slot.chunk.footprint());
        }
    }
}
