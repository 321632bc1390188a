//! Servers, and how a URL names them.

use std::fmt;

use crate::location::LocationError;

/// A server that speaks HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Whether the connection is encrypted.
    pub secure: bool,
    /// The name or address; IPv6 without its brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Server {
    /// Reads `http://host:port`, and nothing behind it.
    ///
    /// # Errors
    /// [`LocationError`].
    pub fn parse(text: &str) -> Result<Self, LocationError> {
        if let Some(byte) = text.bytes().find(|byte| !is_of_a_url(*byte)) {
            return Err(LocationError::Character(byte));
        }
        let (secure, rest) = match (text.strip_prefix("http://"), text.strip_prefix("https://")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => return Err(LocationError::Form("is not written http://host:port or https://host:port")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = authority(rest)?;
        Ok(Self { secure, host, port: port.unwrap_or(if secure { 443 } else { 80 }) })
    }

    /// Host and port as a header of HTTP has them: without the port that goes without saying.
    #[must_use]
    pub fn host_header(&self) -> String {
        match (self.secure, self.port) {
            (false, 80) | (true, 443) => Bracketed(&self.host).to_string(),
            _ => format!("{}:{}", Bracketed(&self.host), self.port),
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http{}://{}", if self.secure { "s" } else { "" }, self.host_header())
    }
}

/// A host as a URL has it.
pub(crate) struct Bracketed<'a>(pub &'a str);

impl fmt::Display for Bracketed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains(':') { write!(f, "[{}]", self.0) } else { f.write_str(self.0) }
    }
}

/// The characters of a URL (RFC 3986, section 2), without those that only stand escaped.
pub(crate) fn is_of_a_url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

/// Host and port.
pub(crate) fn authority(text: &str) -> Result<(String, Option<u16>), LocationError> {
    if text.contains('@') {
        return Err(LocationError::Credentials);
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or(LocationError::Form("has a [ without its ]"))?;
            host.parse::<std::net::Ipv6Addr>()
                .map_err(|_| LocationError::Form("has something else than an IPv6 address in brackets"))?;
            let port = match rest.strip_prefix(':') {
                Some(port) => Some(port),
                None if rest.is_empty() => None,
                None => return Err(LocationError::Form("has something behind the ] of its host")),
            };
            (host, port)
        }
        None => match text.split_once(':') {
            Some((host, port)) => (checked_host(host)?, Some(port)),
            None => (checked_host(text)?, None),
        },
    };
    let number = |port: &str| {
        let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        port.parse::<u16>()
            .ok()
            .filter(|port| digits && *port > 0)
            .ok_or(LocationError::Form("has a port that is no number from 1 to 65535"))
    };
    Ok((host.to_ascii_lowercase(), port.map(number).transpose()?))
}

fn checked_host(host: &str) -> Result<&str, LocationError> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    if host.len() <= 253 && host.split('.').all(label) {
        Ok(host)
    } else {
        Err(LocationError::Form("has no host, or one with characters that a host name does not have"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers() {
        for (text, shown) in [
            ("http://minio:9000", "http://minio:9000"),
            ("https://s3.eu.example/", "https://s3.eu.example"),
            ("http://[fd00::1]:80", "http://[fd00::1]"),
        ] {
            assert_eq!(Server::parse(text).unwrap().to_string(), shown);
        }
        for bad in ["minio:9000", "http://u:p@minio", "http://minio/path", "ftp://minio", "http://"] {
            assert!(Server::parse(bad).is_err(), "{bad}");
        }
    }
}
