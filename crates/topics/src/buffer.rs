//! What a writer lends: records on their way to one partition, encoded in place.

use crate::headers::{Headers, encode_header, encode_header_with};
use crate::partition::Timestamp;
use crate::records::{Entry, RecordView, Records, wire_size};

/// Records for one partition, in order, in one contiguous buffer that is reused from flush to flush.
///
/// ```
/// use scorewheel_topics::RecordBuffer;
///
/// let mut buffer = RecordBuffer::new();
/// let mut record = buffer.record(1_700_000_000_000, Some(b"key"));
/// record.header("scorewheel-data-type", b"wine");
/// record.value().extend_from_slice(b"5.3");
/// record.finish()?;
/// assert_eq!(buffer.iter().next().and_then(|record| record.value), Some(&b"5.3"[..]));
/// # Ok::<(), scorewheel_topics::RecordTooLarge>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct RecordBuffer {
    records: Records,
    limit: Option<usize>,
}

/// A record that its topic would refuse; it was not put into the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record of {size} bytes is more than the {limit} that the topic accepts (max.message.bytes)")]
pub struct RecordTooLarge {
    /// Bytes of the record on the wire, uncompressed.
    pub size: usize,
    /// The topic's limit in bytes.
    pub limit: usize,
}

impl RecordBuffer {
    /// An empty buffer without a limit of its own.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The largest record that the topic accepts, in bytes on the wire ([`RecordView::wire_size`]); `None` if the
    /// backend could not find out, and flush or commit will tell.
    #[must_use]
    pub fn limit(&self) -> Option<usize> {
        self.limit
    }

    /// Sets the limit. For backends.
    pub fn set_limit(&mut self, limit: Option<usize>) {
        self.limit = limit;
    }

    /// Number of finished records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.entries.len()
    }

    /// True if there is no finished record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.entries.is_empty()
    }

    /// Bytes of all keys, values and headers.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.records.bytes.len()
    }

    /// Starts a record. It counts once it is finished; dropped before, it leaves no trace.
    pub fn record(&mut self, timestamp: Timestamp, key: Option<&[u8]>) -> RecordWriter<'_> {
        let start = self.records.bytes.len();
        self.records.bytes.extend_from_slice(key.unwrap_or_default());
        let headers_start = self.records.bytes.len();
        RecordWriter {
            buffer: self,
            timestamp,
            start,
            has_key: key.is_some(),
            headers_start,
            value_start: None,
            finished: false,
        }
    }

    /// Copies a whole record in: key, value, headers, timestamp.
    ///
    /// # Errors
    /// If the record is larger than the limit.
    pub fn copy(&mut self, record: &RecordView<'_>) -> Result<(), RecordTooLarge> {
        let mut writer = self.record(record.timestamp, record.key);
        writer.headers(record.headers);
        if let Some(value) = record.value {
            writer.value().extend_from_slice(value);
        }
        writer.finish()
    }

    /// The finished record at `index`; `offset` is the index in the buffer.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<RecordView<'_>> {
        self.records.view(index)
    }

    /// The finished records in order; `offset` is the index in the buffer.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = RecordView<'_>> + DoubleEndedIterator + Clone {
        self.records.entries.iter().map(|entry| self.records.view_of(entry))
    }

    /// Forgets the records from index `length` on: takes back what was encoded since the buffer was that long.
    pub fn truncate(&mut self, length: usize) {
        if let Some(entry) = self.records.entries.get(length) {
            self.records.bytes.truncate(entry.start as usize);
            self.records.entries.truncate(length);
        }
    }

    /// The records, leaving an empty buffer that has room for as many.
    pub(crate) fn take(&mut self) -> Records {
        let room = Records {
            bytes: Vec::with_capacity(self.records.bytes.len()),
            entries: Vec::with_capacity(self.records.entries.len()),
        };
        std::mem::replace(&mut self.records, room)
    }

    /// Forgets all records and keeps the memory.
    pub fn clear(&mut self) {
        self.records.clear();
    }
}

/// One record being encoded: headers first, then the value.
#[derive(Debug)]
pub struct RecordWriter<'a> {
    buffer: &'a mut RecordBuffer,
    timestamp: Timestamp,
    start: usize,
    has_key: bool,
    headers_start: usize,
    value_start: Option<usize>,
    finished: bool,
}

impl RecordWriter<'_> {
    /// Adds a header. To be called before [`value`](Self::value); later it is put in front of the value at the cost
    /// of moving it.
    pub fn header(&mut self, name: &str, value: &[u8]) -> &mut Self {
        self.before_value(|bytes| encode_header(bytes, name.as_bytes(), Some(value)))
    }

    /// Adds a header with a null value.
    pub fn null_header(&mut self, name: &str) -> &mut Self {
        self.before_value(|bytes| encode_header(bytes, name.as_bytes(), None))
    }

    /// Adds a header whose value `write` appends in place: for values that are a constant and a little more.
    pub fn header_with(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        self.before_value(|bytes| {
            encode_header_with(bytes, name.as_bytes(), |bytes| {
                write(bytes);
                true
            });
        })
    }

    /// Adds headers that are encoded already, in one copy: those of another record, or constants.
    pub fn headers(&mut self, headers: Headers<'_>) -> &mut Self {
        self.before_value(|bytes| bytes.extend_from_slice(headers.encoded()))
    }

    /// The value, to be appended to (what is before belongs to others). A record for which this is never called has
    /// a null value.
    pub fn value(&mut self) -> &mut Vec<u8> {
        let length = self.buffer.records.bytes.len();
        self.value_start.get_or_insert(length);
        &mut self.buffer.records.bytes
    }

    /// Puts the record into the buffer.
    ///
    /// # Errors
    /// If the record is larger than the limit; it leaves no trace then.
    pub fn finish(mut self) -> Result<(), RecordTooLarge> {
        let end = self.buffer.records.bytes.len();
        let value_start = self.value_start.unwrap_or(end).min(end);
        let key_length = self.headers_start - self.start;
        let value_length = end - value_start;
        let headers = self.buffer.records.bytes.get(self.headers_start..value_start).unwrap_or_default();
        let headers = Headers::from_encoded(headers);
        let size = wire_size(
            self.has_key.then_some(key_length),
            self.value_start.is_some().then_some(value_length),
            headers,
        );
        // The index addresses 4 GiB, and Kafka's lengths end at 2 GiB; no broker accepts either.
        let limit = self.buffer.limit.unwrap_or(usize::MAX).min(i32::MAX as usize);
        let (Ok(start), true) = (u32::try_from(self.start), size <= limit) else {
            return Err(RecordTooLarge { size, limit });
        };
        let length = |part: usize| i32::try_from(part).unwrap_or(i32::MAX);
        self.buffer.records.entries.push(Entry {
            offset: i64::try_from(self.buffer.records.entries.len()).unwrap_or(i64::MAX),
            timestamp: self.timestamp,
            start,
            key_length: if self.has_key { length(key_length) } else { -1 },
            headers_length: length(headers.encoded().len()).cast_unsigned(),
            value_length: if self.value_start.is_some() { length(value_length) } else { -1 },
        });
        self.finished = true;
        Ok(())
    }

    fn before_value(&mut self, append: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        let bytes = &mut self.buffer.records.bytes;
        let before = bytes.len();
        append(bytes);
        if let Some(value_start) = &mut self.value_start {
            let added = bytes.len() - before;
            bytes[*value_start..].rotate_right(added);
            *value_start += added;
        }
        self
    }
}

impl Drop for RecordWriter<'_> {
    fn drop(&mut self) {
        if !self.finished {
            self.buffer.records.bytes.truncate(self.start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_encoded_in_place() {
        let mut buffer = RecordBuffer::new();
        let mut record = buffer.record(5, Some(b"key"));
        record.header("a", b"1").null_header("b").header_with("c", |bytes| bytes.extend_from_slice(b"23"));
        record.value().extend_from_slice(b"val");
        record.value().extend_from_slice(b"ue");
        record.header("late", b"!");
        record.finish().unwrap();
        buffer.record(6, None).finish().unwrap();
        let mut empty = buffer.record(7, Some(b""));
        empty.value();
        empty.finish().unwrap();

        let views: Vec<_> = buffer.iter().collect();
        assert_eq!((views[0].offset, views[0].timestamp, views[0].key), (0, 5, Some(&b"key"[..])));
        assert_eq!(views[0].value, Some(&b"value"[..]));
        let headers: Vec<_> =
            views[0].headers.iter().map(|header| (header.name_text(), header.value)).collect();
        let wanted: [(_, Option<&[u8]>); 4] = [
            ("a".into(), Some(b"1")),
            ("b".into(), None),
            ("c".into(), Some(b"23")),
            ("late".into(), Some(b"!")),
        ];
        assert_eq!(headers, wanted);
        assert_eq!((views[1].key, views[1].value), (None, None));
        assert_eq!((views[2].key, views[2].value), (Some(&b""[..]), Some(&b""[..])));
    }

    #[test]
    fn an_unfinished_record_leaves_no_trace() {
        let mut buffer = RecordBuffer::new();
        buffer.record(1, Some(b"a")).finish().unwrap();
        let bytes = buffer.byte_len();
        let mut dropped = buffer.record(2, Some(b"b"));
        dropped.value().extend_from_slice(b"half a resu");
        drop(dropped);
        assert_eq!((buffer.len(), buffer.byte_len()), (1, bytes));
    }

    #[test]
    fn the_limit_is_exact() {
        let mut buffer = RecordBuffer::new();
        buffer.set_limit(Some(500));
        let fill = |buffer: &mut RecordBuffer, length: usize| {
            let mut record = buffer.record(1, Some(b"key"));
            record.value().extend(std::iter::repeat_n(0, length));
            record.finish()
        };
        // 61 batch + 2 length + 3 + 4 key + 2 value length + 1 header count
        assert_eq!(fill(&mut buffer, 500 - 73), Ok(()));
        buffer.clear();
        assert_eq!(fill(&mut buffer, 500 - 72), Err(RecordTooLarge { size: 501, limit: 500 }));
        assert_eq!((buffer.len(), buffer.byte_len()), (0, 0));
    }

    #[test]
    fn a_tail_can_be_taken_back() {
        let mut buffer = RecordBuffer::new();
        for key in [b"a", b"b", b"c"] {
            buffer.record(1, Some(key)).finish().unwrap();
        }
        buffer.truncate(5);
        assert_eq!(buffer.len(), 3);
        buffer.truncate(1);
        assert_eq!((buffer.len(), buffer.byte_len()), (1, 1));
    }
}
