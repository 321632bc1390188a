//! The settings of the clients: ours, and any of librdkafka's that are passed through.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::ClientConfig;

use super::errors::About;
use crate::error::TopicsError;
use crate::options::{GroupOptions, ReaderOptions, TransactionOptions, WriterOptions};
use crate::partition::Isolation;

/// How to reach a Kafka cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaSettings {
    /// `host:port`, several separated by commas.
    pub brokers: String,
    /// Settings of librdkafka in its own names, for every client; they take the place of ours, but for those that the
    /// ledger's promise stands on, which are refused.
    pub settings: BTreeMap<String, String>,
    /// How long a question waits for its answer.
    pub request_timeout: Duration,
}

impl KafkaSettings {
    /// These brokers, without further settings.
    #[must_use]
    pub fn new(brokers: impl Into<String>) -> Self {
        Self { brokers: brokers.into(), settings: BTreeMap::new(), request_timeout: Duration::from_secs(10) }
    }

    /// With this setting of librdkafka.
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.insert(name.into(), value.into());
        self
    }

    /// Looks whether librdkafka takes all settings. No broker is asked.
    ///
    /// # Errors
    /// [`TopicsError::Configuration`] with the first setting that is ours to choose, unknown, or has a wrong value.
    pub fn check(&self) -> Result<(), TopicsError> {
        let reading = reader(self, &ReaderOptions::default())?;
        let writing = writer(self, &WriterOptions::default())?;
        for config in [reading, writing] {
            config.create_native_config().map_err(|error| About::default().of(&error))?;
        }
        Ok(())
    }
}

/// Settings that are not to be chosen: each would break a promise, or is chosen elsewhere.
const OURS: [(&str, &str); 13] = [
    ("auto.offset.reset", "a position out of range is an error, never a jump"),
    ("bootstrap.servers", "set `kafka.brokers`"),
    ("enable.auto.commit", "offsets are committed with the results"),
    ("enable.auto.offset.store", "offsets are committed with the results"),
    ("enable.idempotence", "records are written once and in order"),
    ("enable.partition.eof", "readers know the end by it"),
    ("group.id", "set `kafka.group`"),
    ("group.protocol", "the classic protocol with cooperative-sticky is used"),
    ("isolation.level", "results of aborted transactions are never read"),
    ("metadata.broker.list", "set `kafka.brokers`"),
    ("partition.assignment.strategy", "partitions move cooperatively"),
    ("request.required.acks", "records are acknowledged by all replicas"),
    ("transactional.id", "it is made of the application id and the process id"),
];

/// Kinds of clients, for settings that only some of them take.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Client {
    Consumer,
    Producer,
}

fn client(settings: &KafkaSettings, client_id: &str) -> Result<ClientConfig, TopicsError> {
    for (name, why) in OURS {
        if settings.settings.contains_key(name) {
            let reason = format!("`{name}` cannot be set for librdkafka: {why}");
            return Err(TopicsError::Configuration { reason });
        }
    }
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &settings.brokers)
        .set("client.id", client_id)
        // Reconnecting to a broker that comes back is to take a second, not ten.
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "1000")
        // New topics and partitions are noticed after at most this time.
        .set("topic.metadata.refresh.interval.ms", "5000")
        .set("topic.metadata.propagation.max.ms", "5000")
        .set("allow.auto.create.topics", "false")
        .set("log_level", "5");
    Ok(config)
}

/// Lays the settings that are passed through over ours; those that belong to the other kind of client are left out,
/// as librdkafka would only warn of them.
fn pass_through(settings: &KafkaSettings, config: &mut ClientConfig, kind: Client) {
    const CONSUMERS: [&str; 14] = [
        "check.crcs",
        "fetch.",
        "max.partition.fetch.bytes",
        "queued.",
        "heartbeat.interval.ms",
        "session.timeout.ms",
        "max.poll.interval.ms",
        "coordinator.query.interval.ms",
        "group.",
        "offset.store",
        "consume.",
        "auto.commit",
        "client.rack",
        "receive.message.max.bytes",
    ];
    const PRODUCERS: [&str; 13] = [
        "batch.",
        "linger.ms",
        "queue.buffering.",
        "compression.",
        "delivery.timeout.ms",
        "message.timeout.ms",
        "message.send.max.retries",
        "retries",
        "transaction.timeout.ms",
        "max.in.flight",
        "partitioner",
        "sticky.",
        "request.timeout.ms",
    ];
    let others: &[&str] = if kind == Client::Consumer { &PRODUCERS } else { &CONSUMERS };
    for (name, value) in &settings.settings {
        if !others.iter().any(|prefix| name.starts_with(prefix)) {
            config.set(name, value);
        }
    }
}

fn kib(bytes: usize) -> String {
    (bytes / 1024).max(1).to_string()
}

/// The settings of a reader that is told its partitions.
pub(super) fn reader(settings: &KafkaSettings, options: &ReaderOptions) -> Result<ClientConfig, TopicsError> {
    let mut config = client(settings, &options.client_id)?;
    // librdkafka's assignments need the name of a group; none is joined, and nothing is committed to it.
    config.set("group.id", format!("{}-reader", options.client_id));
    consumer(&mut config, options);
    // The end of a partition is told by a fetch that found nothing, and that is what restoring a store waits for.
    config.set("fetch.wait.max.ms", "50");
    pass_through(settings, &mut config, Client::Consumer);
    Ok(config)
}

/// The settings of a member of a group.
pub(super) fn group_reader(
    settings: &KafkaSettings,
    options: &GroupOptions,
) -> Result<ClientConfig, TopicsError> {
    let mut config = client(settings, &options.reader.client_id)?;
    config
        .set("group.id", &options.group)
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("session.timeout.ms", options.session_timeout.as_millis().to_string())
        .set("heartbeat.interval.ms", options.heartbeat_interval.as_millis().to_string())
        .set("max.poll.interval.ms", options.max_poll_interval.as_millis().to_string());
    if let Some(instance_id) = &options.instance_id {
        config.set("group.instance.id", instance_id);
    }
    consumer(&mut config, &options.reader);
    pass_through(settings, &mut config, Client::Consumer);
    Ok(config)
}

fn consumer(config: &mut ClientConfig, options: &ReaderOptions) {
    let isolation = match options.isolation {
        Isolation::Committed => "read_committed",
        Isolation::Uncommitted => "read_uncommitted",
    };
    config
        .set("isolation.level", isolation)
        .set("auto.offset.reset", "error")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        .set("check.crcs", "true")
        .set("queued.min.messages", "100000")
        .set("queued.max.messages.kbytes", kib(options.fetch_ahead_bytes))
        .set("fetch.queue.backoff.ms", "10")
        .set("max.partition.fetch.bytes", "1048576")
        .set("fetch.max.bytes", "8388608")
        // A record larger than a fetch comes alone, and has to fit in here.
        .set("receive.message.max.bytes", "134217728");
}

fn producer(settings: &KafkaSettings, options: &WriterOptions) -> Result<ClientConfig, TopicsError> {
    let mut config = client(settings, &options.client_id)?;
    config
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("linger.ms", "5")
        .set("batch.size", BATCH_SIZE.to_string())
        .set("compression.type", "lz4")
        .set("queue.buffering.max.messages", "1000000")
        .set("queue.buffering.max.kbytes", kib(options.queue_bytes.max(QUEUE_FLOOR)))
        // The topic's own limit is met before; this one is only not to be in the way.
        .set("message.max.bytes", "100000000")
        .set("retry.backoff.ms", "5")
        .set("retry.backoff.max.ms", "1000");
    Ok(config)
}

/// librdkafka's batches in bytes.
pub(super) const BATCH_SIZE: usize = 1_000_000;
/// One record of the largest size that a models topic takes has to fit into the queue.
const QUEUE_FLOOR: usize = 96 << 20;

/// The settings of a plain writer.
pub(super) fn writer(settings: &KafkaSettings, options: &WriterOptions) -> Result<ClientConfig, TopicsError> {
    let mut config = producer(settings, options)?;
    config.set("delivery.timeout.ms", options.delivery_timeout.as_millis().to_string());
    pass_through(settings, &mut config, Client::Producer);
    Ok(config)
}

/// The settings of a transactional writer.
pub(super) fn transactional_writer(
    settings: &KafkaSettings,
    options: &TransactionOptions,
) -> Result<ClientConfig, TopicsError> {
    let mut config = producer(settings, &options.writer)?;
    let timeout = options.transaction_timeout.as_millis().to_string();
    config.set("transactional.id", &options.transactional_id).set("transaction.timeout.ms", timeout);
    pass_through(settings, &mut config, Client::Producer);
    Ok(config)
}

/// The settings of the client for questions.
pub(super) fn admin(
    settings: &KafkaSettings,
    group: Option<&str>,
    isolation: Isolation,
) -> Result<ClientConfig, TopicsError> {
    let options =
        ReaderOptions { client_id: "scorewheel-admin".into(), isolation, ..ReaderOptions::default() };
    let mut config = client(settings, &options.client_id)?;
    if let Some(group) = group {
        config.set("group.id", group);
    }
    consumer(&mut config, &options);
    pass_through(settings, &mut config, Client::Consumer);
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_pass_through_to_the_clients_that_take_them() {
        let settings = KafkaSettings::new("localhost:9092")
            .setting("security.protocol", "SASL_SSL")
            .setting("linger.ms", "50")
            .setting("queued.min.messages", "7");
        let reader = reader(&settings, &ReaderOptions::default()).unwrap();
        let writer = writer(&settings, &WriterOptions::default()).unwrap();
        for (config, name, value) in [
            (&reader, "security.protocol", Some("SASL_SSL")),
            (&reader, "queued.min.messages", Some("7")),
            (&reader, "linger.ms", None),
            (&reader, "isolation.level", Some("read_committed")),
            (&reader, "auto.offset.reset", Some("error")),
            (&writer, "security.protocol", Some("SASL_SSL")),
            (&writer, "linger.ms", Some("50")),
            (&writer, "queued.min.messages", None),
            (&writer, "enable.idempotence", Some("true")),
        ] {
            assert_eq!(config.get(name), value, "{name}");
        }
    }

    #[test]
    fn settings_that_a_promise_stands_on_are_refused() {
        for (name, _) in OURS {
            let settings = KafkaSettings::new("localhost:9092").setting(name, "1");
            let error = group_reader(&settings, &GroupOptions::new("g", &["t"])).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
