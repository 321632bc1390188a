//! Whether this instance may score a partition that was committed at some revision.

use scorewheel_model::Digest;

use crate::cutover::Adoption;
use crate::log::ControlLog;
use crate::mark::{Mark, Marking};
use crate::revision::RevisionId;

/// What the operator has said to do about a ledger that does not match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Adopt {
    /// `--adopt-log`: the control log is another one, take it.
    pub log: bool,
    /// `--adopt-revision`: other instances hold another set, score with ours.
    pub revision: bool,
}

/// The answer to a committed mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// The partition may be scored; `Some` says that this is a new start and no continuation.
    Yes(Option<Adoption>),
    /// Wait: the partition stays paused.
    NotYet(Waiting),
    /// This instance must not take the partition: an alarm; others may.
    Refused(Divergence),
    /// No instance can take it up: the process stops with exit code 70.
    Never(LedgerMismatch),
}

/// What an instance waits for before it takes a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// The control log is not folded that far.
    Folding {
        /// Next offset to be folded.
        position: i64,
    },
    /// Models of that revision are still being loaded.
    Loading {
        /// Their control offsets.
        offsets: Vec<i64>,
    },
    /// That revision holds a model that this instance has quarantined.
    Quarantined {
        /// Its control offset.
        offset: i64,
    },
}

/// Why this instance must not take a partition that others have scored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Divergence {
    /// The same control offset, another set of models.
    #[error(
        "the partition was committed at revision {committed}, but this instance holds {held}: two engines judge \
         the same models differently, or `score` of a data type differs; run the engine version and settings of the \
         other instances, or accept this one's set with --adopt-revision"
    )]
    OtherSet {
        /// As committed.
        committed: RevisionId,
        /// As held here.
        held: RevisionId,
    },
    /// This engine refuses the message that made the committed revision.
    #[error(
        "the partition was committed at revision {committed}, whose model this instance refuses: {reason}; run \
         the engine version of the other instances, or accept this one's set with --adopt-revision"
    )]
    Refuses {
        /// As committed.
        committed: RevisionId,
        /// Why the message is refused here.
        reason: String,
    },
    /// The mark is of a newer version than this build.
    #[error("the partition was committed by a newer version of the program, whose mark this one cannot read")]
    NewerMark,
}

/// Why the control log is not the one that the committed offsets know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerMismatch {
    /// It ends before the committed revision.
    #[error(
        "the control log ends at offset {end}, but records are committed at control offset {control}: it was \
         truncated or created anew; restore it, or take the new one with --adopt-log"
    )]
    EndsBefore {
        /// End of the log.
        end: i64,
        /// Control offset of the committed revision.
        control: i64,
    },
    /// Another message stands there.
    #[error(
        "the message at control offset {control} is not the one that records are committed with ({expected}, \
         found {found}): the log was created anew; restore it, or take the new one with --adopt-log"
    )]
    OtherMessage {
        /// Control offset of the committed revision.
        control: i64,
        /// Digest as committed.
        expected: Digest,
        /// Digest of what is there.
        found: Digest,
    },
}

impl ControlLog {
    /// Whether a partition whose committed offset carries `marking` may be scored by this instance now.
    ///
    /// `log_end` is the end of the control log, asked for after the marking was read, so that a message which
    /// another instance has seen first is not taken for one that is gone.
    #[must_use]
    pub fn reached(&self, marking: &Marking, log_end: i64, adopt: Adopt) -> Reached {
        let mark = match marking {
            Marking::Ours(mark) => mark,
            Marking::Newer if adopt.revision => return self.published(Some(Adoption::Revision)),
            Marking::Newer => return Reached::Refused(Divergence::NewerMark),
            Marking::Foreign => return self.published(Some(Adoption::Newest)),
        };
        match self.compare(mark, log_end) {
            Reached::Never(_) if adopt.log => self.published(Some(Adoption::Log)),
            Reached::Refused(_) if adopt.revision => self.published(Some(Adoption::Revision)),
            answer => answer,
        }
    }

    /// Yes, as soon as there is any revision.
    fn published(&self, adopted: Option<Adoption>) -> Reached {
        match self.revision() {
            Some(_) => Reached::Yes(adopted),
            None => self.not_yet(),
        }
    }

    fn not_yet(&self) -> Reached {
        let offsets = self.wanted();
        Reached::NotYet(if offsets.is_empty() {
            Waiting::Folding { position: self.position() }
        } else {
            Waiting::Loading { offsets }
        })
    }

    fn compare(&self, mark: &Mark, log_end: i64) -> Reached {
        let committed = mark.revision;
        let control = committed.control;
        if control < 0 {
            return self.published(None);
        }
        if control >= log_end {
            return Reached::Never(LedgerMismatch::EndsBefore { end: log_end, control });
        }
        if control >= self.position() {
            return Reached::NotYet(Waiting::Folding { position: self.position() });
        }
        let Some(found) = self.message(control) else {
            // Gone by compaction or retention.
            return self.published(None);
        };
        if let Some(expected) = mark.message
            && expected != found
        {
            return Reached::Never(LedgerMismatch::OtherMessage { control, expected, found });
        }
        if self.is_refused(control) {
            let found = self.rejections().find(|rejection| rejection.offset == control);
            let reason = found.map_or_else(String::new, |rejection| rejection.reason.clone());
            return Reached::Refused(Divergence::Refuses { committed, reason });
        }
        if let Some(held) = self.history().iter().find(|held| held.control == control) {
            return if held.set == committed.set {
                Reached::Yes(None)
            } else {
                Reached::Refused(Divergence::OtherSet { committed, held: *held })
            };
        }
        let Some(held) = self.revision() else { return self.not_yet() };
        if held.control > control {
            return Reached::Yes(None);
        }
        let quarantined = self.target();
        if quarantined <= control {
            return Reached::NotYet(Waiting::Quarantined { offset: quarantined });
        }
        if self.target_control() > held.control {
            return self.not_yet();
        }
        // Everything up to the mark is folded and in force: the set as of the mark is the one held.
        if held.set == committed.set {
            Reached::Yes(None)
        } else {
            Reached::Refused(Divergence::OtherSet { committed, held })
        }
    }
}
