//! Where a store writes its changes for the log.

use scorewheel_topics::{Headers, RecordBuffer, Timestamp, encode_header};

use super::state_store::StoreError;

/// Header of every changelog record: the kind of store that wrote it.
pub(crate) const CHANGELOG_KIND_HEADER: &str = "scorewheel-store";

/// The header of a kind, encoded.
pub(crate) fn kind_header(kind: &str) -> Vec<u8> {
    let mut encoded = Vec::new();
    encode_header(&mut encoded, CHANGELOG_KIND_HEADER.as_bytes(), Some(kind.as_bytes()));
    encoded
}

/// The changelog of one store during a commit: each record is a key and the value that replaces what the key had
/// before, since the topic is compacted.
#[derive(Debug)]
pub struct ChangelogWriter<'a> {
    buffer: &'a mut RecordBuffer,
    kind_header: &'a [u8],
    timestamp: Timestamp,
}

impl<'a> ChangelogWriter<'a> {
    pub(crate) fn new(buffer: &'a mut RecordBuffer, kind_header: &'a [u8], timestamp: Timestamp) -> Self {
        Self { buffer, kind_header, timestamp }
    }

    /// The key has this value from now on.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`].
    pub fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.put_with(key, |bytes| bytes.extend_from_slice(value))
    }

    /// The key has the value that `write` appends.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`].
    pub fn put_with(&mut self, key: &[u8], write: impl FnOnce(&mut Vec<u8>)) -> Result<(), StoreError> {
        let mut record = self.buffer.record(self.timestamp, Some(key));
        record.headers(Headers::from_encoded(self.kind_header));
        write(record.value());
        record.finish().map_err(StoreError::TooLarge)
    }

    /// The key is gone.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`].
    pub fn delete(&mut self, key: &[u8]) -> Result<(), StoreError> {
        let mut record = self.buffer.record(self.timestamp, Some(key));
        record.headers(Headers::from_encoded(self.kind_header));
        record.finish().map_err(StoreError::TooLarge)
    }
}
