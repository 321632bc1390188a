//! Records at a steady rate, some of them broken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use scorewheel_topics::{Backend, TopicPartition, TopicsError, WriterOptions};

use super::assets;
use crate::clock::now;
use crate::exit_code::Failure;

/// How often records are handed over: what is due by then, together.
const TICK: Duration = Duration::from_millis(5);

/// One record of so many cannot be read, so that there are dead letters to see.
const BROKEN: u64 = 997;

/// A producer of the demonstration's records.
pub struct RecordsThread {
    stopping: Arc<AtomicBool>,
    thread: JoinHandle<Result<u64, Failure>>,
}

impl RecordsThread {
    /// Produces `rate` records a second to the partitions of `topic` in turn, each with the time at which it was due.
    ///
    /// # Errors
    /// If the system refuses a thread, or the topics a writer.
    pub fn start(
        backend: &Arc<dyn Backend>,
        topic: &str,
        partitions: u32,
        rate: f64,
    ) -> Result<Self, Failure> {
        let records = assets::records()?;
        let mut writer = backend.writer(&WriterOptions::default())?;
        let targets: Vec<TopicPartition> =
            (0..partitions).map(|number| TopicPartition::new(topic, number)).collect();
        let stopping = Arc::new(AtomicBool::new(false));
        let stops = Arc::clone(&stopping);
        let produce = move || {
            let (start, first) = (Instant::now(), now());
            let mut sent = 0_u64;
            while !stops.load(Ordering::Acquire) {
                let due = (start.elapsed().as_secs_f64() * rate) as u64;
                while sent < due {
                    let target = &targets[(sent % targets.len() as u64) as usize];
                    let due_at = first + (sent as f64 / rate * 1000.0) as i64;
                    let mut record = writer.lend(target)?.record(due_at, None);
                    let broken = sent % BROKEN == BROKEN - 1;
                    let whole = &records[(sent % records.len() as u64) as usize];
                    record.value().extend_from_slice(if broken { b"\xff not a record" } else { whole });
                    record.finish().map_err(|error| TopicsError::too_large(target.topic(), error))?;
                    sent += 1;
                }
                writer.flush()?;
                std::thread::sleep(TICK);
            }
            Ok(sent)
        };
        let thread = std::thread::Builder::new()
            .name("demo records".into())
            .spawn(produce)
            .map_err(|error| Failure::run_time(format!("the system refuses a thread: {error}")))?;
        Ok(Self { stopping, thread })
    }

    /// Ends it; how many records it has produced.
    ///
    /// # Errors
    /// What it could not go on with.
    pub fn stop(self) -> Result<u64, Failure> {
        self.stopping.store(true, Ordering::Release);
        self.thread.join().unwrap_or_else(|_| Err(Failure::run_time("the producer of records panicked")))
    }
}
