//! What librdkafka calls back for: its log, and the last rebalance of a consumer that closes.

use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::producer::{DeliveryResult, ProducerContext};
use rdkafka::types::RDKafkaRespErr;

use super::native::Kind;

/// The context of every client. Events are taken from its queue by [`EventQueue`](super::native::EventQueue); what is
/// here is called only by rdkafka's own polls, when a client goes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Context;

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        log(level as i32, facility, text);
    }

    fn error(&self, _: KafkaError, reason: &str) {
        tracing::debug!(target: "librdkafka", "{reason}");
    }
}

impl ConsumerContext for Context {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        code: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        // The consumer is closing: it takes nothing on any more and lets go of everything.
        let outcome = match code {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS => consumer.incremental_unassign(partitions),
            _ => consumer.incremental_assign(&TopicPartitionList::new()),
        };
        if outcome.is_err() {
            let _ = consumer.unassign();
        }
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = usize;

    fn delivery(&self, _: &DeliveryResult<'_>, _: usize) {}
}

/// Passes an event on to the log if it is one for it.
pub(super) fn log_event(kind: &Kind) {
    match kind {
        Kind::Log { level, facility, text } => log(*level, facility, text),
        Kind::Error { code, text, .. } => tracing::debug!(target: "librdkafka", "{code}: {text}"),
        _ => {}
    }
}

/// A line of librdkafka's log; `level` is syslog's.
fn log(level: i32, facility: &str, text: &str) {
    match level {
        ..=3 => tracing::error!(target: "librdkafka", "{facility}: {text}"),
        4 => tracing::warn!(target: "librdkafka", "{facility}: {text}"),
        5 | 6 => tracing::info!(target: "librdkafka", "{facility}: {text}"),
        _ => tracing::debug!(target: "librdkafka", "{facility}: {text}"),
    }
}
