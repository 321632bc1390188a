//! Requests to an instance, and their errors in the words of topics.

use std::time::Duration;

use scorewheel_topics::{Offset, TopicPartition, TopicsError};
use serde_json::Value;
use ureq::Agent;
use ureq::http::Response;

/// Longest time without an answer; longer than the longest poll of the other side.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Largest answer that is read.
const LARGEST_ANSWER: u64 = 1 << 30;

/// What a request is about, so that an error can name it.
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: u32,
    /// The offset that was asked for.
    pub offset: Offset,
}

/// An instance's HTTP interface.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
    url: String,
    token: Option<String>,
}

impl Client {
    /// The instance at `url`.
    #[must_use]
    pub fn new(url: &str, token: Option<String>) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .proxy(None)
            .build();
        Self { agent: config.into(), url: url.trim_end_matches('/').to_owned(), token }
    }

    /// The URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Asks for `path`; the answer's body, and the header that says where reading goes on.
    ///
    /// # Errors
    /// [`TopicsError::Unreachable`], or what the instance says.
    pub fn get(&self, path: &str, about: About<'_>) -> Result<(String, Option<Offset>), TopicsError> {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let response = request.call().map_err(|error| self.unreachable(&error))?;
        self.answer(response, about)
    }

    /// Asks for `path`; the answer's body as JSON.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn get_json(&self, path: &str, about: About<'_>) -> Result<Value, TopicsError> {
        let (body, _) = self.get(path, about)?;
        self.json(&body)
    }

    /// Sends `body` to `path`; the answer's body as JSON.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn post(
        &self,
        path: &str,
        content_type: &str,
        body: String,
        about: About<'_>,
    ) -> Result<Value, TopicsError> {
        let mut request = self.agent.post(format!("{}{path}", self.url)).header("content-type", content_type);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let response = request.send(body).map_err(|error| self.unreachable(&error))?;
        let (body, _) = self.answer(response, about)?;
        self.json(&body)
    }

    fn json(&self, body: &str) -> Result<Value, TopicsError> {
        serde_json::from_str(body).map_err(|_| self.nonsense("its answer is not JSON"))
    }

    fn answer(
        &self,
        mut response: Response<ureq::Body>,
        about: About<'_>,
    ) -> Result<(String, Option<Offset>), TopicsError> {
        let status = response.status().as_u16();
        let next = response.headers().get(scorewheel_http::routes::records::NEXT_OFFSET);
        let next = next.and_then(|next| next.to_str().ok()?.parse().ok());
        let body = response.body_mut().with_config().limit(LARGEST_ANSWER).read_to_string();
        let body = body.map_err(|error| self.unreachable(&error))?;
        if status < 300 {
            return Ok((body, next));
        }
        let error: Value = serde_json::from_str(&body).unwrap_or_default();
        let text = |name: &str| error["error"][name].as_str().unwrap_or_default().to_owned();
        Err(self.error(&text("kind"), text("message"), status, about))
    }

    fn error(&self, kind: &str, message: String, status: u16, about: About<'_>) -> TopicsError {
        let topic = about.topic.to_owned();
        let partition = TopicPartition::new(about.topic, about.partition);
        match kind {
            "unknown_topic" => TopicsError::UnknownTopic { topic },
            "unknown_partition" => TopicsError::UnknownPartition { partition },
            "topic_exists" => TopicsError::TopicExists { topic },
            "record_too_large" | "body_too_large" => TopicsError::TooLarge { topic, limit: None },
            "offset_out_of_range" => {
                TopicsError::OutOfRange { partition, offset: about.offset, earliest: -1, end: -1 }
            }
            "topic_closed" => TopicsError::Denied { acl: format!("Write on topic `{topic}`: {message}") },
            "invalid" | "bad_body" | "bad_record" => {
                TopicsError::Configuration { reason: without("wrong setting: ", &message) }
            }
            "busy" => TopicsError::Busy { reason: without("not now: ", &message) },
            "full" => TopicsError::Full { reason: without("no room left: ", &message) },
            "no_such_route" => TopicsError::Unsupported {
                what: format!("reading and writing topics through {}", self.url),
                hint: "it does so for embedded topics on a loopback listener only; name the brokers instead"
                    .into(),
            },
            "" => self.nonsense(&format!("it answers with status {status}")),
            _ => TopicsError::Fatal { reason: message },
        }
    }

    fn unreachable(&self, error: &ureq::Error) -> TopicsError {
        TopicsError::Unreachable { reason: format!("{}: {error}", self.url) }
    }

    fn nonsense(&self, what: &str) -> TopicsError {
        TopicsError::Unreachable { reason: format!("{} is no instance of ours: {what}", self.url) }
    }
}

/// A message without the words that the other side has put before it, and that stand before it here, too.
fn without(prefix: &str, message: &str) -> String {
    message.strip_prefix(prefix).unwrap_or(message).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_other_side_says_is_not_doubled() {
        let client = Client::new("http://127.0.0.1:1", None);
        let there = [
            ("full", TopicsError::Full { reason: "data: it is full".into() }),
            ("busy", TopicsError::Busy { reason: "later".into() }),
            ("invalid", TopicsError::Configuration { reason: "no such setting".into() }),
        ];
        for (kind, error) in there {
            let said = error.to_string();
            assert_eq!(client.error(kind, said.clone(), 500, About::default()).to_string(), said);
        }
        let too_many = client.error("busy", "too many requests".into(), 503, About::default()).to_string();
        assert!(too_many.ends_with("too many requests"), "{too_many}");
    }
}
