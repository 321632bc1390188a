//! The last results and dead letters, read while somebody looks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use scorewheel_http::{DeadLetter, LineageView, RecentRecords, RecentResult};
use scorewheel_topics::{
    AssignedReader, Backend, ReaderEvent, ReaderOptions, RecordBatch, StartPosition, TopicPartition,
    TopicsError,
};
use serde_json::Value;

use crate::clients::RecordReader;
use crate::clock::now;
use crate::config::Config;
use crate::exit_code::Failure;

/// Records of each kind that are kept.
const SHOWN: usize = 10;
/// Offsets before the end of a partition that are looked at: some are the marks of transactions.
const LOOK_BACK: i64 = 24;
/// Partitions of a topic that are looked at.
const MOST_PARTITIONS: u32 = 16;
/// Time between two looks.
const PAUSE: Duration = Duration::from_secs(1);
/// How long after the last question it is still looked.
const INTEREST: Duration = Duration::from_secs(10);
/// How long one look may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// Bytes that are fetched ahead.
const FETCH: usize = 1 << 20;

/// Reads the ends of two topics on a thread of its own that is there while somebody asks.
pub struct RecentReader {
    shared: Arc<Shared>,
}

struct Shared {
    backend: Arc<dyn Backend>,
    config: Config,
    stopping: Arc<AtomicBool>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    records: RecentRecords,
    asked: Option<Instant>,
    reading: bool,
}

impl RecentReader {
    /// Nobody asks yet, so nothing is read.
    #[must_use]
    pub fn new(backend: Arc<dyn Backend>, config: Config, stopping: Arc<AtomicBool>) -> Self {
        Self { shared: Arc::new(Shared { backend, config, stopping, state: Mutex::default() }) }
    }

    /// What was found at the last look; the next is soon.
    #[must_use]
    pub fn now(&self) -> RecentRecords {
        let mut state = self.shared.lock();
        state.asked = Some(Instant::now());
        if !state.reading {
            let shared = Arc::clone(&self.shared);
            // Refused by the system: the next question asks again.
            let thread = std::thread::Builder::new().name("recent".into()).spawn(move || shared.look());
            state.reading = thread.is_ok();
        }
        state.records.clone()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self) {
        let mut ends = None;
        while self.goes_on() {
            let found = self.records(&mut ends);
            let mut state = self.lock();
            state.records.at = Some(now());
            match found {
                Ok((results, dead_letters)) => {
                    state.records.trouble = None;
                    keep(&mut state.records.results, results);
                    keep(&mut state.records.dead_letters, dead_letters);
                }
                Err(failure) => state.records.trouble = Some(failure.message),
            }
            drop(state);
            super::super::instance::wait_until(PAUSE, || self.stopping.load(Ordering::Acquire));
        }
    }

    /// False if nobody asks any more: whoever comes next starts another thread.
    fn goes_on(&self) -> bool {
        let mut state = self.lock();
        let asked = state.asked.is_some_and(|asked| asked.elapsed() < INTEREST);
        state.reading = asked && !self.stopping.load(Ordering::Acquire);
        state.reading
    }

    fn records(&self, ends: &mut Option<Ends>) -> Result<(Vec<RecentResult>, Vec<DeadLetter>), Failure> {
        let ends = match ends {
            Some(ends) => ends,
            None => {
                let Some(found) = Ends::open(&*self.backend, &self.config)? else {
                    return Ok((Vec::new(), Vec::new()));
                };
                ends.insert(found)
            }
        };
        let topics = &self.config.topics;
        let (mut results, mut dead_letters) = (Vec::new(), Vec::new());
        ends.read(|topic, record| {
            if topic == topics.results {
                results.push(result(&record));
            } else {
                dead_letters.push(dead_letter(&record));
            }
        })?;
        results.sort_by_key(|result| std::cmp::Reverse((result.timestamp, result.offset)));
        dead_letters.sort_by_key(|letter| std::cmp::Reverse((letter.timestamp, letter.offset)));
        results.truncate(SHOWN);
        dead_letters.truncate(SHOWN);
        Ok((results, dead_letters))
    }
}

/// What is there stays until there is something newer.
fn keep<T>(kept: &mut Vec<T>, found: Vec<T>) {
    if !found.is_empty() {
        *kept = found;
    }
}

/// The ends of two topics.
struct Ends {
    reader: Box<dyn AssignedReader>,
    decoder: RecordReader,
    batch: RecordBatch,
    partitions: Vec<TopicPartition>,
}

impl Ends {
    /// `None` while the topics are not there.
    fn open(backend: &dyn Backend, config: &Config) -> Result<Option<Self>, Failure> {
        let admin = backend.admin()?;
        let mut partitions = Vec::new();
        for topic in [&config.topics.results, &config.topics.dead_letters] {
            let Some(found) = admin.describe_topic(topic)? else { return Ok(None) };
            let count = found.partitions.min(MOST_PARTITIONS);
            partitions.extend((0..count).map(|number| TopicPartition::new(topic.as_str(), number)));
        }
        let options = ReaderOptions {
            client_id: config.application.id.clone(),
            fetch_ahead_bytes: FETCH,
            ..ReaderOptions::default()
        };
        let reader = backend.assigned_reader(&options)?;
        let decoder = RecordReader::new(config)?;
        Ok(Some(Self { reader, decoder, batch: RecordBatch::new(), partitions }))
    }

    /// Reads the last records of every partition.
    fn read(&mut self, mut take: impl FnMut(&str, Value)) -> Result<(), TopicsError> {
        let mut ends = Vec::new();
        for partition in &self.partitions {
            let end = self.reader.end_offset(partition)?;
            if end > 0 {
                ends.push((partition.clone(), end));
            }
        }
        let positions: Vec<_> = ends
            .iter()
            .map(|(partition, end)| (partition.clone(), StartPosition::Offset((end - LOOK_BACK).max(0))))
            .collect();
        if positions.is_empty() {
            return Ok(());
        }
        match self.reader.assign(&positions) {
            // Retention has deleted what was there.
            Err(TopicsError::OutOfRange { .. }) => return Ok(()),
            assigned => assigned?,
        }
        let deadline = Instant::now() + PATIENCE;
        while !ends.is_empty() && Instant::now() < deadline {
            match self.reader.poll(Duration::from_millis(200), &mut self.batch) {
                Ok(ReaderEvent::Batch) => {
                    let partition = self.batch.source().clone();
                    let end = ends.iter().find(|(open, _)| *open == partition).map_or(0, |(_, end)| *end);
                    // Records that have come since are for the next look.
                    for record in self.batch.iter().filter(|record| record.offset < end) {
                        let line = self.decoder.read(partition.topic(), partition.partition(), &record);
                        take(partition.topic(), line);
                    }
                    let reached = self.reader.position(&partition).is_some_and(|position| position >= end);
                    if reached {
                        ends.retain(|(open, _)| *open != partition);
                    }
                }
                Ok(ReaderEvent::EndOfPartition(partition)) => ends.retain(|(open, _)| *open != partition),
                Ok(ReaderEvent::Nothing) => {}
                Err(TopicsError::OutOfRange { .. }) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        // Nothing more is fetched until the next look.
        self.reader.assign(&[])
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn whole(value: &Value) -> i64 {
    value.as_i64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(-1)
}

fn small(value: &Value) -> u32 {
    u32::try_from(whole(value)).unwrap_or(0)
}

fn result(record: &Value) -> RecentResult {
    let lineage = &record["lineage"];
    RecentResult {
        partition: small(&record["partition"]),
        offset: whole(&record["offset"]),
        timestamp: whole(&record["timestamp"]),
        data_type: text(&record["value"]["dataType"]),
        score: score(&record["value"]),
        lineage: lineage.is_object().then(|| LineageView {
            model: text(&lineage["model"]),
            version: text(&lineage["version"]),
            sha256: text(&lineage["sha256"]),
            control: whole(&lineage["control"]),
            topic: text(&lineage["topic"]),
            partition: small(&lineage["partition"]),
            offset: whole(&lineage["offset"]),
        }),
    }
}

/// The first target's value; where there is none, the largest of a list, by its place.
fn score(value: &Value) -> Value {
    let score = &value["score"];
    if !score.is_null() {
        return score.clone();
    }
    let lists = value["outputs"].as_object().into_iter().flat_map(serde_json::Map::values);
    let largest = lists.filter_map(Value::as_array).find_map(|list| {
        let numbers = list.iter().filter_map(Value::as_f64).enumerate();
        numbers.max_by(|left, right| left.1.total_cmp(&right.1))
    });
    largest.map_or(Value::Null, |(place, number)| Value::String(format!("[{place}] {number:.3}")))
}

fn dead_letter(record: &Value) -> DeadLetter {
    let error = &record["error"];
    DeadLetter {
        partition: small(&error["partition"]),
        offset: whole(&error["offset"]),
        timestamp: whole(&record["timestamp"]),
        step: text(&error["step"]),
        kind: text(&error["exception"]),
        message: text(&error["message"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn results_and_dead_letters_of_what_is_read() {
        let line = json!({"partition": 1, "offset": 7, "timestamp": 5, "value": {"dataType": "wine", "score": 5.5},
            "lineage": {"model": "m", "version": "1", "sha256": "ab", "control": 3, "topic": "t", "partition": 1, "offset": 41}});
        let found = result(&line);
        assert_eq!((found.offset, &found.score, found.lineage.map(|l| l.offset)), (7, &json!(5.5), Some(41)));
        let line = json!({"timestamp": 5, "error": {"step": "decode", "partition": "2", "offset": "40", "exception": "e", "message": "m"}});
        let found = dead_letter(&line);
        assert_eq!((found.partition, found.offset, found.step.as_str()), (2, 40, "decode"));
        // Whatever else lies on the topic is shown as far as it goes.
        for other in [json!(null), json!([]), json!({"value": "text", "lineage": "text", "error": 5})] {
            assert_eq!(result(&other).lineage, None);
            assert_eq!(dead_letter(&other).message, "");
        }
    }

    #[test]
    fn a_list_is_known_by_its_largest() {
        assert_eq!(score(&json!({"score": null, "outputs": {"y": [0.1, 0.7, 0.2]}})), json!("[1] 0.700"));
        assert_eq!(score(&json!({"score": null, "outputs": {}})), Value::Null);
    }
}
