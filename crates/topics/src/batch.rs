//! What a reader hands out: a run of records of one partition.

use std::ops::Range;

use crate::partition::{Offset, TopicPartition};
use crate::records::{RecordView, Records};

/// Records of one partition in offset order, in one contiguous buffer that is reused from poll to poll.
///
/// ```
/// use scorewheel_topics::{Headers, RecordBatch, RecordView, TopicPartition};
///
/// let mut batch = RecordBatch::new();
/// batch.reset(TopicPartition::new("models_data", 3));
/// let record = RecordView { offset: 7, timestamp: 0, key: None, value: Some(b"{}"), headers: Headers::default() };
/// batch.push(&record);
/// assert_eq!(batch.iter().map(|record| record.offset).collect::<Vec<_>>(), [7]);
/// assert_eq!(batch.next_offset(), 8);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordBatch {
    source: TopicPartition,
    records: Records,
    next_offset: Offset,
}

impl RecordBatch {
    /// An empty batch; readers fill it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The partition that the records come from.
    #[must_use]
    pub fn source(&self) -> &TopicPartition {
        &self.source
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

    /// Where reading goes on after this batch: what to commit when all of it is done. Beyond the last record's
    /// offset + 1 where markers or aborted records follow.
    #[must_use]
    pub fn next_offset(&self) -> Offset {
        self.next_offset
    }

    /// The record at `index`, from 0 in this batch.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<RecordView<'_>> {
        self.records.view(index)
    }

    /// All records in offset order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = RecordView<'_>> + DoubleEndedIterator + Clone {
        self.range(0..self.len())
    }

    /// The records of a range of indexes, cut to what is there.
    pub fn range(
        &self,
        range: Range<usize>,
    ) -> impl ExactSizeIterator<Item = RecordView<'_>> + DoubleEndedIterator + Clone {
        let end = range.end.min(self.len());
        let start = range.start.min(end);
        self.records.entries[start..end].iter().map(|entry| self.records.view_of(entry))
    }

    /// Bytes of all keys, values and headers.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.records.bytes.len()
    }

    /// Empties the batch, keeping its memory, and says where the next records come from. For backends and tests.
    pub fn reset(&mut self, source: TopicPartition) {
        self.source = source;
        self.records.clear();
        self.next_offset = 0;
    }

    /// Appends a record; its offset is larger than that of the record before. False, and nothing appended, if the
    /// batch would outgrow 4 GiB. For backends and tests.
    pub fn push(&mut self, record: &RecordView<'_>) -> bool {
        let pushed = self.records.push(record);
        if pushed {
            self.next_offset = record.offset + 1;
        }
        pushed
    }

    /// Says where reading goes on, if that is not one past the last record. For backends and tests.
    pub fn set_next_offset(&mut self, next_offset: Offset) {
        self.next_offset = next_offset;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headers::{Headers, encode_header};

    #[test]
    fn records_come_back_as_they_were_put_in() {
        let mut headers = Vec::new();
        encode_header(&mut headers, b"h", Some(b"v"));
        let views = [
            RecordView {
                offset: 2,
                timestamp: -1,
                key: Some(b"k"),
                value: Some(b"value"),
                headers: Headers::from_encoded(&headers),
            },
            RecordView { offset: 5, timestamp: 9, key: None, value: None, headers: Headers::default() },
            RecordView {
                offset: 6,
                timestamp: 8,
                key: Some(b""),
                value: Some(b""),
                headers: Headers::default(),
            },
        ];
        let mut batch = RecordBatch::new();
        batch.reset(TopicPartition::new("t", 1));
        assert!(views.iter().all(|view| batch.push(view)));
        assert_eq!(batch.iter().collect::<Vec<_>>(), views);
        assert_eq!(batch.range(1..9).collect::<Vec<_>>(), views[1..]);
        assert_eq!((batch.get(3), batch.next_offset(), batch.source().partition()), (None, 7, 1));
        batch.reset(TopicPartition::default());
        assert_eq!((batch.len(), batch.byte_len()), (0, 0));
    }
}
