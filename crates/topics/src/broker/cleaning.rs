//! Compaction and retention: how a log gets rid of old records.

use std::collections::HashMap;
use std::time::Duration;

use super::chunk::Chunk;
use super::log::PartitionLog;
use super::storage::{Change, Storage};
use crate::error::TopicsError;
use crate::partition::{Isolation, Offset, Timestamp};
use crate::records::Records;
use crate::topic::TopicConfig;

/// The compactor starts by itself when at least so many records were written since it last ran, and as many as it
/// then left.
const DIRTY_RECORDS: u64 = 10_000;
/// Looking for records that are too old may read from the storage, so it is done this often at most.
const AGE_PAUSE: Duration = Duration::from_secs(10);
/// What survives is put together in chunks of about this size.
const CHUNK_BYTES: usize = 1 << 20;

/// Does what is due after an append.
pub(super) fn clean_if_due(
    log: &mut PartitionLog,
    storage: &mut dyn Storage,
    config: &TopicConfig,
    now: Timestamp,
) -> Result<(), TopicsError> {
    if config.cleanup_policy.compacts() {
        let clean = log.records.saturating_sub(log.dirty_records);
        if log.dirty_records >= DIRTY_RECORDS.max(clean) {
            compact(log, storage, config, now)?;
        }
    }
    retain(log, storage, config, now)
}

/// Keeps, of the decided records, the last of each key; of tombstones those that it met for the first time less than
/// `delete.retention.ms` ago. Records without a key, which Kafka refuses in such topics, are kept.
pub(super) fn compact(
    log: &mut PartitionLog,
    storage: &mut dyn Storage,
    config: &TopicConfig,
    now: Timestamp,
) -> Result<(), TopicsError> {
    let start = log.offsets().earliest;
    let end = log.visible_end(Isolation::Committed);
    let mut last: HashMap<Vec<u8>, Offset> = HashMap::new();
    let mut position = start;
    let mut old_bytes = 0;
    while let Some(chunk) = log.decided_from(storage, position, end)? {
        old_bytes += chunk.size() as u64;
        for record in chunk.starting_at(start) {
            if let Some(key) = record.key {
                match last.get_mut(key) {
                    Some(offset) => *offset = record.offset,
                    None => drop(last.insert(key.to_vec(), record.offset)),
                }
            }
        }
        position = chunk.next();
    }
    let to = position;
    if to == start {
        return Ok(());
    }

    let retention = Timestamp::try_from(config.delete_retention.as_millis()).unwrap_or(Timestamp::MAX);
    let mut tombstones = std::mem::take(&mut log.tombstones);
    tombstones.retain(|offset, _| *offset < to);
    let mut chunks = Vec::new();
    let (mut base, mut survivors, mut kept) = (start, Records::default(), 0_u64);
    position = start;
    while let Some(chunk) = log.decided_from(storage, position, to)? {
        for record in chunk.starting_at(start) {
            let is_last = record.key.is_none_or(|key| last.get(key) == Some(&record.offset));
            let expired = record.value.is_none()
                && record.key.is_some()
                && now - *tombstones.entry(record.offset).or_insert(now) >= retention;
            if !is_last || expired {
                tombstones.remove(&record.offset);
            } else if survivors.push(&record) {
                kept += 1;
            }
        }
        position = chunk.next();
        if survivors.bytes.len() >= CHUNK_BYTES || position >= to {
            chunks.push(Chunk::new(base, position, std::mem::take(&mut survivors)));
            base = position;
        }
    }
    let partition = log.partition().clone();
    storage.apply(&[Change::Replace { partition, from: start, to, chunks: chunks.clone() }])?;
    log.replace_before(to, chunks, old_bytes);
    log.tombstones = tombstones;
    log.records = kept;
    log.dirty_records = 0;
    Ok(())
}

/// Drops whole chunks from the front that are too old or too many; never what is not decided.
fn retain(
    log: &mut PartitionLog,
    storage: &mut dyn Storage,
    config: &TopicConfig,
    now: Timestamp,
) -> Result<(), TopicsError> {
    let limit = config.retention_bytes.unwrap_or(u64::MAX);
    let age_due = config.retention.is_some_and(|retention| {
        let pause = retention.min(AGE_PAUSE).as_millis();
        now.saturating_sub(log.age_checked) >= Timestamp::try_from(pause).unwrap_or(Timestamp::MAX)
    });
    if !config.cleanup_policy.deletes() || !(age_due || log.bytes() > limit) {
        return Ok(());
    }
    log.age_checked = now;
    let oldest = config.retention.map_or(Timestamp::MIN, |retention| {
        now.saturating_sub(Timestamp::try_from(retention.as_millis()).unwrap_or(Timestamp::MAX))
    });
    let end = log.visible_end(Isolation::Committed);
    let start = log.offsets().earliest;
    let (mut position, mut dropped, mut dropped_records) = (start, 0, 0);
    while let Some(chunk) = log.decided_from(storage, position, end)? {
        let too_old = !chunk.is_empty() && chunk.max_timestamp() < oldest;
        let too_many = log.bytes() - dropped.min(log.bytes()) > limit.saturating_add(chunk.size() as u64);
        // A gap goes with the records before it.
        if !(too_old || too_many || (chunk.is_empty() && position > start)) {
            break;
        }
        dropped += chunk.size() as u64;
        dropped_records += chunk.len() as u64;
        position = chunk.next();
    }
    if position > start {
        storage.apply(&[Change::DeleteBefore { partition: log.partition().clone(), start: position }])?;
        log.delete_before(position, dropped);
        log.records = log.records.saturating_sub(dropped_records);
        log.dirty_records = log.dirty_records.min(log.records);
    }
    Ok(())
}
