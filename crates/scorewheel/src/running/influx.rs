//! Scores on their way to InfluxDB.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use scorewheel_scoring::{FirstTarget, ScoreFollower, Scores};
use scorewheel_serving::ModelReference;
use scorewheel_telemetry::influx::{Access, Collector, InfluxSettings, Queue, Sender, Thinning};
use scorewheel_telemetry::{Event, Telemetry};
use scorewheel_topics::TopicPartition;

use crate::config::{Config, Engine, InfluxVersion, Points};
use crate::exit_code::{ExitCode, Failure};

/// How long the last points may take when the instance ends.
const LINGER: Duration = Duration::from_secs(2);

/// The way to InfluxDB: a queue and a thread that sends.
pub struct InfluxFeed {
    queue: Arc<Queue>,
    thread: JoinHandle<()>,
}

impl InfluxFeed {
    /// Starts to send; `None` if no InfluxDB is configured. Does not wait for it.
    ///
    /// # Errors
    /// [`ExitCode::Configuration`] for an address that cannot be used.
    pub fn start(config: &Config, telemetry: &Arc<Telemetry>) -> Result<Option<Self>, Failure> {
        let Some(url) = config.influx_url() else { return Ok(None) };
        let settings = settings(config, &url);
        let queue = Arc::new(Queue::new(settings.capacity, settings.thinning));
        let sender = Sender::new(Arc::clone(&queue), settings)
            .map_err(|error| Failure::new(ExitCode::Configuration, error.to_string()))?;
        telemetry.show_influx(Arc::clone(&queue));
        let told = Arc::clone(telemetry);
        let thread = std::thread::Builder::new()
            .name("influx".into())
            .spawn(move || sender.run(|note| told.record(&Event::Influx(note))))
            .map_err(|error| Failure::run_time(format!("the system refuses a thread: {error}")))?;
        Ok(Some(Self { queue, thread }))
    }

    /// What follows the scores.
    #[must_use]
    pub fn scores(&self) -> Arc<dyn Scores> {
        Arc::new(Charted(Arc::clone(&self.queue)))
    }

    /// Sends what waits, as far as that is quickly done.
    pub fn stop(self) {
        self.queue.close();
        super::instance::wait_until(LINGER, || self.thread.is_finished());
    }
}

/// The sink's settings, at this address.
#[must_use]
pub fn settings(config: &Config, url: &str) -> InfluxSettings {
    let influx = &config.influx;
    let secret = |secret: &Option<crate::config::Secret>| {
        secret.as_ref().map(|secret| secret.0.clone()).unwrap_or_default()
    };
    let access = match influx.version {
        InfluxVersion::One => {
            Access::V1 { user: influx.user.clone().map(|user| (user, secret(&influx.password))) }
        }
        InfluxVersion::Two => Access::V2 {
            organization: influx.organization.clone().unwrap_or_default(),
            bucket: influx.bucket.clone(),
            token: secret(&influx.token),
        },
    };
    InfluxSettings {
        access,
        database: influx.database.clone(),
        retention_policy: influx.retention_policy.clone(),
        // The original's names of its two kinds of servers, which its dashboard tells apart.
        engine: match config.engine.kind {
            Engine::Streams => "Kafka Streams".into(),
            Engine::Stage => "Akka".into(),
        },
        details: influx.details,
        thinning: match influx.points {
            Points::Auto => Thinning::Automatic,
            Points::Every => Thinning::Every,
            Points::Aggregate => Thinning::Aggregate,
            Points::OneIn(n) => Thinning::OneIn(n),
        },
        capacity: influx.queue as usize,
        ..InfluxSettings::at(url)
    }
}

struct Charted(Arc<Queue>);

impl Scores for Charted {
    fn follow(&self, input: &TopicPartition) -> Box<dyn ScoreFollower> {
        Box::new(Follower(Collector::new(Arc::clone(&self.0), input.partition())))
    }
}

struct Follower(Collector);

impl ScoreFollower for Follower {
    fn scored(&mut self, model: &ModelReference, score: FirstTarget<'_>, nanoseconds: u64) {
        self.0.score(model.key.name.as_str(), &model.version, score.number(), nanoseconds);
    }

    fn committed(&mut self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.0.committed(i64::try_from(now.as_nanos()).unwrap_or(i64::MAX));
    }

    fn rolled_back(&mut self) {
        self.0.rolled_back();
    }
}
