//! Topics in memory, instances of the application on them, and a recount of everything from the topics alone.
#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use scorewheel_model::{Content, Format, Mapping, ModelDescriptor, ModelType, TypeNumbering};
use scorewheel_scoring::model_store::ModelState;
use scorewheel_scoring::{Names, Parts, control_topic};
use scorewheel_serving::{Cutover, TaskStatistics};
use scorewheel_streams::{
    FaultPoint, FaultPoints, InjectedFault, NoFaults, ProcessingGuarantee, SteppedStreams, StreamsConfig,
    StreamsEnvironment, StreamsError,
};
use scorewheel_topics::{
    Backend, ManualClock, MemoryBackend, Offset, ReaderEvent, ReaderOptions, RecordBatch, StartPosition,
    TopicPartition, TopicSpec, WriterOptions,
};

use crate::common::models::LineFormat;
use crate::common::{Engine, data_types};

/// One application's topics.
pub struct Place {
    pub backend: MemoryBackend,
    pub clock: Arc<ManualClock>,
    pub names: Names,
    pub partitions: u32,
    pub engine: Engine,
    pub guarantee: ProcessingGuarantee,
    /// Scale of the model at each control offset.
    pub scales: BTreeMap<Offset, f64>,
    pub written: u32,
    directory: tempfile::TempDir,
}

/// A record of a topic.
#[derive(Clone, Debug)]
pub struct Read {
    pub offset: Offset,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: BTreeMap<String, String>,
}

/// An instance of the application.
pub struct Instance {
    pub streams: SteppedStreams,
    pub parts: Arc<Parts>,
    pub id: String,
}

impl Place {
    pub fn new(engine: Engine, partitions: u32) -> Self {
        let clock = Arc::new(ManualClock::new(1_700_000_000_000));
        let backend = MemoryBackend::with_clock(Arc::clone(&clock) as _);
        let names = Names::of_application("test");
        let directory = tempfile::tempdir().unwrap();
        let place = Self {
            backend,
            clock,
            names,
            partitions,
            engine,
            guarantee: ProcessingGuarantee::ExactlyOnce,
            scales: BTreeMap::new(),
            written: 0,
            directory,
        };
        place.create_topics();
        place
    }

    /// The topics that are not the run time's to create.
    pub fn create_topics(&self) {
        let admin = self.backend.admin().unwrap();
        admin.create_topic(&TopicSpec::new(&*self.names.records, self.partitions)).unwrap();
        admin.create_topic(&control_topic::control_log(&self.names.models)).unwrap();
        admin.create_topic(&control_topic::rejections(&self.names.rejections)).unwrap();
    }

    pub fn state_directory(&self, id: &str) -> PathBuf {
        self.directory.path().join(id)
    }

    pub fn config(&self, id: &str) -> StreamsConfig {
        let mut config = StreamsConfig::new("test");
        config.state_directory = Some(self.state_directory(id));
        config.holder = format!("instance {id}");
        config.reader.client_id = id.to_owned();
        config.reader.batch_records = 50;
        config.writer.client_id = id.to_owned();
        config.guarantee = self.guarantee;
        config.max_poll_interval = Duration::from_secs(2);
        config
    }

    pub fn environment(&self) -> StreamsEnvironment {
        let backend = Arc::new(self.backend.clone()) as Arc<dyn Backend>;
        let mut environment = StreamsEnvironment::new(backend);
        environment.clock = Arc::clone(&self.clock) as _;
        environment.faults = Arc::new(NoFaults);
        environment
    }

    pub fn parts(&self, change: impl FnOnce(&mut Parts)) -> Arc<Parts> {
        let formats: Vec<Arc<dyn Format>> = vec![Arc::new(LineFormat)];
        let backend = Arc::new(self.backend.clone()) as Arc<dyn Backend>;
        let mut parts = Parts::new("test", data_types(), formats, backend).unwrap();
        change(&mut parts);
        Arc::new(parts)
    }

    pub fn start(&self, id: &str) -> Instance {
        self.start_with(id, self.environment()).unwrap()
    }

    pub fn start_with(&self, id: &str, environment: StreamsEnvironment) -> Result<Instance, StreamsError> {
        self.start_of(id, environment, |_| {})
    }

    pub fn start_of(
        &self,
        id: &str,
        environment: StreamsEnvironment,
        change: impl FnOnce(&mut Parts),
    ) -> Result<Instance, StreamsError> {
        let parts = self.parts(change);
        let streams = SteppedStreams::new(self.engine.topology(&parts), self.config(id), environment)?;
        Ok(Instance { streams, parts, id: id.to_owned() })
    }

    /// The process is killed: its clients answer nothing any more, leave no group and end no transaction.
    pub fn kill(&self, instance: Instance) {
        self.backend.faults().crash(&instance.id);
        drop(instance);
    }

    /// Steps all instances in turn until everything written is committed, or an instance fails.
    pub fn run(&self, instances: &mut [&mut Instance]) -> Result<(), StreamsError> {
        for _ in 0..20_000 {
            self.round(instances)?;
            if self.is_done() {
                return Ok(());
            }
        }
        let states: Vec<_> = instances.iter().map(|instance| instance.streams.status()).collect();
        panic!("it does not come to an end: {states:#?}");
    }

    /// Steps each instance once.
    pub fn round(&self, instances: &mut [&mut Instance]) -> Result<(), StreamsError> {
        let mut worked = false;
        for instance in instances.iter_mut() {
            worked |= instance.streams.step()?;
        }
        self.clock.advance(if worked { Duration::from_micros(200) } else { Duration::from_millis(7) });
        Ok(())
    }

    pub fn is_done(&self) -> bool {
        let admin = self.backend.admin().unwrap();
        let inputs = self.inputs();
        let committed = admin.committed_offsets("test", &inputs).unwrap();
        inputs.iter().zip(committed).all(|(input, committed)| {
            admin.offsets(input).unwrap().last_stable == committed.map_or(0, |committed| committed.offset)
        })
    }

    pub fn inputs(&self) -> Vec<TopicPartition> {
        let input = |partition| TopicPartition::new(Arc::clone(&self.names.records), partition);
        (0..self.partitions).map(input).collect()
    }

    /// Writes records `{"x": …}` round robin; their values are their numbers.
    pub fn write(&mut self, records: u32) {
        let texts: Vec<String> =
            (self.written..self.written + records).map(|x| format!(r#"{{"x": {x}}}"#)).collect();
        self.write_texts(&texts);
    }

    pub fn write_texts(&mut self, texts: &[String]) {
        let mut writer = self.backend.writer(&WriterOptions::default()).unwrap();
        for text in texts {
            let partition =
                TopicPartition::new(Arc::clone(&self.names.records), self.written % self.partitions);
            let key = self.written.to_string();
            let mut record = writer.lend(&partition).unwrap().record(1, Some(key.as_bytes()));
            record.value().extend_from_slice(text.as_bytes());
            record.finish().unwrap();
            self.written += 1;
        }
        writer.flush().unwrap();
    }

    /// Publishes a line; its control offset.
    pub fn publish(&mut self, scale: f64) -> Offset {
        let offset = self.publish_text("number", "a", &format!("line: scale={scale}"));
        self.scales.insert(offset, scale);
        offset
    }

    pub fn publish_text(&self, data_type: &str, name: &str, content: &str) -> Offset {
        let descriptor = ModelDescriptor {
            name: name.into(),
            description: String::new(),
            data_type: data_type.into(),
            model_type: ModelType::Pmml,
            content: Content::Data(Bytes::copy_from_slice(content.as_bytes())),
            version: None,
            effective_from: None,
            sha256: None,
            mapping: Mapping::default(),
            golden_rows: Vec::new(),
        };
        self.control(&format!("{data_type}/{name}"), Some(&descriptor.encode(TypeNumbering::Original)))
    }

    pub fn control(&self, key: &str, value: Option<&[u8]>) -> Offset {
        let mut writer = self.backend.writer(&WriterOptions::default()).unwrap();
        let log = TopicPartition::new(Arc::clone(&self.names.models), 0);
        let mut record = writer.lend(&log).unwrap().record(1, Some(key.as_bytes()));
        if let Some(value) = value {
            record.value().extend_from_slice(value);
        }
        record.finish().unwrap();
        writer.flush().unwrap();
        self.backend.admin().unwrap().offsets(&log).unwrap().high_watermark - 1
    }

    /// All committed records of a partition.
    pub fn read(&self, topic: &str, partition: u32) -> Vec<Read> {
        let mut reader = self.backend.assigned_reader(&ReaderOptions::default()).unwrap();
        let partition = TopicPartition::new(topic, partition);
        reader.assign(&[(partition.clone(), StartPosition::Earliest)]).unwrap();
        let end = reader.end_offset(&partition).unwrap();
        let (mut batch, mut read) = (RecordBatch::new(), Vec::new());
        while reader.position(&partition).is_none_or(|position| position < end) {
            if reader.poll(Duration::from_millis(1), &mut batch).unwrap() != ReaderEvent::Batch {
                continue;
            }
            read.extend(batch.iter().map(|record| {
                Read {
                    offset: record.offset,
                    key: record.key.map(<[u8]>::to_vec),
                    value: record.value.map(<[u8]>::to_vec),
                    headers: record
                        .headers
                        .iter()
                        .map(|header| {
                            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                            (text(header.name), text(header.value.unwrap_or_default()))
                        })
                        .collect(),
                }
            }));
        }
        read
    }

    /// A task's statistics, as its changelog has them.
    pub fn statistics(&self, partition: u32) -> TaskStatistics {
        let mut content = BTreeMap::new();
        for record in self.read("test-modelStore-changelog", partition) {
            match record.value {
                Some(value) => _ = content.insert(record.key.unwrap(), value),
                None => _ = content.remove(&record.key.unwrap()),
            }
        }
        if self.engine == Engine::Custom {
            let value = content.get(&[0, 0, 0, 42][..]);
            return value
                .map_or_else(TaskStatistics::new, |value| ModelState::decode(value).unwrap().statistics());
        }
        TaskStatistics::read(content.iter().map(|(key, value)| (key.as_slice(), value.as_slice()))).unwrap()
    }

    /// Every record once, in input order, scored anew under the model that its result names; revisions that only rise,
    /// and cut-overs that say the same; the state the fold of the outcomes.
    pub fn verify(&self) {
        for partition in 0..self.partitions {
            let inputs = self.read(&self.names.records, partition);
            let results = self.read(&self.names.results, partition);
            let letters = self.read(&self.names.dead_letters, partition);
            let cutovers: Vec<Cutover> = self
                .read(&self.names.cutovers, partition)
                .iter()
                .map(|record| Cutover::read(record.value.as_deref().unwrap()).unwrap())
                .collect();
            assert!(cutovers.windows(2).all(|pair| pair[0].offset <= pair[1].offset), "{cutovers:?}");
            assert!(cutovers.windows(2).all(|pair| pair[0].revision < pair[1].revision), "{cutovers:?}");
            let governing = |offset: Offset| {
                cutovers.iter().rev().find(|entry| entry.offset <= offset).map(|entry| entry.revision)
            };
            let mut fates: BTreeMap<Offset, u32> = BTreeMap::new();
            let (mut last, mut counts) = (-1, BTreeMap::<Offset, u64>::new());
            for result in &results {
                let lineage: serde_json::Value =
                    serde_json::from_str(&result.headers["scorewheel-lineage"]).unwrap();
                let (offset, control) =
                    (lineage["offset"].as_i64().unwrap(), lineage["control"].as_i64().unwrap());
                assert_eq!(lineage["partition"], partition);
                assert!(offset > last, "partition {partition}: {offset} after {last}");
                last = offset;
                *fates.entry(offset).or_default() += 1;
                *counts.entry(control).or_default() += 1;
                assert_eq!(governing(offset), Some(control), "partition {partition}, record {offset}");
                let input = inputs.iter().find(|input| input.offset == offset).unwrap();
                assert_eq!(input.key, result.key);
                let number = |json: &Option<Vec<u8>>, field: &str| {
                    let json: serde_json::Value = serde_json::from_slice(json.as_deref().unwrap()).unwrap();
                    json[field].as_f64().unwrap()
                };
                let expected = self.scales[&control] * number(&input.value, "x");
                assert_eq!(number(&result.value, "score").to_bits(), expected.to_bits());
            }
            for letter in &letters {
                let offset = letter.headers["__streams.errors.offset"].parse().unwrap();
                *fates.entry(offset).or_default() += 1;
            }
            assert!(fates.values().all(|times| *times == 1), "partition {partition}: twice: {fates:?}");
            let missing: Vec<Offset> = inputs
                .iter()
                .map(|input| input.offset)
                .filter(|offset| !fates.contains_key(offset))
                .collect();
            assert!(
                missing.iter().all(|offset| governing(*offset) == Some(-1)),
                "partition {partition}: records {missing:?} are lost"
            );
            if self.engine == Engine::Memory {
                continue;
            }
            let statistics = self.statistics(partition);
            let conservation = statistics.conservation();
            assert!(conservation.holds());
            assert_eq!(conservation.records as usize, inputs.len(), "partition {partition}");
            assert_eq!(conservation.results as usize, results.len());
            assert_eq!(conservation.all_dead_letters() as usize, letters.len());
            assert_eq!(conservation.drops as usize, missing.len());
            for model in statistics.models().filter(|model| model.control >= 0) {
                assert_eq!(Some(&model.count), counts.get(&model.control), "partition {partition}");
            }
        }
    }
}

/// Copies a directory, but for the lock.
pub fn copy_directory(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_directory(&entry.path(), &target);
        } else if entry.file_name() != "lock" {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

impl Place {
    /// Results there are.
    pub fn read_results(&self) -> usize {
        let admin = self.backend.admin().unwrap();
        if admin.describe_topic(&self.names.results).unwrap().is_none() {
            return 0;
        }
        (0..self.partitions).map(|partition| self.read(&self.names.results, partition).len()).sum()
    }

    /// Steps an instance until it has failed, or has done nothing for long.
    pub fn write_more(&self, instance: &mut Instance) -> Result<(), StreamsError> {
        for _ in 0..500 {
            self.round(&mut [instance])?;
        }
        Ok(())
    }
}

/// Ends the process at the n-th time that it comes to a point.
pub struct Trip {
    point: FaultPoint,
    left: AtomicU32,
}

impl Trip {
    /// At the `nth` time.
    pub fn at(point: FaultPoint, nth: u32) -> Self {
        Self { point, left: AtomicU32::new(nth) }
    }
}

impl FaultPoints for Trip {
    fn reached(&self, point: FaultPoint) -> Result<(), InjectedFault> {
        let here = point == self.point && self.left.load(Ordering::Relaxed) > 0;
        if here && self.left.fetch_sub(1, Ordering::Relaxed) == 1 { Err(InjectedFault) } else { Ok(()) }
    }
}
