//! The way to the collector.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use ureq::Agent;

use crate::agent::agent;

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most bytes of an answer that are read.
const LONGEST_ANSWER: u64 = 64 << 10;
/// Most characters of an answer that are told.
const TOLD: usize = 200;

/// What an operator may want to know of the way to the collector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TracesNote {
    /// Traces cannot be sent. Said once until it is over.
    Failing(String),
    /// They are sent again.
    Recovered,
}

/// What became of requests.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub sent: AtomicU64,
    pub failed: AtomicU64,
}

/// Sends requests of OpenTelemetry's exporter, on the exporter's thread.
pub(super) struct Client {
    agent: Agent,
    counts: std::sync::Arc<Counts>,
    failing: AtomicBool,
    tell: Box<dyn Fn(TracesNote) + Send + Sync>,
}

impl Client {
    pub fn new(counts: std::sync::Arc<Counts>, tell: impl Fn(TracesNote) + Send + Sync + 'static) -> Self {
        Self { agent: agent(PATIENCE), counts, failing: AtomicBool::new(false), tell: Box::new(tell) }
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let (head, body) = request.into_parts();
        let mut answer =
            self.agent.run(Request::from_parts(head, body.as_ref())).map_err(|error| error.to_string())?;
        let bytes = answer.body_mut().with_config().limit(LONGEST_ANSWER).read_to_vec();
        let bytes = Bytes::from(bytes.map_err(|error| error.to_string())?);
        let (head, _) = answer.into_parts();
        Ok(Response::from_parts(head, bytes))
    }

    fn note(&self, failure: Option<String>) {
        let counter = if failure.is_some() { &self.counts.failed } else { &self.counts.sent };
        counter.fetch_add(1, Ordering::Relaxed);
        if self.failing.swap(failure.is_some(), Ordering::AcqRel) != failure.is_some() {
            (self.tell)(failure.map_or(TracesNote::Recovered, TracesNote::Failing));
        }
    }
}

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let address = request.uri().to_string();
        let answer = self.send(request).map_err(|reason| {
            let reason = format!("{address}: {reason}");
            self.note(Some(reason.clone()));
            reason
        })?;
        let status = answer.status();
        self.note((!status.is_success()).then(|| {
            let body = String::from_utf8_lossy(answer.body());
            format!("{address} answers {status}: {}", body.chars().take(TOLD).collect::<String>())
        }));
        Ok(answer)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
