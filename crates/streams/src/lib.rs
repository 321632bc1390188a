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
//! Nothing holds a record as an object of its own: batches are contiguous bytes on the way in, and results are encoded
//! into the writer's buffers on the way out.

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
pub use fault_points::{FaultPoint, FaultPoints, InjectedFault, NoFaults};
pub use listener::{Listener, NoListener, StreamsEvent};
pub use processor::{
    CommitContext, CutOver, Flow, InitContext, Output, OutputId, Outputs, Processor, ProcessorContext,
    ProcessorError, Snapshots, Stores,
};
pub use runtime::{
    BroadcastStatus, Phase, ProcessingGuarantee, Start, State, SteppedStreams, Streams, StreamsConfig,
    StreamsEnvironment, StreamsStatus, TaskStatus,
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
