//! Transactional writers: fencing, open transactions, their end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::log::TransactionKey;
use super::shared::State;
use super::storage::Change;
use crate::error::TopicsError;
use crate::group::{CommittedOffset, OffsetCommit};
use crate::partition::TopicPartition;

/// The transactional ids that have been seen.
#[derive(Debug, Default)]
pub(super) struct Transactions {
    last_key: TransactionKey,
    writers: BTreeMap<String, Writer>,
}

#[derive(Debug)]
struct Writer {
    /// The newest writer with this id; older ones are fenced.
    key: TransactionKey,
    timeout: Duration,
    open: Option<Open>,
    timed_out: bool,
}

#[derive(Debug)]
struct Open {
    since: Duration,
    partitions: BTreeSet<TopicPartition>,
    offsets: Vec<(String, OffsetCommit)>,
}

impl Transactions {
    pub fn next_expiry(&self) -> Option<Duration> {
        self.writers.values().filter_map(|writer| Some(writer.open.as_ref()?.since + writer.timeout)).min()
    }

    /// True if an open transaction holds an offset of one of these partitions for this group.
    pub fn holds_offsets(&self, group: &str, partitions: &[TopicPartition]) -> bool {
        let open = self.writers.values().filter_map(|writer| writer.open.as_ref());
        open.flat_map(|open| &open.offsets)
            .any(|(of_group, commit)| of_group == group && partitions.contains(&commit.partition))
    }

    fn writer(&mut self, id: &str, key: TransactionKey) -> Result<&mut Writer, TopicsError> {
        match self.writers.get_mut(id) {
            Some(writer) if writer.key == key && !writer.timed_out => Ok(writer),
            Some(writer) if writer.key == key => {
                Err(TopicsError::TransactionTimedOut { transactional_id: id.to_owned() })
            }
            _ => Err(TopicsError::Fenced { what: format!("transactional id `{id}`") }),
        }
    }
}

impl State {
    /// A new writer takes an id over: the open transaction of its predecessor is aborted.
    pub fn initialise_transactions(
        &mut self,
        id: &str,
        timeout: Duration,
    ) -> Result<TransactionKey, TopicsError> {
        if let Some(writer) = self.transactions.writers.get(id) {
            let key = writer.key;
            if writer.open.is_some() {
                self.end_open(id, key, false)?;
            }
        }
        self.transactions.last_key += 1;
        let key = self.transactions.last_key;
        let writer = Writer { key, timeout, open: None, timed_out: false };
        self.transactions.writers.insert(id.to_owned(), writer);
        Ok(key)
    }

    /// Refuses a writer that was fenced or whose transaction has timed out.
    pub fn check_writer(&mut self, id: &str, key: TransactionKey) -> Result<(), TopicsError> {
        self.transactions.writer(id, key).map(drop)
    }

    /// A partition joins the writer's transaction, which begins with the first.
    pub fn add_partition(
        &mut self,
        id: &str,
        key: TransactionKey,
        partition: &TopicPartition,
        now: Duration,
    ) -> Result<(), TopicsError> {
        let open = self.open(id, key, now)?;
        open.partitions.insert(partition.clone());
        Ok(())
    }

    /// Offsets join the writer's transaction.
    pub fn add_offsets(
        &mut self,
        id: &str,
        key: TransactionKey,
        group: &str,
        offsets: &[OffsetCommit],
        now: Duration,
    ) -> Result<(), TopicsError> {
        let open = self.open(id, key, now)?;
        open.offsets.extend(offsets.iter().map(|offset| (group.to_owned(), offset.clone())));
        Ok(())
    }

    fn open(&mut self, id: &str, key: TransactionKey, now: Duration) -> Result<&mut Open, TopicsError> {
        let writer = self.transactions.writer(id, key)?;
        Ok(writer.open.get_or_insert_with(|| Open {
            since: now,
            partitions: BTreeSet::new(),
            offsets: Vec::new(),
        }))
    }

    /// Ends the writer's transaction, if it has reached the broker at all.
    pub fn end_transaction(
        &mut self,
        id: &str,
        key: TransactionKey,
        commit: bool,
    ) -> Result<(), TopicsError> {
        self.check_writer(id, key)?;
        self.end_open(id, key, commit)
    }

    fn end_open(&mut self, id: &str, key: TransactionKey, commit: bool) -> Result<(), TopicsError> {
        let Some(open) = self.transactions.writers.get(id).and_then(|writer| writer.open.as_ref()) else {
            return Ok(());
        };
        let mut changes = Vec::new();
        for partition in &open.partitions {
            // A topic may have been deleted under way: its part of the transaction went with it.
            if let Ok(log) = self.log(partition) {
                log.end_changes(key, commit, &mut changes);
            }
        }
        let offsets: Vec<_> = if commit { open.offsets.clone() } else { Vec::new() };
        for (group, offset) in &offsets {
            changes.push(commit_change(group, offset));
        }
        let partitions = open.partitions.clone();
        self.storage.apply(&changes)?;
        for partition in &partitions {
            if let Some(log) = self.log_mut(partition) {
                log.end_transaction(key, commit);
            }
        }
        for (group, offset) in &offsets {
            self.note_offset(group, offset);
        }
        if let Some(writer) = self.transactions.writers.get_mut(id) {
            writer.open = None;
        }
        self.clean(&partitions);
        Ok(())
    }

    /// Commits offsets outside transactions.
    pub fn commit_offsets(&mut self, group: &str, offsets: &[OffsetCommit]) -> Result<(), TopicsError> {
        let changes: Vec<_> = offsets.iter().map(|offset| commit_change(group, offset)).collect();
        self.storage.apply(&changes)?;
        for offset in offsets {
            self.note_offset(group, offset);
        }
        Ok(())
    }

    fn note_offset(&mut self, group: &str, offset: &OffsetCommit) {
        let group = self.groups.entry(group.to_owned()).or_default();
        group.offsets.insert(offset.partition.clone(), committed(offset));
    }

    pub fn expire_transactions(&mut self, now: Duration) {
        let late =
            self.transactions.writers.iter().filter(|(_, writer)| {
                writer.open.as_ref().is_some_and(|open| now > open.since + writer.timeout)
            });
        let late: Vec<_> = late.map(|(id, writer)| (id.clone(), writer.key)).collect();
        for (id, key) in late {
            // If the storage cannot take the abort now, it is tried again at the next occasion.
            if self.end_open(&id, key, false).is_ok()
                && let Some(writer) = self.transactions.writers.get_mut(&id)
            {
                writer.timed_out = true;
            }
        }
    }
}

fn committed(offset: &OffsetCommit) -> CommittedOffset {
    CommittedOffset { offset: offset.offset, metadata: offset.metadata.clone().into_bytes() }
}

fn commit_change(group: &str, offset: &OffsetCommit) -> Change {
    Change::CommitOffset {
        group: group.to_owned(),
        partition: offset.partition.clone(),
        committed: committed(offset),
    }
}
