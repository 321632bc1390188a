//! The behaviour suite over the memory backend, with a clock that stands until it is moved.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod behaviour;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use behaviour::{Harness, behaviours};
use scorewheel_topics::{Backend, ManualClock, MemoryBackend, TopicSpec, TopicsError};

struct Memory {
    backend: MemoryBackend,
    clock: Arc<ManualClock>,
    names: AtomicU32,
}

fn memory() -> Option<Memory> {
    let clock = Arc::new(ManualClock::new(1_700_000_000_000));
    Some(Memory { backend: MemoryBackend::with_clock(clock.clone()), clock, names: AtomicU32::new(0) })
}

impl Harness for Memory {
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

behaviours!(crate::memory());

#[test]
fn topics_have_a_bounded_number_of_partitions() {
    let backend = MemoryBackend::default();
    let admin = backend.admin().unwrap();
    let create = |name: &str, partitions| admin.create_topic(&TopicSpec::new(name, partitions));
    create("wide", 12_000).unwrap();
    let refused = create("wider", 99_999_999).unwrap_err().to_string();
    assert!(refused.contains("at most 20000") && refused.contains("12000 are there"), "{refused}");
    create("more", 8_001).unwrap_err();
    admin.add_partitions("wide", 20_001).unwrap_err();
    assert!(matches!(create("wide", 12_000), Err(TopicsError::TopicExists { .. })));
    create("more", 8_000).unwrap();
}
