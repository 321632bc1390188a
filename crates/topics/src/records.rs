//! The bytes of many records in one piece, with an index: what batches and buffers have in common.

use crate::headers::Headers;
use crate::partition::{Offset, Timestamp};

/// One record, borrowed from its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordView<'a> {
    /// Its offset in the partition; in a buffer that is not sent yet, its index.
    pub offset: Offset,
    /// The producer's timestamp.
    pub timestamp: Timestamp,
    /// The key; `None` is null.
    pub key: Option<&'a [u8]>,
    /// The value; `None` is null, a tombstone in a compacted topic.
    pub value: Option<&'a [u8]>,
    /// The headers.
    pub headers: Headers<'a>,
}

impl RecordView<'_> {
    /// Bytes that the record needs on the wire as an uncompressed batch of its own (Kafka's record batch format,
    /// version 2): what a topic's `max.message.bytes` limits.
    #[must_use]
    pub fn wire_size(&self) -> usize {
        wire_size(self.key.map(<[u8]>::len), self.value.map(<[u8]>::len), self.headers)
    }
}

/// Where one record lies in [`Records::bytes`]: key, headers, value, in this order and without space between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub offset: Offset,
    pub timestamp: Timestamp,
    pub start: u32,
    /// −1: null.
    pub key_length: i32,
    pub headers_length: u32,
    /// −1: null.
    pub value_length: i32,
}

/// Records in one contiguous buffer. The value comes last so that it can be encoded in place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Records {
    pub bytes: Vec<u8>,
    pub entries: Vec<Entry>,
}

impl Records {
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
    }

    pub fn view(&self, index: usize) -> Option<RecordView<'_>> {
        self.entries.get(index).map(|entry| self.view_of(entry))
    }

    /// The record of an entry of this index.
    pub fn view_of(&self, entry: &Entry) -> RecordView<'_> {
        let key_start = entry.start as usize;
        let headers_start = key_start + usize::try_from(entry.key_length).unwrap_or(0);
        let value_start = headers_start + entry.headers_length as usize;
        let value_length = usize::try_from(entry.value_length);
        let slice = |start: usize, end: usize| self.bytes.get(start..end).unwrap_or_default();
        RecordView {
            offset: entry.offset,
            timestamp: entry.timestamp,
            key: (entry.key_length >= 0).then(|| slice(key_start, headers_start)),
            value: value_length.ok().map(|length| slice(value_start, value_start + length)),
            headers: Headers::from_encoded(slice(headers_start, value_start)),
        }
    }

    /// Copies one record in. False, and nothing copied, if the index cannot address it.
    pub fn push(&mut self, record: &RecordView<'_>) -> bool {
        let length = |part: Option<&[u8]>| part.map_or(Some(-1), |part| i32::try_from(part.len()).ok());
        let (Ok(start), Some(key_length), Ok(headers_length), Some(value_length)) = (
            u32::try_from(self.bytes.len()),
            length(record.key),
            i32::try_from(record.headers.encoded().len()),
            length(record.value),
        ) else {
            return false;
        };
        self.bytes.extend_from_slice(record.key.unwrap_or_default());
        self.bytes.extend_from_slice(record.headers.encoded());
        self.bytes.extend_from_slice(record.value.unwrap_or_default());
        self.entries.push(Entry {
            offset: record.offset,
            timestamp: record.timestamp,
            start,
            key_length,
            headers_length: headers_length.cast_unsigned(),
            value_length,
        });
        true
    }
}

/// Bytes of a record batch before its first record, in Kafka's format version 2.
const BATCH_OVERHEAD: usize = 61;

/// Length of a signed number in Kafka's zigzag variable-length form.
fn varint_length(number: usize) -> usize {
    let bits = usize::BITS as usize - (number << 1).leading_zeros() as usize;
    bits.div_ceil(7).max(1)
}

/// Size of a length-prefixed part; null is written as −1, one byte.
fn part_size(length: Option<usize>) -> usize {
    length.map_or(1, |length| varint_length(length) + length)
}

/// See [`RecordView::wire_size`].
pub(crate) fn wire_size(key: Option<usize>, value: Option<usize>, headers: Headers<'_>) -> usize {
    let mut count = 0;
    let mut body = part_size(key) + part_size(value);
    for header in headers {
        count += 1;
        body += part_size(Some(header.name.len())) + part_size(header.value.map(<[u8]>::len));
    }
    // Attributes, timestamp delta and offset delta of a first record are one byte each.
    body += 3 + varint_length(count);
    BATCH_OVERHEAD + varint_length(body) + body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variable_lengths_are_kafkas() {
        for (number, length) in [(0, 1), (63, 1), (64, 2), (8191, 2), (8192, 3), (1 << 20, 4)] {
            assert_eq!(varint_length(number), length, "{number}");
        }
    }

    #[test]
    fn the_smallest_record_needs_68_bytes() {
        // 61 of the batch, then: length, attributes, two deltas, null key, null value, no headers.
        assert_eq!(wire_size(None, None, Headers::default()), 68);
    }
}
