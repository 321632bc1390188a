//! The journal reaches the disk from time to time, on a thread of its own.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;

use fjall::{Database, PersistMode};

use super::SyncPolicy;
use super::failure::FirstFailure;

/// The thread that syncs; dropping it syncs a last time.
pub(super) struct Syncer {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Syncer {
    /// Starts syncing as the policy says; with [`SyncPolicy::Always`] and [`SyncPolicy::Never`] there is nothing to do.
    pub fn start(database: Database, policy: SyncPolicy, path: &Path, failure: FirstFailure) -> Self {
        let SyncPolicy::Interval(interval) = policy else { return Self { stop: None, thread: None } };
        let (stop, stopped) = channel();
        let path = path.to_owned();
        let sync = move || {
            let mut synced = None;
            loop {
                let ends = stopped.recv_timeout(interval) != Err(RecvTimeoutError::Timeout);
                let written = database.seqno();
                if synced != Some(written) {
                    synced = match database.persist(PersistMode::SyncData) {
                        Ok(()) => Some(written),
                        Err(error) => {
                            failure.note(&path, &error);
                            None
                        }
                    };
                }
                if ends {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("topics-sync".into()).spawn(sync).ok();
        Self { stop: Some(stop), thread }
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It panics only if the store does, and the store's own drop will say so.
            let _ = thread.join();
        }
    }
}
