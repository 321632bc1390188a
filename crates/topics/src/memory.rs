//! Topics in the memory of this process: for tests, with faults on order.

use std::sync::Arc;

use crate::admin::Admin;
use crate::backend::Backend;
use crate::broker::{Broker, Faults, NoStorage};
use crate::clock::{Clock, SystemClock};
use crate::error::TopicsError;
use crate::group_reader::GroupReader;
use crate::options::{GroupOptions, ReaderOptions, TransactionOptions, WriterOptions};
use crate::reader::AssignedReader;
use crate::writer::{TransactionalWriter, Writer};

/// Topics in the memory of this process. Clones are the same place; a new one is empty.
///
/// ```
/// use std::time::Duration;
/// use scorewheel_topics::{
///     Backend, MemoryBackend, ReaderEvent, ReaderOptions, RecordBatch, StartPosition, TopicPartition, TopicSpec,
///     WriterOptions,
/// };
///
/// let backend = MemoryBackend::new();
/// backend.admin()?.create_topic(&TopicSpec::new("models_data", 1))?;
/// let partition = TopicPartition::new("models_data", 0);
///
/// let mut writer = backend.writer(&WriterOptions::default())?;
/// let mut record = writer.lend(&partition)?.record(0, Some(b"key"));
/// record.value().extend_from_slice(b"value");
/// record.finish().map_err(|error| scorewheel_topics::TopicsError::too_large("models_data", error))?;
/// writer.flush()?;
///
/// let mut reader = backend.assigned_reader(&ReaderOptions::default())?;
/// reader.assign(&[(partition, StartPosition::Earliest)])?;
/// let mut batch = RecordBatch::new();
/// assert_eq!(reader.poll(Duration::from_secs(1), &mut batch)?, ReaderEvent::Batch);
/// assert_eq!(batch.iter().next().and_then(|record| record.value), Some(&b"value"[..]));
/// # Ok::<(), scorewheel_topics::TopicsError>(())
/// ```
#[derive(Clone)]
pub struct MemoryBackend {
    broker: Broker,
}

impl MemoryBackend {
    /// An empty place with the machine's clock.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock::new()))
    }

    /// An empty place with this clock.
    #[must_use]
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self { broker: Broker::fresh("memory", Box::new(NoStorage), clock) }
    }

    /// The faults that it is to meet.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        self.broker.faults()
    }

    /// The broker itself, for compaction and rebalances at will.
    #[must_use]
    pub fn broker(&self) -> &Broker {
        &self.broker
    }
}

impl Default for MemoryBackend {
    fn default() -> Self {
        Self::new()
    }
}

impl Backend for MemoryBackend {
    fn name(&self) -> String {
        self.broker.name()
    }

    fn admin(&self) -> Result<Box<dyn Admin>, TopicsError> {
        self.broker.admin()
    }

    fn assigned_reader(&self, options: &ReaderOptions) -> Result<Box<dyn AssignedReader>, TopicsError> {
        self.broker.assigned_reader(options)
    }

    fn group_reader(&self, options: &GroupOptions) -> Result<Box<dyn GroupReader>, TopicsError> {
        self.broker.group_reader(options)
    }

    fn writer(&self, options: &WriterOptions) -> Result<Box<dyn Writer>, TopicsError> {
        self.broker.writer(options)
    }

    fn transactional_writer(
        &self,
        options: &TransactionOptions,
    ) -> Result<Box<dyn TransactionalWriter>, TopicsError> {
        self.broker.transactional_writer(options)
    }
}
