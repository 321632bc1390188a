//! A small Kafka Streams: topologies of batch processors with state, run exactly once.
//!
//! | module | what it holds |
//! |---|---|
//! | [`topology`] | [`TopologyBuilder`], [`StreamsBuilder`], [`Topology`], [`TopologyDescription`]: the blueprint |
//! | [`processor`] | [`Processor`]: what a step implements; [`ProcessorContext`]: what it works with |
//! | [`batch_view`] | [`BatchView`]: the records of a batch as a step sees them |
//! | [`broadcast`] | [`BroadcastHandler`]: a topic folded into snapshots that every task works with |
//! | [`store`] | [`StoreSpec`], [`KeyValueStore`], [`StateStore`]: state, its changelog, its view |
//! | [`test_driver`] | [`TopologyTestDriver`]: a topology without broker, threads and clock |
//! | [`runtime`] | [`Streams`], [`SteppedStreams`]: an instance at work, with threads or step by step |
//! | [`views`] | [`StoreViews`]: the last committed state, for queries |
//! | [`state_directory`] | [`StateDirectory`]: where an instance keeps stores and identity |
//! | [`listener`] | [`Listener`]: events for logs and metrics |
//! | [`fault_points`] | [`FaultPoints`]: where tests make the run time fail |
//! | [`error`] | [`StreamsError`] and who must act |
//!
//! Read in this order: a [`Topology`] is a blueprint; a task (`task`) is one sub-topology at work on one input
//! partition; a stream thread (`runtime`) owns one consumer, one writer and some tasks, and commits for all of them in
//! one transaction. `docs/adr/0003-the-commit-cycle.md` says in which order, and why.
//!
//! Nothing holds a record as an object of its own: batches are contiguous bytes on the way in, and results are encoded
//! into the writer's buffers on the way out.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use scorewheel_streams::{Streams, StreamsBuilder, StreamsConfig, StreamsEnvironment};
//! use scorewheel_topics::{
//!     Backend, MemoryBackend, ReaderEvent, ReaderOptions, RecordBatch, StartPosition, TopicPartition, TopicSpec,
//!     TopicsError, WriterOptions,
//! };
//!
//! let backend = Arc::new(MemoryBackend::new());
//! backend.admin()?.create_topic(&TopicSpec::new("scores", 2))?;
//! backend.admin()?.create_topic(&TopicSpec::new("good_wines", 2))?;
//!
//! // The blueprint, and an instance that works by it.
//! let builder = StreamsBuilder::new();
//! builder.stream("scores").filter(|record| record.value >= Some(b"7")).to("good_wines");
//! let environment = StreamsEnvironment::new(backend.clone());
//! let streams = Streams::start(builder.build()?, StreamsConfig::new("tasting"), environment)?;
//!
//! // Records in, results out: committed together with the input's offsets.
//! let mut writer = backend.writer(&WriterOptions::default())?;
//! for (wine, score) in [("barolo", "8"), ("plonk", "3"), ("rioja", "7")] {
//!     let mut record = writer.lend(&TopicPartition::new("scores", 1))?.record(0, Some(wine.as_bytes()));
//!     record.value().extend_from_slice(score.as_bytes());
//!     record.finish().map_err(|error| TopicsError::too_large("scores", error))?;
//! }
//! writer.flush()?;
//!
//! let mut reader = backend.assigned_reader(&ReaderOptions::default())?;
//! reader.assign(&[(TopicPartition::new("good_wines", 1), StartPosition::Earliest)])?;
//! let mut batch = RecordBatch::new();
//! while reader.poll(Duration::from_secs(10), &mut batch)? != ReaderEvent::Batch {}
//! let wines: Vec<_> = batch.iter().filter_map(|record| record.key).collect();
//! assert_eq!(wines, [b"barolo".as_slice(), b"rioja"]);
//!
//! assert_eq!(streams.status().tasks.len(), 2);
//! streams.close(Duration::from_secs(30))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod batch_view;
pub mod broadcast;
pub mod error;
pub mod fault_points;
pub mod listener;
pub mod processor;
pub mod runtime;
pub mod state_directory;
pub mod store;
pub mod task_id;
pub mod test_driver;
pub mod topology;
pub mod views;

mod task;

pub use batch_view::BatchView;
pub use broadcast::{Broadcast, BroadcastHandler, BuildContext, Pinned, Published, Reached, SnapshotMark};
pub use error::{Actor, ErrorKind, StreamsError, Uncommitted};
pub use fault_points::{Duty, FaultPoint, FaultPoints, InjectedFault, NoFaults};
pub use listener::{Listener, NoListener, StreamsEvent};
pub use processor::{
    CommitContext, CutOver, Flow, InitContext, Output, OutputId, Outputs, Processor, ProcessorContext,
    ProcessorError, Snapshots, Stores,
};
pub use runtime::{
    BroadcastStatus, EmptyStore, Phase, ProcessingGuarantee, Start, State, SteppedStreams, Streams,
    StreamsConfig, StreamsEnvironment, StreamsStatus, TaskStatus,
};
pub use state_directory::StateDirectory;
pub use store::{
    ChangelogWriter, Checkpoint, Entry, KeyRange, KeyValueStore, KeyValueView, ReadOnlyKeyValueStore,
    StateStore, StoreContext, StoreError, StoreSpec,
};
pub use task_id::TaskId;
pub use test_driver::{OutputRecord, TestDriverOptions, TestRecord, TopologyTestDriver};
pub use topology::{
    Parent, Partitioning, Sink, Stream, StreamsBuilder, Topology, TopologyBuilder, TopologyDescription,
    TopologyError,
};
pub use views::{QueryError, RestoreProgress, StoreViews};
