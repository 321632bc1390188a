//! Announces this instance on `<application>-instances`, and listens who else is there.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use scorewheel_http::QueryState;
use scorewheel_http::cluster::{API, Announcement, Cluster, Leases, Members};
use scorewheel_telemetry::{Event, Telemetry};
use scorewheel_topics::embedded::random_token;
use scorewheel_topics::{
    AssignedReader, Backend, CleanupPolicy, Offset, ReaderEvent, ReaderOptions, RecordBatch, Remedy,
    StartPosition, TopicPartition, TopicSpec, TopicsError, Writer, WriterOptions,
};

use super::instance::wait_until;
use super::parts::STORE;
use crate::clients::ensure_topic;
use crate::config::{Config, Create, Engine, Store};
use crate::exit_code::Failure;

const POLL: Duration = Duration::from_millis(100);
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// How long leaving may take: who cannot say goodbye expires.
const GOODBYE: Duration = Duration::from_secs(3);

/// The topic on which the instances of an application announce themselves.
#[must_use]
pub fn instances_topic(config: &Config) -> String {
    format!("{}-instances", config.application.id)
}

/// That topic, to be created: the latest word of each instance, with the broker's times.
#[must_use]
pub fn instances_spec(config: &Config) -> TopicSpec {
    TopicSpec::new(instances_topic(config), 1)
        .cleanup(CleanupPolicy::Compact)
        .replication(config.topics.replication)
        .setting("message.timestamp.type", "LogAppendTime")
        // Instances come and go; what they said is of no use for long.
        .setting("segment.ms", "3600000")
        .setting("delete.retention.ms", "3600000")
}

/// What is known of the cluster.
struct Known {
    leases: Leases,
    expected: Option<(String, u32)>,
    trouble: Option<String>,
}

/// The cluster as this instance knows it.
pub struct ClusterView {
    announcement: Announcement,
    state: Arc<dyn QueryState>,
    start: Instant,
    known: Mutex<Known>,
}

impl ClusterView {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }
}

impl Cluster for ClusterView {
    fn members(&self) -> Members {
        let known = self.known();
        let now = self.now();
        let unread = || "the list of instances is being read".to_owned();
        Members {
            own: self.announcement.clone(),
            others: known.leases.others(now),
            unreadable: known.leases.unreadable(now),
            expected: known.expected.clone(),
            trouble: known.trouble.clone().or_else(|| (!known.leases.is_read()).then(unread)),
        }
    }
}

/// The thread that announces and listens.
pub struct ClusterThread {
    view: Arc<ClusterView>,
    leaving: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// Where others reach this instance: `http.advertised`, else the listener's address; of one that listens everywhere the
/// name of the machine.
#[must_use]
pub fn advertised(config: &Config, host: &str, port: u16) -> (String, u16) {
    if let Some(said) = &config.http.advertised {
        let (name, said_port) = match said.rsplit_once(':') {
            // An address of version 6 without brackets has no port behind it.
            Some((name, number))
                if number.parse::<u16>().is_ok() && (!name.contains(':') || name.ends_with(']')) =>
            {
                (name, number.parse().unwrap_or(port))
            }
            _ => (said.as_str(), port),
        };
        return (name.trim_start_matches('[').trim_end_matches(']').to_owned(), said_port);
    }
    if host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_unspecified()) {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let name = name.trim();
        return (if name.is_empty() { "localhost" } else { name }.to_owned(), port);
    }
    (host.to_owned(), port)
}

impl ClusterThread {
    /// Starts to announce the instance that listens at `host` and `port` and whose state is `state`.
    ///
    /// # Errors
    /// If the system refuses a thread or random numbers.
    pub fn start(
        config: &Config,
        backend: &Arc<dyn Backend>,
        state: Arc<dyn QueryState>,
        telemetry: &Arc<Telemetry>,
        (host, port): (String, u16),
    ) -> Result<Self, Failure> {
        let refused = |what: &str, error: std::io::Error| {
            Failure::run_time(format!("the system refuses {what}: {error}"))
        };
        let token = random_token().map_err(|error| refused("random numbers", error))?;
        let named = config.engine.kind == Engine::Streams && config.engine.store != Store::Memory;
        let announcement = Announcement {
            api: API,
            instance: format!("{host}:{port}/{}", &token[..8]),
            process: std::process::id(),
            host,
            port,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            stores: if named { vec![STORE.to_owned()] } else { Vec::new() },
            tasks: Vec::new(),
            expires_ms: u64::try_from(config.cluster.expiry.0.as_millis()).unwrap_or(u64::MAX),
        };
        let leases = Leases::new(&announcement.instance);
        let known = Mutex::new(Known { leases, expected: None, trouble: None });
        let view = Arc::new(ClusterView { announcement, state, start: Instant::now(), known });
        let leaving = Arc::new(AtomicBool::new(false));
        let work = Work {
            view: Arc::clone(&view),
            backend: Arc::clone(backend),
            position: Cell::new(None),
            config: config.clone(),
            telemetry: Arc::clone(telemetry),
            leaving: Arc::clone(&leaving),
            told: Cell::new(false),
        };
        let thread = std::thread::Builder::new()
            .name("cluster".into())
            .spawn(move || work.run())
            .map_err(|error| refused("a thread", error))?;
        Ok(Self { view, leaving, thread })
    }

    /// The cluster, as it becomes known.
    #[must_use]
    pub fn view(&self) -> Arc<ClusterView> {
        Arc::clone(&self.view)
    }

    /// Takes this instance off the list.
    pub fn leave(self) {
        self.leaving.store(true, Ordering::Release);
        wait_until(GOODBYE, || self.thread.is_finished());
    }
}

struct Work {
    view: Arc<ClusterView>,
    backend: Arc<dyn Backend>,
    /// Where reading goes on after trouble.
    position: Cell<Option<Offset>>,
    config: Config,
    telemetry: Arc<Telemetry>,
    leaving: Arc<AtomicBool>,
    /// An alarm says what the trouble is.
    told: Cell<bool>,
}

/// Both ends of the topic.
struct Ends {
    partition: TopicPartition,
    reader: Box<dyn AssignedReader>,
    writer: Box<dyn Writer>,
}

impl Work {
    /// Nothing here ends the instance: without the topic it scores as before, and says that it answers for itself only.
    fn run(self) {
        while !self.is_leaving() {
            let Err(error) = self.work() else { return };
            let topic = instances_topic(&self.config);
            let message = match &error {
                TopicsError::UnknownTopic { .. } => format!(
                    "the topic `{topic}` does not exist and may not be created: other instances are not known; create \
                     it with one partition, compacted, with message.timestamp.type=LogAppendTime"
                ),
                error => format!("other instances are not known, topic `{topic}`: {error}"),
            };
            if error.remedy() != Remedy::Retry && !self.told.replace(true) {
                self.telemetry.record(&Event::Alarm { kind: "cluster", message: message.clone() });
            }
            self.view.known().trouble = Some(message);
            wait_until(TRY_AGAIN, || self.is_leaving());
        }
    }

    fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }

    /// Announces and listens until the instance leaves.
    fn work(&self) -> Result<(), TopicsError> {
        let mut ends = self.open()?;
        let mut batch = RecordBatch::new();
        let heartbeat = self.config.cluster.heartbeat.0;
        let mut next = Instant::now();
        while !self.is_leaving() {
            if Instant::now() >= next {
                next = Instant::now() + heartbeat;
                let tasks = self.view.state.snapshot();
                let value = self.view.announcement.with_tasks_of(&tasks).value();
                let mut records = BTreeMap::from([(self.view.announcement.instance.clone(), Some(value))]);
                let forgotten = self.view.known().leases.forgotten(self.view.now());
                records.extend(forgotten.into_iter().map(|name| (name, None)));
                write(&mut ends, &records)?;
                let records_topic = &self.config.topics.records;
                let found = self.backend.admin()?.describe_topic(records_topic)?;
                let mut known = self.view.known();
                // A topic that is not there has no partitions that could be missing.
                known.expected = Some((records_topic.clone(), found.map_or(0, |topic| topic.partitions)));
                known.trouble = None;
                self.told.set(false);
            }
            let event = match ends.reader.poll(POLL, &mut batch) {
                Err(error @ TopicsError::OutOfRange { .. }) => {
                    // The topic was made anew: nothing of before is there.
                    self.position.set(None);
                    return Err(error);
                }
                event => event?,
            };
            self.position.set(ends.reader.position(&ends.partition));
            if event == ReaderEvent::Batch {
                let now = self.view.now();
                let mut known = self.view.known();
                for record in batch.iter() {
                    if let Some(key) = record.key {
                        known.leases.take(key, record.value, record.timestamp, now);
                    }
                }
            }
        }
        write(&mut ends, &BTreeMap::from([(self.view.announcement.instance.clone(), None)]))
    }

    fn open(&self) -> Result<Ends, TopicsError> {
        let spec = instances_spec(&self.config);
        let create = self.config.topics.create;
        ensure_topic(
            &*self.backend.admin()?,
            &spec,
            if create == Create::None { create } else { Create::All },
        )?;
        let partition = TopicPartition::new(spec.name.as_str(), 0);
        let mut reader = self.backend.assigned_reader(&ReaderOptions::default())?;
        let start = self.position.get().map_or(StartPosition::Earliest, StartPosition::Offset);
        reader.assign(&[(partition.clone(), start)])?;
        Ok(Ends { partition, reader, writer: self.backend.writer(&WriterOptions::default())? })
    }
}

/// Writes these records, and returns when they are there.
fn write(ends: &mut Ends, records: &BTreeMap<String, Option<Vec<u8>>>) -> Result<(), TopicsError> {
    let topic = ends.partition.topic().to_owned();
    for (name, value) in records {
        let buffer = ends.writer.lend(&ends.partition)?;
        let mut record = buffer.record(crate::clock::now(), Some(name.as_bytes()));
        if let Some(value) = value {
            record.value().extend_from_slice(value);
        }
        record.finish().map_err(|error| TopicsError::too_large(&topic, error))?;
    }
    ends.writer.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_reach_an_instance_by_what_is_said_or_by_where_it_listens() {
        let mut config = Config::default();
        let mut at = |said: Option<&str>, host: &str| {
            config.http.advertised = said.map(str::to_owned);
            advertised(&config, host, 8888)
        };
        let named = |name: &str, port| (name.to_owned(), port);
        assert_eq!(at(None, "10.0.0.7"), named("10.0.0.7", 8888));
        assert_eq!(
            at(Some("scoring-0.scoring-instances:80"), "0.0.0.0"),
            named("scoring-0.scoring-instances", 80)
        );
        assert_eq!(at(Some("scoring-0"), "0.0.0.0"), named("scoring-0", 8888));
        assert_eq!(at(Some("[fd00::1]:80"), "::"), named("fd00::1", 80));
        assert_eq!(at(Some("[fd00::1]"), "::"), named("fd00::1", 8888));
        assert_eq!(at(Some("fd00::1"), "::"), named("fd00::1", 8888));
        assert_ne!(at(None, "0.0.0.0").0, "0.0.0.0");
    }
}
