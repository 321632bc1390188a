//! Several instances of one application over one memory backend, stepped in turn under a clock that stands.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses a part; a test that cannot go on fails"
)]

mod application;
mod faults;

pub use application::{Gate, topology};
pub use faults::FaultAt;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scorewheel_streams::{
    FaultPoint, KeyValueView, Listener, NoFaults, Phase, SteppedStreams, StreamsConfig, StreamsEnvironment,
    StreamsError, StreamsEvent, TaskId,
};
use scorewheel_topics::{
    Backend, Clock, CommittedOffset, ManualClock, MemoryBackend, ReaderEvent, ReaderOptions, RecordBatch,
    StartPosition, TopicPartition, TopicSpec, WriterOptions,
};
use tempfile::TempDir;

pub const PARTITIONS: u32 = 6;
pub const APPLICATION: &str = "passing";
pub const CHANGELOG: &str = "passing-counts-changelog";
/// Rounds after which a condition that does not come is a failure.
const PATIENCE: usize = 20_000;

/// What became of an instance.
pub struct Instance {
    pub streams: Option<SteppedStreams>,
    pub error: Option<StreamsError>,
    pub gate: Gate,
    pub events: Arc<Events>,
}

/// The names of the events that an instance has told.
#[derive(Default)]
pub struct Events(Mutex<Vec<String>>);

impl Events {
    pub fn count(&self, name: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|event| event.starts_with(name)).count()
    }
}

impl Listener for Events {
    fn event(&self, event: &StreamsEvent<'_>) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
}

/// A backend, its clock, the instances, and what was fed to them.
pub struct Cluster {
    pub backend: MemoryBackend,
    pub clock: Arc<ManualClock>,
    pub instances: BTreeMap<String, Instance>,
    /// Values by partition, in order.
    pub fed: Vec<Vec<String>>,
    directory: TempDir,
    incarnations: u32,
    pub configure: fn(&mut StreamsConfig),
}

impl Cluster {
    /// Six partitions, and a first version in the control log.
    pub fn new() -> Self {
        let cluster = Self::without_version();
        cluster.publish("v1");
        cluster
    }

    pub fn without_version() -> Self {
        let clock = Arc::new(ManualClock::new(1_700_000_000_000));
        let backend = MemoryBackend::with_clock(clock.clone());
        let admin = backend.admin().unwrap();
        admin.create_topic(&TopicSpec::new("in", PARTITIONS)).unwrap();
        admin.create_topic(&TopicSpec::new("control", 1)).unwrap();
        Self {
            backend,
            clock,
            instances: BTreeMap::new(),
            fed: vec![Vec::new(); PARTITIONS as usize],
            directory: folder(),
            incarnations: 0,
            configure: |_| (),
        }
    }

    /// Starts an instance; one of the same name before it has the same state directory.
    pub fn start(&mut self, name: &str) {
        self.start_with(name, None, Gate::open());
    }

    pub fn start_with(&mut self, name: &str, fault: Option<FaultAt>, gate: Gate) {
        // What is left of one that has failed lets go of the state directory.
        self.instances.remove(name);
        self.incarnations += 1;
        let mut config = StreamsConfig::new(APPLICATION);
        config.state_directory = Some(self.state_directory(name));
        config.max_poll_interval = Duration::from_secs(30);
        config.reader.client_id = format!("{name}#{}", self.incarnations);
        config.writer.client_id = config.reader.client_id.clone();
        config.reader.batch_records = 7;
        (self.configure)(&mut config);
        let events = Arc::new(Events::default());
        let environment = StreamsEnvironment {
            clock: self.clock.clone(),
            listener: events.clone(),
            faults: fault.map_or_else(|| Arc::new(NoFaults) as _, |fault| Arc::new(fault) as _),
            ..StreamsEnvironment::new(Arc::new(self.backend.clone()))
        };
        let streams = SteppedStreams::new(topology(gate.clone()), config, environment).unwrap();
        let instance = Instance { streams: Some(streams), error: None, gate, events };
        self.instances.insert(name.into(), instance);
    }

    /// The process is gone from one moment to the next.
    pub fn crash(&mut self, name: &str) {
        let mut instance = self.instances.remove(name).unwrap();
        for incarnation in 1..=self.incarnations {
            self.backend.faults().crash(&format!("{name}#{incarnation}"));
        }
        instance.streams.take();
    }

    /// The instance commits and leaves.
    pub fn stop(&mut self, name: &str) {
        let mut instance = self.instances.remove(name).unwrap();
        instance.streams.take().unwrap().close().unwrap();
    }

    /// Adds `count` records to each partition.
    pub fn feed(&mut self, count: usize) {
        for partition in 0..PARTITIONS {
            let length = self.fed[partition as usize].len();
            for index in length..length + count {
                self.fed[partition as usize].push(format!("{partition}.{index}"));
            }
            self.write(partition, length);
        }
    }

    /// Adds one record to a partition.
    pub fn feed_value(&mut self, partition: u32, value: &str) {
        self.fed[partition as usize].push(value.to_owned());
        self.write(partition, self.fed[partition as usize].len() - 1);
    }

    fn write(&self, partition: u32, from: usize) {
        let mut writer = self.backend.writer(&WriterOptions::default()).unwrap();
        let buffer = writer.lend(&TopicPartition::new("in", partition)).unwrap();
        for (index, value) in self.fed[partition as usize].iter().enumerate().skip(from) {
            let key = format!("key-{}", index % 5);
            let mut record = buffer.record(self.clock.wall(), Some(key.as_bytes()));
            record.value().extend_from_slice(value.as_bytes());
            record.finish().unwrap();
        }
        writer.flush().unwrap();
    }

    /// Appends to the control log.
    pub fn publish(&self, version: &str) {
        let mut writer = self.backend.writer(&WriterOptions::default()).unwrap();
        let mut record = writer.lend(&TopicPartition::new("control", 0)).unwrap().record(0, None);
        record.value().extend_from_slice(version.as_bytes());
        record.finish().unwrap();
        writer.flush().unwrap();
    }

    /// One round of every instance. False if nobody had anything to do.
    pub fn round(&mut self) -> bool {
        let mut worked = false;
        for (name, instance) in &mut self.instances {
            let Some(streams) = &mut instance.streams else { continue };
            match streams.step() {
                Ok(did) => worked |= did,
                Err(error) => {
                    if error.is_injected() {
                        for incarnation in 1..=self.incarnations {
                            self.backend.faults().crash(&format!("{name}#{incarnation}"));
                        }
                    }
                    instance.error = Some(error);
                    instance.streams = None;
                    worked = true;
                }
            }
        }
        worked
    }

    /// Lets all instances work, and time pass when none has anything to do, until the condition holds.
    pub fn until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        for _ in 0..PATIENCE {
            if done(self) {
                return;
            }
            if !self.round() {
                self.clock.advance(Duration::from_millis(5));
            }
        }
        panic!("{what}: did not come in {PATIENCE} rounds");
    }

    /// Lets all instances work until everything that was fed is committed.
    pub fn drain(&mut self) {
        self.until("all input is committed", Self::is_drained);
    }

    pub fn is_drained(&self) -> bool {
        let committed = self.committed();
        let reached = |(committed, fed): (&Option<CommittedOffset>, &Vec<String>)| {
            committed.as_ref().map_or(0, |committed| committed.offset) == i64::try_from(fed.len()).unwrap()
        };
        committed.iter().zip(&self.fed).all(reached)
    }

    /// The committed input offsets.
    pub fn committed(&self) -> Vec<Option<CommittedOffset>> {
        let inputs: Vec<_> = (0..PARTITIONS).map(|partition| TopicPartition::new("in", partition)).collect();
        self.backend.admin().unwrap().committed_offsets(APPLICATION, &inputs).unwrap()
    }

    pub fn commits(&self) -> i64 {
        self.committed().iter().flatten().map(|committed| committed.offset).sum()
    }

    /// What a committed-only reader finds in a topic, by partition: keys and values.
    pub fn read(&self, topic: &str) -> Vec<Vec<(String, Option<String>)>> {
        read(&self.backend, topic)
    }

    /// The results: value and version, by partition.
    pub fn results(&self) -> Vec<Vec<(String, String)>> {
        let split = |(_, value): (String, Option<String>)| {
            let value = value.unwrap();
            let (value, version) = value.split_once('|').unwrap();
            (value.to_owned(), version.to_owned())
        };
        self.read("out").into_iter().map(|records| records.into_iter().map(split).collect()).collect()
    }

    /// Every input once in the results, in the order of its partition, under versions that never go back; and the
    /// state is the fold of the inputs, in the stores and in their changelogs.
    pub fn check(&self) {
        for (partition, (results, fed)) in self.results().iter().zip(&self.fed).enumerate() {
            let values: Vec<_> = results.iter().map(|(value, _)| value).collect();
            assert_eq!(values, fed.iter().collect::<Vec<_>>(), "partition {partition}");
            assert!(results.is_sorted_by_key(|(_, version)| version.clone()), "partition {partition}");
        }
        for (partition, records) in self.read(CHANGELOG).into_iter().enumerate() {
            let fold: BTreeMap<_, _> = records.into_iter().collect();
            assert_eq!(fold, self.expected_counts(partition), "changelog {partition}");
        }
        self.check_stores();
    }

    /// The stores of all running instances hold what the inputs make.
    pub fn check_stores(&self) {
        for instance in self.instances.values() {
            let Some(streams) = &instance.streams else { continue };
            let Ok(views) = streams.views().key_value("counts") else { continue };
            for (task, view) in views {
                let expected = self.expected_counts(task.partition as usize);
                assert_eq!(content(&view), expected, "store of task {task}");
            }
        }
    }

    fn expected_counts(&self, partition: usize) -> BTreeMap<String, Option<String>> {
        let mut counts = BTreeMap::new();
        for index in 0..self.fed[partition].len() {
            *counts.entry(format!("key-{}", index % 5)).or_insert(0) += 1;
        }
        counts.into_iter().map(|(key, count)| (key, Some(count.to_string()))).collect()
    }

    pub fn state_directory(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// True if an instance has worked on records that are not committed.
    pub fn has_uncommitted(&self, name: &str) -> bool {
        let status = self.instances[name].streams.as_ref().unwrap().status();
        status.tasks.values().any(|task| task.position > task.committed.max(0))
    }

    /// The tasks of an instance that work.
    pub fn running(&self, name: &str) -> Vec<TaskId> {
        self.tasks(name, &Phase::Running)
    }

    pub fn tasks(&self, name: &str, phase: &Phase) -> Vec<TaskId> {
        let Some(streams) = &self.instances[name].streams else { return Vec::new() };
        let status = streams.status();
        status.tasks.iter().filter(|(_, task)| task.phase == *phase).map(|(id, _)| *id).collect()
    }

    /// All partitions are at work, shared by the instances so many each.
    pub fn until_shared(&mut self, shares: &[(&str, usize)]) {
        self.until("the partitions are shared", |cluster| {
            shares.iter().all(|(name, share)| cluster.running(name).len() == *share)
        });
    }
}

/// In memory where there is such a place: opening a database syncs its files, and these tests open hundreds.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// What a committed-only reader finds in a topic.
pub fn read(backend: &dyn Backend, topic: &str) -> Vec<Vec<(String, Option<String>)>> {
    let partitions = backend.admin().unwrap().describe_topic(topic).unwrap().unwrap().partitions;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut batch = RecordBatch::new();
    let mut all = Vec::new();
    for partition in 0..partitions {
        let partition = TopicPartition::new(topic, partition);
        let mut reader = backend.assigned_reader(&ReaderOptions::default()).unwrap();
        reader.assign(&[(partition.clone(), StartPosition::Earliest)]).unwrap();
        let end = reader.end_offset(&partition).unwrap();
        let mut records = Vec::new();
        while reader.position(&partition).unwrap() < end {
            if reader.poll(Duration::from_millis(100), &mut batch).unwrap() == ReaderEvent::Batch {
                records.extend(
                    batch.iter().map(|record| (text(record.key.unwrap_or_default()), record.value.map(text))),
                );
            }
        }
        all.push(records);
    }
    all
}

/// What a view shows.
pub fn content(view: &KeyValueView) -> BTreeMap<String, Option<String>> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let entries = view.snapshot().unwrap().0.entries().unwrap();
    entries.into_iter().map(|(key, value)| (text(key), Some(text(value)))).collect()
}

/// Every fault point that a commit passes.
pub const OF_A_COMMIT: [FaultPoint; 5] = [
    FaultPoint::AfterBatch,
    FaultPoint::BeforeSendOffsets,
    FaultPoint::BeforeCommit,
    FaultPoint::AfterCommit,
    FaultPoint::AfterStoreWrite,
];
