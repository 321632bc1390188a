//! What a processor sees: a run of records of one partition, borrowed.

use std::fmt;

use scorewheel_topics::{Offset, RecordBatch, RecordBuffer, RecordView, TopicPartition};

/// Records of one input partition in offset order, as they come to a node of the topology: fetched ones, those that
/// an earlier node wrote, or a selection of either. Borrowed and cheap to copy; nothing is copied per record.
///
/// A record that an earlier node wrote carries the offset of the input record it was made from.
#[derive(Clone, Copy)]
pub struct BatchView<'a> {
    input: &'a RecordBatch,
    derived: Option<Derived<'a>>,
    /// Indexes into the records below, rising; `None` is all from `start` to `end`.
    selection: Option<&'a [u32]>,
    start: usize,
    end: usize,
}

/// Records that a node wrote, with the index of the input record that each was made from.
#[derive(Clone, Copy)]
struct Derived<'a> {
    buffer: &'a RecordBuffer,
    origins: &'a [u32],
}

impl<'a> BatchView<'a> {
    /// All records of a fetched batch.
    #[must_use]
    pub fn new(input: &'a RecordBatch) -> Self {
        Self { input, derived: None, selection: None, start: 0, end: input.len() }
    }

    /// Records that a node wrote; `origins` holds an index into `input` for each, rising.
    pub(crate) fn derived(input: &'a RecordBatch, buffer: &'a RecordBuffer, origins: &'a [u32]) -> Self {
        let end = buffer.len().min(origins.len());
        Self { input, derived: Some(Derived { buffer, origins }), selection: None, start: 0, end }
    }

    /// The records at these indexes of this view, which rise. Only for a view without a selection of its own:
    /// indexes are translated by [`Self::base_index`] before.
    pub(crate) fn with_selection(self, selection: &'a [u32]) -> Self {
        Self { selection: Some(selection), start: 0, end: selection.len(), ..self }
    }

    /// The input partition.
    #[must_use]
    pub fn source(&self) -> &'a TopicPartition {
        self.input.source()
    }

    /// Number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// True if there is no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The record at `index`, from 0 in this view.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<RecordView<'a>> {
        if index >= self.len() {
            return None;
        }
        let base = self.base_index(index);
        match self.derived {
            None => self.input.get(base),
            Some(derived) => {
                let record = derived.buffer.get(base)?;
                let origin = *derived.origins.get(base)? as usize;
                Some(RecordView { offset: self.input.get(origin)?.offset, ..record })
            }
        }
    }

    /// All records in order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = RecordView<'a>> + DoubleEndedIterator + Clone {
        // Every index below the length has a record; the fallback is never made.
        (0..self.len()).map(move |index| self.get(index).unwrap_or_else(empty_record))
    }

    /// The records of a range of indexes, cut to what is there.
    #[must_use]
    pub fn slice(self, range: std::ops::Range<usize>) -> Self {
        let end = range.end.min(self.len());
        let start = range.start.min(end);
        Self { start: self.start + start, end: self.start + end, ..self }
    }

    /// Offset of the first record; `None` if the view is empty.
    #[must_use]
    pub fn first_offset(&self) -> Option<Offset> {
        self.get(0).map(|record| record.offset)
    }

    /// Offset of the last record; `None` if the view is empty.
    #[must_use]
    pub fn last_offset(&self) -> Option<Offset> {
        self.get(self.len().checked_sub(1)?).map(|record| record.offset)
    }

    pub(crate) fn input(&self) -> &'a RecordBatch {
        self.input
    }

    /// Where the record at `index` lies in the fetched batch or the node's buffer.
    pub(crate) fn base_index(&self, index: usize) -> usize {
        let at = self.start + index;
        self.selection.and_then(|selection| selection.get(at)).map_or(at, |&base| base as usize)
    }

    /// Index in the fetched batch of the record that the record at `index` was made from.
    pub(crate) fn input_index(&self, index: usize) -> usize {
        let base = self.base_index(index);
        self.derived.map_or(base, |derived| derived.origins.get(base).map_or(base, |&origin| origin as usize))
    }

    /// The records that were made from input records before `limit`.
    pub(crate) fn before_input(self, limit: usize) -> Self {
        let mut low = 0;
        let mut high = self.len();
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.input_index(middle) < limit { low = middle + 1 } else { high = middle }
        }
        self.slice(0..low)
    }
}

fn empty_record<'a>() -> RecordView<'a> {
    RecordView { offset: 0, timestamp: 0, key: None, value: None, headers: Default::default() }
}

impl fmt::Debug for BatchView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchView")
            .field("source", self.source())
            .field("len", &self.len())
            .field("first_offset", &self.first_offset())
            .field("last_offset", &self.last_offset())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(offsets: &[Offset]) -> RecordBatch {
        let mut batch = RecordBatch::new();
        batch.reset(TopicPartition::new("in", 0));
        for &offset in offsets {
            let value = offset.to_string();
            batch.push(&RecordView { offset, value: Some(value.as_bytes()), ..empty_record() });
        }
        batch
    }

    fn offsets(view: BatchView<'_>) -> Vec<Offset> {
        view.iter().map(|record| record.offset).collect()
    }

    #[test]
    fn selections_and_slices_keep_offsets() {
        let batch = input(&[10, 12, 13, 20, 21]);
        let view = BatchView::new(&batch);
        assert_eq!(offsets(view), [10, 12, 13, 20, 21]);
        let selected = view.with_selection(&[1, 3, 4]);
        assert_eq!(offsets(selected), [12, 20, 21]);
        assert_eq!(offsets(selected.slice(1..9)), [20, 21]);
        assert_eq!(offsets(selected.before_input(4)), [12, 20]);
        assert_eq!(selected.slice(1..2).input_index(0), 3);
        assert_eq!((view.first_offset(), view.last_offset()), (Some(10), Some(21)));
        assert_eq!(view.slice(2..2).last_offset(), None);
    }

    #[test]
    fn derived_records_carry_the_offset_they_were_made_from() {
        let batch = input(&[10, 12, 13]);
        let mut buffer = RecordBuffer::new();
        for _ in 0..4 {
            buffer.record(5, None).finish().unwrap();
        }
        let view = BatchView::derived(&batch, &buffer, &[0, 0, 2, 2]);
        assert_eq!(offsets(view), [10, 10, 13, 13]);
        assert_eq!(offsets(view.before_input(2)), [10, 10]);
        assert_eq!(view.get(0).map(|record| record.timestamp), Some(5));
    }
}
