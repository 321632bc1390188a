//! Requests to Grafana and what its answers mean.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use ureq::Agent;
use ureq::http::Response;

use super::settings::{GrafanaAccess, GrafanaSettings};
use crate::agent::agent;

/// Longest time for one request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest part of an answer that is shown.
const MOST_OF_AN_ANSWER: usize = 300;

/// A Grafana at an address.
#[derive(Clone, Debug)]
pub struct Grafana {
    agent: Agent,
    url: String,
    authorization: String,
}

/// What Grafana or the way to it has against a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrafanaError {
    /// It passes by itself: nobody answers, or Grafana is busy.
    #[error("Grafana at {url} does not answer: {reason}")]
    Unreachable {
        /// The address.
        url: String,
        /// Why.
        reason: String,
    },
    /// The operator must act.
    #[error(
        "Grafana at {url} refuses who asks (status {status}): {answer}; look at grafana.user and grafana.password, or grafana.token, and the right to edit"
    )]
    Credentials {
        /// The address.
        url: String,
        /// HTTP status.
        status: u16,
        /// The beginning of its answer.
        answer: String,
    },
    /// The operator must act: something else listens there.
    #[error("what answers at {url} is no Grafana (status {status}): {answer}")]
    NotGrafana {
        /// The address.
        url: String,
        /// HTTP status.
        status: u16,
        /// The beginning of its answer.
        answer: String,
    },
    /// The request is refused.
    #[error("Grafana at {url} refuses {what} (status {status}): {answer}")]
    Refused {
        /// The address.
        url: String,
        /// What was asked.
        what: String,
        /// HTTP status.
        status: u16,
        /// The beginning of its answer.
        answer: String,
    },
}

impl GrafanaError {
    /// Whether it passes by itself.
    #[must_use]
    pub fn passes(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    /// Whether somebody else was faster: another instance that begins at the same time.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Refused { status: 409 | 412, .. })
    }
}

impl Grafana {
    /// The Grafana of these settings; nothing is asked yet.
    #[must_use]
    pub fn new(settings: &GrafanaSettings) -> Self {
        let authorization = match &settings.access {
            GrafanaAccess::User(user, password) => {
                format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
            }
            GrafanaAccess::Token(token) => format!("Bearer {token}"),
        };
        Self { agent: agent(TIMEOUT), url: settings.url.trim_end_matches('/').to_owned(), authorization }
    }

    /// Asks for `path`; `None` if there is no such thing.
    ///
    /// # Errors
    /// [`GrafanaError`].
    pub fn get(&self, path: &str) -> Result<Option<Value>, GrafanaError> {
        let request =
            self.agent.get(format!("{}{path}", self.url)).header("authorization", &self.authorization);
        let (status, answer) = self.answer(request.header("accept", "application/json").call())?;
        match status {
            200..=299 => Ok(Some(answer)),
            404 => Ok(None),
            _ => Err(self.refused(path, status, &answer)),
        }
    }

    /// Posts a document; the answer.
    ///
    /// # Errors
    /// [`GrafanaError`].
    pub fn post(&self, path: &str, what: &str, body: &Value) -> Result<Value, GrafanaError> {
        let request = self
            .agent
            .post(format!("{}{path}", self.url))
            .header("authorization", &self.authorization)
            .header("accept", "application/json")
            .header("content-type", "application/json");
        let (status, answer) = self.answer(request.send(body.to_string()))?;
        if (200..300).contains(&status) { Ok(answer) } else { Err(self.refused(what, status, &answer)) }
    }

    fn answer(&self, sent: Result<Response<ureq::Body>, ureq::Error>) -> Result<(u16, Value), GrafanaError> {
        let url = || self.url.clone();
        let unreachable = |reason: String| GrafanaError::Unreachable { url: url(), reason };
        let mut response = sent.map_err(|error| unreachable(error.to_string()))?;
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(8 << 20).lossy_utf8(true).read_to_string();
        let body = body.map_err(|error| unreachable(error.to_string()))?;
        let short = || body.trim().chars().take(MOST_OF_AN_ANSWER).collect::<String>();
        match status {
            401 | 403 => Err(GrafanaError::Credentials { url: url(), status, answer: short() }),
            429 | 500..=599 => Err(unreachable(format!("status {status}: {}", short()))),
            _ => match serde_json::from_str::<Value>(&body) {
                Ok(answer) if answer.is_object() => Ok((status, answer)),
                _ => Err(GrafanaError::NotGrafana { url: url(), status, answer: short() }),
            },
        }
    }

    fn refused(&self, what: &str, status: u16, answer: &Value) -> GrafanaError {
        let told = answer["message"].as_str().map_or_else(|| answer.to_string(), str::to_owned);
        GrafanaError::Refused {
            url: self.url.clone(),
            what: what.to_owned(),
            status,
            answer: told.chars().take(MOST_OF_AN_ANSWER).collect(),
        }
    }
}
