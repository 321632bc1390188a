//! A Kafka cluster, where this build reaches any.

use std::sync::Arc;

use scorewheel_topics::Backend;

use crate::config::Config;
use crate::exit_code::Failure;

/// The topics of a cluster. Nothing is asked yet.
///
/// # Errors
/// [`ExitCode::Configuration`](crate::ExitCode::Configuration) if this build has no Kafka client.
#[cfg(feature = "kafka")]
pub fn kafka_backend(brokers: &str, config: &Config) -> Result<Arc<dyn Backend>, Failure> {
    use scorewheel_topics::kafka::{KafkaBackend, KafkaSettings};

    let mut settings = KafkaSettings::new(brokers);
    for (name, value) in &config.kafka.settings {
        settings = settings.setting(name, value);
    }
    Ok(Arc::new(KafkaBackend::new(settings)))
}

/// The topics of a cluster. Nothing is asked yet.
///
/// # Errors
/// [`ExitCode::Configuration`](crate::ExitCode::Configuration) if this build has no Kafka client.
#[cfg(not(feature = "kafka"))]
pub fn kafka_backend(brokers: &str, _: &Config) -> Result<Arc<dyn Backend>, Failure> {
    let message = format!(
        "this build has no Kafka client, so it does not reach {brokers}; build with the feature `kafka`, or use \
         embedded topics with --data-dir"
    );
    Err(Failure::new(crate::exit_code::ExitCode::Configuration, message))
}
