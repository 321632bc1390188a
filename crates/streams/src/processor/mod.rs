//! What a user of the crate implements: a processor of batches.

mod context;
mod cut_over;
mod output;

pub use context::{CommitContext, InitContext, ProcessorContext, Snapshots, Stores};
pub use cut_over::CutOver;
pub use output::{Output, OutputId, Outputs};

pub(crate) use output::Port;

use crate::batch_view::BatchView;

/// Whatever a processor or a broadcast handler fails with. The task stops with it: what a bad record deserves is the
/// processor's own business (an error record on one of its outputs).
pub type ProcessorError = Box<dyn std::error::Error + Send + Sync>;

/// What becomes of the partition after a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The whole batch is done.
    Continue,
    /// The records before `record` are done; nothing was written and no state changed for it and those after it.
    /// What is done is committed, the partition is paused at `record` without an open transaction, and goes on from
    /// there once a broadcast source has published a newer snapshot.
    PauseAt {
        /// Index in the batch of the first record that is not done.
        record: usize,
        /// Why, for people: shown in events and queries.
        reason: String,
    },
}

/// A step of a topology that works on whole batches. One instance a task, used by one thread.
///
/// Call order: `init`, then `process` for each batch (and `cut_over` after the first one under another snapshot),
/// `before_commit` and `committed` for each transaction, `rolled_back` instead of `committed` if the transaction was
/// aborted, `close` at the end. An error of any of them stops the application; the transaction is aborted.
pub trait Processor {
    /// Once, after the task's stores are restored and before the first batch: look outputs up, load what is cached.
    ///
    /// # Errors
    /// Stops the application.
    fn init(&mut self, context: &mut InitContext<'_>) -> Result<(), ProcessorError> {
        let _ = context;
        Ok(())
    }

    /// The task has moved to another snapshot of a broadcast source: called after the first batch that it governed,
    /// if at least one record of it was done, in the same transaction as that batch's results. After an abort it is
    /// said again. What is written to an output counts as made from the batch's first record.
    ///
    /// # Errors
    /// Stops the application.
    fn cut_over(
        &mut self,
        cut_over: &CutOver<'_>,
        context: &mut ProcessorContext<'_>,
    ) -> Result<(), ProcessorError> {
        let _ = (cut_over, context);
        Ok(())
    }

    /// A batch of one partition, never empty, with everything that had arrived.
    ///
    /// # Errors
    /// Stops the application.
    fn process(
        &mut self,
        batch: BatchView<'_>,
        context: &mut ProcessorContext<'_>,
    ) -> Result<Flow, ProcessorError>;

    /// Before the commit of a transaction in which this task took part: put into the stores what was kept aside.
    ///
    /// # Errors
    /// Stops the application.
    fn before_commit(&mut self, context: &mut CommitContext<'_>) -> Result<(), ProcessorError> {
        let _ = context;
        Ok(())
    }

    /// The transaction is committed and the stores hold it.
    fn committed(&mut self) {}

    /// Everything since the last commit is undone: the stores are rolled back, the records will come again. Drop or
    /// reload what was kept aside.
    ///
    /// # Errors
    /// Stops the application.
    fn rolled_back(&mut self, context: &mut CommitContext<'_>) -> Result<(), ProcessorError> {
        let _ = context;
        Ok(())
    }

    /// The task leaves this instance.
    fn close(&mut self) {}
}
