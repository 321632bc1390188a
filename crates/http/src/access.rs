//! Who may ask what: `Host`, origin, content type, token.
//!
//! The listener is on loopback by default, and a browser on the same machine is the attacker to think of: a page of
//! another origin that posts to it (refused by content type and origin), or one whose name was made to resolve to
//! loopback (refused by `Host`).

use std::net::IpAddr;

use axum::http::{HeaderMap, Uri, header};

use crate::error::ApiError;

/// What this server allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessRules {
    /// True if the listener is bound to a loopback address. Only then is there a way in for records.
    pub loopback: bool,
    /// Names besides `localhost` and addresses that a `Host` header may give. Empty on a listener that is not loopback:
    /// any name.
    pub allowed_hosts: Vec<String>,
    /// Opens the models topic to whoever presents it.
    pub token: Option<String>,
    /// Opens the models topic to everybody who can reach the listener.
    pub publish_models: bool,
    /// The models topic.
    pub models_topic: String,
    /// The records topic, which is everybody's whatever it is called.
    pub records_topic: String,
    /// Topics that the application writes by itself; nobody else may.
    pub own_topics: Vec<String>,
    /// Prefix of further topics of that kind: `<application>-`.
    pub own_prefix: String,
}

impl AccessRules {
    /// Refuses a request whose `Host` is not one of ours.
    ///
    /// # Errors
    /// 421 of kind `host_not_allowed`.
    pub fn check_host(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), ApiError> {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).or_else(|| uri.host());
        let Some(host) = host else {
            return Err(ApiError::bad_request("host_missing", "the request has no Host header"));
        };
        let name = host_name(host);
        let listed = self.allowed_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(name));
        let allowed = if self.loopback {
            listed || is_loopback_name(name)
        } else {
            listed || self.allowed_hosts.is_empty() || name.parse::<IpAddr>().is_ok()
        };
        if allowed {
            return Ok(());
        }
        let message = format!("the host {name:?} is not served here; add it to `http.allowed_hosts`");
        Err(ApiError::new(axum::http::StatusCode::MISDIRECTED_REQUEST, "host_not_allowed", message))
    }

    /// Refuses a request that changes something and comes from a page of another origin, or that a page could send
    /// without being asked: one without `content_type`.
    ///
    /// # Errors
    /// 403 of kind `foreign_origin`; 415 of kind `wrong_content_type`.
    pub fn check_post(&self, headers: &HeaderMap, content_type: &str) -> Result<(), ApiError> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let host = text("host").unwrap_or_default();
        let foreign = text("origin").is_some_and(|origin| {
            origin.split_once("://").is_none_or(|(_, authority)| !authority.eq_ignore_ascii_case(host))
        });
        if foreign || text("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site") {
            let message = "a page of another origin may not post here";
            return Err(ApiError::forbidden("foreign_origin", message));
        }
        let sent = text("content-type").unwrap_or_default();
        if sent.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(content_type)) {
            return Ok(());
        }
        let message = format!("the content type is {sent:?}; send {content_type}");
        Err(ApiError::new(axum::http::StatusCode::UNSUPPORTED_MEDIA_TYPE, "wrong_content_type", message))
    }

    /// Refuses to write a topic that is not the caller's to write.
    ///
    /// # Errors
    /// 403 of kind `topic_closed`.
    pub fn check_write(&self, topic: &str, headers: &HeaderMap) -> Result<(), ApiError> {
        if topic == self.records_topic {
            return Ok(());
        }
        let own = self.own_topics.iter().any(|own| own == topic)
            || (!self.own_prefix.is_empty() && topic.starts_with(&self.own_prefix));
        if own && topic != self.models_topic {
            let message = format!("topic `{topic}` is written by the application alone");
            return Err(ApiError::forbidden("topic_closed", message));
        }
        if topic == self.models_topic && !self.publish_models && !self.has_token(headers) {
            let message = format!(
                "topic `{topic}` decides what is scored with; present the token of the data directory or set \
                 `http.publish_models`"
            );
            return Err(ApiError::forbidden("topic_closed", message));
        }
        Ok(())
    }

    fn has_token(&self, headers: &HeaderMap) -> bool {
        let presented = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let presented = presented.and_then(|value| value.strip_prefix("Bearer "));
        match (&self.token, presented) {
            (Some(token), Some(presented)) => same(token.as_bytes(), presented.as_bytes()),
            _ => false,
        }
    }
}

/// Compares in a time that depends on the lengths only.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |different, (l, r)| different | (l ^ r)) == 0
}

/// The name or address of an authority, without its port.
fn host_name(authority: &str) -> &str {
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default();
    }
    authority.rsplit_once(':').map_or(authority, |(name, _)| name)
}

fn is_loopback_name(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn hosts() {
        let rules = |loopback, allowed: &[&str]| AccessRules {
            loopback,
            allowed_hosts: allowed.iter().map(|&name| name.into()).collect(),
            ..AccessRules::default()
        };
        let cases = [
            (rules(true, &[]), "localhost:8888", true),
            (rules(true, &[]), "127.0.0.1:1", true),
            (rules(true, &[]), "[::1]:8888", true),
            (rules(true, &[]), "evil.example:8888", false),
            (rules(true, &["scores.example"]), "Scores.Example", true),
            (rules(false, &[]), "anything", true),
            (rules(false, &["scores.example"]), "10.0.0.7:8888", true),
            (rules(false, &["scores.example"]), "evil.example", false),
        ];
        for (rules, host, allowed) in cases {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static(host));
            assert_eq!(rules.check_host(&headers, &Uri::from_static("/")).is_ok(), allowed, "{host}");
        }
    }

    #[test]
    fn tokens_are_compared_whole() {
        let rules = AccessRules { token: Some("abc".into()), ..AccessRules::default() };
        for (presented, expected) in
            [("Bearer abc", true), ("Bearer ab", false), ("abc", false), ("Bearer abd", false)]
        {
            let mut headers = HeaderMap::new();
            headers.insert("authorization", HeaderValue::from_static(presented));
            assert_eq!(rules.has_token(&headers), expected, "{presented}");
        }
        assert!(!rules.has_token(&HeaderMap::new()));
    }
}
