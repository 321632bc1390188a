//! How far a store is.

use scorewheel_topics::{Offset, Timestamp};

use crate::broadcast::SnapshotMark;

/// What a store's committed content stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// Next offset of the changelog to be read; 0 before anything was.
    pub changelog: Offset,
    /// Next offset of the input: the content is the fold of the records before. −1 while the store is being restored.
    pub input: Offset,
    /// The snapshots that governed the last record before `input`.
    pub snapshots: Vec<SnapshotMark>,
    /// When that was, in milliseconds since 1970-01-01 UTC.
    pub written_at: Timestamp,
}

const VERSION: &str = "1";

impl Checkpoint {
    /// As a line of text: version, changelog, input, time, then three words for each snapshot.
    pub(crate) fn encode(&self) -> String {
        let mut text = format!("{VERSION} {} {} {}", self.changelog, self.input, self.written_at);
        for SnapshotMark { broadcast, position, mark } in &self.snapshots {
            text.push_str(&format!(" {broadcast} {position} ={mark}"));
        }
        text
    }

    /// What [`Self::encode`] wrote; `None` for anything else.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut words = std::str::from_utf8(bytes).ok()?.split(' ');
        if words.next()? != VERSION {
            return None;
        }
        let mut number = || words.next()?.parse::<i64>().ok();
        let (changelog, input, written_at) = (number()?, number()?, number()?);
        let mut snapshots = Vec::new();
        while let Some(broadcast) = words.next() {
            let position = words.next()?.parse().ok()?;
            let mark = words.next()?.strip_prefix('=')?.into();
            snapshots.push(SnapshotMark { broadcast: broadcast.into(), position, mark });
        }
        Some(Self { changelog, input, snapshots, written_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_read_as_it_was_written() {
        let mark = |mark: &str| SnapshotMark { broadcast: "models".into(), position: -1, mark: mark.into() };
        for snapshots in [vec![], vec![mark("")], vec![mark("a:b"), mark("=")]] {
            let checkpoint = Checkpoint { changelog: 7, input: -1, snapshots, written_at: 1 << 40 };
            let text = checkpoint.encode();
            assert_eq!(Checkpoint::decode(text.as_bytes()), Some(checkpoint), "{text}");
        }
        for garbage in ["", "1", "2 1 1 1", "1 a 1 1", "1 1 1 1 models", "1 1 1 1 models 1", "\u{ff}"] {
            assert_eq!(Checkpoint::decode(garbage.as_bytes()), None, "{garbage}");
        }
        assert_eq!(Checkpoint::decode(&[0xff]), None);
    }
}
