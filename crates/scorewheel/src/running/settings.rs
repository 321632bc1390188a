//! Configuration → how the run time works.

use std::path::Path;
use std::time::Duration;

use scorewheel_streams::{ProcessingGuarantee, Start, StreamsConfig};
use scorewheel_topics::{ReaderOptions, WriterOptions};

use crate::config::{self, Config, Create};

/// How an instance runs; `url` is what a second process is told about it.
#[must_use]
pub fn streams_config(config: &Config, state_directory: &Path, url: &str) -> StreamsConfig {
    let memory = &config.memory;
    let client_id = config.application.id.clone();
    let mut streams = StreamsConfig::new(&config.application.id);
    streams.group.clone_from(&config.kafka.group);
    streams.threads = config.engine.threads as usize;
    streams.guarantee = match config.processing.guarantee {
        config::Guarantee::ExactlyOnce => ProcessingGuarantee::ExactlyOnce,
        config::Guarantee::AtLeastOnce => ProcessingGuarantee::AtLeastOnce,
    };
    streams.commit_interval = config.commit.interval.0;
    streams.commit_when_idle = Some(config.commit.when_idle.0).filter(|wait| *wait > Duration::ZERO);
    streams.start = match config.processing.start {
        config::Start::Earliest => Start::Earliest,
        config::Start::Latest => Start::Latest,
    };
    streams.state_directory = Some(state_directory.to_owned());
    streams.holder = format!("process {} at {url}", std::process::id());
    streams.create_topics = config.topics.create != Create::None;
    streams.replication = config.topics.replication;
    streams.transaction_timeout = config.commit.transaction_timeout.0;
    streams.instance_id.clone_from(&config.kafka.instance_id);
    streams.session_timeout = config.kafka.session_timeout.0;
    streams.heartbeat_interval = config.kafka.heartbeat_interval.0;
    streams.max_poll_interval = config.kafka.max_poll_interval.0;
    streams.reader = ReaderOptions {
        client_id: client_id.clone(),
        batch_records: memory.batch_records as usize,
        batch_bytes: memory.batch_size.as_usize(),
        fetch_ahead_bytes: memory.fetch.as_usize(),
        ..ReaderOptions::default()
    };
    streams.writer =
        WriterOptions { client_id, queue_bytes: memory.queue.as_usize(), ..WriterOptions::default() };
    streams
}
