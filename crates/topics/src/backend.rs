//! The way in: a place where topics live.

use crate::admin::Admin;
use crate::error::TopicsError;
use crate::group_reader::GroupReader;
use crate::options::{GroupOptions, ReaderOptions, TransactionOptions, WriterOptions};
use crate::reader::AssignedReader;
use crate::writer::{TransactionalWriter, Writer};

/// A place where topics live: a Kafka cluster, a data directory, the memory of this process.
///
/// Making a reader or writer does not wait for a broker; what cannot be reached says so at the first call that needs
/// it. All of them work on their own: each is used by one thread, and may move between threads.
pub trait Backend: Send + Sync {
    /// What to call it in a line for people: `Kafka at broker-1:9092`, `./scorewheel-data`, `memory`.
    fn name(&self) -> String;

    /// Questions about topics and groups, and their changes.
    ///
    /// # Errors
    /// [`TopicsError::Configuration`].
    fn admin(&self) -> Result<Box<dyn Admin>, TopicsError>;

    /// A reader that is told its partitions.
    ///
    /// # Errors
    /// [`TopicsError::Configuration`].
    fn assigned_reader(&self, options: &ReaderOptions) -> Result<Box<dyn AssignedReader>, TopicsError>;

    /// A reader that shares the partitions of its topics with the other members of its group.
    ///
    /// # Errors
    /// [`TopicsError::Configuration`].
    fn group_reader(&self, options: &GroupOptions) -> Result<Box<dyn GroupReader>, TopicsError>;

    /// A writer outside transactions; what it has flushed is on all replicas, once and in order.
    ///
    /// # Errors
    /// [`TopicsError::Configuration`].
    fn writer(&self, options: &WriterOptions) -> Result<Box<dyn Writer>, TopicsError>;

    /// A writer whose records and offsets are seen whole or not at all.
    ///
    /// # Errors
    /// [`TopicsError::Configuration`].
    fn transactional_writer(
        &self,
        options: &TransactionOptions,
    ) -> Result<Box<dyn TransactionalWriter>, TopicsError>;
}
