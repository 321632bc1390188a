//! A run of offsets of one partition: what a log is made of, and what a storage stores.

use std::sync::Arc;

use crate::partition::{Offset, Timestamp};
use crate::records::{Entry, RecordView, Records};

/// The offsets from `base` to before `next`, and the records among them. No records at all: a transaction marker,
/// aborted records, or what compaction has emptied. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    base: Offset,
    next: Offset,
    max_timestamp: Timestamp,
    records: Arc<Records>,
}

impl Chunk {
    /// A chunk without records.
    pub(crate) fn gap(base: Offset, next: Offset) -> Self {
        Self { base, next, max_timestamp: Timestamp::MIN, records: Arc::default() }
    }

    /// A chunk of these records, whose offsets are in the range already.
    pub(crate) fn new(base: Offset, next: Offset, records: Records) -> Self {
        let max_timestamp = records.entries.iter().map(|entry| entry.timestamp).max();
        Self {
            base,
            next,
            max_timestamp: max_timestamp.unwrap_or(Timestamp::MIN),
            records: Arc::new(records),
        }
    }

    /// A chunk from what a storage kept: its range and its records in offset order. `None` if a record does not lie
    /// in the range or comes out of order.
    pub fn from_records<'a>(
        base: Offset,
        next: Offset,
        views: impl IntoIterator<Item = RecordView<'a>>,
    ) -> Option<Self> {
        let mut records = Records::default();
        let mut free = base;
        for view in views {
            if view.offset < free || view.offset >= next || !records.push(&view) {
                return None;
            }
            free = view.offset + 1;
        }
        Some(Self::new(base, next, records))
    }

    /// The first offset.
    #[must_use]
    pub fn base(&self) -> Offset {
        self.base
    }

    /// One past the last offset.
    #[must_use]
    pub fn next(&self) -> Offset {
        self.next
    }

    /// The largest timestamp among the records; [`Timestamp::MIN`] without records.
    #[must_use]
    pub fn max_timestamp(&self) -> Timestamp {
        self.max_timestamp
    }

    /// Number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.entries.len()
    }

    /// True if there is no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.entries.is_empty()
    }

    /// Bytes of the chunk's records with what a log keeps about them: what retention counts.
    #[must_use]
    pub fn size(&self) -> usize {
        const ENTRY: usize = 32;
        self.records.bytes.len() + self.records.entries.len() * ENTRY
    }

    /// Bytes that the chunk occupies in memory: its buffers as large as they are, and what holds them.
    pub(crate) fn footprint(&self) -> usize {
        /// The chunk in its log, its shared part with two buffers, and the allocator's own bytes for each.
        const HOLDERS: usize = 192;
        let Records { bytes, entries } = &*self.records;
        bytes.capacity() + entries.capacity() * size_of::<Entry>() + HOLDERS
    }

    /// The records in offset order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = RecordView<'_>> + DoubleEndedIterator + Clone {
        self.records.entries.iter().map(|entry| self.records.view_of(entry))
    }

    /// The records with this or a later offset, and their indexes' start.
    pub(crate) fn starting_at(&self, offset: Offset) -> impl Iterator<Item = RecordView<'_>> {
        let start = self.records.entries.partition_point(|entry| entry.offset < offset);
        self.records.entries[start..].iter().map(|entry| self.records.view_of(entry))
    }
}
