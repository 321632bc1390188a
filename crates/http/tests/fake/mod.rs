//! What stands behind the server in tests: a snapshot, and topics as vectors; and the server in front of it.

pub mod instances;
pub mod running;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use scorewheel_http::{
    AppendedRange, DriftState, GatewayError, Latency, LiveFigures, MetricsText, ModelDrift, NewTopic,
    PartitionRange, QueryState, ReadRequest, RecentRecords, RecordLine, RecordsGateway, RecordsRead,
    ResultEvent, ResultsFeed, ScoreDistribution, Snapshot, TopicView,
};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::broadcast;

/// What the page shows besides the state.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Live {
    pub now: i64,
    pub latency: Latency,
    pub scores: Vec<ScoreDistribution>,
    pub recent: RecentRecords,
    pub drift: Option<Vec<ModelDrift>>,
}

pub struct Fake {
    snapshot: Mutex<Arc<Snapshot>>,
    live: Live,
    topics: Mutex<BTreeMap<String, Vec<Vec<RecordLine>>>>,
    pub results: broadcast::Sender<ResultEvent>,
}

impl Fake {
    pub fn new(snapshot: Snapshot) -> Self {
        let topics = BTreeMap::from([("models_data".to_owned(), vec![Vec::new(); 2])]);
        Self {
            snapshot: Mutex::new(Arc::new(snapshot)),
            live: Live::default(),
            topics: Mutex::new(topics),
            results: broadcast::channel(4).0,
        }
    }

    /// From now on.
    #[allow(dead_code, reason = "one of the tests that share this file has no use for it")]
    pub fn set(&self, snapshot: Snapshot) {
        *self.snapshot.lock().unwrap() = Arc::new(snapshot);
    }

    #[allow(dead_code, reason = "one of the tests that share this file has no use for it")]
    pub fn with_live(self, live: Live) -> Self {
        Self { live, ..self }
    }
}

impl QueryState for Fake {
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.lock().unwrap())
    }
}

impl LiveFigures for Fake {
    fn now(&self) -> i64 {
        self.live.now
    }

    fn latency(&self) -> Latency {
        self.live.latency
    }

    fn scores(&self) -> Vec<ScoreDistribution> {
        self.live.scores.clone()
    }

    fn drift(&self) -> Option<Vec<ModelDrift>> {
        self.live.drift.clone()
    }

    fn recent(&self) -> RecentRecords {
        self.live.recent.clone()
    }
}

/// What others have counted are numbers of rows.
impl DriftState for Fake {
    fn part(&self, of: Option<(&str, &str)>) -> Value {
        let asked =
            |model: &&ModelDrift| of.is_none_or(|of| of == (model.data_type.as_str(), model.name.as_str()));
        self.live.drift.iter().flatten().filter(asked).map(|model| model.rows).sum::<u64>().into()
    }

    fn compare(&self, of: Option<(&str, &str)>, others: &[Value]) -> (Vec<ModelDrift>, Vec<(usize, String)>) {
        let mut models = self.live.drift.clone().unwrap_or_default();
        models.retain(|model| of.is_none_or(|of| of == (model.data_type.as_str(), model.name.as_str())));
        let mut unreadable = Vec::new();
        for (place, other) in others.iter().enumerate() {
            match (other.as_u64(), models.first_mut()) {
                (Some(rows), Some(model)) => model.rows += rows,
                (Some(_), None) => {}
                (None, _) => unreadable.push((place, "no number".to_owned())),
            }
        }
        (models, unreadable)
    }
}

impl MetricsText for Fake {
    fn render(&self) -> String {
        "scorewheel_up 1\n".into()
    }
}

impl ResultsFeed for Fake {
    fn subscribe(&self) -> broadcast::Receiver<ResultEvent> {
        self.results.subscribe()
    }
}

fn not_found(topic: &str) -> GatewayError {
    GatewayError::UnknownTopic(format!("there is no topic `{topic}`"))
}

impl RecordsGateway for Fake {
    fn topics(&self) -> Result<Vec<TopicView>, GatewayError> {
        let topics = self.topics.lock().unwrap();
        topics.keys().map(|name| self.topic_of(name, &topics)).collect()
    }

    fn topic(&self, topic: &str) -> Result<TopicView, GatewayError> {
        self.topic_of(topic, &self.topics.lock().unwrap())
    }

    fn create_topic(&self, topic: &NewTopic) -> Result<(), GatewayError> {
        let mut topics = self.topics.lock().unwrap();
        if topics.contains_key(&topic.name) {
            return Err(GatewayError::Exists(format!("topic `{}` exists already", topic.name)));
        }
        topics.insert(topic.name.clone(), vec![Vec::new(); topic.partitions as usize]);
        Ok(())
    }

    fn range(&self, topic: &str, partition: u32) -> Result<PartitionRange, GatewayError> {
        let topics = self.topics.lock().unwrap();
        let partitions = topics.get(topic).ok_or_else(|| not_found(topic))?;
        let records = partitions.get(partition as usize).ok_or_else(|| {
            GatewayError::UnknownPartition(format!("there is no partition {topic}-{partition}"))
        })?;
        let end = records.len() as i64;
        Ok(PartitionRange { earliest: 0, last_stable: end, high_watermark: end })
    }

    fn offset_for_timestamp(
        &self,
        topic: &str,
        partition: u32,
        timestamp: i64,
    ) -> Result<Option<i64>, GatewayError> {
        self.range(topic, partition)?;
        let topics = self.topics.lock().unwrap();
        let found =
            topics[topic][partition as usize].iter().position(|r| r.timestamp.unwrap_or(0) >= timestamp);
        Ok(found.map(|index| index as i64))
    }

    fn append(&self, topic: &str, records: Vec<RecordLine>) -> Result<Vec<AppendedRange>, GatewayError> {
        let mut topics = self.topics.lock().unwrap();
        let partitions = topics.get_mut(topic).ok_or_else(|| not_found(topic))?;
        let mut written = BTreeMap::new();
        for mut record in records {
            let partition = record.partition.take().unwrap_or(0);
            let log = partitions.get_mut(partition as usize).ok_or_else(|| {
                GatewayError::UnknownPartition(format!("there is no partition {topic}-{partition}"))
            })?;
            record.offset = Some(log.len() as i64);
            record.timestamp.get_or_insert(1000);
            written.insert(partition, log.len() as i64);
            log.push(record);
        }
        Ok(written
            .into_iter()
            .map(|(partition, last_offset)| AppendedRange { partition, last_offset })
            .collect())
    }

    fn read(&self, request: &ReadRequest) -> Result<RecordsRead, GatewayError> {
        let end = self.range(&request.topic, request.partition)?.last_stable;
        if request.offset > end {
            return Err(GatewayError::OutOfRange(format!("offset {} is out of range", request.offset)));
        }
        let topics = self.topics.lock().unwrap();
        let log = &topics[&request.topic][request.partition as usize];
        let records: Vec<RecordLine> =
            log.iter().skip(request.offset as usize).take(request.max_records).cloned().collect();
        Ok(RecordsRead { next_offset: request.offset + records.len() as i64, records })
    }
}

impl Fake {
    fn topic_of(
        &self,
        name: &str,
        topics: &BTreeMap<String, Vec<Vec<RecordLine>>>,
    ) -> Result<TopicView, GatewayError> {
        let partitions = topics.get(name).ok_or_else(|| not_found(name))?.len() as u32;
        Ok(TopicView { name: name.into(), partitions, config: BTreeMap::new() })
    }
}
