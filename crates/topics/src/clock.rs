//! Time, as a thing that can be handed in.

use std::fmt;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::partition::Timestamp;

/// The time. Backends that keep time themselves (memory, embedded) are made with one; tests hand in a
/// [`ManualClock`].
pub trait Clock: Send + Sync + fmt::Debug {
    /// Time since some fixed moment; never falls.
    fn monotonic(&self) -> Duration;

    /// Milliseconds since 1970-01-01 UTC.
    fn wall(&self) -> Timestamp;

    /// True if time passes by itself. If not, nothing waits: a poll that finds nothing returns at once.
    fn runs(&self) -> bool;

    /// Lets this much time pass: waits, or moves the time on if it does not pass by itself.
    fn sleep(&self, duration: Duration);
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// The machine's clock.
    #[must_use]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn wall(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::try_from(since.as_millis()).unwrap_or(Timestamp::MAX)
    }

    fn runs(&self) -> bool {
        true
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// A clock that stands until it is told to move.
#[derive(Debug)]
pub struct ManualClock {
    start: Timestamp,
    elapsed: Mutex<Duration>,
}

impl ManualClock {
    /// A clock that stands at `wall`, in milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn new(wall: Timestamp) -> Self {
        Self { start: wall, elapsed: Mutex::new(Duration::ZERO) }
    }

    /// Moves the time on.
    pub fn advance(&self, by: Duration) {
        *self.elapsed.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Clock for ManualClock {
    fn monotonic(&self) -> Duration {
        *self.elapsed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wall(&self) -> Timestamp {
        self.start.saturating_add(Timestamp::try_from(self.monotonic().as_millis()).unwrap_or(Timestamp::MAX))
    }

    fn runs(&self) -> bool {
        false
    }

    fn sleep(&self, duration: Duration) {
        self.advance(duration);
    }
}
