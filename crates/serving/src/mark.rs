//! The revision as it travels in the metadata of committed offsets.

use std::fmt;

use scorewheel_model::Digest;

use crate::revision::RevisionId;

/// Longest text that [`Mark::encode`] makes, in bytes.
pub const MARK_LIMIT: usize = 160;

const NAME: &str = "sw";
const VERSION: u32 = 1;

/// What is committed with a partition's input offset: the revision that scored up to there, and the digest of the
/// message at its control offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The revision.
    pub revision: RevisionId,
    /// Digest of the message that made it; `None` before the first.
    pub message: Option<Digest>,
}

/// Metadata of a committed offset, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marking {
    /// Ours.
    Ours(Mark),
    /// None, or somebody else's: the newest revision is adopted, and the task says so.
    Foreign,
    /// Ours, of a version that this build does not read: it was committed by a newer one.
    Newer,
}

impl Mark {
    /// The mark as printable ASCII without blanks: `sw1/<control offset>/<set digest or ->/<message digest or ->`.
    #[must_use]
    pub fn encode(&self) -> String {
        self.to_string()
    }

    /// Reads metadata, whatever bytes it is.
    #[must_use]
    pub fn read(metadata: &[u8]) -> Marking {
        let Ok(text) = std::str::from_utf8(metadata) else { return Marking::Foreign };
        let Some((head, rest)) = text.split_once('/') else { return Marking::Foreign };
        match head.strip_prefix(NAME).and_then(|digits| digits.parse::<u32>().ok()) {
            Some(VERSION) => Self::parse(rest).map_or(Marking::Foreign, Marking::Ours),
            Some(version) if version > VERSION => Marking::Newer,
            _ => Marking::Foreign,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let digest = |text: &str| match text {
            "-" => Some(None),
            hex => Digest::from_hex(hex).map(Some),
        };
        let mut parts = text.split('/');
        let control: i64 = parts.next()?.parse().ok()?;
        let set = digest(parts.next()?)?;
        let message = digest(parts.next()?)?;
        let whole = parts.next().is_none() && control >= -1 && (control == -1) == set.is_none();
        whole.then_some(Self { revision: RevisionId { control, set }, message })
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME}{VERSION}/{}", self.revision.control)?;
        for digest in [self.revision.set, self.message] {
            match digest {
                None => f.write_str("/-")?,
                Some(digest) => write!(f, "/{digest}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_mark_is_short_ascii_and_comes_back() {
        let digest = Some(Digest::of(b"x"));
        for mark in [
            Mark { revision: RevisionId::EMPTY, message: None },
            Mark { revision: RevisionId { control: i64::MAX, set: digest }, message: digest },
            Mark { revision: RevisionId { control: 0, set: digest }, message: None },
        ] {
            let text = mark.encode();
            assert!(text.bytes().all(|byte| byte.is_ascii_graphic()) && text.len() <= MARK_LIMIT, "{text}");
            assert_eq!(Mark::read(text.as_bytes()), Marking::Ours(mark));
        }
    }

    #[test]
    fn foreign_metadata_is_read_without_harm() {
        for text in ["", "AgAAAYx", "sw1", "sw1/5/-/-", "sw1/-2/-/-", "swx/1", "sw1/-1/-/-/"] {
            assert_eq!(Mark::read(text.as_bytes()), Marking::Foreign, "{text}");
        }
        assert_eq!(Mark::read(b"sw2/anything at all"), Marking::Newer);
        assert_eq!(Mark::read(b"\xff\x00\xfe"), Marking::Foreign);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Marking::Ours(mark) = Mark::read(&bytes) {
                prop_assert_eq!(mark.encode().into_bytes(), bytes);
            }
        }
    }
}
