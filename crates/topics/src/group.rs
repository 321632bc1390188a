//! Consumer groups: committed offsets with their metadata, generations, members.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::error::TopicsError;
use crate::partition::{Offset, TopicPartition};

/// An offset to be committed: where reading goes on, and a short text that travels with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetCommit {
    /// The partition that was read.
    pub partition: TopicPartition,
    /// The next offset to read.
    pub offset: Offset,
    /// Metadata; ASCII without NUL, at most [`OffsetCommit::METADATA_LIMIT`] bytes. Empty means none.
    pub metadata: String,
}

impl OffsetCommit {
    /// The longest metadata in bytes. A broker takes 4,096 (`offset.metadata.max.bytes`); ours stays small.
    pub const METADATA_LIMIT: usize = 200;

    /// True if the metadata keeps the rules, so that every backend gives it back as it is.
    #[must_use]
    pub fn metadata_is_valid(&self) -> bool {
        self.metadata.len() <= Self::METADATA_LIMIT
            && self.metadata.bytes().all(|byte| (1..128).contains(&byte))
    }
}

/// An offset that a group has committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedOffset {
    /// The next offset to read.
    pub offset: Offset,
    /// The bytes that were committed with it: ours are ASCII, foreign ones may be anything. Empty means none.
    pub metadata: Vec<u8>,
}

/// Who commits offsets: a member of a group in one generation of it. Opaque: made by
/// [`GroupReader::group_metadata`](crate::GroupReader::group_metadata), taken by
/// [`TransactionalWriter::send_offsets`](crate::TransactionalWriter::send_offsets) of the same backend, which refuses
/// a generation that has passed.
#[derive(Clone)]
pub struct GroupMetadata {
    group: Arc<str>,
    member: Arc<str>,
    generation: i32,
    native: Option<Arc<dyn Any + Send + Sync>>,
}

impl GroupMetadata {
    /// A member of a group. For backends.
    #[must_use]
    pub fn new(group: impl Into<Arc<str>>, member: impl Into<Arc<str>>, generation: i32) -> Self {
        Self { group: group.into(), member: member.into(), generation, native: None }
    }

    /// With the form of it that the backend's client library wants. For backends.
    #[must_use]
    pub fn with_native(mut self, native: Arc<dyn Any + Send + Sync>) -> Self {
        self.native = Some(native);
        self
    }

    /// The group.
    #[must_use]
    pub fn group(&self) -> &str {
        &self.group
    }

    /// The member's id; empty if the backend does not tell.
    #[must_use]
    pub fn member(&self) -> &str {
        &self.member
    }

    /// The generation; −1 before the first assignment.
    #[must_use]
    pub fn generation(&self) -> i32 {
        self.generation
    }

    /// The form of the backend's client library, if there is one and it is a `T`. For backends.
    #[must_use]
    pub fn native<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.native.as_ref()?.downcast_ref()
    }
}

impl fmt::Debug for GroupMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} in generation {}", self.member, self.group, self.generation)
    }
}

/// A member of a group, as others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// The id that the coordinator gave it.
    pub member: String,
    /// The id that the client gave itself ([`ReaderOptions::client_id`](crate::ReaderOptions::client_id)).
    pub client_id: String,
    /// The host that it speaks from.
    pub host: String,
    /// The partitions that are its; empty while the group rebalances.
    pub partitions: Vec<TopicPartition>,
}

/// Refuses metadata that some backend would not give back as it is.
pub(crate) fn check_metadata(offsets: &[OffsetCommit]) -> Result<(), TopicsError> {
    match offsets.iter().find(|offset| !offset.metadata_is_valid()) {
        None => Ok(()),
        Some(offset) => Err(TopicsError::Configuration {
            reason: format!(
                "metadata of {}'s offset is not ASCII or longer than {} bytes",
                offset.partition,
                OffsetCommit::METADATA_LIMIT
            ),
        }),
    }
}
