//! Where a model is, as a publisher writes it: a URL, read strictly.

use std::fmt;

use crate::server::{Bracketed, Server, authority, is_of_a_url};

/// Longest location that is read, in bytes.
pub const LOCATION_LIMIT: usize = 2048;

/// A location. Everything in it is decoded and checked: paths have no empty, `.` or `..` parts, hosts are in lower
/// case, nothing is there that could be a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// `file:///folder/model.pmml`.
    File {
        /// The parts of the path, from the root of the file system.
        path: Vec<String>,
    },
    /// `http://host/folder/model.pmml`, `https://…`.
    Http {
        /// The server.
        server: Server,
        /// The parts of the path.
        path: Vec<String>,
        /// What follows `?`, as it was written.
        query: Option<String>,
    },
    /// `s3://bucket/folder/model.pmml`.
    S3 {
        /// The bucket.
        bucket: String,
        /// The parts of the key.
        key: Vec<String>,
    },
    /// `hdfs://name/folder/model.pmml`, `webhdfs://…`, `swebhdfs://…`.
    Hdfs {
        /// `hdfs`, `webhdfs` or `swebhdfs`.
        scheme: &'static str,
        /// The name node, or the name of the service.
        host: String,
        /// Its port.
        port: Option<u16>,
        /// The parts of the path.
        path: Vec<String>,
    },
    /// `postgresql://host/database/table/key`; the table may be `schema.table`.
    Postgres {
        /// The server's name.
        host: String,
        /// Its port.
        port: u16,
        /// The database.
        database: String,
        /// The table.
        table: String,
        /// The key of the row.
        key: String,
    },
    /// `kafka:topic/partition/offset`.
    Kafka {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u32,
        /// The offset.
        offset: i64,
    },
}

/// Why a text is no location.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// Longer than [`LOCATION_LIMIT`].
    #[error("the location has {0} bytes, more than {LOCATION_LIMIT}")]
    TooLong(usize),
    /// A character that a URL does not have.
    #[error("the location holds the byte {0:#04x}; other characters than those of a URL are written as %XX")]
    Character(u8),
    /// Another scheme than those that are known.
    #[error(
        "the location begins with no known scheme; known are file, http, https, s3, hdfs, webhdfs, swebhdfs, \
         postgresql, kafka"
    )]
    Scheme,
    /// User or password.
    #[error("the location holds a user or password; credentials come from the configuration")]
    Credentials,
    /// What a URL of its scheme does not have.
    #[error("the location {0}")]
    Form(&'static str),
}

impl Location {
    /// Reads a location.
    ///
    /// # Errors
    /// [`LocationError`].
    pub fn parse(text: &str) -> Result<Self, LocationError> {
        if text.len() > LOCATION_LIMIT {
            return Err(LocationError::TooLong(text.len()));
        }
        if let Some(byte) = text.bytes().find(|byte| !is_of_a_url(*byte)) {
            return Err(LocationError::Character(byte));
        }
        let (scheme, rest) = text.split_once(':').ok_or(LocationError::Scheme)?;
        if rest.contains('#') {
            return Err(LocationError::Form("has a fragment, which means nothing here"));
        }
        match &*scheme.to_ascii_lowercase() {
            "file" => parse_file(rest),
            "http" => parse_http(false, rest),
            "https" => parse_http(true, rest),
            "s3" => parse_s3(rest),
            "hdfs" => parse_hdfs("hdfs", rest),
            "webhdfs" => parse_hdfs("webhdfs", rest),
            "swebhdfs" => parse_hdfs("swebhdfs", rest),
            "postgresql" | "postgres" => parse_postgres(rest),
            "kafka" => parse_kafka(rest),
            _ => Err(LocationError::Scheme),
        }
    }

    /// The scheme, as a place names it.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        match self {
            Self::File { .. } => "file",
            Self::Http { server: Server { secure: false, .. }, .. } => "http",
            Self::Http { .. } => "https",
            Self::S3 { .. } => "s3",
            Self::Hdfs { scheme, .. } => scheme,
            Self::Postgres { .. } => "postgresql",
            Self::Kafka { .. } => "kafka",
        }
    }

    /// The name of what is there: the last part, without extension and what a URL may ask besides.
    #[must_use]
    pub fn stem(&self) -> String {
        let last = |path: &[String]| path.last().cloned().unwrap_or_default();
        let name = match self {
            Self::File { path } | Self::Http { path, .. } | Self::Hdfs { path, .. } => last(path),
            Self::S3 { key, .. } => last(key),
            Self::Postgres { key, .. } => key.clone(),
            Self::Kafka { topic, partition, offset } => return format!("{topic}-{partition}-{offset}"),
        };
        match name.rsplit_once('.') {
            Some((stem, _)) if !stem.is_empty() => stem.to_owned(),
            _ => name,
        }
    }

    /// The extension of what is there, in lower case.
    #[must_use]
    pub fn extension(&self) -> Option<String> {
        let last = match self {
            Self::File { path } | Self::Http { path, .. } | Self::Hdfs { path, .. } => path.last()?,
            Self::S3 { key, .. } => key.last()?,
            Self::Postgres { key, .. } => key,
            Self::Kafka { .. } => return None,
        };
        last.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase())
    }
}

/// Shown as it can be read again.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path } => write!(f, "file://{}", encoded(path)),
            Self::Http { server, path, query } => {
                write!(f, "{server}{}", encoded(path))?;
                query.as_ref().map_or(Ok(()), |query| write!(f, "?{query}"))
            }
            Self::S3 { bucket, key } => write!(f, "s3://{bucket}{}", encoded(key)),
            Self::Hdfs { scheme, host, port, path } => {
                write!(f, "{scheme}://{}", Bracketed(host))?;
                port.map_or(Ok(()), |port| write!(f, ":{port}"))?;
                f.write_str(&encoded(path))
            }
            Self::Postgres { host, port, database, table, key } => {
                let path = [database, table, key].map(Clone::clone);
                write!(f, "postgresql://{}:{port}{}", Bracketed(host), encoded(&path))
            }
            Self::Kafka { topic, partition, offset } => write!(f, "kafka:{topic}/{partition}/{offset}"),
        }
    }
}

/// What follows `//`: what stands before the first `/`, and the rest from there on.
fn split_authority(rest: &str) -> Result<(&str, &str), LocationError> {
    let rest = rest.strip_prefix("//").ok_or(LocationError::Form("has no // after its scheme"))?;
    Ok(rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len())))
}

/// The parts of a path that begins with `/`.
fn path(text: &str) -> Result<Vec<String>, LocationError> {
    let text = text.strip_prefix('/').filter(|rest| !rest.is_empty());
    let text = text.ok_or(LocationError::Form("names no file"))?;
    if text.contains('?') {
        return Err(LocationError::Form("has a ?, which only http has"));
    }
    text.split('/').map(part).collect()
}

/// One part of a path, decoded.
fn part(text: &str) -> Result<String, LocationError> {
    let decoded = decode(text)?;
    if decoded.is_empty() {
        return Err(LocationError::Form("has an empty part in its path, or names a folder"));
    }
    if decoded == "." || decoded == ".." {
        return Err(LocationError::Form("has a . or .. in its path"));
    }
    if decoded.contains(['/', '\\']) || decoded.chars().any(char::is_control) {
        return Err(LocationError::Form(
            "has a slash, backslash or control character hidden in a part of its path",
        ));
    }
    Ok(decoded)
}

fn decode(text: &str) -> Result<String, LocationError> {
    const BAD: LocationError = LocationError::Form("has a % without two hexadecimal digits");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16)).ok_or(BAD);
        let (high, low) = (digit()?, digit()?);
        bytes.push((high << 4 | low) as u8);
    }
    String::from_utf8(bytes).map_err(|_| LocationError::Form("does not decode to UTF-8 text"))
}

/// A path from its parts; everything but unreserved characters (RFC 3986, section 2.3) is escaped, as signatures of S3
/// want it.
pub(crate) fn encoded(parts: &[String]) -> String {
    let mut out = String::new();
    for part in parts {
        out.push('/');
        for byte in part.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                out.push(char::from(byte));
            } else {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    out
}

fn parse_file(rest: &str) -> Result<Location, LocationError> {
    // `file:/path` and `file:///path` say the same.
    let (host, text) = if rest.starts_with("//") { split_authority(rest)? } else { ("", rest) };
    if !host.is_empty() && host != "localhost" {
        return Err(LocationError::Form("names a host; files are local: file:///folder/model"));
    }
    Ok(Location::File { path: path(text)? })
}

fn parse_http(secure: bool, rest: &str) -> Result<Location, LocationError> {
    let (server, rest) = split_authority(rest)?;
    let (host, port) = authority(server)?;
    let (text, query) = match rest.split_once('?') {
        Some((text, query)) => (text, Some(query.to_owned())),
        None => (rest, None),
    };
    // Whoever reads a location in a log is not to take the end of a query for a host.
    if query.as_ref().is_some_and(|query| query.contains('@')) {
        return Err(LocationError::Form("has an @ in its query; write %40"));
    }
    let server = Server { secure, host, port: port.unwrap_or(if secure { 443 } else { 80 }) };
    Ok(Location::Http { server, path: path(text)?, query })
}

fn parse_s3(rest: &str) -> Result<Location, LocationError> {
    let (bucket, rest) = split_authority(rest)?;
    if bucket.contains('@') {
        return Err(LocationError::Credentials);
    }
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
    if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(allowed) || bucket.contains("..") {
        return Err(LocationError::Form("has no bucket, or one with a name that no bucket has"));
    }
    Ok(Location::S3 { bucket: bucket.to_owned(), key: path(rest)? })
}

fn parse_hdfs(scheme: &'static str, rest: &str) -> Result<Location, LocationError> {
    let (server, rest) = split_authority(rest)?;
    let (host, port) = authority(server)?;
    Ok(Location::Hdfs { scheme, host, port, path: path(rest)? })
}

fn parse_postgres(rest: &str) -> Result<Location, LocationError> {
    let (server, rest) = split_authority(rest)?;
    let (host, port) = authority(server)?;
    let parts = path(rest)?;
    let Ok([database, table, key]) = <[String; 3]>::try_from(parts) else {
        return Err(LocationError::Form("is not written postgresql://host/database/table/key"));
    };
    Ok(Location::Postgres { host, port: port.unwrap_or(5432), database, table, key })
}

fn parse_kafka(rest: &str) -> Result<Location, LocationError> {
    const FORM: LocationError = LocationError::Form("is not written kafka:topic/partition/offset");
    let rest = rest.trim_start_matches("//");
    if rest.contains('@') {
        return Err(LocationError::Credentials);
    }
    let mut parts = rest.split('/');
    let (Some(topic), Some(partition), Some(offset), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(FORM);
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let named =
        (1..=249).contains(&topic.len()) && topic.bytes().all(allowed) && topic != "." && topic != "..";
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !named || !digits(partition) || !digits(offset) {
        return Err(FORM);
    }
    Ok(Location::Kafka {
        topic: topic.to_owned(),
        partition: partition.parse().map_err(|_| FORM)?,
        offset: offset.parse().map_err(|_| FORM)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn locations_are_read_and_shown() {
        for (text, shown) in [
            ("file:///models/a.pmml", ""),
            ("file:/models/a.pmml", "file:///models/a.pmml"),
            ("file://localhost/models/a%20b.pmml", "file:///models/a%20b.pmml"),
            ("http://Models.Example/a/b.onnx", "http://models.example/a/b.onnx"),
            ("https://models.example:8443/a?version=7", ""),
            ("https://models.example:443/a", "https://models.example/a"),
            ("http://[::1]:8080/a", ""),
            ("HTTP://10.0.0.1/a", "http://10.0.0.1/a"),
            ("s3://bucket/folder/key%2Bplus", ""),
            ("hdfs://cluster/models/a", ""),
            ("webhdfs://name.node:9870/models/a", ""),
            (
                "postgresql://db/models/public.models/forest",
                "postgresql://db:5432/models/public.models/forest",
            ),
            ("kafka:big_models/0/12", ""),
            ("kafka://big_models/0/12", "kafka:big_models/0/12"),
        ] {
            let location = Location::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(location.to_string(), if shown.is_empty() { text } else { shown });
            assert_eq!(Location::parse(&location.to_string()), Ok(location));
        }
        let location = Location::parse("s3://bucket/a/forest.v2.pmml").unwrap();
        assert_eq!((location.stem().as_str(), location.extension().as_deref()), ("forest.v2", Some("pmml")));
    }

    #[test]
    fn what_is_no_location_says_why() {
        for (text, why) in [
            ("", "scheme"),
            ("models/a.pmml", "scheme"),
            ("ftp://host/a", "scheme"),
            ("file:///models/../etc/passwd", "."),
            ("file:///models/%2e%2e/etc/passwd", "."),
            ("file:///models/.%2E/etc", "."),
            ("file:///models/a%2fb", "slash"),
            ("file:///models/a%5cb", "backslash"),
            ("file:///models/a%00b", "control"),
            ("file:///models//a", "empty"),
            ("file:///models/", "folder"),
            ("file:///", "names no file"),
            ("file://host/a", "host"),
            ("file:models/a", "names no file"),
            ("file:///a?b", "?"),
            ("file:///a#b", "fragment"),
            ("file:///a b", "0x20"),
            ("file:///a\\b", "0x5c"),
            ("file:///%zz", "hexadecimal"),
            ("file:///%e", "hexadecimal"),
            ("file:///%ff", "UTF-8"),
            ("http://user:secret@host/a", "credentials"),
            ("http://token@host/a", "credentials"),
            ("s3://key:secret@bucket/a", "credentials"),
            ("postgresql://user:secret@db/d/t/k", "credentials"),
            ("kafka:u@t/0/1", "credentials"),
            ("http://host/a?b@c", "%40"),
            ("http:///a", "host"),
            ("http:host/a", "//"),
            ("http://ho..st/a", "host"),
            ("http://host./a", "host"),
            ("http://host:0/a", "port"),
            ("http://host:99999/a", "port"),
            ("http://host:+1/a", "port"),
            ("http://[::1/a", "]"),
            ("http://[x]/a", "IPv6"),
            ("http://[::1]x/a", "]"),
            ("http://host", "names no file"),
            ("s3://B/a", "bucket"),
            ("s3:///a", "bucket"),
            ("postgresql://db/d/t", "postgresql://host/database/table/key"),
            ("postgresql://db/d/t/k/l", "postgresql://host/database/table/key"),
            ("kafka:t/0", "kafka:topic/partition/offset"),
            ("kafka:t/-1/0", "kafka:topic/partition/offset"),
            ("kafka:t/0/99999999999999999999", "kafka:topic/partition/offset"),
            ("kafka:../0/1", "kafka:topic/partition/offset"),
            ("http://host/ä", "%XX"),
        ] {
            let error = Location::parse(text).expect_err(text).to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
        let long = format!("file:///{}", "a".repeat(3000));
        assert_eq!(Location::parse(&long), Err(LocationError::TooLong(3008)));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in "\\PC{0,60}") {
            if let Ok(location) = Location::parse(&text) {
                prop_assert_eq!(Location::parse(&location.to_string()), Ok(location));
            }
        }

        #[test]
        fn what_looks_like_a_location_is_read_as_it_is_shown(
            scheme in "(file|https?|s3|hdfs|webhdfs|postgresql|kafka)",
            rest in "(//)?[a-z0-9.:@\\[\\]-]{0,12}(/[a-z.%2eF]{0,6}){0,4}(\\?[a-z=]{0,4})?",
        ) {
            if let Ok(location) = Location::parse(&format!("{scheme}:{rest}")) {
                let shown = location.to_string();
                prop_assert!(!shown.contains('@'));
                prop_assert_eq!(Location::parse(&shown), Ok(location));
            }
        }
    }
}
