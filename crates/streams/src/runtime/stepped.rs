//! An instance that works when it is told to.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::broadcast_worker::BroadcastWorker;
use super::config::StreamsConfig;
use super::environment::StreamsEnvironment;
use super::prepare::prepare;
use super::shared::Shared;
use super::status::StreamsStatus;
use super::stream_worker::{Step, StreamWorker};
use crate::error::StreamsError;
use crate::topology::Topology;
use crate::views::StoreViews;

/// An instance without threads: everything that [`Streams`](super::Streams) does, one step at a time on the caller's
/// thread. For tests with several instances and faults, which stay deterministic with a clock that stands.
pub struct SteppedStreams {
    shared: Arc<Shared>,
    prepared: bool,
    broadcasts: Vec<BroadcastWorker>,
    workers: Vec<StreamWorker>,
}

impl SteppedStreams {
    /// An instance that has done nothing yet but take its state directory.
    ///
    /// # Errors
    /// A wrong setting; a state directory that is in use.
    pub fn new(
        topology: Topology,
        config: StreamsConfig,
        environment: StreamsEnvironment,
    ) -> Result<Self, StreamsError> {
        let shared = Shared::new(topology, config, environment)?;
        Ok(Self { shared, prepared: false, broadcasts: Vec::new(), workers: Vec::new() })
    }

    /// Each of its threads does one round. False if none of them had anything to do.
    ///
    /// # Errors
    /// What would stop the application. The instance has left what it could leave; after an injected fault it has left
    /// nothing.
    pub fn step(&mut self) -> Result<bool, StreamsError> {
        if !self.prepared {
            if !prepare(&self.shared)? {
                return Ok(false);
            }
            for index in 0..self.shared.topology.broadcasts.len() {
                self.broadcasts.push(BroadcastWorker::new(self.shared.clone(), index)?);
            }
            for thread in 0..self.shared.config.threads {
                self.workers.push(StreamWorker::new(self.shared.clone(), thread)?);
            }
            self.prepared = true;
        }
        let mut worked = false;
        for broadcast in &mut self.broadcasts {
            worked |= broadcast.step(Duration::ZERO)?;
        }
        for index in 0..self.workers.len() {
            match self.workers[index].step() {
                Ok(step) => worked |= step == Step::Worked,
                Err(error) => {
                    if !error.is_injected() {
                        self.workers.iter_mut().for_each(StreamWorker::give_up);
                    }
                    return Err(error);
                }
            }
        }
        Ok(worked)
    }

    /// Commits and leaves.
    ///
    /// # Errors
    /// What would stop the application.
    pub fn close(mut self) -> Result<(), StreamsError> {
        self.shared.close();
        for worker in &mut self.workers {
            if let Err(error) = worker.step() {
                worker.give_up();
                return Err(error);
            }
        }
        Ok(())
    }

    /// The stores as other threads may read them.
    #[must_use]
    pub fn views(&self) -> &StoreViews {
        &self.shared.views
    }

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> StreamsStatus {
        self.shared.status.read()
    }
}

impl fmt::Debug for SteppedStreams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SteppedStreams").field("status", &self.status()).finish_non_exhaustive()
    }
}
