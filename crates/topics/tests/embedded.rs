//! The behaviour suite over the embedded backend, with a clock that stands until it is moved.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod behaviour;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use behaviour::{Harness, behaviours};
use scorewheel_topics::embedded::{Directory, EmbeddedBackend, EmbeddedOptions, SyncPolicy};
use scorewheel_topics::{Backend, ManualClock, TopicSpec};

struct Embedded {
    backend: EmbeddedBackend,
    clock: Arc<ManualClock>,
    names: AtomicU32,
    _folder: tempfile::TempDir,
}

/// Hardly any record stays in memory, so that the store is what is read: five or six chunks with what holds them.
fn embedded() -> Option<Embedded> {
    let clock = Arc::new(ManualClock::new(1_700_000_000_000));
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::take(&folder.path().join("data")).unwrap();
    let options =
        EmbeddedOptions { sync: SyncPolicy::Never, memory_bytes: 2048, ..EmbeddedOptions::default() };
    let backend = EmbeddedBackend::open_with_clock(directory, &options, clock.clone()).unwrap();
    Some(Embedded { backend, clock, names: AtomicU32::new(0), _folder: folder })
}

impl Harness for Embedded {
    fn backend(&self) -> &dyn Backend {
        &self.backend
    }

    fn unique(&self, hint: &str) -> String {
        format!("{hint}-{}", self.names.fetch_add(1, Ordering::Relaxed))
    }

    fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    fn compact(&self, topic: &str) {
        self.backend.broker().compact(topic).unwrap();
    }

    fn compacted(&self, spec: TopicSpec) -> TopicSpec {
        spec
    }

    fn poll_time(&self) -> Duration {
        Duration::from_millis(100)
    }
}

behaviours!(crate::embedded());
