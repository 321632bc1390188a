//! Topics that `run` creates besides those of the topology, and a look at the models topic.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use scorewheel_scoring::control_topic::{self, ControlTopicError, check_control_log};
use scorewheel_telemetry::{Event, Telemetry};
use scorewheel_topics::{Backend, Remedy, TopicsError};

use crate::clients::{ensure_topic, models_topic, records_topic};
use crate::config::{Config, Create};

/// How long to wait before what failed for want of a broker, or a topic that is missing, is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Creates what may be created: rejections always, records and models if all topics may be.
///
/// # Errors
/// Those of the calls.
pub fn create(backend: &dyn Backend, config: &Config) -> Result<(), TopicsError> {
    let create = config.topics.create;
    if create == Create::None {
        return Ok(());
    }
    let admin = backend.admin()?;
    let rejections =
        control_topic::rejections(&config.topics.rejections).replication(config.topics.replication);
    let mut wanted = vec![rejections];
    if create == Create::All {
        wanted.push(models_topic(config));
        wanted.push(records_topic(config, &config.topics.records));
    }
    for spec in wanted {
        ensure_topic(&*admin, &spec, create)?;
    }
    Ok(())
}

/// Creates what may be created as soon as there is a broker, then looks at the models topic once it is there, and says
/// what it costs as it is set up. Ends when `stopping` is set.
///
/// # Errors
/// What does not pass by itself: a permission that is missing, a setting that is refused.
pub fn keep(
    backend: &Arc<dyn Backend>,
    config: &Config,
    telemetry: &Telemetry,
    stopping: &AtomicBool,
) -> Result<(), TopicsError> {
    let mut created = false;
    while !stopping.load(Ordering::Acquire) {
        match step(backend, config, telemetry, &mut created) {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(error) if error.remedy() == Remedy::Retry => {}
            Err(error) => return Err(error),
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}

/// True when nothing is left to do.
fn step(
    backend: &Arc<dyn Backend>,
    config: &Config,
    telemetry: &Telemetry,
    created: &mut bool,
) -> Result<bool, TopicsError> {
    if !*created {
        create(&**backend, config)?;
        *created = true;
    }
    match check_control_log(&*backend.admin()?, &config.topics.models) {
        Ok(warnings) => {
            for warning in warnings {
                telemetry.record(&Event::Warning { kind: "models_topic", message: warning.to_string() });
            }
            Ok(true)
        }
        Err(ControlTopicError::Missing(_)) => Ok(false),
        // The run time refuses it, too, and stops.
        Err(ControlTopicError::Partitions { .. }) => Ok(true),
        Err(ControlTopicError::Topics(error)) => Err(error),
    }
}
