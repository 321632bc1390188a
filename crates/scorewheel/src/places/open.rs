//! The backend of a configuration.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use scorewheel_topics::embedded::{Directory, EmbeddedBackend, EmbeddedOptions, Holder, SyncPolicy};
use scorewheel_topics::{Backend, TopicsError};

use super::{RemoteBackend, kafka_backend};
use crate::config::{Config, Loaded, Place, SyncChoice};
use crate::exit_code::{ExitCode, Failure};
use crate::output;

/// What a command wants with topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To look at them: there is nothing to see in a directory that does not exist.
    Read,
    /// To write them: a directory is made.
    Write,
}

/// Opens topics for a command that only reads and writes them, and says where they are on standard error. A directory
/// that an instance holds is reached through that instance.
///
/// # Errors
/// [`ExitCode::DirectoryUnavailable`] if the directory is held by a process that cannot be asked, and those of opening.
pub fn open_client(loaded: &Loaded, access: Access) -> Result<Arc<dyn Backend>, Failure> {
    match &loaded.place {
        Place::Remote(url) => {
            let token = loaded.config.client.token.as_ref().map(|token| token.0.clone());
            Ok(Arc::new(RemoteBackend::new(url, token)))
        }
        Place::Embedded { directory, .. } => {
            if access == Access::Read && !directory.exists() {
                let message = format!(
                    "there are no embedded topics in {}; `scorewheel produce`, `publish` and `run` make them, or name a \
                     cluster with --brokers",
                    directory.display()
                );
                return Err(Failure::new(ExitCode::FileNotFound, message));
            }
            output::note(&format!("topics: {}", loaded.place));
            client_of_directory(directory, &loaded.config)
        }
        Place::Kafka(brokers) => kafka_backend(brokers, &loaded.config),
    }
}

/// How long a holder may take until it answers HTTP, or is done: `run` at its start, another client command.
const PATIENCE: Duration = Duration::from_secs(5);

fn client_of_directory(directory: &Path, config: &Config) -> Result<Arc<dyn Backend>, Failure> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let locked = match open_directory(directory, config) {
            Ok(backend) => {
                backend.damage().iter().for_each(|damage| output::note(&format!("damage: {damage}")));
                return Ok(Arc::new(backend));
            }
            Err(error @ TopicsError::Locked { .. }) => error,
            Err(error) => return Err(error.into()),
        };
        match Holder::of(directory) {
            Some(Holder { process, url: Some(url), token }) => {
                output::note(&format!(
                    "{} is held by process {process}; going through {url}",
                    directory.display()
                ));
                return Ok(Arc::new(RemoteBackend::new(&url, token)));
            }
            _ if Instant::now() >= deadline => return Err(locked.into()),
            _ => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Takes a data directory and opens its topics; what of them is damaged is for the caller to say.
///
/// # Errors
/// [`TopicsError::Locked`] with the holder, and those of opening.
pub fn open_directory(directory: &Path, config: &Config) -> Result<EmbeddedBackend, TopicsError> {
    EmbeddedBackend::open(Directory::take(directory)?, &embedded_options(config))
}

/// How embedded topics are kept.
#[must_use]
pub fn embedded_options(config: &Config) -> EmbeddedOptions {
    EmbeddedOptions {
        sync: match config.embedded.sync {
            SyncChoice::Always => SyncPolicy::Always,
            SyncChoice::Interval => SyncPolicy::Interval(config.embedded.sync_interval.0),
            SyncChoice::Never => SyncPolicy::Never,
        },
        memory_bytes: config.memory.fetch.as_usize(),
        cache_bytes: config.memory.store_cache.0,
        write_buffer_bytes: config.memory.store_buffer.0,
        ..EmbeddedOptions::default()
    }
}
