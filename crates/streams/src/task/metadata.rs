//! What travels with a committed input offset.

use scorewheel_topics::{Offset, OffsetCommit};

use crate::broadcast::SnapshotMark;

const VERSION: &str = "1";

/// What travels with a committed input offset: the snapshots that governed the records before it, and where the
/// changelogs ended at the commit before, so that a changelog that has lost records is found out even on a machine
/// that has no copy of the store. A line of ASCII words:
///
/// ```text
/// 1 models 4711 =<mark> @modelStore 1234
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OffsetMetadata {
    pub snapshots: Vec<SnapshotMark>,
    /// Store and offset.
    pub changelogs: Vec<(String, Offset)>,
}

/// Metadata as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Metadata {
    /// There is none.
    None,
    /// Something else wrote it, or a version that we do not know.
    Foreign,
    Ours(OffsetMetadata),
}

impl OffsetMetadata {
    /// As text. Changelog ends are left out where there is no room: they are only a safeguard.
    pub fn encode(&self) -> String {
        let mut text = VERSION.to_owned();
        for SnapshotMark { broadcast, position, mark } in &self.snapshots {
            text.push_str(&format!(" {broadcast} {position} ={mark}"));
        }
        for (store, offset) in &self.changelogs {
            let word = format!(" @{store} {offset}");
            if text.len() + word.len() <= OffsetCommit::METADATA_LIMIT {
                text.push_str(&word);
            }
        }
        text
    }
}

impl Metadata {
    /// What [`OffsetMetadata::encode`] wrote, or what else it is.
    pub fn decode(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::None;
        }
        decode_ours(bytes).map_or(Self::Foreign, Self::Ours)
    }
}

fn decode_ours(bytes: &[u8]) -> Option<OffsetMetadata> {
    let mut words = std::str::from_utf8(bytes).ok()?.split(' ');
    if words.next()? != VERSION {
        return None;
    }
    let mut metadata = OffsetMetadata::default();
    while let Some(word) = words.next() {
        let number = words.next()?.parse().ok()?;
        match word.strip_prefix('@') {
            Some(store) => metadata.changelogs.push((store.into(), number)),
            None => metadata.snapshots.push(SnapshotMark {
                broadcast: word.into(),
                position: number,
                mark: words.next()?.strip_prefix('=')?.into(),
            }),
        }
    }
    Some(metadata)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(position: Offset, mark: &str) -> SnapshotMark {
        SnapshotMark { broadcast: "models".into(), position, mark: mark.into() }
    }

    #[test]
    fn metadata_is_read_as_it_was_written() {
        for snapshots in [vec![], vec![mark(-1, "")], vec![mark(7, "abc:def"), mark(8, "==")]] {
            for changelogs in [vec![], vec![("modelStore".to_owned(), 12)]] {
                let metadata = OffsetMetadata { snapshots: snapshots.clone(), changelogs };
                let text = metadata.encode();
                assert_eq!(Metadata::decode(text.as_bytes()), Metadata::Ours(metadata), "{text}");
            }
        }
    }

    #[test]
    fn foreign_metadata_is_told_from_none() {
        assert_eq!(Metadata::decode(b""), Metadata::None);
        // The second is what Kafka Streams writes.
        for foreign in [&b"hello"[..], b"AgAAAX0=", b"2 models 1 =", b"1 models", b"1 models x =", &[0xff]] {
            assert_eq!(Metadata::decode(foreign), Metadata::Foreign, "{foreign:?}");
        }
    }

    #[test]
    fn two_digests_and_a_changelog_fit() {
        let metadata = OffsetMetadata {
            snapshots: vec![mark(123_456_789, &format!("{}:{}", "a".repeat(64), "b".repeat(64)))],
            changelogs: vec![("modelStore".into(), 123_456_789)],
        };
        let text = metadata.encode();
        assert!(text.contains("@modelStore") && text.len() < 200, "{}", text.len());
        let crowded = OffsetMetadata { changelogs: vec![("s".repeat(40), 1), ("t".into(), 2)], ..metadata };
        let commit = OffsetCommit { partition: Default::default(), offset: 0, metadata: crowded.encode() };
        assert!(commit.metadata_is_valid() && commit.metadata.ends_with(" @t 2"));
    }
}
