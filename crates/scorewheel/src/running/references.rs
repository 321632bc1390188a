//! What fetches models by reference, on threads of its own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use scorewheel_references::{BackOff, Cache, Desk, FetchEvent};
use scorewheel_scoring::parts::FetcherSupplier;
use scorewheel_telemetry::{Event, Reference, Telemetry};
use scorewheel_topics::Backend;

use crate::config::Config;
use crate::exit_code::{ExitCode, Failure};
use crate::references::places;

/// What fetches models by reference.
pub struct References {
    desk: Desk,
}

impl References {
    /// Starts the threads that fetch; `None` if no place is allowed.
    ///
    /// # Errors
    /// [`ExitCode::DirectoryUnavailable`] if fetched models cannot be kept in the state directory.
    pub fn start(
        config: &Config,
        backend: &Arc<dyn Backend>,
        state_directory: &Path,
        telemetry: &Arc<Telemetry>,
    ) -> Result<Option<Self>, Failure> {
        if config.references.is_empty() {
            return Ok(None);
        }
        let folder = state_directory.join("references");
        let cache = Cache::open(&folder, config.models.reference_cache.0).map_err(|error| {
            let message = format!("the state directory {} cannot be used: {error}", folder.display());
            Failure::new(ExitCode::DirectoryUnavailable, message)
        })?;
        let places = places(config, Some(backend))?;
        let told = Arc::clone(telemetry);
        let desk = Desk::new(places, cache, BackOff::default(), move |event| {
            told.record(&Event::Reference(of_reference(event)));
        });
        let references = Self { desk };
        for number in 0..config.models.reference_fetches {
            let desk = references.desk.clone();
            std::thread::Builder::new()
                .name(format!("references-{number}"))
                .spawn(move || desk.work())
                .map_err(|error| Failure::run_time(format!("the system refuses a thread: {error}")))?;
        }
        Ok(Some(references))
    }

    /// What installers ask.
    #[must_use]
    pub fn fetcher(&self) -> Box<FetcherSupplier> {
        let desk = self.desk.clone();
        Box::new(move || Box::new(desk.clone()))
    }
}

/// What is on its way is given up; nobody waits for it.
impl Drop for References {
    fn drop(&mut self) {
        self.desk.close();
    }
}

fn of_reference(event: &FetchEvent) -> Reference {
    match event.clone() {
        FetchEvent::Fetched { location, scheme, bytes, took } => {
            Reference::Fetched { location, scheme, bytes, took }
        }
        FetchEvent::Cached { location } => Reference::Cached { location },
        FetchEvent::Progress { location, bytes, total } => Reference::Progress { location, bytes, total },
        FetchEvent::Failed { location, scheme, reason, again } => {
            // A pause of less than a second is said as one.
            let again = again.max(Duration::from_secs(1));
            Reference::Failed { location, scheme, reason, again }
        }
        FetchEvent::Refused { scheme } => Reference::Refused { scheme },
    }
}
