//! Results as they can be read, and how long they took.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use scorewheel_telemetry::Latencies;
use scorewheel_topics::{Backend, RecordView, TopicsError};

use crate::clients::{Tail, TailStart};
use crate::clock::now;
use crate::exit_code::Failure;

/// Scores that are shown.
const SHOWN: usize = 4;

/// How long to wait for a topic that is not there yet.
const NOT_YET: Duration = Duration::from_millis(100);

/// What the reader of results has seen.
#[derive(Default)]
pub struct Seen {
    /// Results.
    pub count: AtomicU64,
    /// From the time at which a record was due to its result's being read.
    pub latencies: Latencies,
    scores: Mutex<VecDeque<String>>,
}

impl Seen {
    /// The last scores, newest last.
    #[must_use]
    pub fn scores(&self) -> String {
        let scores = self.scores.lock().unwrap_or_else(PoisonError::into_inner);
        scores.iter().cloned().collect::<Vec<_>>().join(" ")
    }

    fn push_score(&self, record: &RecordView<'_>) {
        let Some(score) = record.value.and_then(score_of) else { return };
        let mut scores = self.scores.lock().unwrap_or_else(PoisonError::into_inner);
        if scores.len() == SHOWN {
            scores.pop_front();
        }
        scores.push_back(score);
    }
}

/// A result's score, short enough for a line.
fn score_of(value: &[u8]) -> Option<String> {
    let result: serde_json::Value = serde_json::from_slice(value).ok()?;
    Some(match &result["score"] {
        serde_json::Value::Number(number) if number.is_f64() => format!("{:.2}", number.as_f64()?),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => list_of(&result["outputs"])?,
        other => other.to_string(),
    })
}

/// The first output that is a list of numbers: its largest, as `[place]`.
fn list_of(outputs: &serde_json::Value) -> Option<String> {
    let list = outputs.as_object()?.values().find_map(serde_json::Value::as_array)?;
    let numbers = list.iter().filter_map(serde_json::Value::as_f64).enumerate();
    let (place, _) = numbers.max_by(|a, b| a.1.total_cmp(&b.1))?;
    Some(format!("[{place}]"))
}

/// Reads the results topic as any consumer would.
pub struct ResultsThread {
    /// What it has seen.
    pub seen: Arc<Seen>,
    stopping: Arc<AtomicBool>,
    thread: JoinHandle<Result<(), TopicsError>>,
}

impl ResultsThread {
    /// Reads from the first result on.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn start(backend: &Arc<dyn Backend>, topic: &str) -> Result<Self, Failure> {
        let seen = Arc::new(Seen::default());
        let stopping = Arc::new(AtomicBool::new(false));
        let (sees, stops) = (Arc::clone(&seen), Arc::clone(&stopping));
        let (backend, topic) = (Arc::clone(backend), topic.to_owned());
        let thread = std::thread::Builder::new()
            .name("demo results".into())
            .spawn(move || read(&*backend, &topic, &sees, &stops))
            .map_err(|error| Failure::run_time(format!("the system refuses a thread: {error}")))?;
        Ok(Self { seen, stopping, thread })
    }

    /// Ends it.
    ///
    /// # Errors
    /// What it could not go on with.
    pub fn stop(self) -> Result<(), Failure> {
        self.stopping.store(true, Ordering::Release);
        match self.thread.join() {
            Ok(read) => Ok(read?),
            Err(_) => Err(Failure::run_time("the reader of results panicked")),
        }
    }
}

fn read(backend: &dyn Backend, topic: &str, seen: &Seen, stopping: &AtomicBool) -> Result<(), TopicsError> {
    let mut tail = None;
    while !stopping.load(Ordering::Acquire) {
        let tail = match &mut tail {
            Some(tail) => tail,
            None => match Tail::open(backend, topic, None, TailStart::Start) {
                Ok(opened) => tail.insert(opened),
                Err(TopicsError::UnknownTopic { .. }) => {
                    std::thread::sleep(NOT_YET);
                    continue;
                }
                Err(error) => return Err(error),
            },
        };
        let Some(batch) = tail.next_batch()? else { continue };
        let at = now();
        let mut last = None;
        for record in batch.iter() {
            seen.count.fetch_add(1, Ordering::Relaxed);
            let waited = u64::try_from(at - record.timestamp).unwrap_or(0);
            seen.latencies.record(Duration::from_millis(waited));
            last = Some(record);
        }
        if let Some(record) = last {
            seen.push_score(&record);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_short() {
        let cases: [(&[u8], Option<&str>); 5] = [
            (br#"{"score":5.123456,"outputs":{}}"#, Some("5.12")),
            (br#"{"score":"good","outputs":{}}"#, Some("good")),
            (br#"{"score":6,"outputs":{}}"#, Some("6")),
            (br#"{"score":null,"outputs":{"y":[0.1,0.7,0.2]}}"#, Some("[1]")),
            (b"no result", None),
        ];
        for (value, expected) in cases {
            assert_eq!(score_of(value).as_deref(), expected);
        }
    }
}
