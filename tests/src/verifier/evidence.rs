//! What lies on the topics.

use std::collections::BTreeMap;

/// One record, as a committed-only reader sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawRecord {
    /// Its offset.
    pub offset: i64,
    /// Its timestamp.
    pub timestamp: i64,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value.
    pub value: Option<Vec<u8>>,
    /// Its headers in order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl RawRecord {
    /// The last header of this name, as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().rev().find(|(header, _)| header == name)?;
        std::str::from_utf8(value.as_deref()?).ok()
    }
}

/// Records of a topic by partition, in offset order.
pub type TopicRecords = BTreeMap<u32, Vec<RawRecord>>;

/// What the group had committed of an input partition at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Commit {
    /// Where the results of the partition ended soon after.
    pub results_end: i64,
    /// The committed offset.
    pub committed: i64,
}

/// All that the verifier looks at.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The records that were to be scored.
    pub inputs: TopicRecords,
    /// What came of them.
    pub results: TopicRecords,
    /// Records that could not be scored.
    pub dead_letters: TopicRecords,
    /// The control log.
    pub control: Vec<RawRecord>,
    /// Records dropped for want of a model, by input partition, as the product's committed statistics say.
    pub dropped: BTreeMap<u32, u64>,
    /// What was seen of commits while records were scored, by input partition, in time's order.
    pub commits: BTreeMap<u32, Vec<Commit>>,
}
