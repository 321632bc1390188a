//! Topics, log starts and committed offsets as rows of the keyspace `facts`.

use std::collections::BTreeMap;
use std::path::Path;

use super::layout::{Log, log_prefix, read_part, read_unsigned, write_part, write_unsigned};
use crate::error::TopicsError;
use crate::group::CommittedOffset;
use crate::partition::{Offset, TopicPartition};

const TOPIC: u8 = b't';
const START: u8 = b's';
const OFFSET: u8 = b'o';

/// What is known of a topic besides its records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TopicFact {
    /// Stands for the topic in keys.
    pub id: u32,
    pub partitions: u32,
    pub config: BTreeMap<String, String>,
}

impl TopicFact {
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_unsigned(&mut bytes, u64::from(self.id));
        write_unsigned(&mut bytes, u64::from(self.partitions));
        for (name, value) in &self.config {
            write_part(&mut bytes, Some(name.as_bytes()));
            write_part(&mut bytes, Some(value.as_bytes()));
        }
        bytes
    }

    pub fn decode(mut bytes: &[u8]) -> Option<Self> {
        let id = u32::try_from(read_unsigned(&mut bytes)?).ok()?;
        let partitions = u32::try_from(read_unsigned(&mut bytes)?).ok()?;
        let mut config = BTreeMap::new();
        while !bytes.is_empty() {
            let name = text(read_part(&mut bytes)??)?;
            config.insert(name, text(read_part(&mut bytes)??)?);
        }
        Some(Self { id, partitions, config })
    }
}

fn text(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

pub(super) fn topic_key(name: &str) -> Vec<u8> {
    [&[TOPIC], name.as_bytes()].concat()
}

pub(super) fn read_topic_key(key: &[u8]) -> Option<&str> {
    std::str::from_utf8(key.strip_prefix(&[TOPIC])?).ok()
}

/// The first bytes of the keys of the starts of all logs of a topic.
pub(super) fn start_prefix(topic: u32) -> Vec<u8> {
    [&[START][..], &topic.to_be_bytes()].concat()
}

pub(super) fn start_key(log: Log) -> Vec<u8> {
    [&[START][..], &log_prefix(log.0, log.1)].concat()
}

pub(super) fn read_start(key: &[u8], value: &[u8]) -> Option<(Log, Offset)> {
    let (topic, rest) = key.strip_prefix(&[START])?.split_first_chunk::<4>()?;
    let partition = u32::from_be_bytes(rest.try_into().ok()?);
    Some(((u32::from_be_bytes(*topic), partition), i64::from_be_bytes(value.try_into().ok()?)))
}

pub(super) fn offset_key(group: &str, partition: &TopicPartition) -> Vec<u8> {
    let mut key = vec![OFFSET];
    write_part(&mut key, Some(group.as_bytes()));
    write_part(&mut key, Some(partition.topic().as_bytes()));
    key.extend_from_slice(&partition.partition().to_be_bytes());
    key
}

pub(super) fn encode_offset(committed: &CommittedOffset) -> Vec<u8> {
    [&committed.offset.to_be_bytes()[..], &committed.metadata].concat()
}

pub(super) fn read_offset(key: &[u8], value: &[u8]) -> Option<(String, TopicPartition, CommittedOffset)> {
    let mut rest = key.strip_prefix(&[OFFSET])?;
    let group = text(read_part(&mut rest)??)?;
    let topic = text(read_part(&mut rest)??)?;
    let partition = TopicPartition::new(topic, u32::from_be_bytes(rest.try_into().ok()?));
    let (offset, metadata) = value.split_first_chunk::<8>()?;
    let committed = CommittedOffset { offset: i64::from_be_bytes(*offset), metadata: metadata.to_vec() };
    Some((group, partition, committed))
}

/// A fact that cannot be read.
pub(super) fn damaged(path: &Path, topic: &str) -> TopicsError {
    TopicsError::Fatal {
        reason: format!("{}: what is written down of topic `{topic}` is damaged", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_come_back_as_they_were() {
        let config = BTreeMap::from([("cleanup.policy".to_owned(), "compact".to_owned())]);
        let fact = TopicFact { id: 300, partitions: 6, config };
        assert_eq!(TopicFact::decode(&fact.encode()), Some(fact));
        assert_eq!(read_topic_key(&topic_key("models_data")), Some("models_data"));
        assert_eq!(read_start(&start_key((7, 2)), &9_i64.to_be_bytes()), Some(((7, 2), 9)));
        let committed = CommittedOffset { offset: 12, metadata: b"\xff1;2".to_vec() };
        let partition = TopicPartition::new("models_data", 3);
        let read = read_offset(&offset_key("a\0b", &partition), &encode_offset(&committed));
        assert_eq!(read, Some(("a\0b".to_owned(), partition, committed)));
    }

    #[test]
    fn a_cut_fact_is_no_fact() {
        let config = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        let bytes = TopicFact { id: 1, partitions: 1, config }.encode();
        assert!((3..bytes.len()).all(|cut| TopicFact::decode(&bytes[..cut]).is_none()));
    }
}
