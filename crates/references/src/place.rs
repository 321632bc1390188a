//! The places that an operator allows, and what lies in which.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use scorewheel_model::Digest;
use scorewheel_serving::{Refusal, RefusalKind};
use scorewheel_topics::Backend;

use crate::address::{Resolver, SystemResolver};
use crate::error::FetchError;
use crate::file;
use crate::hdfs::HdfsStore;
use crate::http::HttpStore;
use crate::intake::{Arrived, Intake};
use crate::kafka;
use crate::location::Location;
use crate::postgres::PostgresStore;
use crate::s3::S3Store;
use crate::web::Web;

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// Whether a descriptor must state the digest of its model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pin {
    /// It must.
    #[default]
    Sha256,
    /// It may leave it out: what is there when an instance first looks is the model.
    Trust,
}

/// A place from which models may be fetched.
#[derive(Clone, Debug)]
pub struct Place {
    /// What it is called in messages.
    pub name: String,
    /// Where it is.
    pub store: Store,
    /// Whether digests are required.
    pub pin: Pin,
    /// Largest model, in bytes.
    pub max_bytes: u64,
    /// Longest time that one try may take.
    pub timeout: Duration,
    /// Whether it may be at an address of a private network or of this machine.
    pub allow_private: bool,
    /// Authorities whose certificates its server may have, as a file in PEM; the system's if it is not set.
    pub ca: Option<PathBuf>,
}

/// Where models lie.
#[derive(Clone, Debug)]
pub enum Store {
    /// A folder of this machine, by its absolute path.
    File(PathBuf),
    /// A server.
    Http(HttpStore),
    /// A bucket.
    S3(S3Store),
    /// A file system of Hadoop.
    Hdfs(HdfsStore),
    /// A table.
    Postgres(PostgresStore),
    /// A topic beside the others.
    Kafka(String),
}

impl Store {
    /// Whether the location lies in it.
    #[must_use]
    pub fn covers(&self, location: &Location) -> bool {
        match (self, location) {
            (Self::File(root), Location::File { path }) => file::beneath(root, path).is_some(),
            (Self::Http(store), _) => store.covers(location),
            (Self::S3(store), _) => store.covers(location),
            (Self::Hdfs(store), _) => store.covers(location),
            (Self::Postgres(store), _) => store.covers(location),
            (Self::Kafka(name), Location::Kafka { topic, .. }) => topic == name,
            (Self::File(_) | Self::Kafka(_), _) => false,
        }
    }
}

/// All places that are allowed.
#[derive(Clone)]
pub struct Places {
    places: Vec<Place>,
    resolver: Arc<dyn Resolver>,
    topics: Option<Arc<dyn Backend>>,
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.places).finish()
    }
}

impl Places {
    /// These places; a location belongs to the first that covers it.
    #[must_use]
    pub fn new(places: Vec<Place>) -> Self {
        Self { places, resolver: Arc::new(SystemResolver), topics: None }
    }

    /// The same with another way to look names up.
    #[must_use]
    pub fn with_resolver(mut self, resolver: Arc<dyn Resolver>) -> Self {
        self.resolver = resolver;
        self
    }

    /// The same with the topics in which records are found.
    #[must_use]
    pub fn with_topics(mut self, topics: Arc<dyn Backend>) -> Self {
        self.topics = Some(topics);
        self
    }

    /// The place of a location.
    ///
    /// # Errors
    /// Why there is none: the location cannot be read, or is outside of every place.
    pub fn find(&self, text: &str) -> Result<(Location, &Place), Refusal> {
        let location = Location::parse(text).map_err(|error| {
            Refusal::new(RefusalKind::BadLocation, format!("the model is at {:?}; {error}", shortened(text)))
        })?;
        match self.places.iter().find(|place| place.store.covers(&location)) {
            Some(place) => Ok((location, place)),
            None => {
                let reason = format!(
                    "the model is at {location}, which is in no place that [[references]] allows; publish it by value, \
                     or allow the place"
                );
                Err(Refusal::new(RefusalKind::NotAllowed, reason))
            }
        }
    }

    /// The same for a model whose digest is stated or not.
    ///
    /// # Errors
    /// As [`Places::find`]; also if the place requires a digest and none is stated.
    pub fn find_pinned(&self, text: &str, sha256: Option<Digest>) -> Result<(Location, &Place), Refusal> {
        let (location, place) = self.find(text)?;
        if sha256.is_none() && place.pin == Pin::Sha256 {
            let reason = format!(
                "the model at {location} does not state its digest, which the place `{}` requires: field 102, sha256",
                place.name
            );
            return Err(Refusal::new(RefusalKind::ByReference, reason));
        }
        Ok((location, place))
    }

    /// Fetches what is at a location, once, into `intake`.
    ///
    /// # Errors
    /// [`FetchError`].
    pub fn fetch(
        &self,
        location: &Location,
        place: &Place,
        mut intake: Intake<'_>,
    ) -> Result<Arrived, FetchError> {
        let web =
            Web { resolver: &*self.resolver, allow_private: place.allow_private, ca: place.ca.as_deref() };
        match (&place.store, location) {
            (Store::File(root), Location::File { path }) => file::fetch(root, path, &mut intake)?,
            (Store::Http(store), _) => store.fetch(location, web, &mut intake)?,
            (Store::S3(store), Location::S3 { key, .. }) => store.fetch(key, web, &mut intake)?,
            (Store::Hdfs(store), Location::Hdfs { path, .. }) => store.fetch(path, web, &mut intake)?,
            (Store::Postgres(store), Location::Postgres { key, .. }) => {
                store.fetch(key, web, &mut intake)?;
            }
            (Store::Kafka(_), Location::Kafka { topic, partition, offset }) => {
                let Some(topics) = &self.topics else {
                    return Err(FetchError::Passing("there are no topics to read from here".into()));
                };
                kafka::fetch(&**topics, topic, *partition, *offset, &mut intake)?;
            }
            _ => {
                let reason = format!("{location} is not in the place `{}`", place.name);
                return Err(FetchError::refused(RefusalKind::NotAllowed, reason));
            }
        }
        Ok(intake.finish())
    }
}

/// At most 200 characters of a text that somebody else wrote.
fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}

/// Holds what arrived against what was promised.
///
/// # Errors
/// [`RefusalKind::DigestMismatch`].
pub fn check_digest(
    location: &Location,
    arrived: &Arrived,
    promised: Option<Digest>,
) -> Result<(), FetchError> {
    match promised {
        Some(promised) if promised != arrived.sha256 => {
            let reason = format!(
                "the SHA-256 of what is at {location} is {}, but the model was published with {promised}",
                arrived.sha256
            );
            Err(FetchError::refused(RefusalKind::DigestMismatch, reason))
        }
        _ => Ok(()),
    }
}
