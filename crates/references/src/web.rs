//! Requests over HTTP: to an address that was checked, and to no other.

use std::fmt;
use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use scorewheel_serving::RefusalKind;
use ureq::config::Config;
use ureq::http::{Response, Uri};
#[cfg(feature = "tls")]
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver as UreqResolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Body};

use crate::address::{Resolver, checked_addresses};
use crate::error::FetchError;
use crate::intake::Intake;
use crate::server::Server;
#[cfg(feature = "tls")]
use crate::tls::authorities;

/// Longest time until a connection stands.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest part of an answer that is read for its reason.
const MOST_OF_A_REASON: u64 = 4096;

/// How servers are reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Web<'a> {
    pub resolver: &'a dyn Resolver,
    pub allow_private: bool,
    /// Authorities that are trusted instead of the system's.
    #[cfg_attr(not(feature = "tls"), allow(dead_code, reason = "nothing is encrypted"))]
    pub ca: Option<&'a Path>,
}

/// A request for something.
#[derive(Debug)]
pub(crate) struct Get<'a> {
    pub server: &'a Server,
    /// Path and query, escaped, from the `/` on.
    pub target: &'a str,
    pub headers: &'a [(&'static str, String)],
}

/// An answer whose body has not been read.
pub(crate) struct Answer {
    pub status: u16,
    pub location: Option<String>,
    response: Response<Body>,
    server: String,
}

/// Gives the addresses that were checked, whatever is asked.
#[derive(Debug)]
struct Checked(Vec<SocketAddr>);

impl UreqResolver for Checked {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        // As many as fit.
        self.0.iter().take(16).for_each(|address| addresses.push(*address));
        Ok(addresses)
    }
}

impl Web<'_> {
    /// Asks; within `time`, to the end of the body.
    pub fn get(&self, get: &Get<'_>, time: Duration) -> Result<Answer, FetchError> {
        let Server { secure, host, port } = get.server;
        if *secure && !cfg!(feature = "tls") {
            return Err(FetchError::Passing("this build has no TLS (feature `tls`)".into()));
        }
        let addresses = checked_addresses(self.resolver, host, *port, self.allow_private)?;
        let config = Agent::config_builder()
            .timeout_global(Some(time))
            .timeout_connect(Some(CONNECT.min(time)))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // A proxy would be asked for a name, and connect to what it finds.
            .proxy(None)
            .user_agent(concat!("scorewheel/", env!("CARGO_PKG_VERSION")));
        #[cfg(feature = "tls")]
        let config = config.tls_config(
            TlsConfig::builder()
                .provider(TlsProvider::NativeTls)
                .root_certs(match self.ca.filter(|_| *secure) {
                    Some(file) => RootCerts::new_with_certs(&authorities(file)?),
                    None => RootCerts::PlatformVerifier,
                })
                .build(),
        );
        let agent = Agent::with_parts(config.build(), DefaultConnector::default(), Checked(addresses));
        let mut request = agent.get(format!("{}{}", get.server, get.target));
        for (name, value) in get.headers {
            request = request.header(*name, value);
        }
        let response = request.call().map_err(|error| unreachable(get.server, &error))?;
        let location = response.headers().get("location").and_then(|value| value.to_str().ok());
        Ok(Answer {
            status: response.status().as_u16(),
            location: location.map(str::to_owned),
            server: get.server.to_string(),
            response,
        })
    }
}

fn unreachable(server: &dyn fmt::Display, error: &ureq::Error) -> FetchError {
    FetchError::Passing(format!("{server} does not answer: {error}"))
}

impl Answer {
    /// Takes the body in.
    pub fn body(self, intake: &mut Intake<'_>) -> Result<(), FetchError> {
        let headers = self.response.headers();
        let is_there = |name: &str| headers.contains_key(name);
        // A body whose end nobody states ends with its connection: one that broke off looks the same.
        if !is_there("content-length") && !is_there("transfer-encoding") {
            let reason = format!("{} does not say how long the model is (no Content-Length)", self.server);
            return Err(FetchError::Passing(reason));
        }
        if let Some(encoding) = headers.get("content-encoding").filter(|value| *value != "identity") {
            let reason = format!("{} sends the model encoded ({encoding:?}), unasked", self.server);
            return Err(FetchError::Passing(reason));
        }
        if let Some(length) = self.response.body().content_length() {
            intake.expect(length)?;
        }
        let mut reader = self.response.into_body().into_with_config().limit(u64::MAX).reader();
        intake.copy(&mut reader, &self.server)
    }

    /// The beginning of the body as text, on one line.
    pub fn reason(self) -> String {
        let mut text = Vec::new();
        let reader = self.response.into_body().into_with_config().limit(u64::MAX).reader();
        // What can be read of it is said.
        let _ = reader.take(MOST_OF_A_REASON).read_to_end(&mut text);
        let text = String::from_utf8_lossy(&text);
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(1000).collect()
    }

    /// What a status that is no success says of a model at `what`.
    pub fn failure(self, what: &dyn fmt::Display) -> FetchError {
        let (status, server) = (self.status, self.server.clone());
        match status {
            404 | 410 => {
                let reason = format!("there is nothing at {what} (status {status})");
                FetchError::refused(RefusalKind::NotFound, reason)
            }
            401 | 403 | 407 => FetchError::Passing(format!(
                "{server} does not let us read {what} (status {status}); look at the credentials of the place{}",
                says(&self.reason())
            )),
            _ => FetchError::Passing(format!(
                "{server} does not give {what} (status {status}){}",
                says(&self.reason())
            )),
        }
    }
}

fn says(reason: &str) -> String {
    let reason: String = reason.trim().chars().take(200).collect();
    if reason.is_empty() { reason } else { format!(": {reason}") }
}
