//! An instance at work: threads, assignments, transactions, restores.
//!
//! | file | what it holds |
//! |---|---|
//! | `config` | [`StreamsConfig`] |
//! | `environment` | what is handed in: topics, clock, listener, fault points |
//! | `shared` | what the threads of an instance share |
//! | `prepare` | topics looked at, created, widened |
//! | `broadcast_worker` | a broadcast source at work |
//! | `log_writer` | the writer of a stream thread, transactional or not |
//! | `restore` | changelogs into stores |
//! | `task_slot` | a partition of ours, from assignment to work |
//! | `stream_worker` | a stream thread's work, step by step |
//! | `commit` | the end of a transaction, good or bad |
//! | `empty_store` | [`EmptyStore`]: a store begins empty while its application keeps its place |
//! | `stepped` | [`SteppedStreams`]: an instance that works when it is told to |
//! | `streams` | [`Streams`]: an instance with threads |

mod broadcast_worker;
mod commit;
mod config;
mod empty_store;
mod environment;
mod log_writer;
mod prepare;
mod restore;
mod shared;
mod status;
mod stepped;
mod stream_worker;
mod streams;
mod task_slot;

pub use config::{ProcessingGuarantee, Start, StreamsConfig};
pub use empty_store::EmptyStore;
pub use environment::StreamsEnvironment;
pub use status::{BroadcastStatus, Phase, StreamsStatus, TaskStatus};
pub use stepped::SteppedStreams;
pub use streams::{State, Streams};
