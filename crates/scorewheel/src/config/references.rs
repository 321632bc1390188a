//! An entry of `[[references]]`: a place from which models by reference may be fetched.

use std::path::PathBuf;

use super::choices::Encryption;
use super::layers::Source;
use super::problem::Problem;
use super::section::PREFIX;
use super::suggest::did_you_mean;
use super::value::{Bytes, Period, Raw, Secret, SettingValue};

/// A place from which models by reference may be fetched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReferenceConfig {
    /// What it is called in messages and variables.
    pub name: String,
    /// Scheme of its locations.
    pub scheme: String,
    /// The folder beneath which models lie.
    pub root: Option<String>,
    /// Host, or `host:port`, as locations name it.
    pub host: Option<String>,
    /// The bucket.
    pub bucket: Option<String>,
    /// Who serves a bucket.
    pub endpoint: Option<String>,
    /// Region of a bucket.
    pub region: Option<String>,
    /// Whether the bucket is a part of the host's name.
    pub virtual_host: bool,
    /// Whether locations may have a query.
    pub query: bool,
    /// Whether locations must state digests.
    pub trust: bool,
    /// Largest model; `models.max_size` if it is not set.
    pub max_size: Option<Bytes>,
    /// Longest time of one try.
    pub timeout: Option<Period>,
    /// Whether it may be at a private address.
    pub allow_private: bool,
    /// File with authorities whose certificates the server may have.
    pub ca: Option<PathBuf>,
    /// How connections to a database are encrypted.
    pub tls: Option<Encryption>,
    /// Servers of data nodes.
    pub datanodes: Vec<String>,
    /// Database.
    pub database: Option<String>,
    /// Table: `table` or `schema.table`.
    pub table: Option<String>,
    /// Column of the key.
    pub key_column: Option<String>,
    /// Column of the model.
    pub bytes_column: Option<String>,
    /// Topic.
    pub topic: Option<String>,
    /// User.
    pub user: Option<String>,
    /// Password of the user.
    pub password: Option<Secret>,
    /// Bearer token.
    pub token: Option<Secret>,
    /// Access key of a bucket.
    pub access_key: Option<Secret>,
    /// Secret key of a bucket.
    pub secret_key: Option<Secret>,
    /// Session token of a bucket.
    pub session_token: Option<Secret>,
}

/// What an entry may say, for the reference: name, what to write, what it is.
pub const MEMBERS: &[(&str, &str, &str)] = &[
    ("name", "text", "What the place is called in messages and variables, `[a-z0-9_-]{1,64}`. Required."),
    (
        "scheme",
        "file | http | https | s3 | hdfs | webhdfs | swebhdfs | postgresql | kafka",
        "Scheme of its locations. Required.",
    ),
    (
        "root",
        "path",
        "Folder beneath which models lie: `/models`. Required for `file`; all of the host, bucket or file system if it is \
         not set.",
    ),
    (
        "host",
        "text",
        "`http`, `https`, `hdfs`, `webhdfs`, `swebhdfs`, `postgresql`: `HOST` or `HOST:PORT`, as locations name it.",
    ),
    ("bucket", "text", "`s3`: the bucket."),
    (
        "endpoint",
        "text",
        "`http://HOST:PORT` or `https://HOST`. `s3`: who serves the bucket; AWS in the region if it is not set. `hdfs`: \
         the name node's HTTP server, required; `webhdfs`, `swebhdfs`: `host` if it is not set.",
    ),
    ("region", "text", "`s3`: the region; `us-east-1` if it is not set."),
    (
        "virtual_host",
        "true | false",
        "`s3`: whether the bucket is a part of the host's name (default `false`).",
    ),
    ("query", "true | false", "`http`, `https`: whether locations may end in `?…` (default `false`)."),
    (
        "pin",
        "sha256 | trust",
        "`sha256` (default): a descriptor must state its model's digest. `trust`: without one, what an instance finds \
         when it first looks is the model.",
    ),
    ("max_size", "size", "Largest model; `models.max_size` if it is not set."),
    ("timeout", "duration", "Longest time that one try to fetch a model may take (default `2m`)."),
    (
        "allow_private",
        "true | false",
        "Whether its host may be at an address of a private network or of this machine (default `false`).",
    ),
    (
        "ca",
        "path",
        "Encrypted connections: a file in PEM with the authorities whose certificates its server may have; the system's if \
         it is not set.",
    ),
    (
        "tls",
        "off | require | verify",
        "`postgresql`: `verify`: encrypted, and the server has a certificate of its name from `ca` or the system's \
         authorities; `require`: encrypted, whoever answers; `off` (default): not encrypted.",
    ),
    (
        "datanodes",
        "list of texts",
        "`hdfs`, `webhdfs`, `swebhdfs`: HTTP servers of data nodes, `HOST:PORT`; `.DOMAIN:PORT` is every host of a \
         domain. A name node sends to no other.",
    ),
    ("database", "text", "`postgresql`: the database. Required."),
    ("table", "text", "`postgresql`: `TABLE` or `SCHEMA.TABLE`, plain names. Required."),
    (
        "key_column",
        "text",
        "`postgresql`: the column with the key, of texts or whole numbers, unique. Required.",
    ),
    ("bytes_column", "text", "`postgresql`: the column with the model, `bytea`, `text` or `xml`. Required."),
    ("topic", "text", "`kafka`: the topic, of the same cluster or directory as all topics. Required."),
    (
        "user",
        "text",
        "`http`, `https`: user, with `password`. `hdfs`, `webhdfs`, `swebhdfs`: `user.name`. `postgresql`: who reads; \
         required.",
    ),
    ("password", "secret text", "`http`, `https`, `postgresql`: password of that user."),
    (
        "token",
        "secret text",
        "`http`, `https`: bearer token. `hdfs`, `webhdfs`, `swebhdfs`: delegation token.",
    ),
    ("access_key", "secret text", "`s3`: access key, with `secret_key`; without, requests are not signed."),
    ("secret_key", "secret text", "`s3`: secret key."),
    ("session_token", "secret text", "`s3`: session token that goes with a key for a while."),
];

/// Begins the variables of entries: `SCOREWHEEL__REFERENCES__NAME__MEMBER`.
pub(super) const VARIABLES: &str = "REFERENCES__";

/// A credential that the environment gives.
#[derive(Clone, Debug)]
pub(super) struct Credential {
    /// `NAME__MEMBER`.
    pub variable: String,
    pub value: String,
    pub source: Source,
}

/// The members that the environment may give.
const CREDENTIALS: &[&str] = &["user", "password", "token", "access_key", "secret_key", "session_token"];

impl ReferenceConfig {
    fn set(&mut self, name: &str, raw: &Raw) -> Option<Result<(), String>> {
        fn put<T: SettingValue>(field: &mut T, raw: &Raw) -> Result<(), String> {
            *field = T::read(raw)?;
            Ok(())
        }
        Some(match name {
            "name" => put(&mut self.name, raw),
            "scheme" => put(&mut self.scheme, raw),
            "root" => put(&mut self.root, raw),
            "host" => put(&mut self.host, raw),
            "bucket" => put(&mut self.bucket, raw),
            "endpoint" => put(&mut self.endpoint, raw),
            "region" => put(&mut self.region, raw),
            "virtual_host" => put(&mut self.virtual_host, raw),
            "query" => put(&mut self.query, raw),
            "pin" => match raw {
                Raw::One(text) if text == "sha256" => Ok(()),
                Raw::One(text) if text == "trust" => {
                    self.trust = true;
                    Ok(())
                }
                _ => Err("is not one of sha256, trust".into()),
            },
            "max_size" => put(&mut self.max_size, raw),
            "timeout" => put(&mut self.timeout, raw),
            "allow_private" => put(&mut self.allow_private, raw),
            "ca" => put(&mut self.ca, raw),
            "tls" => put(&mut self.tls, raw),
            "datanodes" => put(&mut self.datanodes, raw),
            "database" => put(&mut self.database, raw),
            "table" => put(&mut self.table, raw),
            "key_column" => put(&mut self.key_column, raw),
            "bytes_column" => put(&mut self.bytes_column, raw),
            "topic" => put(&mut self.topic, raw),
            "user" => put(&mut self.user, raw),
            "password" => put(&mut self.password, raw),
            "token" => put(&mut self.token, raw),
            "access_key" => put(&mut self.access_key, raw),
            "secret_key" => put(&mut self.secret_key, raw),
            "session_token" => put(&mut self.session_token, raw),
            _ => return None,
        })
    }

    /// What was said, in TOML, secrets hidden.
    #[must_use]
    pub fn toml(&self) -> Vec<(&'static str, String)> {
        let shown = |value: bool| value.then(|| "true".to_owned());
        let members = [
            ("name", self.name.toml()),
            ("scheme", self.scheme.toml()),
            ("root", self.root.toml()),
            ("host", self.host.toml()),
            ("bucket", self.bucket.toml()),
            ("endpoint", self.endpoint.toml()),
            ("region", self.region.toml()),
            ("virtual_host", shown(self.virtual_host)),
            ("query", shown(self.query)),
            ("pin", self.trust.then(|| "\"trust\"".to_owned())),
            ("max_size", self.max_size.toml()),
            ("timeout", self.timeout.toml()),
            ("allow_private", shown(self.allow_private)),
            ("ca", self.ca.toml()),
            ("tls", self.tls.toml()),
            ("datanodes", self.datanodes.toml().filter(|_| !self.datanodes.is_empty())),
            ("database", self.database.toml()),
            ("table", self.table.toml()),
            ("key_column", self.key_column.toml()),
            ("bytes_column", self.bytes_column.toml()),
            ("topic", self.topic.toml()),
            ("user", self.user.toml()),
            ("password", self.password.toml()),
            ("token", self.token.toml()),
            ("access_key", self.access_key.toml()),
            ("secret_key", self.secret_key.toml()),
            ("session_token", self.session_token.toml()),
        ];
        members.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// Reads one entry; what is wrong becomes a problem.
pub(super) fn read(
    members: Vec<(String, Result<Raw, &'static str>, Source)>,
    problems: &mut Vec<Problem>,
) -> ReferenceConfig {
    let mut entry = ReferenceConfig::default();
    for (name, raw, source) in members {
        let read = match &raw {
            Ok(raw) => entry.set(&name, raw),
            Err(what) => Some(Err(format!("is {what}"))),
        };
        match read {
            Some(Ok(())) => {}
            Some(Err(what)) => problems.push(Problem::new(source, format!("`references.{name}` {what}"))),
            None => {
                let names = MEMBERS.iter().map(|(name, _, _)| *name);
                let problem = Problem::new(source, format!("`references` has no member `{name}`"));
                problems.push(match did_you_mean(&name, names.clone()) {
                    Some(hint) => problem.hint(hint),
                    None => problem.hint(format!("it has {}", names.collect::<Vec<_>>().join(", "))),
                });
            }
        }
    }
    entry
}

/// Puts credentials of the environment into their entries.
pub(super) fn add_credentials(
    entries: &mut [(ReferenceConfig, Source)],
    credentials: Vec<Credential>,
    problems: &mut Vec<Problem>,
) {
    for Credential { variable, value, source } in credentials {
        let found = variable.rsplit_once("__").and_then(|(name, member)| {
            let member = member.to_lowercase();
            let member = CREDENTIALS.iter().find(|known| **known == member)?;
            let entry = entries.iter_mut().find(|(entry, _)| variable_of(&entry.name) == name)?;
            entry.0.set(member, &Raw::One(value))
        });
        match found {
            Some(Ok(())) => {}
            Some(Err(what)) => problems.push(Problem::new(source, what)),
            None => {
                let problem = Problem::new(source, "it belongs to no place of `[[references]]`");
                let form =
                    format!("{PREFIX}{VARIABLES}NAME__MEMBER, MEMBER one of {}", CREDENTIALS.join(", "));
                problems.push(problem.hint(form));
            }
        }
    }
}

fn variable_of(name: &str) -> String {
    name.to_uppercase().replace('-', "_")
}

/// What is wrong with the entries.
pub(super) fn check(entries: &[(ReferenceConfig, Source)], max_size: Bytes, problems: &mut Vec<Problem>) {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    for (index, (entry, source)) in entries.iter().enumerate() {
        let mut wrong = |what: String| problems.push(Problem::new(source.clone(), what));
        if !(1..=64).contains(&entry.name.len()) || !entry.name.chars().all(allowed) {
            wrong("an entry of `[[references]]` has no name of the characters a-z 0-9 _ -".into());
        } else if entries[..index]
            .iter()
            .any(|(other, _)| variable_of(&other.name) == variable_of(&entry.name))
        {
            wrong(format!("the place {:?} is configured twice", entry.name));
        }
        if let Err(what) = entry.place(max_size) {
            wrong(format!("the place {:?} {what}", entry.name));
        }
        if entry.max_size.is_some_and(|own| own > max_size) {
            wrong(format!(
                "the place {:?} has a larger `max_size` than `models.max_size`, which holds",
                entry.name
            ));
        }
    }
}
