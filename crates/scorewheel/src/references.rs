//! Models by reference, as commands see them: the places of a configuration, and a model fetched from one.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use scorewheel_model::Digest;
use scorewheel_references::{FetchError, Intake, Location, Places, Unwatched};
use scorewheel_serving::RefusalKind;
use scorewheel_topics::Backend;

use crate::config::Config;
use crate::exit_code::{ExitCode, Failure};

/// The places that a configuration allows.
///
/// # Errors
/// [`ExitCode::Configuration`] for an entry that describes none.
pub fn places(config: &Config, backend: Option<&Arc<dyn Backend>>) -> Result<Places, Failure> {
    let mut places = Vec::new();
    for entry in &config.references {
        let place = entry.place(config.models.max_size).map_err(|what| {
            Failure::new(ExitCode::Configuration, format!("the place {:?} {what}", entry.name))
        })?;
        places.push(place);
    }
    let places = Places::new(places);
    Ok(match backend {
        Some(backend) => places.with_topics(Arc::clone(backend)),
        None => places,
    })
}

/// The location that an argument is; `None` if it is a path.
#[must_use]
pub fn location_of(argument: &Path) -> Option<&str> {
    let text = argument.to_str()?;
    let (scheme, _) = text.split_once(':')?;
    let known = ["file", "http", "https", "s3", "hdfs", "webhdfs", "swebhdfs", "postgresql", "kafka"];
    // What looks like a location of another scheme is told to be none.
    let is_location = known.contains(&scheme.to_ascii_lowercase().as_str()) || text.contains("://");
    (is_location && !argument.exists()).then_some(text)
}

/// A model that was fetched.
#[derive(Debug)]
pub struct FetchedModel {
    /// Where it is.
    pub location: Location,
    /// Its digest.
    pub sha256: Digest,
    /// How large it is.
    pub bytes: u64,
}

/// Fetches what is at a location into `out`, once: who asks waits, and tries again by hand.
///
/// # Errors
/// [`ExitCode::FileNotFound`] if there is nothing, [`ExitCode::ModelRefused`] if it may not be had,
/// [`ExitCode::Unreachable`] for what passes.
pub fn fetch(places: &Places, text: &str, out: &mut dyn Write) -> Result<FetchedModel, Failure> {
    let refused = |refusal: scorewheel_serving::Refusal| {
        let code = match refusal.kind {
            RefusalKind::NotFound => ExitCode::FileNotFound,
            RefusalKind::BadLocation => ExitCode::Usage,
            _ => ExitCode::ModelRefused,
        };
        Failure::new(code, refusal.reason)
    };
    let (location, place) = places.find(text).map_err(refused)?;
    let intake = Intake::new(out, &Unwatched, place.max_bytes, place.timeout);
    match places.fetch(&location, place, intake) {
        Ok(arrived) => Ok(FetchedModel { location, sha256: arrived.sha256, bytes: arrived.bytes }),
        Err(FetchError::Refused(refusal)) => Err(refused(refusal)),
        Err(error) => Err(Failure::new(ExitCode::Unreachable, format!("{location}: {error}"))),
    }
}
