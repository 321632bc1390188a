//! All of an instance, started and stopped.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use scorewheel_http::cluster::{Gatherer, PeerClient};
use scorewheel_http::{
    AccessRules, Application, BindError, Engine, MetricsText, QueryState, Server, Snapshot,
};
use scorewheel_scoring::Scores;
use scorewheel_serving::{Adopt, RefusalKind};
use scorewheel_streams::{FaultPoints, NoFaults, Streams, StreamsEnvironment};
use scorewheel_telemetry::{Event, Telemetry};
use scorewheel_topics::embedded::{EmbeddedBackend, random_token};

use super::cluster::{ClusterView, advertised};
use super::live::{InstanceFigures, RecentReader, ScoreSketches, Tee};
use super::settings::streams_config;
use super::{
    ClusterThread, DriftFeed, Events, HttpThread, InfluxFeed, InstanceView, References, ResultsTail,
    RunningPlace, TracesFeed, parts,
};
use super::{grafana, own_topics};
use crate::config::{Config, Loaded};
use crate::exit_code::{ExitCode, Failure};
use crate::places::TopicsGateway;

/// How long an instance may take to commit and leave.
pub const STOP_WITHIN: Duration = Duration::from_secs(30);

/// What an instance is started with besides its configuration.
#[derive(Clone)]
pub struct InstanceOptions {
    /// What the operator has said about a ledger that does not match.
    pub adopt: Adopt,
    /// Where tests make it fail.
    pub faults: Arc<dyn FaultPoints>,
}

impl Default for InstanceOptions {
    fn default() -> Self {
        Self { adopt: Adopt::default(), faults: Arc::new(NoFaults) }
    }
}

/// An instance at work: topology, run time, HTTP.
pub struct Instance {
    streams: Arc<Streams>,
    view: Arc<InstanceView>,
    http: HttpThread,
    cluster: Option<ClusterThread>,
    influx: Option<InfluxFeed>,
    traces: Option<TracesFeed>,
    // Only to be kept.
    _references: Option<References>,
    url: String,
    stopping: Arc<AtomicBool>,
    /// What the thread that keeps the instance's own topics ended with.
    topics_failure: Arc<Mutex<Option<Failure>>>,
    // Dropped last: the lock of an embedded directory goes with it.
    place: RunningPlace,
}

impl Instance {
    /// Binds the listener, takes the state directory and starts the threads; does not wait for brokers or topics.
    ///
    /// # Errors
    /// [`ExitCode::Configuration`] for a port in use or a wrong setting, [`ExitCode::DirectoryUnavailable`] for a
    /// directory that another process holds.
    pub fn start(loaded: &Loaded, place: RunningPlace, options: InstanceOptions) -> Result<Self, Failure> {
        Self::start_on(bind(&loaded.config.listen())?, loaded, place, options)
    }

    /// The same on a listener that is bound.
    ///
    /// # Errors
    /// As [`Instance::start`].
    pub fn start_on(
        server: Server,
        loaded: &Loaded,
        place: RunningPlace,
        options: InstanceOptions,
    ) -> Result<Self, Failure> {
        let config = &loaded.config;
        let url = server.url();
        let listener = advertised(config, &server.address().ip().to_string(), server.address().port());
        let telemetry = Arc::new(Telemetry::new());
        telemetry.expect_rejections(RefusalKind::all().map(RefusalKind::as_str));
        let events = Arc::new(Events::new(Arc::clone(&telemetry), &config.topics.records));
        let mut parts = parts::parts(config, &place.backend, options.adopt)?;
        let influx = InfluxFeed::start(config, &telemetry)?;
        let traces = TracesFeed::start(config, &telemetry, &url)?;
        let sketches = Arc::new(ScoreSketches::default());
        parts.scores = Some(followers(influx.as_ref(), &sketches));
        let drift = DriftFeed::start(config);
        parts.watch = drift.clone().map(|drift| drift as _);
        let references = References::start(config, &place.backend, &place.state_directory, &telemetry)?;
        parts.fetcher = references.as_ref().map(References::fetcher);
        let parts = Arc::new(parts::of_process(parts, &place.state_directory, events.clone())?);
        let topology = parts::topology(config.engine.store, &parts)
            .map_err(|error| Failure::new(ExitCode::Configuration, error.to_string()))?;
        let default_data_type = parts
            .data_types
            .get(parts.data_types.default_type())
            .map(|data_type| data_type.name().to_owned());
        let view = Arc::new(InstanceView {
            application: config.application.id.clone(),
            store: config.engine.store,
            default_data_type: default_data_type.unwrap_or_default(),
            listener: listener.clone(),
            serving: Arc::clone(&parts.state),
            telemetry: Arc::clone(&telemetry),
            events: Arc::clone(&events),
            scores: Arc::clone(&sketches),
            drift: drift.clone(),
            streams: OnceLock::new(),
        });
        telemetry.record(&Event::Started {
            application: config.application.id.clone(),
            place: loaded.place.to_string(),
            engine: format!("streams, {} store", config.engine.store),
        });
        let stopping = Arc::new(AtomicBool::new(false));
        let environment = StreamsEnvironment {
            listener: events,
            faults: options.faults,
            ..StreamsEnvironment::new(Arc::clone(&place.backend))
        };
        let streams_config = streams_config(config, &place.state_directory, &url);
        let streams = Arc::new(Streams::start(topology, streams_config, environment)?);
        // Nobody else fills it.
        let _ = view.streams.set(Arc::clone(&streams));
        grafana::set_up(config, &telemetry, &stopping)?;
        let topics_failure = keep_topics(config, &place, &telemetry, &stopping)?;
        let cluster = announce_instance(config, &place, view.clone(), &telemetry, listener)?;
        let served = Served {
            engine: Engine::Streams,
            state: view.clone(),
            metrics: view.clone(),
            telemetry,
            scores: sketches,
            drift,
            cluster: cluster.as_ref().map(ClusterThread::view),
        };
        let http = serve(config, &place, served, &stopping, server)?;
        Ok(Self {
            streams,
            view,
            http,
            cluster,
            influx,
            traces,
            _references: references,
            url,
            stopping,
            topics_failure,
            place,
        })
    }

    /// Where HTTP answers.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The topics.
    #[must_use]
    pub fn place(&self) -> &RunningPlace {
        &self.place
    }

    /// The last committed state.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.view.now()
    }

    /// Logs and metrics.
    #[must_use]
    pub fn telemetry(&self) -> &Telemetry {
        &self.view.telemetry
    }

    /// Waits until the instance has stopped by itself, or at most so long. `None`: it works.
    ///
    /// # Errors
    /// What it cannot go on with.
    pub fn wait(&self, timeout: Duration) -> Option<Result<(), Failure>> {
        if let Some(failure) = self.topics_failure.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Some(Err(failure));
        }
        self.streams.wait(timeout).map(|ended| ended.map_err(Failure::from))
    }

    /// Commits, leaves the group, stops the server. `reason` goes to the log. The topics stay open as long as the
    /// place that is handed back is kept.
    ///
    /// # Errors
    /// What a thread failed with; what is not committed if it takes longer than [`STOP_WITHIN`].
    pub fn stop(self, reason: &str) -> Result<RunningPlace, Failure> {
        self.telemetry().record(&Event::Stopping { reason: reason.to_owned() });
        self.stopping.store(true, Ordering::Release);
        self.streams.begin_close();
        let closed = match self.streams.wait(STOP_WITHIN) {
            Some(closed) => closed.map_err(Failure::from),
            None => Err(self.not_stopped()),
        };
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
        closed.map(|()| self.place)
    }

    fn not_stopped(&self) -> Failure {
        let status = self.streams.status();
        let open = status.tasks.values().filter(|task| task.position > task.committed.max(0));
        let open: Vec<String> =
            open.map(|task| format!("{} from offset {}", task.input, task.committed)).collect();
        let what = if open.is_empty() { "nothing".to_owned() } else { open.join(", ") };
        Failure::run_time(format!(
            "the instance did not stop within {} s; not committed: {what}",
            STOP_WITHIN.as_secs()
        ))
    }
}

/// Binds the listener.
///
/// # Errors
/// [`ExitCode::Configuration`].
pub fn bind(listen: &str) -> Result<Server, Failure> {
    Server::bind(listen).map_err(|error: BindError| Failure::new(ExitCode::Configuration, error.to_string()))
}

/// Creates what may be created: at once where that needs no broker, else on a thread, as soon as there is one.
fn keep_topics(
    config: &Config,
    place: &RunningPlace,
    telemetry: &Arc<Telemetry>,
    stopping: &Arc<AtomicBool>,
) -> Result<Arc<Mutex<Option<Failure>>>, Failure> {
    if place.embedded.is_some() {
        own_topics::create(&*place.backend, config)?;
    }
    let failure: Arc<Mutex<Option<Failure>>> = Arc::default();
    let told = Arc::clone(&failure);
    let (backend, config) = (Arc::clone(&place.backend), config.clone());
    let (telemetry, stopping) = (Arc::clone(telemetry), Arc::clone(stopping));
    let keep = move || {
        if let Err(error) = own_topics::keep(&backend, &config, &telemetry, &stopping) {
            *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.into());
        }
    };
    std::thread::Builder::new()
        .name("topics".into())
        .spawn(keep)
        .map_err(|error| Failure::run_time(format!("the system refuses a thread: {error}")))?;
    Ok(failure)
}

/// Announces the instance where there can be others: topics in a directory are held by one process.
///
/// # Errors
/// If the system refuses.
pub fn announce_instance(
    config: &Config,
    place: &RunningPlace,
    state: Arc<dyn QueryState>,
    telemetry: &Arc<Telemetry>,
    listener: (String, u16),
) -> Result<Option<ClusterThread>, Failure> {
    if place.embedded.is_some() {
        return Ok(None);
    }
    ClusterThread::start(config, &place.backend, state, telemetry, listener).map(Some)
}

/// What an engine shows.
pub struct Served {
    /// Which engine.
    pub engine: Engine,
    /// Its state.
    pub state: Arc<dyn QueryState>,
    /// Its metrics.
    pub metrics: Arc<dyn MetricsText>,
    /// Its latencies.
    pub telemetry: Arc<Telemetry>,
    /// How its scores are distributed.
    pub scores: Arc<ScoreSketches>,
    /// Inputs and scores under watch, unless that is switched off.
    pub drift: Option<Arc<DriftFeed>>,
    /// The other instances, where there can be any.
    pub cluster: Option<Arc<ClusterView>>,
}

/// Who follows the scores: the page, and InfluxDB if there is one.
#[must_use]
pub fn followers(influx: Option<&InfluxFeed>, sketches: &Arc<ScoreSketches>) -> Arc<dyn Scores> {
    match influx {
        Some(influx) => Arc::new(Tee(vec![influx.scores(), Arc::clone(sketches) as _])),
        None => Arc::clone(sketches) as _,
    }
}

/// Starts the server; an embedded directory says where it is, and with what token the models topic opens.
///
/// # Errors
/// If the directory, the topics or the system refuse.
pub fn serve(
    config: &Config,
    place: &RunningPlace,
    served: Served,
    stopping: &Arc<AtomicBool>,
    server: Server,
) -> Result<HttpThread, Failure> {
    let token = match &place.embedded {
        Some(embedded) => Some(announce(embedded, &server)?),
        None => None,
    };
    let gateway = match &place.embedded {
        Some(_) => Some(Arc::new(TopicsGateway::new(Arc::clone(&place.backend))?)),
        None => None,
    };
    let feed = ResultsTail::new(Arc::clone(&place.backend), config.clone(), Arc::clone(stopping));
    let recent = RecentReader::new(Arc::clone(&place.backend), config.clone(), Arc::clone(stopping));
    let (telemetry, scores, drift) = (served.telemetry, served.scores, served.drift);
    let live = InstanceFigures { telemetry, scores, drift: drift.clone(), recent };
    let topics = &config.topics;
    let mut allowed_hosts = config.http.allowed_hosts.clone();
    if server.is_loopback() || !allowed_hosts.is_empty() {
        // Others ask by the name that was given to them.
        allowed_hosts.push(advertised(config, &server.address().ip().to_string(), 0).0);
    }
    let access = AccessRules {
        loopback: server.is_loopback(),
        allowed_hosts,
        token,
        publish_models: config.http.publish_models,
        models_topic: topics.models.clone(),
        records_topic: topics.records.clone(),
        own_topics: vec![topics.results.clone(), topics.dead_letters.clone(), topics.rejections.clone()],
        own_prefix: format!("{}-", config.application.id),
    };
    let max_body_bytes = config.http.max_body.as_usize();
    HttpThread::start(server, |stops| Application {
        engine: served.engine,
        state: served.state,
        cluster: served
            .cluster
            .map(|cluster| Arc::new(Gatherer::new(cluster, PeerClient::new(config.cluster.timeout.0)))),
        metrics: served.metrics,
        live: Arc::new(live),
        drift: drift.map(|drift| drift as _),
        results: Some(Arc::new(feed)),
        gateway: gateway.map(|gateway| gateway as _),
        access,
        max_body_bytes,
        stopping: stops,
    })
}

fn announce(embedded: &EmbeddedBackend, server: &Server) -> Result<String, Failure> {
    let token = random_token()
        .map_err(|error| Failure::run_time(format!("the system gives no random numbers: {error}")))?;
    embedded.directory().announce(&server.url(), &token)?;
    Ok(token)
}

/// Waits until `done` holds, or at most so long; false if it does not.
pub fn wait_until(timeout: Duration, mut done: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + timeout;
    loop {
        if done() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
