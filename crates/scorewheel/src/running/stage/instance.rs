//! A stage between topics: threads, HTTP, started and stopped.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use scorewheel_http::Engine;
use scorewheel_scoring::TopicsAccess;
use scorewheel_serving::RefusalKind;
use scorewheel_stage::SystemSurroundings;
use scorewheel_telemetry::{Event, Telemetry};
use scorewheel_topics::{GroupOptions, StartPosition};

use super::models::ModelsThread;
use super::partition::StageSettings;
use super::polling::Queue;
use super::records::RecordsThread;
use super::shared::{StageShared, lock};
use crate::config::{Config, Loaded, Start};
use crate::exit_code::Failure;
use crate::running::cluster::advertised;
use crate::running::instance::{
    InstanceOptions, STOP_WITHIN, Served, announce_instance, bind, followers, serve, wait_until,
};
use crate::running::live::ScoreSketches;
use crate::running::settings::streams_config;
use crate::running::{
    ClusterThread, DriftFeed, Events, HttpThread, InfluxFeed, References, RunningPlace, TracesFeed, grafana,
    own_topics, parts,
};

/// A stage at work.
pub struct StageInstance {
    shared: Arc<StageShared>,
    threads: Vec<JoinHandle<()>>,
    http: HttpThread,
    cluster: Option<ClusterThread>,
    influx: Option<InfluxFeed>,
    traces: Option<TracesFeed>,
    // Only to be kept.
    _references: Option<References>,
    url: String,
    feed_stopping: Arc<AtomicBool>,
    // Dropped last: the lock of an embedded directory goes with it.
    _place: RunningPlace,
}

impl StageInstance {
    /// Binds the listener and starts the threads; does not wait for brokers or topics.
    ///
    /// # Errors
    /// As [`Instance::start`](crate::running::Instance::start).
    pub fn start(loaded: &Loaded, place: RunningPlace, options: InstanceOptions) -> Result<Self, Failure> {
        let config = &loaded.config;
        let server = bind(&config.listen())?;
        let url = server.url();
        let listener = advertised(config, &server.address().ip().to_string(), server.address().port());
        let telemetry = Arc::new(Telemetry::new());
        telemetry.expect_rejections(RefusalKind::all().map(RefusalKind::as_str));
        let events = Arc::new(Events::new(Arc::clone(&telemetry), &config.topics.records));
        let parts = parts::parts(config, &place.backend, options.adopt)?;
        let parts = parts::of_process(parts, &place.state_directory, events.clone())?;
        let influx = InfluxFeed::start(config, &telemetry)?;
        let traces = TracesFeed::start(config, &telemetry, &url)?;
        let references = References::start(config, &place.backend, &place.state_directory, &telemetry)?;
        let sketches = Arc::new(ScoreSketches::default());
        let default = parts.data_types.get(parts.data_types.default_type());
        let drift = DriftFeed::start(config);
        let shared = Arc::new(StageShared {
            application: config.application.id.clone(),
            records_topic: config.topics.records.clone(),
            default_data_type: default.map(|data_type| data_type.name().to_owned()).unwrap_or_default(),
            telemetry: Arc::clone(&telemetry),
            events,
            drift: drift.clone(),
            scores: Arc::clone(&sketches),
            markers: Arc::clone(&parts.markers),
            rejections: Queue::default(),
            stopping: AtomicBool::new(false),
            models: Mutex::default(),
            partitions: Mutex::default(),
            cutovers: Mutex::default(),
            waiting: Mutex::new(BTreeMap::new()),
            failure: Mutex::default(),
            clock: SystemSurroundings::default(),
            faults: options.faults,
        });
        telemetry.record(&Event::Started {
            application: config.application.id.clone(),
            place: loaded.place.to_string(),
            engine: "stage".to_owned(),
        });
        if place.embedded.is_some() {
            own_topics::create(&*place.backend, config)?;
        }
        let feed_stopping = Arc::new(AtomicBool::new(false));
        let cluster = announce_instance(config, &place, shared.clone(), &telemetry, listener)?;
        let served = Served {
            engine: Engine::Stage,
            state: shared.clone(),
            metrics: shared.clone(),
            telemetry: Arc::clone(&telemetry),
            scores: Arc::clone(&sketches),
            drift,
            cluster: cluster.as_ref().map(ClusterThread::view),
        };
        let http = serve(config, &place, served, &feed_stopping, server)?;
        grafana::set_up(config, &telemetry, &feed_stopping)?;
        let models = ModelsThread {
            shared: Arc::clone(&shared),
            backend: Arc::clone(&place.backend),
            topic: config.topics.models.clone(),
            access: TopicsAccess::new(Arc::clone(&place.backend), &parts.names, config.group()),
            judge: parts.judge,
            instance: parts.instance.clone(),
            adopt: options.adopt,
            fetcher: references.as_ref().map(|references| (references.fetcher())()),
            selections: parts.selections,
        };
        let settings = StageSettings {
            names: parts.names.clone(),
            data_types: Arc::clone(&parts.data_types),
            policies: parts.policies,
            format: parts.result_format,
            lineage: parts.lineage,
            checkpoint: config.stage.checkpoint.clone(),
            scores: Some(followers(influx.as_ref(), &sketches)),
        };
        let records = records_thread(config, &shared, &place, settings, &url);
        let keeps = own_topics_thread(config, &shared, &place);
        let threads = vec![
            spawn("models", &shared, move || models.work())?,
            spawn("records", &shared, move || records.work())?,
            spawn("topics", &shared, keeps)?,
        ];
        Ok(Self {
            shared,
            threads,
            http,
            cluster,
            influx,
            traces,
            _references: references,
            url,
            feed_stopping,
            _place: place,
        })
    }

    /// Where HTTP answers.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits until a thread has failed, or at most so long. `None`: it works.
    ///
    /// # Errors
    /// What it cannot go on with.
    pub fn wait(&self, timeout: Duration) -> Option<Result<(), Failure>> {
        wait_until(timeout, || lock(&self.shared.failure).is_some());
        lock(&self.shared.failure).clone().map(Err)
    }

    /// Commits, writes checkpoints, leaves the group, stops the server.
    ///
    /// # Errors
    /// What a thread failed with, or that they did not end in time.
    pub fn stop(self, reason: &str) -> Result<(), Failure> {
        self.shared.telemetry.record(&Event::Stopping { reason: reason.to_owned() });
        self.shared.stopping.store(true, Ordering::Release);
        self.feed_stopping.store(true, Ordering::Release);
        let ended = wait_until(STOP_WITHIN, || self.threads.iter().all(JoinHandle::is_finished));
        if let Some(cluster) = self.cluster {
            cluster.leave();
        }
        self.http.stop();
        if let Some(influx) = self.influx {
            influx.stop();
        }
        if let Some(traces) = self.traces {
            traces.stop();
        }
        if let Some(failure) = lock(&self.shared.failure).take() {
            return Err(failure);
        }
        if !ended {
            let message = format!("the stage did not stop within {} s", STOP_WITHIN.as_secs());
            return Err(Failure::run_time(message));
        }
        Ok(())
    }
}

fn records_thread(
    config: &Config,
    shared: &Arc<StageShared>,
    place: &RunningPlace,
    settings: StageSettings,
    url: &str,
) -> RecordsThread {
    let streams = streams_config(config, &place.state_directory, url);
    RecordsThread {
        shared: Arc::clone(shared),
        backend: Arc::clone(&place.backend),
        settings,
        group: GroupOptions {
            instance_id: streams.instance_id,
            reader: streams.reader,
            session_timeout: streams.session_timeout,
            heartbeat_interval: streams.heartbeat_interval,
            max_poll_interval: streams.max_poll_interval,
            ..GroupOptions::new(config.group(), &[&config.topics.records])
        },
        writer: streams.writer,
        create: (config.topics.create, config.topics.replication),
        start: match config.processing.start {
            Start::Earliest => StartPosition::Earliest,
            Start::Latest => StartPosition::Latest,
        },
        commit_interval: config.commit.interval.0,
        checkpoint_interval: config.stage.checkpoint_interval.0,
    }
}

/// Creates the instance's topics as soon as there is a broker.
fn own_topics_thread(
    config: &Config,
    shared: &Arc<StageShared>,
    place: &RunningPlace,
) -> impl FnOnce() -> Result<(), Failure> + Send + use<> {
    let (config, shared, backend) = (config.clone(), Arc::clone(shared), Arc::clone(&place.backend));
    move || Ok(own_topics::keep(&backend, &config, &shared.telemetry, &shared.stopping)?)
}

/// Starts a thread whose failure ends the instance.
fn spawn(
    name: &str,
    shared: &Arc<StageShared>,
    work: impl FnOnce() -> Result<(), Failure> + Send + 'static,
) -> Result<JoinHandle<()>, Failure> {
    let shared = Arc::clone(shared);
    let thread = name.to_owned();
    let body = move || {
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => shared.fail(failure),
            Err(_) => shared.fail(Failure::run_time(format!("the thread `{thread}` panicked"))),
        }
    };
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(|error| Failure::run_time(format!("the system refuses a thread: {error}")))
}
