//! One question to another instance.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use ureq::Agent;

use super::announcement::{API, Announcement};
use crate::snapshot::Snapshot;

/// Longest answer that is read, bytes.
const LARGEST: u64 = 64 << 20;

/// What `GET /v1/instance` answers: the state of one instance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerAnswer {
    /// [`API`] of the instance that answers.
    pub api: u32,
    /// Its name.
    pub instance: String,
    /// Its state.
    pub snapshot: Snapshot,
}

/// Why another instance gives no state. None of them is an error of the one that asks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerTrouble {
    /// Nothing listens there, or not any more.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// It is slow, paused or overloaded.
    #[error("it did not answer within {0} ms")]
    TimedOut(u128),
    /// It runs a version of the program whose answers this one does not understand.
    #[error("it speaks version {0} of the questions between instances, this instance {API}")]
    OtherVersion(u32),
    /// What listens there is no instance, or a broken one.
    #[error("its answer cannot be read: {0}")]
    Unreadable(String),
    /// Another instance listens there now, or one of another application.
    #[error("another instance answers there: {0}")]
    Replaced(String),
}

impl PeerTrouble {
    /// The kind as a word that programs can rely on.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::TimedOut(_) => "timedOut",
            Self::OtherVersion(_) => "otherVersion",
            Self::Unreadable(_) => "unreadable",
            Self::Replaced(_) => "replaced",
        }
    }
}

/// Asks instances; every question ends within the time limit.
#[derive(Clone, Debug)]
pub struct PeerClient {
    agent: Agent,
    timeout: Duration,
}

impl PeerClient {
    /// A client whose questions take this long at most.
    #[must_use]
    pub fn new(timeout: Duration) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .build();
        Self { agent: config.into(), timeout }
    }

    /// How long a question takes at most.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The state of another instance of `application`. Blocks.
    ///
    /// # Errors
    /// [`PeerTrouble`].
    pub fn ask(&self, peer: &Announcement, application: &str) -> Result<Snapshot, PeerTrouble> {
        let answer: PeerAnswer =
            self.answer(peer, application, "/v1/instance?scope=instance", |answer: &PeerAnswer| {
                (&answer.instance, &answer.snapshot.application)
            })?;
        Ok(answer.snapshot)
    }

    /// What another instance of `application` answers to a question; `from` says of an answer which instance of which
    /// application gave it. Blocks.
    ///
    /// # Errors
    /// [`PeerTrouble`].
    pub(super) fn answer<T: DeserializeOwned>(
        &self,
        peer: &Announcement,
        application: &str,
        question: &str,
        from: impl Fn(&T) -> (&str, &str),
    ) -> Result<T, PeerTrouble> {
        if peer.api != API {
            return Err(PeerTrouble::OtherVersion(peer.api));
        }
        let text = self.get(&format!("{}{question}", peer.url()))?;
        /// What answers of every version have.
        #[derive(Deserialize)]
        struct AnyVersion {
            api: u32,
        }
        let unreadable = |error: serde_json::Error| PeerTrouble::Unreadable(error.to_string());
        let version: AnyVersion = serde_json::from_str(&text).map_err(unreadable)?;
        if version.api != API {
            return Err(PeerTrouble::OtherVersion(version.api));
        }
        let answer: T = serde_json::from_str(&text).map_err(unreadable)?;
        let (instance, of) = from(&answer);
        if instance != peer.instance || of != application {
            return Err(PeerTrouble::Replaced(format!("{instance} of {of}")));
        }
        Ok(answer)
    }

    /// The text at a URL of an instance. Blocks.
    ///
    /// # Errors
    /// [`PeerTrouble`].
    pub fn get(&self, url: &str) -> Result<String, PeerTrouble> {
        let trouble = |error: ureq::Error| match error {
            ureq::Error::Timeout(_) => self.timed_out(),
            ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => self.timed_out(),
            ureq::Error::BodyExceedsLimit(_) | ureq::Error::Protocol(_) | ureq::Error::Http(_) => {
                PeerTrouble::Unreadable(error.to_string())
            }
            other => PeerTrouble::Unreachable(other.to_string()),
        };
        let mut response = self.agent.get(url).call().map_err(trouble)?;
        let text = response.body_mut().with_config().limit(LARGEST).lossy_utf8(true).read_to_string();
        let text = text.map_err(trouble)?;
        if response.status().as_u16() != 200 {
            let start: String = text.chars().take(200).collect();
            return Err(PeerTrouble::Unreadable(format!("status {}: {start}", response.status().as_u16())));
        }
        Ok(text)
    }

    pub(super) fn timed_out(&self) -> PeerTrouble {
        PeerTrouble::TimedOut(self.timeout.as_millis())
    }
}
