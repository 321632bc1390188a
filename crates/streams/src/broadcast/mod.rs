//! Broadcast sources: a topic whose records every task needs, folded into immutable snapshots off the stream threads.

mod fold;
mod handler;
mod mark;
mod slot;

pub use handler::{BroadcastHandler, BuildContext, Published, Reached};
pub use mark::SnapshotMark;
pub use slot::{Broadcast, Pinned};

pub(crate) use fold::{BroadcastFold, BuildOutcome, Question, Questions};
pub(crate) use handler::{Closing, ErasedHandler, Typed};
pub(crate) use slot::{Generation, SnapshotSlot};
