//! The heart of Scorewheel, pure: control messages to revisions, routing, scoring a batch, statistics, conservation.
//!
//! No I/O, no threads, no clock: bytes, offsets and times are passed in, decisions come out. The rules of the model
//! ledger live here; `scoring` and `stage` carry them into streams.
//!
//! | file | what it holds |
//! |---|---|
//! | [`message`] | [`ControlMessage`]: one message of the control log, read but not judged |
//! | [`reference`](mod@reference) | [`ModelReference`]: what is kept of a message when its bytes are gone |
//! | [`log`] | [`ControlLog`]: the fold of the control log; what must be loaded, which revision comes next |
//! | [`judge`] | [`Judge`]: the verdict on a model, a pure function |
//! | [`fetch`] | [`Fetcher`]: where the bytes of models by reference come from |
//! | [`arrivals`] | [`Arrivals`]: models by reference that are on their way |
//! | [`golden`] | [`GoldenCodec`]: answers that a model must give before it is accepted |
//! | [`rejection`] | [`Refusal`], [`Rejection`]: why a message is refused, and the record that says so |
//! | [`revision`] | [`Revision`], [`InstalledModel`]: the immutable set of models in force |
//! | [`selection`] | [`Selection`], [`Order`]: which models of a route are asked, and which of them this is |
//! | [`mark`] | [`Mark`]: the revision in the metadata of committed offsets |
//! | [`standing`] | [`Reached`]: whether this instance may score a partition committed at some revision |
//! | [`retire`] | [`Retirement`]: at most two revisions alive |
//! | [`cutover`] | [`Cutover`]: from which record on a revision scores a partition |
//! | [`policy`] | [`Policies`]: what happens to records that no model can score |
//! | [`decoder`] | [`Decoder`], [`Records`]: what is asked of codecs and topics |
//! | [`meter`] | [`Meter`]: the time, and the first use of a model |
//! | [`scorer`] | [`Scorer`]: a batch through decode, route and score |
//! | [`outcome`] | [`Outcome`], [`DeadLetter`], [`Wait`]: what became of a record |
//! | [`tally`] | [`Tally`]: what became of a batch, counted |
//! | [`statistics`] | [`ModelStatistics`]: invocations and durations |
//! | [`task_statistics`] | [`TaskStatistics`]: what a task counts, and how it lies in a store |
//! | [`conservation`] | [`Conservation`]: records in = results + dead letters + drops |
//! | [`view`] | [`ControlView`], [`ModelView`]: what the control log comes to, for queries |

pub mod arrivals;
pub mod conservation;
pub mod cutover;
pub mod decoder;
pub mod fetch;
pub mod golden;
pub mod judge;
pub mod log;
pub mod mark;
pub mod message;
pub mod meter;
pub mod outcome;
pub mod policy;
pub mod reference;
pub mod rejection;
pub mod retire;
pub mod revision;
pub mod scorer;
pub mod selection;
pub mod standing;
pub mod statistics;
pub mod tally;
pub mod task_statistics;
pub mod view;

mod compact;
mod failure;
mod guard;
mod route;
mod segment;
mod served;

pub use arrivals::{Arrival, Arrivals, not_loaded};
pub use conservation::Conservation;
pub use cutover::{Adoption, Cutover};
pub use decoder::{DataTypeIndex, DecodeNotes, Decoder, Fault, Records, Stated};
pub use fetch::{Fetched, Fetcher, WantedModel};
pub use golden::GoldenCodec;
pub use judge::Judge;
pub use log::{ControlLog, Folded, Verdict};
pub use mark::{Mark, Marking};
pub use message::{ControlMessage, ControlRecord, Put};
pub use meter::Meter;
pub use outcome::{Alarm, Answer, DeadLetter, Outcome, Step, Wait};
pub use policy::{FailureShare, NoModel, OnModelFailure, Policies};
pub use reference::ModelReference;
pub use rejection::{Refusal, RefusalKind, Rejection};
pub use retire::Retirement;
pub use revision::{InstalledModel, Revision, RevisionId};
pub use scorer::{Outcomes, Scored, Scorer};
pub use selection::{Order, Selection, Selections};
pub use standing::{Adopt, Divergence, LedgerMismatch, Reached, Waiting};
pub use statistics::ModelStatistics;
pub use tally::Tally;
pub use task_statistics::{Ending, StoredStatistics, TaskStatistics, Totals, UnreadableStatistics};
pub use view::{ControlView, ModelView};

/// Version of the engine, a part of every verdict.
pub const ENGINE_VERSION: &str = env!("CARGO_PKG_VERSION");
