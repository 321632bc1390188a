//! What can go wrong with topics, divided by what to do next.

use std::path::PathBuf;

use crate::buffer::RecordTooLarge;
use crate::partition::{Offset, TopicPartition};

/// An error of a topic operation. [`TopicsError::remedy`] says what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TopicsError {
    /// No broker answers in time; the client goes on trying in the background.
    #[error("the brokers cannot be reached: {reason}; check that they run and that the address is right")]
    Unreachable {
        /// What was tried and what came back.
        reason: String,
    },
    /// The backend is busy or a leader is moving; the same call will do later.
    #[error("not now: {reason}")]
    Busy {
        /// What was tried and what came back.
        reason: String,
    },
    /// A topic is not there.
    #[error("there is no topic `{topic}`; create it, or allow its creation with `topics.create`")]
    UnknownTopic {
        /// The topic.
        topic: String,
    },
    /// A partition is not there.
    #[error("there is no partition {partition}")]
    UnknownPartition {
        /// The partition.
        partition: TopicPartition,
    },
    /// A topic that was to be created is there already.
    #[error("topic `{topic}` exists already")]
    TopicExists {
        /// The topic.
        topic: String,
    },
    /// A topic has another number of partitions than its use demands.
    #[error("topic `{topic}` has {found} partitions, needed are {needed}")]
    WrongPartitionCount {
        /// The topic.
        topic: String,
        /// How many it has.
        found: u32,
        /// How many it must have.
        needed: u32,
    },
    /// The broker's access control refused.
    #[error("not allowed: grant {acl}")]
    Denied {
        /// The missing permission, as operation and resource: ``Write on topic `models_results` ``.
        acl: String,
    },
    /// Login or encryption failed.
    #[error("the brokers do not accept us: {reason}; check the security settings")]
    Authentication {
        /// What the client library said.
        reason: String,
    },
    /// A record or batch is larger than its topic accepts.
    #[error(
        "a record for topic `{topic}` is larger than it accepts{}; raise its `max.message.bytes`",
        limit.map(|limit| format!(" ({limit} bytes)")).unwrap_or_default()
    )]
    TooLarge {
        /// The topic.
        topic: String,
        /// The limit in bytes on the wire, if known.
        limit: Option<usize>,
    },
    /// Another writer with our transactional id, or another member with our instance id, has taken over.
    #[error("fenced: {what} was taken over by another process")]
    Fenced {
        /// The transactional id or instance id.
        what: String,
    },
    /// The group has moved on to another generation: our partitions may be others' by now.
    #[error("group `{group}` has moved past our generation {generation}")]
    StaleGeneration {
        /// The group.
        group: String,
        /// The generation that we believed in; −1 if not known.
        generation: i32,
    },
    /// A position lies outside the log: records are gone, or the topic was created anew.
    #[error(
        "offset {offset} of {partition} is out of range: the log has {earliest} to {end}; records were deleted or the \
         topic was created anew"
    )]
    OutOfRange {
        /// The partition.
        partition: TopicPartition,
        /// The offset that was asked for.
        offset: Offset,
        /// The first offset that is there; −1 if not known.
        earliest: Offset,
        /// One past the last offset that is there; −1 if not known.
        end: Offset,
    },
    /// The transaction cannot be committed any more and has to be aborted.
    #[error("the transaction has to be aborted: {reason}")]
    AbortTransaction {
        /// What came back.
        reason: String,
    },
    /// It is not known whether a commit or an abort happened.
    #[error("{operation} got no answer in time: its outcome is not known")]
    Indefinite {
        /// The operation, such as `commit`.
        operation: &'static str,
    },
    /// The broker has aborted the transaction because it took too long, and refuses its writer since.
    #[error("the transaction of `{transactional_id}` took longer than its time-out and was aborted")]
    TransactionTimedOut {
        /// The writer's id.
        transactional_id: String,
    },
    /// The backend or the broker cannot do this at all.
    #[error("{what} is not supported: {hint}")]
    Unsupported {
        /// What was asked for.
        what: String,
        /// What to do instead.
        hint: String,
    },
    /// A data directory is in use.
    #[error("{} is in use by {holder}", directory.display())]
    Locked {
        /// The directory.
        directory: PathBuf,
        /// Who holds it, for people: a process id, a URL.
        holder: String,
    },
    /// No room is left.
    #[error("no room left: {reason}")]
    Full {
        /// Where, and what the system said.
        reason: String,
    },
    /// Stored records are damaged.
    #[error(
        "{partition} is damaged: {lost} records from offset {from} to before {to} are lost or unreadable"
    )]
    Corrupt {
        /// The partition.
        partition: TopicPartition,
        /// First offset of the damage.
        from: Offset,
        /// One past its last offset.
        to: Offset,
        /// How many offsets that are.
        lost: u64,
    },
    /// A setting is wrong, or settings do not fit together.
    #[error("wrong setting: {reason}")]
    Configuration {
        /// Which, and why.
        reason: String,
    },
    /// A call that makes no sense in this state, such as a commit without a transaction: a bug in the caller.
    #[error("{operation} makes no sense now: {reason}")]
    Misuse {
        /// The call.
        operation: &'static str,
        /// Why.
        reason: String,
    },
    /// The client is broken for good.
    #[error("the client cannot go on: {reason}")]
    Fatal {
        /// What came back.
        reason: String,
    },
}

/// What to do about a [`TopicsError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Wait a little and make the same call again; nothing was changed.
    Retry,
    /// Abort the transaction, rewind to the committed offsets, roll stores back, go on.
    AbortTransaction,
    /// Drop the writer, make a new one with the same transactional id (it fences the old one and settles its
    /// transaction), rewind, roll stores back, go on.
    RecreateWriter,
    /// Abort the transaction, drop the tasks without committing, go on polling: the group will assign anew.
    Rejoin,
    /// Somebody else does our work by now: stop.
    Stop,
    /// The record is bad: set it aside, go on with the next.
    SetRecordAside,
    /// Only an operator can help: permissions, topics, settings, disk.
    Operator,
    /// A bug of ours or of a library: stop and report it.
    Bug,
}

impl TopicsError {
    /// What to do next.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Unreachable { .. } | Self::Busy { .. } => Remedy::Retry,
            Self::AbortTransaction { .. } => Remedy::AbortTransaction,
            Self::Indefinite { .. } | Self::TransactionTimedOut { .. } => Remedy::RecreateWriter,
            Self::StaleGeneration { .. } => Remedy::Rejoin,
            Self::Fenced { .. } => Remedy::Stop,
            Self::TooLarge { .. } => Remedy::SetRecordAside,
            Self::UnknownTopic { .. }
            | Self::UnknownPartition { .. }
            | Self::TopicExists { .. }
            | Self::WrongPartitionCount { .. }
            | Self::Denied { .. }
            | Self::Authentication { .. }
            | Self::OutOfRange { .. }
            | Self::Unsupported { .. }
            | Self::Locked { .. }
            | Self::Full { .. }
            | Self::Corrupt { .. }
            | Self::Configuration { .. } => Remedy::Operator,
            Self::Misuse { .. } | Self::Fatal { .. } => Remedy::Bug,
        }
    }

    /// The error of a record that does not fit into a topic.
    #[must_use]
    pub fn too_large(topic: &str, record: RecordTooLarge) -> Self {
        Self::TooLarge { topic: topic.to_owned(), limit: Some(record.limit) }
    }
}
