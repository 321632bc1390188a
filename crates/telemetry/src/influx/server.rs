//! Requests to InfluxDB and what its answers mean.
//!
//! Version 1: <https://docs.influxdata.com/influxdb/v1/tools/api/>; version 2:
//! <https://docs.influxdata.com/influxdb/v2/api/>.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use ureq::Agent;
use ureq::http::Response;

use super::gzip::gzip;
use super::settings::{Access, InfluxSettings};
use crate::agent::agent;

/// How long points are kept, as the original has it.
const KEEP: Duration = Duration::from_secs(24 * 3600);
/// Length of a shard, as the original has it. InfluxDB 1 makes an hour of it.
const SHARD: Duration = Duration::from_secs(30 * 60);
/// Longest part of an answer that is read and shown.
const MOST_OF_AN_ANSWER: usize = 300;

/// An InfluxDB at an address.
#[derive(Clone, Debug)]
pub struct Server {
    agent: Agent,
    settings: InfluxSettings,
    authorization: Option<String>,
}

/// What InfluxDB or the way to it has against a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InfluxError {
    /// The operator must act: the address cannot be used.
    #[error("InfluxDB's address {url:?} cannot be used: {reason}; write http://host:port as influx.url")]
    Address {
        /// The address.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// It passes by itself.
    #[error("InfluxDB at {url} does not answer: {reason}")]
    Unreachable {
        /// The address.
        url: String,
        /// Why.
        reason: String,
    },
    /// It passes by itself.
    #[error("InfluxDB at {url} is busy (status {status}): {answer}")]
    Busy {
        /// The address.
        url: String,
        /// HTTP status.
        status: u16,
        /// The beginning of its answer.
        answer: String,
    },
    /// The operator must act: wrong or missing credentials.
    #[error(
        "InfluxDB at {url} refuses who asks (status {status}): {answer}; look at influx.user and influx.password, or influx.token"
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
    #[error(
        "what answers at {url} is no InfluxDB of the version that influx.version names (status {status}): {answer}"
    )]
    NotInflux {
        /// The address.
        url: String,
        /// HTTP status.
        status: u16,
        /// The beginning of its answer.
        answer: String,
    },
    /// Database, bucket or organisation are not there.
    #[error("InfluxDB at {url} does not have {what}: {answer}")]
    Missing {
        /// The address.
        url: String,
        /// What is not there.
        what: String,
        /// The beginning of its answer.
        answer: String,
    },
    /// The points are not taken, and would not be another time.
    #[error("InfluxDB at {url} refuses points (status {status}): {answer}")]
    Refused {
        /// The address.
        url: String,
        /// HTTP status.
        status: u16,
        /// The beginning of its answer.
        answer: String,
    },
}

impl Server {
    /// The server of these settings; nothing is asked yet.
    ///
    /// # Errors
    /// [`InfluxError::Address`].
    pub fn new(settings: &InfluxSettings) -> Result<Self, InfluxError> {
        check_address(&settings.url)?;
        let authorization = match &settings.access {
            Access::V1 { user: None } => None,
            Access::V1 { user: Some((user, password)) } => {
                Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
            }
            Access::V2 { token, .. } => Some(format!("Token {token}")),
        };
        Ok(Self { agent: agent(settings.timeout), settings: settings.clone(), authorization })
    }

    /// Makes database and retention policy, or bucket and the names by which InfluxQL asks for it, when they are missing;
    /// what was made or found to differ. Who may write and nothing else has prepared them by other means.
    ///
    /// # Errors
    /// [`InfluxError`].
    pub fn prepare(&self) -> Result<Vec<String>, InfluxError> {
        let prepared = match &self.settings.access {
            Access::V1 { .. } => self.prepare_v1(),
            Access::V2 { organization, bucket, .. } => self.prepare_v2(organization, bucket),
        };
        match prepared {
            // Known, but not allowed to look.
            Err(InfluxError::Credentials { status: 403, answer, .. }) => Ok(vec![format!(
                "InfluxDB lets nobody look at what is there or make what is missing with these credentials ({answer}); \
                 points are written all the same"
            )]),
            prepared => prepared,
        }
    }

    fn prepare_v1(&self) -> Result<Vec<String>, InfluxError> {
        let (database, policy) = (&self.settings.database, &self.settings.retention_policy);
        let mut notes = Vec::new();
        let databases = self.ask_v1("SHOW DATABASES")?;
        if !values(&databases, 0).any(|name| name == database) {
            self.ask_v1(&format!(
                "CREATE DATABASE {} WITH DURATION {} SHARD DURATION {} NAME {}",
                identifier(database),
                duration(KEEP),
                duration(SHARD),
                identifier(policy)
            ))?;
            notes.push(format!(
                "InfluxDB's database {database:?} was made, with the retention policy {policy:?}: one day"
            ));
            return Ok(notes);
        }
        let policies = self.ask_v1(&format!("SHOW RETENTION POLICIES ON {}", identifier(database)))?;
        let found = rows(&policies).find(|row| row.first().and_then(Value::as_str) == Some(policy));
        match found.and_then(|row| row.get(1)?.as_str()) {
            None => {
                self.ask_v1(&format!(
                    "CREATE RETENTION POLICY {} ON {} DURATION {} REPLICATION 1 SHARD DURATION {}",
                    identifier(policy),
                    identifier(database),
                    duration(KEEP),
                    duration(SHARD)
                ))?;
                notes.push(format!("InfluxDB's retention policy {policy:?} of {database:?} was made: one day"));
            }
            Some("24h0m0s") => {}
            Some(other) => notes.push(format!(
                "InfluxDB's retention policy {policy:?} of {database:?} keeps points for {other}, not for one day; it \
                 stays as it is"
            )),
        }
        Ok(notes)
    }

    /// Asks in InfluxQL.
    ///
    /// # Errors
    /// [`InfluxError`].
    pub fn ask_v1(&self, query: &str) -> Result<Value, InfluxError> {
        let url = format!("{}/query", self.settings.url);
        let mut request = self.agent.post(&url);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let answer = self.answer(request.send_form([("q", query)]))?;
        let found: Value =
            serde_json::from_str(&answer.body).map_err(|_| self.not_influx(answer.status, &answer.body))?;
        let error = found["error"].as_str().or_else(|| found["results"][0]["error"].as_str());
        match error {
            Some(error) => Err(self.refused(answer.status, error)),
            None if found["results"].is_array() => Ok(found),
            None => Err(self.not_influx(answer.status, &answer.body)),
        }
    }

    fn prepare_v2(&self, organization: &str, bucket: &str) -> Result<Vec<String>, InfluxError> {
        let found = self.get_v2("/api/v2/buckets", &[("org", organization), ("name", bucket)]);
        let found = match found {
            Ok(found) => found,
            Err(InfluxError::Missing { .. }) => Value::Null,
            Err(error) => return Err(error),
        };
        if let Some(found) = found["buckets"].as_array().and_then(|buckets| buckets.first()) {
            return Ok(self.map_v2(organization, found)?.into_iter().collect());
        }
        let organizations = self.get_v2("/api/v2/orgs", &[("org", organization)])?;
        let Some(id) = organizations["orgs"][0]["id"].as_str() else {
            return Err(self.missing(format!("the organisation {organization:?}"), "none of this name"));
        };
        let body = serde_json::json!({
            "orgID": id,
            "name": bucket,
            "retentionRules": [{
                "type": "expire",
                "everySeconds": KEEP.as_secs(),
                "shardGroupDurationSeconds": 3600,
            }],
        });
        let request = self
            .authorized(self.agent.post(format!("{}/api/v2/buckets", self.settings.url)))
            .header("content-type", "application/json");
        let made = self.answer(request.send(body.to_string()))?;
        let made: Value =
            serde_json::from_str(&made.body).map_err(|_| self.not_influx(made.status, &made.body))?;
        let mut notes = vec![format!("InfluxDB's bucket {bucket:?} was made; it keeps points for one day")];
        notes.extend(self.map_v2(organization, &made)?);
        Ok(notes)
    }

    /// Dashboards ask in InfluxQL, where a bucket needs the name of a database and of a retention policy. What was done.
    fn map_v2(&self, organization: &str, bucket: &Value) -> Result<Option<String>, InfluxError> {
        let (database, policy) = (&self.settings.database, &self.settings.retention_policy);
        let Some(id) = bucket["id"].as_str() else { return Ok(None) };
        let found = self.get_v2("/api/v2/dbrps", &[("org", organization), ("bucketID", id)])?;
        let is_this = |one: &Value| one["database"] == **database && one["retention_policy"] == **policy;
        if found["content"].as_array().is_some_and(|found| found.iter().any(is_this)) {
            return Ok(None);
        }
        let body = serde_json::json!({
            "org": organization,
            "bucketID": id,
            "database": database,
            "retention_policy": policy,
            "default": true,
        });
        let request = self
            .authorized(self.agent.post(format!("{}/api/v2/dbrps", self.settings.url)))
            .header("content-type", "application/json");
        match self.answer(request.send(body.to_string())) {
            Ok(_) => Ok(Some(format!(
                "InfluxDB's bucket is the database {database:?} with the retention policy {policy:?} for InfluxQL"
            ))),
            // Somebody else maps them to another bucket: that concerns those who ask, not those who write.
            Err(InfluxError::Refused { answer, .. }) => Ok(Some(format!(
                "InfluxDB does not take the database {database:?} and the retention policy {policy:?} as names of the \
                 bucket for InfluxQL: {answer}"
            ))),
            Err(error) => Err(error),
        }
    }

    fn get_v2(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, InfluxError> {
        let mut request = self.agent.get(format!("{}{path}", self.settings.url));
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        for (key, value) in query {
            request = request.query(key, value);
        }
        let answer = self.answer(request.call())?;
        serde_json::from_str(&answer.body).map_err(|_| self.not_influx(answer.status, &answer.body))
    }

    fn authorized(&self, request: ureq::RequestBuilder<ureq::typestate::WithBody>) -> WithBody {
        match &self.authorization {
            Some(authorization) => request.header("authorization", authorization),
            None => request,
        }
    }

    /// Writes lines, with times in nanoseconds.
    ///
    /// # Errors
    /// [`InfluxError`].
    pub fn write(&self, lines: &str) -> Result<(), InfluxError> {
        let settings = &self.settings;
        let request = match &settings.access {
            Access::V1 { .. } => self
                .agent
                .post(format!("{}/write", settings.url))
                .query("db", &settings.database)
                .query("rp", &settings.retention_policy)
                .query("precision", "n"),
            Access::V2 { organization, bucket, .. } => self
                .agent
                .post(format!("{}/api/v2/write", settings.url))
                .query("org", organization)
                .query("bucket", bucket)
                .query("precision", "ns"),
        };
        let request = self
            .authorized(request)
            .header("content-type", "text/plain; charset=utf-8")
            .header("content-encoding", "gzip");
        let answer = self.answer(request.send(&gzip(lines.as_bytes())[..]))?;
        // A page of some other server is an answer too.
        if answer.status == 204 { Ok(()) } else { Err(self.not_influx(answer.status, &answer.body)) }
    }

    fn answer(&self, sent: Result<Response<ureq::Body>, ureq::Error>) -> Result<Answer, InfluxError> {
        let url = self.settings.url.clone();
        let mut response =
            sent.map_err(|error| InfluxError::Unreachable { url: url.clone(), reason: error.to_string() })?;
        let status = response.status().as_u16();
        let body = response
            .body_mut()
            .with_config()
            .limit(1 << 20)
            .lossy_utf8(true)
            .read_to_string()
            .map_err(|error| InfluxError::Unreachable { url: url.clone(), reason: error.to_string() })?;
        let answer = said(&body);
        match status {
            200..=299 => Ok(Answer { status, body }),
            401 | 403 => Err(InfluxError::Credentials { url, status, answer }),
            404 if body.trim_start().starts_with('{') => {
                Err(self.missing("the database, the bucket or the organisation".into(), &answer))
            }
            429 | 500..=599 => Err(InfluxError::Busy { url, status, answer }),
            400 | 413 | 422 if body.trim_start().starts_with('{') => Err(self.refused(status, &answer)),
            _ => Err(self.not_influx(status, &body)),
        }
    }

    fn refused(&self, status: u16, answer: &str) -> InfluxError {
        InfluxError::Refused { url: self.settings.url.clone(), status, answer: answer.to_owned() }
    }

    fn missing(&self, what: String, answer: &str) -> InfluxError {
        InfluxError::Missing { url: self.settings.url.clone(), what, answer: answer.to_owned() }
    }

    fn not_influx(&self, status: u16, body: &str) -> InfluxError {
        InfluxError::NotInflux { url: self.settings.url.clone(), status, answer: said(body) }
    }
}

type WithBody = ureq::RequestBuilder<ureq::typestate::WithBody>;

struct Answer {
    status: u16,
    body: String,
}

fn check_address(url: &str) -> Result<(), InfluxError> {
    let wrong = |reason: &str| InfluxError::Address { url: url.to_owned(), reason: reason.to_owned() };
    let rest = match url.split_once("://") {
        Some(("http", rest)) => rest,
        Some(("https", _)) if cfg!(feature = "tls") => return Ok(()),
        Some(("https", _)) => return Err(wrong("this build has no TLS (feature `tls`)")),
        _ => return Err(wrong("it does not begin with http://")),
    };
    if rest.is_empty() || rest.contains(['/', '?', '#', '@', ' ']) {
        return Err(wrong("only a host and a port may follow"));
    }
    Ok(())
}

/// What an answer says, short: the `error` or `message` of JSON, else how it begins.
fn said(body: &str) -> String {
    let json: Option<Value> = serde_json::from_str(body).ok();
    let told = json.as_ref().and_then(|json| {
        let told = json.get("error").and_then(Value::as_str);
        json.get("message").and_then(Value::as_str).or(told)
    });
    let text = told.unwrap_or(body).trim();
    let end = text.char_indices().nth(MOST_OF_AN_ANSWER).map_or(text.len(), |(at, _)| at);
    if text.is_empty() { "an empty answer".into() } else { text[..end].replace(['\n', '\r'], " ") }
}

/// Values of a column of the first statement's answer.
fn values(answer: &Value, column: usize) -> impl Iterator<Item = &str> {
    rows(answer).filter_map(move |row| row.get(column)?.as_str())
}

fn rows(answer: &Value) -> impl Iterator<Item = &Vec<Value>> {
    let rows = answer["results"][0]["series"][0]["values"].as_array();
    rows.into_iter().flatten().filter_map(Value::as_array)
}

fn duration(duration: Duration) -> String {
    format!("{}m", duration.as_secs() / 60)
}

/// A quoted name of InfluxQL.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in ["http://localhost:8086", "http://[::1]:8086", "http://influx"] {
            assert_eq!(check_address(good), Ok(()));
        }
        for bad in ["localhost:8086", "http://", "http://a/b", "http://user:word@a", "ftp://a"] {
            assert!(matches!(check_address(bad), Err(InfluxError::Address { .. })), "{bad}");
        }
    }

    #[test]
    fn what_is_told_is_short() {
        assert_eq!(said("{\"error\":\"database not found: \\\"x\\\"\"}"), "database not found: \"x\"");
        assert_eq!(said("{\"code\":\"invalid\",\"message\":\"no\"}"), "no");
        assert_eq!(said(&"é".repeat(1000)).chars().count(), MOST_OF_AN_ANSWER);
        assert_eq!(said(" \n"), "an empty answer");
    }

    #[test]
    fn names_are_quoted() {
        assert_eq!(identifier("a\"; DROP DATABASE b"), "\"a\\\"; DROP DATABASE b\"");
    }
}
