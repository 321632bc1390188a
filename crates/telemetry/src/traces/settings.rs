//! Where traces go.

use std::collections::BTreeMap;

/// Where traces go, and of how many batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracesSettings {
    /// Address of the collector's HTTP receiver, such as `http://collector:4318`; `/v1/traces` is added unless the
    /// address has a path.
    pub url: String,
    /// Headers of every request, such as one that authorizes.
    pub headers: BTreeMap<String, String>,
    /// What the traces call this service.
    pub service: String,
    /// What they call this process.
    pub instance: String,
    /// One of so many batches and commits makes a span; at least 1.
    pub one_in: u32,
}

/// The operator must act: no traces can be sent with these settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TracesError {
    /// The address cannot be used.
    #[error("traces.url: {url:?} {reason}; write it like http://collector:4318")]
    Address {
        /// As it was written.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A header cannot be sent.
    #[error("traces.headers: {name:?}: {reason}")]
    Header {
        /// Its name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The SDK refuses.
    #[error("traces: {0}")]
    Sdk(String),
}

impl TracesSettings {
    /// The address that requests go to.
    pub(super) fn endpoint(&self) -> Result<String, TracesError> {
        let wrong = |reason: &str| TracesError::Address { url: self.url.clone(), reason: reason.to_owned() };
        let uri: ureq::http::Uri = self.url.parse().map_err(|_| wrong("is no address"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") if cfg!(feature = "tls") => {}
            Some("https") => return Err(wrong("needs a build with the feature `tls`")),
            _ => return Err(wrong("has no scheme that is known")),
        }
        if uri.authority().is_none_or(|authority| authority.as_str().contains('@')) {
            return Err(wrong("holds a user, or no host; a header in `traces.headers` authorizes"));
        }
        Ok(match uri.path() {
            "" | "/" => format!("{}/v1/traces", self.url.trim_end_matches('/')),
            _ => self.url.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str) -> Result<String, TracesError> {
        let (headers, service, instance) = (BTreeMap::new(), String::new(), String::new());
        TracesSettings { url: url.to_owned(), headers, service, instance, one_in: 1 }.endpoint()
    }

    #[test]
    fn an_address_without_a_path_is_the_receivers() {
        assert_eq!(at("http://collector:4318").unwrap(), "http://collector:4318/v1/traces");
        assert_eq!(at("http://collector:4318/").unwrap(), "http://collector:4318/v1/traces");
        assert_eq!(at("http://collector/otlp/v1/traces").unwrap(), "http://collector/otlp/v1/traces");
    }

    #[test]
    fn what_is_no_address_is_refused_with_an_example() {
        for url in
            ["", "collector:4318", "ftp://collector", "http://", "http://me:secret@collector:4318", "x y"]
        {
            let message = at(url).unwrap_err().to_string();
            assert!(message.contains("http://collector:4318"), "{url}: {message}");
        }
    }
}
