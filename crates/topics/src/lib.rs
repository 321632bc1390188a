//! Topics as the product sees them: one family of traits that moves batches of records, never one message a call.
//!
//! | file | what it holds |
//! |---|---|
//! | [`partition`] | [`TopicPartition`], [`StartPosition`], [`Isolation`]: where a record lies, where reading begins |
//! | [`topic`] | [`TopicSpec`], [`TopicDescription`], [`TopicConfig`]: what a topic is |
//! | [`headers`] | [`Headers`]: headers in their encoded form |
//! | [`batch`] | [`RecordBatch`]: what a reader hands out, walked in place |
//! | [`buffer`] | [`RecordBuffer`]: what a writer lends, encoded in place |
//! | [`group`] | [`OffsetCommit`], [`CommittedOffset`], [`GroupMetadata`]: groups and their offsets |
//! | [`options`] | what readers and writers are made with |
//! | [`backend`] | [`Backend`]: a place where topics live; the way in |
//! | [`admin`] | [`Admin`]: questions about topics and groups, and their changes |
//! | [`reader`] | [`AssignedReader`]: told its partitions; knows when it has reached the end |
//! | [`group_reader`] | [`GroupReader`]: shares partitions with its group; rebalances are events |
//! | [`writer`] | [`Writer`], [`TransactionalWriter`] |
//! | [`partitioner`] | which partition a key belongs to |
//! | [`clock`] | [`Clock`]: time as a thing that can be handed in |
//! | [`error`] | [`TopicsError`] and what to do about it |
//! | [`memory`] | [`MemoryBackend`]: topics in the memory of this process |
//! | [`embedded`] | [`embedded::EmbeddedBackend`]: topics in a data directory |
//! | `kafka` | `KafkaBackend`: topics of a Kafka cluster (feature `kafka`) |
//! | [`broker`] | [`Broker`]: a broker in this process, which memory and embedded stand on |
//!
//! No async: readers and writers belong to one thread each and wait with a time-out.

pub mod admin;
pub mod backend;
pub mod batch;
pub mod broker;
pub mod buffer;
pub mod clock;
pub mod embedded;
pub mod error;
pub mod group;
pub mod group_reader;
pub mod headers;
#[cfg(feature = "kafka")]
pub mod kafka;
pub mod memory;
pub mod options;
pub mod partition;
pub mod partitioner;
pub mod reader;
pub mod topic;
pub mod writer;

mod lent;
mod records;

pub use admin::Admin;
pub use backend::Backend;
pub use batch::RecordBatch;
pub use broker::{Broker, Fault, Faults, Operation};
pub use buffer::{RecordBuffer, RecordTooLarge, RecordWriter};
pub use clock::{Clock, ManualClock, SystemClock};
pub use embedded::{EmbeddedBackend, EmbeddedOptions, SyncPolicy};
pub use error::{Remedy, TopicsError};
pub use group::{CommittedOffset, GroupMember, GroupMetadata, OffsetCommit};
pub use group_reader::{GroupEvent, GroupReader};
pub use headers::{Header, Headers, encode_header};
#[cfg(feature = "kafka")]
pub use kafka::{KafkaBackend, KafkaSettings};
pub use memory::MemoryBackend;
pub use options::{GroupOptions, ReaderOptions, TransactionOptions, WriterOptions};
pub use partition::{Isolation, Offset, PartitionOffsets, StartPosition, Timestamp, TopicPartition};
pub use partitioner::partition_for_key;
pub use reader::{AssignedReader, ReaderEvent};
pub use records::RecordView;
pub use topic::{CleanupPolicy, TopicConfig, TopicDescription, TopicSpec};
pub use writer::{TransactionalWriter, Writer, Written};
