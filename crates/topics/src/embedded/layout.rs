//! How chunks lie in the data directory: keys that sort by offset, values that carry their own checksum.
//!
//! A chunk's key holds all that opening needs (topic, partition, base, next, records, largest timestamp, size), so that the
//! offset chain of every log is checked from the keys alone. Its value holds the records.

use crate::broker::Chunk;
use crate::headers::Headers;
use crate::partition::{Offset, Timestamp};
use crate::records::RecordView;

/// Version of the values.
const VERSION: u8 = 1;
/// Bytes of a key.
pub(super) const KEY_LENGTH: usize = 40;

/// A log in the store: the topic's number and the partition's.
pub(super) type Log = (u32, u32);

/// What the key of a stored chunk says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChunkKey {
    pub topic: u32,
    pub partition: u32,
    pub base: Offset,
    pub next: Offset,
    pub records: u32,
    pub max_timestamp: Timestamp,
    /// [`Chunk::size`], for retention.
    pub bytes: u32,
}

impl ChunkKey {
    pub fn of(topic: u32, partition: u32, chunk: &Chunk) -> Self {
        Self {
            topic,
            partition,
            base: chunk.base(),
            next: chunk.next(),
            records: u32::try_from(chunk.len()).unwrap_or(u32::MAX),
            max_timestamp: chunk.max_timestamp(),
            bytes: u32::try_from(chunk.size()).unwrap_or(u32::MAX),
        }
    }

    pub fn encode(&self) -> [u8; KEY_LENGTH] {
        let mut key = [0; KEY_LENGTH];
        key[..16].copy_from_slice(&prefix(self.topic, self.partition, self.base));
        key[16..24].copy_from_slice(&self.next.to_be_bytes());
        key[24..28].copy_from_slice(&self.records.to_be_bytes());
        key[28..36].copy_from_slice(&self.max_timestamp.to_be_bytes());
        key[36..].copy_from_slice(&self.bytes.to_be_bytes());
        key
    }

    pub fn decode(key: &[u8]) -> Option<Self> {
        let key: &[u8; KEY_LENGTH] = key.try_into().ok()?;
        let (topic, rest) = key.split_first_chunk::<4>()?;
        let (partition, rest) = rest.split_first_chunk::<4>()?;
        let (base, rest) = rest.split_first_chunk::<8>()?;
        let (next, rest) = rest.split_first_chunk::<8>()?;
        let (records, rest) = rest.split_first_chunk::<4>()?;
        let (max_timestamp, bytes) = rest.split_first_chunk::<8>()?;
        Some(Self {
            topic: u32::from_be_bytes(*topic),
            partition: u32::from_be_bytes(*partition),
            base: i64::from_be_bytes(*base),
            next: i64::from_be_bytes(*next),
            records: u32::from_be_bytes(*records),
            max_timestamp: i64::from_be_bytes(*max_timestamp),
            bytes: u32::from_be_bytes(bytes.try_into().ok()?),
        })
    }
}

/// The first bytes of the keys of all chunks that begin at `base`; offsets are not negative, so they sort as they are.
pub(super) fn prefix(topic: u32, partition: u32, base: Offset) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&log_prefix(topic, partition));
    key[8..].copy_from_slice(&base.max(0).to_be_bytes());
    key
}

/// The first bytes of the keys of all chunks of a partition.
pub(super) fn log_prefix(topic: u32, partition: u32) -> [u8; 8] {
    let mut key = [0; 8];
    key[..4].copy_from_slice(&topic.to_be_bytes());
    key[4..].copy_from_slice(&partition.to_be_bytes());
    key
}

/// The value of a stored chunk: version, CRC-32 of all that follows, then for each record its index and its bytes.
pub(super) fn encode_value(chunk: &Chunk) -> Vec<u8> {
    let mut value = Vec::with_capacity(16 + chunk.size());
    value.push(VERSION);
    value.extend_from_slice(&[0; 4]);
    let mut last_offset = chunk.base();
    let mut last_timestamp = 0;
    for record in chunk.iter() {
        write_unsigned(&mut value, record.offset.wrapping_sub(last_offset).cast_unsigned());
        write_signed(&mut value, record.timestamp.wrapping_sub(last_timestamp));
        write_part(&mut value, record.key);
        write_part(&mut value, Some(record.headers.encoded()));
        write_part(&mut value, record.value);
        (last_offset, last_timestamp) = (record.offset, record.timestamp);
    }
    let checksum = crc32fast::hash(&value[5..]);
    value[1..5].copy_from_slice(&checksum.to_le_bytes());
    value
}

/// The chunk of a key and its value; `None` if the value is not what was written.
pub(super) fn decode_value(key: &ChunkKey, value: &[u8]) -> Option<Chunk> {
    let mut rest = checked(value)?;
    let mut views = Vec::with_capacity(key.records.min(1 << 16) as usize);
    let (mut offset, mut timestamp) = (key.base, 0);
    while !rest.is_empty() {
        offset = offset.wrapping_add(read_unsigned(&mut rest)?.cast_signed());
        timestamp = read_signed(&mut rest)?.wrapping_add(timestamp);
        let record_key = read_part(&mut rest)?;
        let headers = Headers::from_encoded(read_part(&mut rest)?.unwrap_or_default());
        let record_value = read_part(&mut rest)?;
        views.push(RecordView { offset, timestamp, key: record_key, value: record_value, headers });
    }
    if views.len() != key.records as usize {
        return None;
    }
    Chunk::from_records(key.base, key.next, views)
}

/// The bytes after version and checksum, if both are right.
pub(super) fn checked(value: &[u8]) -> Option<&[u8]> {
    let (version, rest) = value.split_first()?;
    let (checksum, rest) = rest.split_first_chunk::<4>()?;
    (*version == VERSION && crc32fast::hash(rest) == u32::from_le_bytes(*checksum)).then_some(rest)
}

pub(super) fn write_unsigned(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn write_signed(bytes: &mut Vec<u8>, value: i64) {
    write_unsigned(bytes, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

/// Length + 1 and the bytes; a lone 0 is null.
pub(super) fn write_part(bytes: &mut Vec<u8>, part: Option<&[u8]>) {
    write_unsigned(bytes, part.map_or(0, |part| part.len() as u64 + 1));
    bytes.extend_from_slice(part.unwrap_or_default());
}

pub(super) fn read_unsigned(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn read_signed(rest: &mut &[u8]) -> Option<i64> {
    let value = read_unsigned(rest)?;
    Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
}

pub(super) fn read_part<'a>(rest: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let Some(length) = read_unsigned(rest)?.checked_sub(1) else { return Some(None) };
    let (part, tail) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = tail;
    Some(Some(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headers::encode_header;

    fn chunk() -> Chunk {
        let mut headers = Vec::new();
        encode_header(&mut headers, b"h", Some(b"v"));
        let views = [
            RecordView {
                offset: 7,
                timestamp: 1_700_000_000_000,
                key: Some(b"k"),
                value: None,
                headers: Headers::default(),
            },
            RecordView {
                offset: 9,
                timestamp: -3,
                key: None,
                value: Some(b"value"),
                headers: Headers::from_encoded(&headers),
            },
        ];
        Chunk::from_records(7, 12, views).unwrap()
    }

    #[test]
    fn a_chunk_comes_back_as_it_was() {
        let chunk = chunk();
        let key = ChunkKey::of(3, 1, &chunk);
        assert_eq!(ChunkKey::decode(&key.encode()), Some(key));
        assert_eq!(decode_value(&key, &encode_value(&chunk)), Some(chunk));
    }

    #[test]
    fn every_damaged_byte_is_found() {
        let chunk = chunk();
        let key = ChunkKey::of(3, 1, &chunk);
        let value = encode_value(&chunk);
        for index in 0..value.len() {
            let mut damaged = value.clone();
            damaged[index] ^= 0x10;
            assert_eq!(decode_value(&key, &damaged), None, "byte {index}");
            assert_eq!(decode_value(&key, &value[..index]), None, "cut at {index}");
        }
    }

    #[test]
    fn keys_sort_by_topic_partition_and_offset() {
        let key = |topic, partition, base| {
            ChunkKey { topic, partition, base, next: base + 1, records: 1, max_timestamp: 0, bytes: 0 }
                .encode()
        };
        let keys = [key(1, 0, 5), key(1, 0, 300), key(1, 2, 0), key(2, 0, 0), key(256, 0, 0)];
        assert!(keys.is_sorted());
    }
}
