//! Places where a test can make the run time fail, and duties that it can have it neglect.

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
    /// All of them, in the order in which a thread passes them.
    pub const ALL: [Self; 8] = [
        Self::AfterBatch,
        Self::BeforeSendOffsets,
        Self::BeforeCommit,
        Self::AfterCommit,
        Self::AfterStoreWrite,
        Self::DuringRestore,
        Self::BeforeBuild,
        Self::AfterBuild,
    ];

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

/// Something that the run time owes, and that a test can have it neglect: whoever checks the promises has to notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Duty {
    /// The offsets of what was processed are part of the transaction.
    SendOffsets,
    /// A task waits until the committed snapshot is reached.
    AwaitSnapshot,
    /// After a commit the next record is the one after the last.
    ReadOn,
}

impl Duty {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::SendOffsets, Self::AwaitSnapshot, Self::ReadOn];

    /// Its name, as configuration of a test binary would spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SendOffsets => "send-offsets",
            Self::AwaitSnapshot => "await-snapshot",
            Self::ReadOn => "read-on",
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

    /// Whether a duty is neglected this time.
    fn neglects(&self, duty: Duty) -> bool {
        let _ = duty;
        false
    }
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
