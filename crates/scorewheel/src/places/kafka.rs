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
    Ok(Arc::new(scorewheel_topics::kafka::KafkaBackend::new(settings(brokers, config))))
}

#[cfg(feature = "kafka")]
fn settings(brokers: &str, config: &Config) -> scorewheel_topics::kafka::KafkaSettings {
    let mut settings = scorewheel_topics::kafka::KafkaSettings::new(brokers);
    for (name, value) in &config.kafka.settings {
        settings = settings.setting(name, value);
    }
    settings
}

/// Looks whether librdkafka takes all settings that are passed to it. No broker is asked.
///
/// # Errors
/// [`ExitCode::Configuration`](crate::ExitCode::Configuration) with the first that it does not take.
#[cfg(feature = "kafka")]
pub fn check_kafka_settings(brokers: &str, config: &Config) -> Result<(), Failure> {
    let checked = settings(brokers, config).check();
    checked.map_err(|error| Failure::new(crate::exit_code::ExitCode::Configuration, error.to_string()))
}

/// Without a Kafka client nothing can be passed to it.
///
/// # Errors
/// As [`kafka_backend`].
#[cfg(not(feature = "kafka"))]
pub fn check_kafka_settings(brokers: &str, config: &Config) -> Result<(), Failure> {
    kafka_backend(brokers, config).map(drop)
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
