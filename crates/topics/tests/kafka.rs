//! The behaviour suite over Kafka itself. It needs a broker: `SCOREWHEEL_TEST_KAFKA` names its bootstrap servers
//! (`.ci/kafka/up` starts one and prints the line to export); without it every test says that it is skipped.
#![cfg(feature = "kafka")]
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

mod behaviour;
#[path = "kafka/codecs.rs"]
mod codecs;
#[path = "kafka/old_brokers.rs"]
mod old_brokers;
#[cfg(feature = "tls")]
#[path = "kafka/secured.rs"]
mod secured;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use behaviour::{Harness, behaviours};
use scorewheel_topics::{Backend, KafkaBackend, KafkaSettings, TopicPartition, TopicSpec, WriterOptions};

struct Kafka {
    backend: KafkaBackend,
}

fn kafka() -> Option<Kafka> {
    let Ok(brokers) = std::env::var("SCOREWHEEL_TEST_KAFKA") else {
        println!("skipped: SCOREWHEEL_TEST_KAFKA not found");
        return None;
    };
    Some(Kafka { backend: KafkaBackend::new(KafkaSettings::new(brokers)) })
}

impl Harness for Kafka {
    fn backend(&self) -> &dyn Backend {
        &self.backend
    }

    fn unique(&self, hint: &str) -> String {
        // The broker outlives the run, so names are unique among runs too.
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        format!("{hint}-{nanos}-{}", NUMBER.fetch_add(1, Ordering::Relaxed))
    }

    fn pass(&self, time: Duration) {
        std::thread::sleep(time);
    }

    /// Waits until the cleaner has been over all that is there. The active segment is never cleaned: records of a key
    /// of our own roll it, and when the first of them is gone a pass has seen everything before it.
    fn compact(&self, topic: &str) {
        let partition = TopicPartition::new(topic, 0);
        let mut writer = self.backend.writer(&WriterOptions::default()).unwrap();
        let mut first = None;
        for round in 0..60_i64 {
            let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
            let mut record =
                writer.lend(&partition).unwrap().record(i64::try_from(wall).unwrap(), Some(b"filler"));
            record.value().extend_from_slice(round.to_string().as_bytes());
            record.finish().unwrap();
            writer.flush().unwrap();
            let first = *first.get_or_insert(writer.written()[0].last_offset);
            self.pass(Duration::from_millis(500));
            if !behaviour::support::read(self, &partition).iter().any(|record| record.offset == first) {
                return;
            }
        }
        panic!("{topic} was not compacted within 30 s");
    }

    fn compacted(&self, spec: TopicSpec) -> TopicSpec {
        spec.setting("segment.ms", "100")
            .setting("min.cleanable.dirty.ratio", "0.01")
            .setting("delete.retention.ms", "0")
            .setting("max.compaction.lag.ms", "500")
    }

    fn poll_time(&self) -> Duration {
        Duration::from_millis(100)
    }
}

behaviours!(crate::kafka());
