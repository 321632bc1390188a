//! Topics in a data directory: durable, one process at a time, with Kafka's manners.
//!
//! | file | what it holds |
//! |---|---|
//! | `directory` | [`Directory`], [`Holder`]: one process at a time, which says who it is |
//! | `store` | the broker's storage: every step one atomic write of an LSM store |
//! | `layout` | how chunks lie in it, with checksums of our own |
//! | `facts` | how topics, log starts and offsets lie in it |
//! | `ends` | how a lost tail is noticed |
//! | `failure` | why nothing can be written any more |
//! | `sync` | the journal reaches the disk from time to time |

mod directory;
mod ends;
mod facts;
mod failure;
mod layout;
mod store;
mod sync;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use directory::{Directory, Holder, random_token};

use crate::admin::Admin;
use crate::backend::Backend;
use crate::broker::{Broker, Storage};
use crate::clock::{Clock, SystemClock};
use crate::error::TopicsError;
use crate::group_reader::GroupReader;
use crate::options::{GroupOptions, ReaderOptions, TransactionOptions, WriterOptions};
use crate::partition::{Offset, TopicPartition};
use crate::reader::AssignedReader;
use crate::writer::{TransactionalWriter, Writer};
use store::Store;
use sync::Syncer;

/// When written records reach the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncPolicy {
    /// Before they are acknowledged. Nothing acknowledged is lost, neither by a crash nor by a power failure.
    Always,
    /// This long after they were acknowledged, at the latest. A crash of the process loses nothing; a power failure
    /// or a crash of the system can lose what was acknowledged in that time, which is then reported.
    Interval(Duration),
    /// When the system writes them. A crash of the process loses nothing; a power failure can lose whatever the
    /// system still held back, usually up to half a minute.
    Never,
}

impl Default for SyncPolicy {
    fn default() -> Self {
        Self::Interval(Duration::from_millis(200))
    }
}

/// How topics are kept in a data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddedOptions {
    /// When written records reach the disk.
    pub sync: SyncPolicy,
    /// Bytes of recent records kept in memory for readers at the tail.
    pub memory_bytes: usize,
    /// Bytes of the store's cache of blocks.
    pub cache_bytes: u64,
    /// Bytes of writes that the store gathers in memory before it writes a table.
    pub write_buffer_bytes: u64,
    /// Bytes of journals on disk before the store writes tables to be rid of them.
    pub journal_bytes: u64,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            sync: SyncPolicy::default(),
            memory_bytes: 16 << 20,
            cache_bytes: 8 << 20,
            write_buffer_bytes: 16 << 20,
            journal_bytes: 128 << 20,
        }
    }
}

/// What was found lost or unreadable when a directory was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The partition.
    pub partition: TopicPartition,
    /// The first offset that is lost.
    pub from: Offset,
    /// One past the last offset that is lost.
    pub to: Offset,
    /// True if the partition is refused, because records after the damage are there; false if its tail was lost,
    /// before it reached the disk or behind damage that looks like an end, and the log goes on from where it ends now.
    pub refused: bool,
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { partition, from, to, refused } = self;
        let count = to - from;
        if *refused {
            write!(f, "{partition} is refused: {count} offsets from {from} to before {to} are unreadable")
        } else {
            write!(
                f,
                "{partition} has lost {count} offsets that had not reached the disk or lay behind damage: {from} to \
                 before {to}"
            )
        }
    }
}

/// Topics in a data directory that is ours. Clones are the same place.
///
/// ```
/// use scorewheel_topics::{Backend, TopicSpec};
/// use scorewheel_topics::embedded::{Directory, EmbeddedBackend, EmbeddedOptions};
///
/// let folder = tempfile::tempdir()?;
/// let backend = EmbeddedBackend::open(Directory::take(folder.path())?, &EmbeddedOptions::default())?;
/// backend.admin()?.create_topic(&TopicSpec::new("models_data", 6))?;
/// assert!(backend.damage().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct EmbeddedBackend {
    // Dropped in this order: the last sync comes before the lock goes.
    broker: Broker,
    _syncer: Arc<Syncer>,
    directory: Arc<Directory>,
    damage: Arc<[Damage]>,
}

impl EmbeddedBackend {
    /// Opens the topics of a directory, or makes it an empty place.
    ///
    /// # Errors
    /// [`TopicsError::Full`], [`TopicsError::Configuration`] or [`TopicsError::Fatal`] if the store cannot be opened.
    /// A damaged partition is no error here: see [`EmbeddedBackend::damage`]; its use is [`TopicsError::Corrupt`].
    pub fn open(directory: Directory, options: &EmbeddedOptions) -> Result<Self, TopicsError> {
        Self::open_with_clock(directory, options, Arc::new(SystemClock::new()))
    }

    /// Opens the topics of a directory with this clock.
    ///
    /// # Errors
    /// As [`EmbeddedBackend::open`].
    pub fn open_with_clock(
        directory: Directory,
        options: &EmbeddedOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, TopicsError> {
        let mut store = Store::open(directory.path(), options)?;
        let syncer = Syncer::start(store.database(), options.sync, directory.path(), store.first_failure());
        let recovered = store.recover()?;
        let damage = store.damage().into();
        let name = directory.path().display().to_string();
        let broker = Broker::with_recovered(name, Box::new(store), recovered, clock);
        Ok(Self { broker, _syncer: Arc::new(syncer), directory: Arc::new(directory), damage })
    }

    /// What was found lost or unreadable when the directory was opened.
    #[must_use]
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    /// The directory, to announce where it can be reached.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Where the directory lies.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    /// The broker itself, for compaction and rebalances at will.
    #[must_use]
    pub fn broker(&self) -> &Broker {
        &self.broker
    }
}

impl Backend for EmbeddedBackend {
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
