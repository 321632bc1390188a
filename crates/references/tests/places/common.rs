//! Places and fetches.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use scorewheel_references::{
    Arrived, FetchError, HttpStore, Intake, Pin, Place, Places, Resolver, Server, Store, Unwatched,
};
use scorewheel_serving::RefusalKind;

pub fn place(store: Store) -> Place {
    Place {
        name: "store".into(),
        store,
        pin: Pin::Sha256,
        max_bytes: 1000,
        timeout: Duration::from_secs(60),
        allow_private: true,
        ca: None,
    }
}

pub fn folder(root: &Path) -> Place {
    place(Store::File(root.to_owned()))
}

/// All of a server that answers at `url`.
pub fn http(url: &str) -> HttpStore {
    HttpStore { server: Server::parse(url).unwrap(), root: Vec::new(), query: false, authorization: None }
}

/// Every name is at this address.
#[derive(Debug)]
pub struct At(pub SocketAddr);

impl Resolver for At {
    fn resolve(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(vec![self.0])
    }
}

/// Fetches what is at `location`.
pub fn fetch(places: &Places, location: &str) -> Result<(Vec<u8>, Arrived), FetchError> {
    let (location, place) = places.find(location).map_err(FetchError::Refused)?;
    let mut bytes = Vec::new();
    let intake = Intake::new(&mut bytes, &Unwatched, place.max_bytes, place.timeout);
    let arrived = places.fetch(&location, place, intake)?;
    Ok((bytes, arrived))
}

pub fn fetch_from(place: Place, location: &str) -> Result<Vec<u8>, FetchError> {
    fetch(&Places::new(vec![place]), location).map(|(bytes, _)| bytes)
}

/// That a fetch failed, and whether that is a verdict.
#[track_caller]
pub fn assert_refused(fetched: Result<Vec<u8>, FetchError>, kind: RefusalKind, says: &str) {
    match fetched {
        Err(FetchError::Refused(refusal)) => {
            assert_eq!(refusal.kind, kind, "{refusal}");
            assert!(refusal.reason.contains(says), "{says} is not in: {refusal}");
        }
        other => panic!("{other:?} is no refusal"),
    }
}

#[track_caller]
pub fn assert_passing(fetched: Result<Vec<u8>, FetchError>, says: &str) {
    match fetched {
        Err(FetchError::Passing(reason)) => assert!(reason.contains(says), "{says} is not in: {reason}"),
        other => panic!("{other:?} does not pass"),
    }
}

pub fn places(place: Place, resolver: impl Resolver + 'static) -> Places {
    Places::new(vec![place]).with_resolver(Arc::new(resolver))
}
