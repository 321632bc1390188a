//! Every section and setting, once: name, type, default, documentation. The reference page is made from this file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::choices::{
    Create, DriftInputs, Engine, Guarantee, InfluxVersion, LogFormat, NoModel, Numbering, OnFailure,
    ResultFormat, Start, Store, SyncChoice,
};
use super::data_type::DataTypeConfig;
use super::layers::Layers;
use super::points::Points;
use super::problem::Problem;
use super::references::ReferenceConfig;
use super::section::{Section, SectionValues, Setting, sections};
use super::value::{Bytes, Period, Secret, SettingValue};

sections! {
    /// What this application is called.
    application: Application {
        /// Names the application: its consumer group, and the prefix of its transactional ids, changelogs and internal
        /// topics. Instances with the same id share the work.
        id: String = "scorewheel".into();
    }

    /// A Kafka cluster. Set `brokers`, or nothing of this section: topics are then embedded in a directory.
    kafka: Kafka {
        /// Bootstrap servers, `host:port`, separated by commas.
        brokers: Option<String> = None, from "KAFKA_BROKERS_LIST";
        /// Consumer group; the application id if it is not set.
        group: Option<String> = None;
        /// Keeps a restarted instance's partitions for it (static membership). Must differ between instances.
        instance_id: Option<String> = None;
        /// After this time without a sign of life an instance is taken for dead and its partitions go to others.
        session_timeout: Period = Period::millis(45_000);
        /// A sign of life is sent this often.
        heartbeat_interval: Period = Period::millis(3_000);
        /// After this time without a poll an instance is taken for stuck.
        max_poll_interval: Period = Period::millis(300_000);
        /// Any further settings of librdkafka, for every client, in its own names: `"security.protocol" = "SASL_SSL"`. In
        /// the environment `SCOREWHEEL__KAFKA__SETTINGS__SASL_PASSWORD` stands for `sasl.password`.
        settings: BTreeMap<String, String> = BTreeMap::new();
    }

    /// Topics in a directory, without a broker. Used when no brokers are set.
    embedded: Embedded {
        /// The directory. One process at a time holds it.
        data_dir: PathBuf = "./scorewheel-data".into();
        /// When written records are forced to disk. `always`: nothing acknowledged is ever lost. `interval`: a power failure
        /// can lose what was acknowledged in the last `sync_interval`. `never`: a power failure can lose what the system
        /// still held back. A crash of the process loses nothing under any of them.
        sync: SyncChoice = SyncChoice::Interval;
        /// How often records are forced to disk with `sync = "interval"`.
        sync_interval: Period = Period::millis(200);
    }

    /// Another instance's HTTP listener, through which the client commands reach embedded topics.
    client: Client {
        /// URL of the instance, such as `http://127.0.0.1:8888`.
        url: Option<String> = None;
        /// The token that opens the models topic there.
        token: Option<Secret> = None;
    }

    /// The topics and which of them may be created.
    topics: Topics {
        /// The records to score. One topic an application.
        records: String = "models_data".into();
        /// The models: the control log. Exactly one partition.
        models: String = "models_models".into();
        /// The results, with as many partitions as the records topic.
        results: String = "models_results".into();
        /// Records that could not be scored, with as many partitions as the records topic.
        dead_letters: String = "models_deadletters".into();
        /// Refused models and why.
        rejections: String = "models_rejections".into();
        /// What may be created when it is missing: `internal` (results, dead letters, rejections, cut-overs, changelogs),
        /// `all` (`run` creates the records and models topics as well) or `none`. `produce` and `publish` create the topic
        /// that they write unless it is `none`.
        create: Create = Create::Internal;
        /// Partitions of a records topic that we create.
        partitions: u32 = 1;
        /// Copies of each partition of a topic that we create; the broker's default if it is not set.
        replication: Option<u16> = None;
    }

    /// What scores, and how much of it.
    engine: EngineSection {
        /// `streams`: a topology with a store and transactions. `stage`: an operator over two streams, at least once.
        kind: Engine = Engine::Streams;
        /// Where the topology keeps statistics and references: `persistent`, `memory` or `custom`.
        store: Store = Store::Persistent;
        /// Stream threads. Each has its own consumer and producer, and a share of the partitions.
        threads: u32 = 1;
        /// Directory of stores and of this instance's identity, with a Kafka cluster. Embedded topics keep it in their own
        /// directory.
        state_dir: PathBuf = "./scorewheel-state".into();
    }

    /// What is promised about each record.
    processing: Processing {
        /// `exactly_once`: results, dead letters, state and offsets are one transaction. `at_least_once`: they are written one
        /// after another, and a crash repeats some.
        guarantee: Guarantee = Guarantee::ExactlyOnce;
        /// Where a partition without a committed offset begins.
        start: Start = Start::Earliest;
    }

    /// When work is committed.
    commit: Commit {
        /// At the latest after this time.
        interval: Period = Period::millis(100);
        /// Earlier, when nothing more has arrived and the newest record is this old, at most every 20 ms; 0 switches it off.
        when_idle: Period = Period::millis(5);
        /// After this time the broker aborts a transaction by itself.
        transaction_timeout: Period = Period::millis(10_000);
    }

    /// What becomes of records without a model, and of models that fail.
    scoring: Scoring {
        /// A record for which there is no model is dropped and counted (`drop`), waits with its partition (`wait`), or
        /// becomes a dead letter (`dead-letter`).
        no_model: NoModel = NoModel::Drop;
        /// When a model fails on `failure_share` of `failure_rows` rows, its partition pauses until another model comes
        /// (`pause`), or its errors go on becoming dead letters (`continue`).
        on_model_failure: OnFailure = OnFailure::Pause;
        /// Share of rows, above 0 and up to 1, on which a model must fail. Rows whose input is at fault do not count.
        failure_share: f64 = 1.0;
        /// Consecutive rows over which the share is counted.
        failure_rows: u32 = 1000;
    }

    /// How model messages are read.
    models: Models {
        /// Numbers of the model types in descriptors: the original's (`PMML` is 1) or its successor's (`PMML` is 2).
        type_numbering: Numbering = Numbering::Original;
        /// Largest model that is accepted.
        max_size: Bytes = Bytes::mebibytes(64);
        /// Models by reference that are kept in the state directory. Those in force are kept whatever they need.
        reference_cache: Bytes = Bytes::mebibytes(1024);
        /// Models by reference that are fetched at the same time.
        reference_fetches: u32 = 2;
    }

    /// ONNX Runtime, for the models that ask for it and those that the embedded engine lacks an operator for. Off unless
    /// `library` is set. Instances of one application must have the same, or they judge models differently.
    onnxruntime: OnnxRuntimeSection {
        /// The shared library, 1.17 or newer: `libonnxruntime.so`. It is loaded, and so its code is run, when the first
        /// model asks for it.
        library: Option<PathBuf> = None;
        /// Threads that one session computes with. With 1 it computes on the thread that scores.
        threads: u32 = 1;
        /// Sessions of each model, each with its own copy of the weights: so many records are scored at the same time.
        /// As many as `engine.threads` if it is not set.
        sessions: Option<u32> = None;
    }

    /// TensorFlow, for the models that ask for it and those that the embedded engine lacks an operator for. Off unless
    /// `library` is set. Instances of one application must have the same, or they judge models differently.
    tensorflow: TensorFlowSection {
        /// The shared library with the C API, 2.x: `libtensorflow.so`, or `libtensorflow_cc.so.2` of the Python package. It
        /// is loaded, and so its code is run, when the first model asks for it.
        library: Option<PathBuf> = None;
        /// Threads that one operator computes with. The library takes this from the first model that it opens.
        threads: u32 = 1;
    }

    /// How results are written.
    results: Results {
        /// `json`: one JSON object. `protobuf`: the message `Score` of `proto/score.proto`.
        format: ResultFormat = ResultFormat::Json;
        /// Whether each result carries the header `scorewheel-lineage`.
        lineage: bool = true;
        /// Whether the message `Score` carries all targets and outputs beside the score. JSON always does.
        outputs: bool = true;
    }

    /// The stage (`engine.kind = "stage"`).
    stage: Stage {
        /// File to which references and statistics are written, and from which they are read at start; each partition has
        /// its own, with `.` and its number appended. None: nothing survives a restart.
        checkpoint: Option<PathBuf> = None;
        /// How often it is written.
        checkpoint_interval: Period = Period::millis(10_000);
    }

    /// Queries, metrics, and the way in for records.
    http: Http {
        /// Where to listen, `HOST:PORT`; port 0 picks a free one. 127.0.0.1 and the original's port (8888, or 5500 for the
        /// stage) if it is not set.
        listen: Option<String> = None;
        /// Where other instances and `status` reach this listener, `HOST` or `HOST:PORT`. The listener's address if it is
        /// not set; of a listener on all addresses the name of the machine.
        advertised: Option<String> = None;
        /// Host names besides `localhost` that requests may name. On a listener that is not loopback an empty list accepts
        /// any.
        allowed_hosts: Vec<String> = Vec::new();
        /// Whether models may be published over HTTP without the token.
        publish_models: bool = false;
        /// Largest body of a request.
        max_body: Bytes = Bytes::mebibytes(96);
    }

    /// The instances of an application among themselves, with a Kafka cluster: each announces itself on the topic
    /// `<application>-instances`, so that any of them can answer for all.
    cluster: ClusterSection {
        /// An instance announces itself this often.
        heartbeat: Period = Period::millis(2_000);
        /// An instance that has not announced itself for this long is taken for gone; more than two heartbeats.
        expiry: Period = Period::millis(10_000);
        /// How long another instance may take to answer a question.
        timeout: Period = Period::millis(1_000);
    }

    /// The original's name for the port of the queries.
    queriable_state: QueriableState {
        /// Port of the HTTP listener; `http.listen` wins over it.
        port: Option<u16> = None;
    }

    /// The log, on standard error.
    log: Log {
        /// What is logged: `error`, `warn`, `info`, `debug`, `trace`, or filters such as `info,scorewheel_scoring=debug`.
        level: String = "info".into();
        /// `text`: lines for people. `json`: one JSON object a line.
        format: LogFormat = LogFormat::Text;
    }

    /// Scores as points in InfluxDB, as the original writes them. Off unless `host` or `url` is set. Points never make
    /// scoring wait: what does not fit is counted in `scorewheel_influx_points_total` and forgotten.
    influx: Influx {
        /// The host of InfluxDB.
        host: Option<String> = None, from "INFLUXDB_HOST";
        /// Its port.
        port: u16 = 8086, from "INFLUXDB_PORT";
        /// Scheme, host and port together, such as `http://influx:8086`; wins over `host` and `port`. `https` needs a
        /// build with the feature `tls`.
        url: Option<String> = None;
        /// `1`: databases and retention policies. `2`: organisations and buckets.
        version: InfluxVersion = InfluxVersion::One;
        /// Database of version 1. Made when missing. Of version 2: the bucket's name for InfluxQL, made with the next.
        database: String = "serving".into();
        /// Retention policy of version 1. Made when missing: one day, in shards of 30 minutes. Dashboards that are posted ask it.
        retention_policy: String = "default".into();
        /// User of version 1.
        user: Option<String> = None;
        /// Password of that user.
        password: Option<Secret> = None;
        /// Organisation of version 2.
        organization: Option<String> = None;
        /// Bucket of version 2. Made when missing: one day.
        bucket: String = "serving".into();
        /// Token of version 2.
        token: Option<Secret> = None;
        /// How many points a score makes. `every`: one. `1/N`: one of N scores. `aggregate`: one a second for each model
        /// and partition, with means and a count. `auto`: `every`, and `aggregate` above 10,000 scores a second.
        points: Points = Points::Auto;
        /// Whether points also carry the tags `partition`, `version` and `outcome` and the field `duration_ns`.
        details: bool = false;
        /// Most points that wait.
        queue: u32 = 50_000;
    }

    /// Data sources and dashboards of Grafana, made at start when missing. Off unless `host` or `url` is set. A dashboard
    /// that somebody has changed stays as it is.
    grafana: Grafana {
        /// The host of Grafana.
        host: Option<String> = None, from "GRAFANA_HOST";
        /// Its port.
        port: u16 = 3000, from "GRAFANA_PORT";
        /// Scheme, host and port together; wins over `host` and `port`.
        url: Option<String> = None;
        /// A user with the right to edit.
        user: String = "admin".into();
        /// The user's password; `admin`, as a new Grafana has it, if it is not set.
        password: Option<Secret> = None;
        /// Token of a service account, instead of user and password.
        token: Option<Secret> = None;
        /// URL of InfluxDB as Grafana sees it, if that differs from the `influx` section's.
        influx_url: Option<String> = None;
        /// URL of a Prometheus that scrapes `/metrics`, as Grafana sees it; with it the dashboard of instances is made.
        prometheus_url: Option<String> = None;
    }

    /// Installs of models, cut-overs and some of the batches as traces, by OpenTelemetry's protocol (OTLP) over HTTP, as
    /// JSON. Off unless `url` is set. Traces never make scoring wait: what does not fit is forgotten.
    traces: Traces {
        /// The collector's HTTP receiver, such as `http://collector:4318`. `https` needs a build with the feature `tls`.
        url: Option<String> = None;
        /// The header `authorization` of each request.
        authorization: Option<Secret> = None;
        /// Further headers.
        headers: BTreeMap<String, String> = BTreeMap::new();
        /// One of so many batches, and of so many commits, makes a span.
        one_in: u32 = 100;
    }

    /// Inputs and scores compared with what they were: `/v1/models/{dataType}/{name}/drift`, metrics, the page.
    drift: Drift {
        /// Whether they are watched.
        enabled: bool = true;
        /// How long the reference is counted from a model's first record on: afterwards it is compared with. It goes on
        /// until there are 1,000 rows. Inputs whose distribution in training the model tells are compared with that.
        reference: Period = Period::millis(3_600_000);
        /// How far back *now* reaches; in four parts, of which the oldest is forgotten when a new one begins.
        window: Period = Period::millis(3_600_000);
        /// Rows of a model that are looked at, a second at most, by one instance; they are spread over those that it scores.
        rows_per_second: u32 = 500;
        /// When another version of a model comes, its inputs are compared with what came with that version (`version`), or
        /// with what came with the first one that this instance has scored with (`name`). Scores always with those of the
        /// same version.
        inputs: DriftInputs = DriftInputs::Version;
    }

    /// How much memory and how large batches may be.
    memory: Memory {
        /// Most records of a batch.
        batch_records: u32 = 4096;
        /// Bytes of keys, values and headers after which a batch is full.
        batch_size: Bytes = Bytes::mebibytes(1);
        /// Bytes that a thread's consumer may fetch ahead.
        fetch: Bytes = Bytes::mebibytes(32);
        /// Bytes that may wait in a thread's producer.
        queue: Bytes = Bytes::mebibytes(64);
        /// Bytes of blocks that the stores cache.
        store_cache: Bytes = Bytes::mebibytes(8);
        /// Bytes of writes that a store gathers before it writes a table.
        store_buffer: Bytes = Bytes::mebibytes(16);
    }

    /// What the command `produce` sends.
    produce: Produce {
        /// Time between two records.
        interval: Period = Period::millis(1000), from "DATA_PUBLISH_INTERVAL";
        /// Directory of the file, and of models to publish.
        directory: Option<PathBuf> = None, from "DATA_DIRECTORY";
        /// Name of the file with records.
        filename: Option<PathBuf> = None, from "DATA_FILENAME";
    }

    /// What the command `publish` sends.
    publish: Publish {
        /// Time between two models; all at once if it is not set.
        every: Option<Period> = None, from "MODEL_PUBLISH_INTERVAL";
    }
}

impl Config {
    /// The consumer group.
    #[must_use]
    pub fn group(&self) -> &str {
        self.kafka.group.as_deref().unwrap_or(&self.application.id)
    }

    /// Where HTTP listens, the original's port setting and the engine's default taken into account.
    #[must_use]
    pub fn listen(&self) -> String {
        let default = match self.engine.kind {
            Engine::Streams => 8888,
            Engine::Stage => 5500,
        };
        match &self.http.listen {
            Some(listen) => listen.clone(),
            None => format!("127.0.0.1:{}", self.queriable_state.port.unwrap_or(default)),
        }
    }

    /// The address of InfluxDB, if points go there.
    #[must_use]
    pub fn influx_url(&self) -> Option<String> {
        url_of(self.influx.url.as_deref(), self.influx.host.as_deref(), self.influx.port)
    }

    /// The address of Grafana, if it is to be set up.
    #[must_use]
    pub fn grafana_url(&self) -> Option<String> {
        url_of(self.grafana.url.as_deref(), self.grafana.host.as_deref(), self.grafana.port)
    }

    /// The topic of cut-overs.
    #[must_use]
    pub fn cutovers_topic(&self) -> String {
        format!("{}-cutovers", self.application.id)
    }
}

fn url_of(url: Option<&str>, host: Option<&str>, port: u16) -> Option<String> {
    // An address of version 6 of the protocol stands in brackets.
    let address = |host: &str| match host.contains(':') && !host.starts_with('[') {
        true => format!("http://[{host}]:{port}"),
        false => format!("http://{host}:{port}"),
    };
    url.map(str::to_owned).or_else(|| host.map(address))
}
