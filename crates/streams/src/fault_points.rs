//! Places where a test can make the run time fail.

/// A place in the run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultPoint {
    /// A batch was processed.
    AfterBatch,
    /// The stores are flushed; the offsets are not in the transaction yet.
    BeforeSendOffsets,
    /// The offsets are in the transaction; the commit is not asked for yet.
    BeforeCommit,
    /// The log has committed; the stores have not written yet.
    AfterCommit,
    /// The stores have written.
    AfterStoreWrite,
    /// A part of a changelog was restored.
    DuringRestore,
    /// A broadcast handler is about to build.
    BeforeBuild,
    /// A broadcast handler has built; what it published is visible.
    AfterBuild,
}

impl FaultPoint {
    /// Its name, as configuration of a test binary would spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AfterBatch => "after-batch",
            Self::BeforeSendOffsets => "before-send-offsets",
            Self::BeforeCommit => "before-commit",
            Self::AfterCommit => "after-commit",
            Self::AfterStoreWrite => "after-store-write",
            Self::DuringRestore => "during-restore",
            Self::BeforeBuild => "before-build",
            Self::AfterBuild => "after-build",
        }
    }
}

/// What a test does at a [`FaultPoint`]: nothing, wait, end the process, or fail the thread. The product's is
/// [`NoFaults`].
pub trait FaultPoints: Send + Sync {
    /// The thread has come to this point.
    ///
    /// # Errors
    /// Stops the thread there, as if it had been killed: nothing is aborted, left or written.
    fn reached(&self, point: FaultPoint) -> Result<(), InjectedFault>;
}

/// The thread has to stop as if it had been killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InjectedFault;

/// No faults.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFaults;

impl FaultPoints for NoFaults {
    fn reached(&self, _point: FaultPoint) -> Result<(), InjectedFault> {
        Ok(())
    }
}
