//! Whether brokers are new enough for transactions that are fenced by a group's generation: Kafka 2.5 (KIP-447).
//!
//! With older ones librdkafka leaves the generation out and says nothing, so a process that was taken for dead could
//! commit offsets of partitions that are others' by now. librdkafka knows which requests a broker understands and
//! tells it only to its debug log, so that is where it is read, by a client of its own that lives for a moment.

use std::time::{Duration, Instant};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::producer::{BaseProducer, Producer};

use super::context::Context;
use super::errors::About;
use super::native::{EventQueue, Kind};
use super::settings::{self, KafkaSettings};
use crate::error::TopicsError;
use crate::options::WriterOptions;

/// The version of the request that carries the generation.
const WITH_GENERATION: i32 = 3;

/// Refuses brokers that do not fence by generation.
///
/// # Errors
/// [`TopicsError::Unsupported`], naming what to choose instead; [`TopicsError::Unreachable`].
pub(super) fn check(settings: &KafkaSettings) -> Result<(), TopicsError> {
    let about = About { doing: "asking brokers what they can do", ..About::default() };
    let options = WriterOptions { client_id: "scorewheel-age".into(), ..WriterOptions::default() };
    let mut config = settings::writer(settings, &options)?;
    config.set("debug", "feature").set("enable.idempotence", "false");
    config.set_log_level(RDKafkaLogLevel::Debug);
    let client: BaseProducer<Context> =
        config.create_with_context(Context).map_err(|error| about.of(&error))?;
    let queue = EventQueue::main_of(client.client().native_ptr())
        .ok_or_else(|| TopicsError::Fatal { reason: "a producer without a queue".into() })?;
    let deadline = Instant::now() + settings.request_timeout;
    while Instant::now() < deadline {
        let Some(event) = queue.poll(Duration::from_millis(100)) else { continue };
        let text = match event.kind() {
            Kind::Log { text, .. } => text,
            Kind::Error { code: code @ (Code::Authentication | Code::SSL), text, .. } => {
                return Err(about.described(code, &text));
            }
            _ => continue,
        };
        match newest_version(&text) {
            Some(version) if version < WITH_GENERATION => {
                return Err(TopicsError::Unsupported {
                    what: "exactly-once with Kafka brokers older than 2.5".to_owned(),
                    hint: "choose the guarantee at-least-once, or upgrade the brokers".to_owned(),
                });
            }
            Some(_) => return Ok(()),
            None => {}
        }
    }
    Err(TopicsError::Unreachable { reason: format!("{}: no answer", about.doing) })
}

/// The newest version that a line of the log tells of, such as `ApiKey TxnOffsetCommit (28) Versions 0..5`.
fn newest_version(line: &str) -> Option<i32> {
    let (_, versions) = line.split_once("ApiKey TxnOffsetCommit (28) Versions ")?;
    versions.split_once("..")?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        let line = "[thrd:main]: localhost:1/1:   ApiKey TxnOffsetCommit (28) Versions 0..2";
        assert_eq!(newest_version(line), Some(2));
        assert_eq!(newest_version("  ApiKey Produce (0) Versions 0..10"), None);
    }
}
