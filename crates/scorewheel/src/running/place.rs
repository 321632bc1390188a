//! Where topics live, opened to be worked on.

use std::path::PathBuf;
use std::sync::Arc;

use scorewheel_topics::Backend;
use scorewheel_topics::embedded::EmbeddedBackend;

use crate::config::{Loaded, Place};
use crate::exit_code::{ExitCode, Failure};
use crate::places::{kafka_backend, open_directory};

/// Where topics live, and where this instance keeps its state.
pub struct RunningPlace {
    /// The topics.
    pub backend: Arc<dyn Backend>,
    /// The same, where they are in a directory of ours.
    pub embedded: Option<EmbeddedBackend>,
    /// Stores, the instance's identity, marks around models.
    pub state_directory: PathBuf,
}

/// Opens the topics of a configuration for an instance.
///
/// # Errors
/// [`ExitCode::DirectoryUnavailable`] if another process holds the directory, [`ExitCode::Configuration`] if an
/// instance cannot work there.
pub fn open_for_running(loaded: &Loaded) -> Result<RunningPlace, Failure> {
    match &loaded.place {
        Place::Embedded { directory, .. } => {
            let embedded = open_directory(directory, &loaded.config)?;
            Ok(RunningPlace {
                backend: Arc::new(embedded.clone()),
                state_directory: state_directory(directory),
                embedded: Some(embedded),
            })
        }
        Place::Kafka(brokers) => Ok(RunningPlace {
            backend: kafka_backend(brokers, &loaded.config)?,
            embedded: None,
            state_directory: loaded.config.engine.state_dir.clone(),
        }),
        Place::Remote(url) => {
            let message = format!(
                "an instance works where the topics are, not through {url}; name --brokers or --data-dir"
            );
            Err(Failure::new(ExitCode::Configuration, message))
        }
    }
}

/// Where an instance keeps its state beside embedded topics.
#[must_use]
pub fn state_directory(data_directory: &std::path::Path) -> PathBuf {
    data_directory.join("state")
}
