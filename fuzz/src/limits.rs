//! What one input may take of time and memory.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

/// Longest processor time for one input, so that a busy machine does not count. Readers are bounded by the size of what they read, and inputs here are small.
pub const TIME: Duration = Duration::from_secs(20);

/// Address space of the process. A length that is believed unseen does not fit into it, and ends the process.
pub const MEMORY: u64 = 6 << 30;

/// Processor time of this process so far.
#[must_use]
pub fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

/// Bounds the address space of this process, from now on.
///
/// # Errors
/// What the system says.
pub fn bound_memory() -> std::io::Result<()> {
    let limit = Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) };
    Ok(setrlimit(Resource::As, limit)?)
}
