//! CPU time of this thread: what a shared machine disturbs least.

use std::error::Error;
use std::io::Write;

use rustix::time::{ClockId, clock_gettime};

/// CPU seconds that this thread has used.
pub fn thread_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Repeats `work`, which does `units` units, until `seconds` of CPU are used; units per CPU-second.
pub fn rate(seconds: f64, units: usize, mut work: impl FnMut()) -> f64 {
    let start = thread_seconds();
    let mut done = 0usize;
    loop {
        work();
        done += units;
        let used = thread_seconds() - start;
        if used >= seconds {
            return done as f64 / used;
        }
    }
}

/// Prints a line.
pub fn say(line: &str) {
    // A closed pipe is the reader's choice.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Prints an error.
pub fn complain(error: &dyn Error) {
    let _ = writeln!(std::io::stderr().lock(), "error: {error}");
}
