//! What the tests of this crate share: a control log by hand, a text codec, a scorer at work.
#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

pub mod models;

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use models::{LineFormat, ProfileFormat};
use scorewheel_columns::{Batch, DataType, Field, Schema, Scores, Value};
use scorewheel_model::{Content, DataTypeName, Mapping, ModelDescriptor, ModelType, TypeNumbering};
use scorewheel_serving::*;

/// Data types of the tests: `wine` and `beer` have one schema, `rock` another.
pub const DATA_TYPES: [&str; 3] = ["wine", "beer", "rock"];

pub fn name(name: &str) -> DataTypeName {
    DataTypeName::new(name).unwrap()
}

pub fn schema_of(data_type: &str) -> Arc<Schema> {
    let field = if data_type == "rock" { "weight" } else { "x" };
    let fields = vec![Field::new(field, DataType::F64), Field::new("note", DataType::Text)];
    Arc::new(Schema::new(fields).unwrap())
}

/// Records are texts: `wine:3.5`, `wine:` (missing), `wine:?` (cannot be read), `wine:3.5@beer` (names another type
/// inside), `3.5` (default: wine).
pub struct TextDecoder {
    names: Vec<DataTypeName>,
    schemas: Vec<Arc<Schema>>,
}

impl TextDecoder {
    pub fn new() -> Self {
        Self { names: DATA_TYPES.map(name).to_vec(), schemas: DATA_TYPES.map(schema_of).to_vec() }
    }

    fn stated(&self, text: &str) -> Stated {
        match DATA_TYPES.iter().position(|known| *known == text) {
            Some(index) => Stated::Known(index),
            None => Stated::Refused(Fault {
                step: Step::Route,
                kind: "unknown_data_type",
                reason: format!("{text} is not known").into(),
            }),
        }
    }
}

impl Decoder for TextDecoder {
    fn data_types(&self) -> &[DataTypeName] {
        &self.names
    }

    fn schema(&self, data_type: DataTypeIndex) -> &Arc<Schema> {
        &self.schemas[data_type]
    }

    fn data_type(&mut self, header: Option<&[u8]>, value: &[u8]) -> Stated {
        if let Some(header) = header {
            return self.stated(&String::from_utf8_lossy(header));
        }
        let text = String::from_utf8_lossy(value);
        text.split_once(':').map_or(Stated::Known(0), |(data_type, _)| self.stated(data_type))
    }

    fn decode(
        &mut self,
        _: DataTypeIndex,
        values: &mut dyn Iterator<Item = &[u8]>,
        batch: &mut Batch,
        notes: &mut DecodeNotes,
    ) {
        for (row, value) in values.enumerate() {
            let text = String::from_utf8_lossy(value);
            let text = text.split_once(':').map_or(&*text, |(_, rest)| rest);
            let (number, inner) = text.split_once('@').map_or((text, None), |(n, inner)| (n, Some(inner)));
            if number == "?" {
                let fault =
                    Fault { step: Step::Decode, kind: "unreadable", reason: "a question mark".into() };
                notes.faults.push((row as u32, fault));
            }
            if let Some(inner) = inner {
                match self.stated(inner) {
                    Stated::Known(index) => notes.routes.push((row as u32, index)),
                    Stated::Refused(fault) => notes.faults.push((row as u32, fault)),
                }
            }
            batch.push_row(&[number.parse().map_or(Value::Missing, Value::F64)]);
        }
    }
}

pub struct TextRecords(pub Vec<Option<String>>);

impl TextRecords {
    pub fn of(texts: &[&str]) -> Self {
        Self(texts.iter().map(|text| (*text != "null").then(|| (*text).to_owned())).collect())
    }
}

impl Records for TextRecords {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn value(&self, index: usize) -> Option<&[u8]> {
        self.0[index].as_deref().map(str::as_bytes)
    }

    fn data_type(&self, _: usize) -> Option<&[u8]> {
        None
    }
}

pub struct TextGolden;

impl GoldenCodec for TextGolden {
    fn read_record(&self, _: &DataTypeName, json: &str, batch: &mut Batch) -> Result<(), String> {
        let record: serde_json::Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
        batch.push_row(&[record["x"].as_f64().map_or(Value::Missing, Value::F64)]);
        Ok(())
    }

    fn outputs(&self, scores: &Scores, row: usize) -> serde_json::Value {
        serde_json::json!({ "y": scores.get(0, row).as_f64() })
    }
}

pub fn judge() -> Judge {
    let judge = Judge::new(vec![Arc::new(LineFormat), Arc::new(ProfileFormat)], TextGolden);
    DATA_TYPES
        .iter()
        .fold(judge, |judge, data_type| judge.with_data_type(name(data_type), schema_of(data_type)))
}

pub fn descriptor(data_type: &str, name: &str, content: &str) -> ModelDescriptor {
    ModelDescriptor {
        name: name.into(),
        description: format!("about {name}"),
        data_type: data_type.into(),
        model_type: ModelType::Pmml,
        content: Content::Data(Bytes::copy_from_slice(content.as_bytes())),
        version: None,
        effective_from: None,
        sha256: None,
        mapping: Mapping::default(),
        golden_rows: Vec::new(),
    }
}

/// A control log and an instance that reads it.
pub struct Instance {
    pub topic: Vec<Message>,
    pub log: ControlLog,
    pub judge: Judge,
    /// Control offsets that were given to the judge.
    pub parsed: Vec<i64>,
    pub rejections: Vec<Rejection>,
    pub published: Vec<Arc<Revision>>,
    /// Control offsets whose models do not come.
    pub late: BTreeSet<i64>,
}

#[derive(Clone, Debug)]
pub struct Message {
    pub offset: i64,
    pub key: Option<String>,
    pub value: Option<Vec<u8>>,
}

impl Message {
    pub fn record(&self) -> ControlRecord<'_> {
        ControlRecord {
            offset: self.offset,
            timestamp: 1000 + self.offset,
            key: self.key.as_deref().map(str::as_bytes),
            value: self.value.clone().map(Bytes::from),
        }
    }

    pub fn put(offset: i64, data_type: &str, name: &str, content: &str) -> Self {
        let value = descriptor(data_type, name, content).encode(TypeNumbering::Original);
        Self { offset, key: Some(format!("{data_type}/{name}")), value: Some(value) }
    }

    pub fn remove(offset: i64, data_type: &str, name: &str) -> Self {
        Self { offset, key: Some(format!("{data_type}/{name}")), value: None }
    }
}

impl Instance {
    /// An instance before it has read anything.
    pub fn new(topic: Vec<Message>) -> Self {
        Self {
            topic,
            log: ControlLog::new(TypeNumbering::Original, "test"),
            judge: judge(),
            parsed: Vec::new(),
            rejections: Vec::new(),
            published: Vec::new(),
            late: BTreeSet::new(),
        }
    }

    /// An instance whose route `wine` asks these models, started on this log.
    pub fn asking(selection: Selection, topic: Vec<Message>) -> Self {
        let mut instance = Self::new(topic);
        instance.log = ControlLog::new(TypeNumbering::Original, "test")
            .with_selections([(name("wine"), selection)].into());
        instance.start();
        instance
    }

    /// An instance that has started on this log.
    pub fn started(topic: Vec<Message>) -> Self {
        let mut instance = Self::new(topic);
        instance.start();
        instance
    }

    pub fn start(&mut self) {
        self.fold();
        self.log.caught_up();
        self.install();
    }

    /// One more message, folded and installed.
    pub fn arrive(&mut self, message: Message) {
        self.topic.push(message);
        self.fold();
        self.install();
    }

    pub fn fold(&mut self) {
        for message in &self.topic {
            if let Folded::Refused(rejection) = self.log.fold(&message.record()) {
                self.rejections.push(rejection);
            }
        }
    }

    pub fn install(&mut self) {
        loop {
            if let Some(revision) = self.log.next_revision() {
                self.published.push(revision);
            }
            for offset in self.log.wanted() {
                if self.late.contains(&offset) {
                    self.log.delayed(offset);
                }
            }
            // What is late makes others wanted.
            let Some(offset) = self.log.wanted().into_iter().find(|offset| !self.late.contains(offset))
            else {
                if let Some(revision) = self.log.next_revision() {
                    self.published.push(revision);
                }
                break;
            };
            let message = self.topic.iter().find(|message| message.offset == offset).unwrap();
            self.parsed.push(offset);
            let verdict = self.judge.judge(&message.record());
            self.rejections.extend(self.log.judged(offset, verdict));
        }
    }

    pub fn revision(&self) -> &Arc<Revision> {
        self.published.last().unwrap()
    }

    pub fn control(&self) -> i64 {
        self.revision().id().control
    }

    /// Name and control offset of the model that scores `data_type`.
    pub fn in_force(&self, data_type: &str) -> Option<(String, i64)> {
        let model = self.revision().model(&name(data_type))?;
        Some((model.reference.key.name.to_string(), model.reference.offset))
    }

    pub fn reached(&self, mark: &Mark) -> Reached {
        self.log.reached(&Marking::Ours(*mark), self.log.position(), Adopt::default())
    }
}

/// Outcomes as texts: `y=7@3`, `dead:score:no_answer`, `drop:wine`.
pub fn texts(scored: &Scored<'_, TextDecoder>) -> Vec<String> {
    let text = |outcome: Outcome<'_>| match outcome {
        Outcome::Result(answer) => {
            let y = answer.scores.get(0, answer.row).as_f64().unwrap();
            format!("y={y}@{}", answer.installed.reference.offset)
        }
        Outcome::DeadLetter(letter) => format!("dead:{}:{}", letter.step, letter.kind()),
        Outcome::Dropped(data_type) => format!("drop:{data_type}"),
    };
    scored.outcomes().map(|(_, outcome)| text(outcome)).collect()
}

/// A clock that moves 1,000 ns a look.
pub fn ticking() -> impl FnMut() -> u64 {
    let mut now = 0;
    move || {
        now += 1000;
        now
    }
}
