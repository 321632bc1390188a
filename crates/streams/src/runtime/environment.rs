//! What an instance is handed from outside.

use std::fmt;
use std::sync::Arc;

use scorewheel_topics::{Backend, Clock, SystemClock};

use crate::fault_points::{FaultPoints, NoFaults};
use crate::listener::{Listener, NoListener};

/// What an instance is handed from outside.
#[derive(Clone)]
pub struct StreamsEnvironment {
    /// Where the topics live.
    pub backend: Arc<dyn Backend>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who hears of events.
    pub listener: Arc<dyn Listener>,
    /// Where tests make it fail.
    pub faults: Arc<dyn FaultPoints>,
}

impl StreamsEnvironment {
    /// These topics, the machine's clock, no listener, no faults.
    #[must_use]
    pub fn new(backend: Arc<dyn Backend>) -> Self {
        Self {
            backend,
            clock: Arc::new(SystemClock::new()),
            listener: Arc::new(NoListener),
            faults: Arc::new(NoFaults),
        }
    }
}

impl fmt::Debug for StreamsEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamsEnvironment")
            .field("backend", &self.backend.name())
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}
