//! An application in the test driver: topics by hand, models as texts.
#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

#[path = "../../../serving/tests/common/models.rs"]
pub mod models;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use models::{LineFormat, ProfileFormat};
use scorewheel_codecs::{Codec, DataTypeDefinition, DataTypes};
use scorewheel_columns::{DataType, Field, TensorElement};
use scorewheel_model::{
    Content, Format, Limits, Mapping, Model, ModelDescriptor, ModelError, ModelErrorKind, ModelType,
    TypeNumbering,
};
use scorewheel_scoring::{
    ControlAccess, Message, Names, Observer, Parts, ScoringEvent, TaskView, custom, memory, parts, persistent,
};
use scorewheel_serving::{Rejection, Revision};
use scorewheel_streams::{OutputRecord, TestDriverOptions, TestRecord, Topology, TopologyTestDriver};
use scorewheel_topics::TopicsError;

/// The three topologies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Engine {
    Persistent,
    Memory,
    Custom,
}

pub const ENGINES: [Engine; 3] = [Engine::Persistent, Engine::Memory, Engine::Custom];

impl Engine {
    pub fn topology(self, parts: &Arc<Parts>) -> Topology {
        match self {
            Self::Persistent => persistent::topology(parts),
            Self::Memory => memory::topology(parts),
            Self::Custom => custom::topology(parts),
        }
        .unwrap()
    }
}

/// Topics that the handler asks for, by hand.
#[derive(Default)]
pub struct Topics {
    pub messages: Mutex<BTreeMap<i64, Message>>,
    pub rejections: Mutex<BTreeMap<i64, Rejection>>,
    pub committed: Mutex<Vec<Vec<u8>>>,
    /// Messages that were fetched.
    pub fetched: Mutex<Vec<i64>>,
    /// Nothing can be written or fetched.
    pub broken: AtomicBool,
}

pub struct Access(pub Arc<Topics>);

impl Access {
    fn works(&self) -> Result<(), TopicsError> {
        if self.0.broken.load(Ordering::Relaxed) {
            return Err(TopicsError::Unreachable { reason: "a test says so".into() });
        }
        Ok(())
    }
}

impl ControlAccess for Access {
    fn rejections(&mut self) -> Result<Vec<Rejection>, TopicsError> {
        Ok(self.0.rejections.lock().unwrap().values().cloned().collect())
    }

    fn reject(&mut self, rejection: &Rejection, _: i64) -> Result<(), TopicsError> {
        self.works()?;
        // Through bytes, as a topic keeps it.
        let read = Rejection::read(Some(rejection.key().as_bytes()), &rejection.value()).unwrap();
        self.0.rejections.lock().unwrap().insert(read.offset, read);
        Ok(())
    }

    fn message(&mut self, offset: i64) -> Result<Option<Message>, TopicsError> {
        self.works()?;
        self.0.fetched.lock().unwrap().push(offset);
        Ok(self.0.messages.lock().unwrap().get(&offset).cloned())
    }

    fn end(&mut self) -> Result<Option<i64>, TopicsError> {
        Ok(None)
    }

    fn committed_metadata(&mut self) -> Result<Vec<Vec<u8>>, TopicsError> {
        Ok(self.0.committed.lock().unwrap().clone())
    }
}

/// Reads lines, unless it is told to be the next version, which likes none that says `old`.
pub struct Versioned {
    pub newer: Arc<AtomicBool>,
    pub loaded: Arc<Mutex<Vec<String>>>,
}

impl Format for Versioned {
    fn name(&self) -> &'static str {
        "line"
    }

    fn model_types(&self) -> &'static [ModelType] {
        &[ModelType::Pmml]
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        LineFormat.recognises(bytes)
    }

    fn load(&self, bytes: &[u8], mapping: &Mapping, limits: &Limits) -> Result<Arc<dyn Model>, ModelError> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        self.loaded.lock().unwrap().push(text.clone());
        if self.newer.load(Ordering::Relaxed) && text.contains("scale=1") {
            return Err(ModelError::new(ModelErrorKind::Unsupported, "this version scales by more than 1"));
        }
        LineFormat.load(bytes, mapping, limits)
    }
}

#[derive(Default)]
pub struct Events(pub Mutex<Vec<ScoringEvent>>);

impl Observer for Events {
    fn observe(&self, event: &ScoringEvent) {
        self.0.lock().unwrap().push(event.clone());
    }
}

/// One application in the test driver.
pub struct World {
    pub driver: TopologyTestDriver,
    pub parts: Arc<Parts>,
    pub topics: Arc<Topics>,
    pub events: Arc<Events>,
    pub newer: Arc<AtomicBool>,
    pub loaded: Arc<Mutex<Vec<String>>>,
}

pub fn data_types() -> Arc<DataTypes> {
    let numbers = || vec![Field::new("x", DataType::F64), Field::new("note", DataType::Text)];
    let tensor = DataType::Tensor { element: TensorElement::F32, shape: [3].into() };
    let profile = vec![Field::new("name", DataType::Text), Field::new("signal", tensor)];
    let json = |name: &str, fields| DataTypeDefinition::of_fields(name, Codec::Json, fields).unwrap();
    let types = vec![json("number", numbers()), json("other", numbers()), json("profile", profile)];
    Arc::new(DataTypes::new(types, "number").unwrap())
}

impl World {
    pub fn new(engine: Engine) -> Self {
        Self::with(engine, TestDriverOptions::default(), |_| {})
    }

    /// Without a commit after each call.
    pub fn manual(engine: Engine) -> Self {
        let options = TestDriverOptions { auto_commit: false, ..TestDriverOptions::default() };
        Self::with(engine, options, |_| {})
    }

    pub fn with(engine: Engine, options: TestDriverOptions, change: impl FnOnce(&mut Parts)) -> Self {
        let topics = Arc::new(Topics::default());
        let events = Arc::new(Events::default());
        let newer = Arc::new(AtomicBool::new(false));
        let loaded = Arc::new(Mutex::new(Vec::new()));
        let line = Versioned { newer: Arc::clone(&newer), loaded: Arc::clone(&loaded) };
        let formats: Vec<Arc<dyn Format>> = vec![Arc::new(line), Arc::new(ProfileFormat)];
        let data_types = data_types();
        let judge = parts::judge(&data_types, formats, Limits::default(), TypeNumbering::default()).unwrap();
        let shared = Arc::clone(&topics);
        let access = move || -> Result<Box<dyn ControlAccess>, TopicsError> {
            Ok(Box::new(Access(Arc::clone(&shared))))
        };
        let names = Names::of_application("test");
        let mut parts = Parts::with_access("test", names, data_types, judge, access);
        parts.observer = Arc::clone(&events) as Arc<dyn Observer>;
        change(&mut parts);
        let parts = Arc::new(parts);
        let driver = TopologyTestDriver::with_options(engine.topology(&parts), options).unwrap();
        Self { driver, parts, topics, events, newer, loaded }
    }

    /// Publishes a model; its control offset.
    pub fn publish(&mut self, data_type: &str, name: &str, content: &str) -> i64 {
        self.publish_as(data_type, name, content, ModelType::Pmml)
    }

    pub fn publish_as(&mut self, data_type: &str, name: &str, content: &str, model_type: ModelType) -> i64 {
        let descriptor = ModelDescriptor {
            name: name.into(),
            description: format!("about {name}"),
            data_type: data_type.into(),
            model_type,
            content: Content::Data(Bytes::copy_from_slice(content.as_bytes())),
            version: None,
            effective_from: None,
            sha256: None,
            mapping: Mapping::default(),
            golden_rows: Vec::new(),
        };
        let value = descriptor.encode(TypeNumbering::Original);
        self.control(TestRecord::new(&value).key(format!("{data_type}/{name}")))
    }

    pub fn remove(&mut self, data_type: &str, name: &str) -> i64 {
        self.control(TestRecord::tombstone(format!("{data_type}/{name}")))
    }

    pub fn control(&mut self, record: TestRecord) -> i64 {
        let message =
            Message { timestamp: 0, key: record.key.clone(), value: record.value.clone().map(Bytes::from) };
        let next = self.topics.messages.lock().unwrap().len() as i64;
        self.topics.messages.lock().unwrap().insert(next, message);
        let offset = self.driver.broadcast("models", record).unwrap();
        assert_eq!(offset, next, "the topic by hand is the driver's");
        offset
    }

    /// Records of the data type `number`: `{"x": …}`.
    pub fn numbers(&mut self, numbers: &[f64]) {
        let records: Vec<String> = numbers.iter().map(|x| format!(r#"{{"x": {x}}}"#)).collect();
        self.records(&records);
    }

    pub fn records(&mut self, records: &[impl AsRef<str>]) {
        self.driver.pipe("models_data", 0, records.iter().map(|record| record.as_ref().as_bytes())).unwrap();
    }

    /// Results as `score@control`.
    pub fn results(&mut self) -> Vec<String> {
        self.driver.read_output("models_results").iter().map(shown).collect()
    }

    /// Dead letters as `step:kind@offset`.
    pub fn dead_letters(&mut self) -> Vec<String> {
        self.driver.read_output("models_deadletters").iter().map(shown_letter).collect()
    }

    /// Cut-overs as `offset->revision`.
    pub fn cutovers(&mut self) -> Vec<String> {
        let records = self.driver.read_output("test-cutovers");
        let entry = |record: &OutputRecord| {
            scorewheel_serving::Cutover::read(record.value.as_ref().unwrap()).unwrap()
        };
        let shown =
            |cutover: scorewheel_serving::Cutover| format!("{}->{}", cutover.offset, cutover.revision);
        records.iter().map(entry).map(shown).collect()
    }

    /// What the task has committed.
    pub fn task(&mut self, engine: Engine) -> TaskView {
        let view: Arc<dyn std::any::Any + Send + Sync> = match engine {
            Engine::Custom => {
                self.driver.view::<scorewheel_scoring::ModelStoreView>(0, "modelStore").unwrap()
            }
            _ => self.driver.view::<scorewheel_streams::KeyValueView>(0, "modelStore").unwrap(),
        };
        TaskView::read(&view).unwrap()
    }

    pub fn loaded(&self) -> Vec<String> {
        std::mem::take(&mut self.loaded.lock().unwrap())
    }

    pub fn take_events(&self) -> Vec<ScoringEvent> {
        std::mem::take(&mut self.events.0.lock().unwrap())
    }
}

pub fn lineage(record: &OutputRecord) -> serde_json::Value {
    serde_json::from_slice(record.header("scorewheel-lineage").unwrap()).unwrap()
}

fn shown(record: &OutputRecord) -> String {
    let value: serde_json::Value = serde_json::from_slice(record.value.as_ref().unwrap()).unwrap();
    format!("{}@{}", value["score"], lineage(record)["control"])
}

fn shown_letter(record: &OutputRecord) -> String {
    let header = |name: &str| String::from_utf8_lossy(record.header(name).unwrap()).into_owned();
    format!(
        "{}:{}@{}",
        header("scorewheel.errors.step"),
        header("__streams.errors.exception"),
        header("__streams.errors.offset")
    )
}

/// The revision is the snapshot of the broadcast source.
pub type Snapshot = Revision;
