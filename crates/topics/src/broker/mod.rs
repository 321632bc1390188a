//! A broker in this process that keeps Kafka's manners, so that nothing above it can tell: an offset is burnt for each
//! transaction and for aborted records, a coordinator hands out partitions cooperatively and refuses generations that
//! have passed, newer writers fence older ones, committed-only readers stop at the first open transaction.
//!
//! | file | what it holds |
//! |---|---|
//! | `chunk` | [`Chunk`]: a run of offsets |
//! | `log` | the log of a partition: what a reader sees of it |
//! | `cleaning` | compaction and retention |
//! | `transactions` | fencing, open transactions, their end |
//! | `group`, `assignor` | members, generations, who gets which partition |
//! | `topics` | the topics' making, change and end; writing to them |
//! | `storage` | [`Storage`]: where it outlives the process; the embedded backend is one |
//! | `faults` | [`Faults`]: the n-th operation fails, waits, crashes, meets a rebalance |
//! | `reader`, `group_reader`, `writer`, `transactional_writer`, `admin` | the traits |
//!
//! Records of an open transaction live in memory only; its commit reaches the storage as one step: records, markers
//! and offsets.

mod admin;
mod assignor;
mod chunk;
mod cleaning;
mod cursor;
mod faults;
mod group;
mod group_reader;
mod log;
mod reader;
mod shared;
mod storage;
mod topics;
mod transactional_writer;
mod transactions;
mod writer;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use chunk::Chunk;
pub use faults::{Fault, Faults, Operation};
pub use storage::{Change, Recovered, RecoveredPartition, RecoveredTopic, Storage};

use crate::admin::Admin;
use crate::backend::Backend;
use crate::clock::Clock;
use crate::error::TopicsError;
use crate::group_reader::GroupReader;
use crate::options::{GroupOptions, ReaderOptions, TransactionOptions, WriterOptions};
use crate::reader::AssignedReader;
use crate::writer::{TransactionalWriter, Writer};
use group::Group;
use shared::{Shared, State};
use topics::Topic;
use transactions::Transactions;

pub(crate) use storage::NoStorage;

/// A broker in this process over a storage. Clones are the same broker.
#[derive(Clone)]
pub struct Broker {
    name: String,
    shared: Arc<Shared>,
}

impl Broker {
    /// A broker that goes on with what the storage holds.
    ///
    /// # Errors
    /// What the storage cannot recover.
    pub fn open(
        name: impl Into<String>,
        mut storage: Box<dyn Storage>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, TopicsError> {
        let recovered = storage.recover()?;
        Ok(Self::with_recovered(name.into(), storage, recovered, clock))
    }

    /// A broker whose storage holds nothing.
    pub(crate) fn fresh(name: &str, storage: Box<dyn Storage>, clock: Arc<dyn Clock>) -> Self {
        Self::with_recovered(name.to_owned(), storage, Recovered::default(), clock)
    }

    pub(crate) fn with_recovered(
        name: String,
        storage: Box<dyn Storage>,
        recovered: Recovered,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let topics =
            recovered.topics.into_iter().map(|(name, topic)| (name.clone(), Topic::new(&name, topic)));
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        for (group, partition, committed) in recovered.offsets {
            groups.entry(group).or_default().offsets.insert(partition, committed);
        }
        let state =
            State { topics: topics.collect(), groups, transactions: Transactions::default(), storage, clock };
        Self { name, shared: Arc::new(Shared::new(state, Faults::default())) }
    }

    /// The faults that it is to meet.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// Compacts a topic now, if it is a compacted one.
    ///
    /// # Errors
    /// [`TopicsError::UnknownTopic`]; what the storage refuses.
    pub fn compact(&self, topic: &str) -> Result<(), TopicsError> {
        self.shared.lock().compact(topic)
    }

    /// Makes a group rebalance, so that partitions move if there are two members.
    pub fn rebalance(&self, group: &str) {
        if let Some(group) = self.shared.lock().groups.get_mut(group) {
            group.force_rebalance();
        }
        self.shared.notify();
    }
}

impl Backend for Broker {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn admin(&self) -> Result<Box<dyn Admin>, TopicsError> {
        Ok(Box::new(admin::LocalAdmin::new(self.shared.clone())))
    }

    fn assigned_reader(&self, options: &ReaderOptions) -> Result<Box<dyn AssignedReader>, TopicsError> {
        Ok(Box::new(reader::LocalReader::new(self.shared.clone(), options.clone())))
    }

    fn group_reader(&self, options: &GroupOptions) -> Result<Box<dyn GroupReader>, TopicsError> {
        Ok(Box::new(group_reader::LocalGroupReader::new(self.shared.clone(), options.clone())))
    }

    fn writer(&self, options: &WriterOptions) -> Result<Box<dyn Writer>, TopicsError> {
        Ok(Box::new(writer::LocalWriter::new(self.shared.clone(), options)))
    }

    fn transactional_writer(
        &self,
        options: &TransactionOptions,
    ) -> Result<Box<dyn TransactionalWriter>, TopicsError> {
        let writer =
            transactional_writer::LocalTransactionalWriter::new(self.shared.clone(), options.clone());
        Ok(Box::new(writer))
    }
}
