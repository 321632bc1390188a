//! The place that an entry of `[[references]]` describes.

use std::path::{Path, PathBuf};

use scorewheel_references::{
    DataNode, HdfsStore, HttpStore, Location, Pin, Place, PostgresStore, S3Credentials, S3Store,
    Secret as Hidden, Server, Store, Tls, is_identifier, is_table,
};

use super::choices::Encryption;
use super::references::ReferenceConfig;
use super::value::{Bytes, Period};

impl ReferenceConfig {
    /// The place that it describes; `max_size` is that of models.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub fn place(&self, max_size: Bytes) -> Result<Place, String> {
        let store = self.store()?;
        self.check_tls(&store)?;
        Ok(Place {
            name: self.name.clone(),
            pin: if self.trust { Pin::Trust } else { Pin::Sha256 },
            max_bytes: self.max_size.unwrap_or(max_size).0,
            timeout: self.timeout.unwrap_or(Period::millis(120_000)).0,
            allow_private: self.allow_private,
            ca: self.authorities(&store)?,
            store,
        })
    }

    /// Whether `tls` stands only where it has a meaning; to be left in clear text unawares would be worse than an error.
    fn check_tls(&self, store: &Store) -> Result<(), String> {
        match (self.tls, store) {
            (None, _) | (Some(_), Store::Postgres(_)) => Ok(()),
            (Some(_), _) => {
                Err("has a `tls`, which is for postgresql; others are encrypted by their scheme, or that \
                                 of their `endpoint`"
                    .into())
            }
        }
    }

    /// The file with authorities, where there is a certificate to be checked.
    fn authorities(&self, store: &Store) -> Result<Option<PathBuf>, String> {
        let checked = match store {
            Store::Http(store) => store.server.secure,
            Store::S3(store) => store.endpoint.secure,
            Store::Hdfs(store) => store.endpoint.secure,
            Store::Postgres(store) => store.tls == Tls::Verify,
            Store::File(_) | Store::Kafka(_) => false,
        };
        match (&self.ca, checked) {
            (Some(_), false) => Err("has a `ca`, but no certificate of its server is checked".into()),
            (ca, _) => Ok(ca.clone()),
        }
    }

    fn store(&self) -> Result<Store, String> {
        match self.scheme.as_str() {
            "file" => {
                let root = PathBuf::from(required(self.root.as_deref(), "root")?);
                let plain = !root.components().any(|part| part == std::path::Component::ParentDir);
                match root.is_absolute() && plain && root != Path::new("/") {
                    true => Ok(Store::File(root)),
                    false => Err(
                        "`root` is not the absolute path of a folder, without .. in it, or all of the disk"
                            .into(),
                    ),
                }
            }
            "http" | "https" => {
                let server = self.server(&self.scheme, required(self.host.as_deref(), "host")?)?;
                let authorization = match (&self.user, &self.password, &self.token) {
                    (None, None, None) => None,
                    (None, None, Some(token)) => Some(Hidden(format!("Bearer {}", token.0))),
                    (Some(user), Some(password), None) => Some(basic(user, &password.0)),
                    _ => return Err("takes `user` and `password`, or `token`".into()),
                };
                let root = self.parts()?;
                Ok(Store::Http(HttpStore { server, root, query: self.query, authorization }))
            }
            "s3" => {
                let bucket = required(self.bucket.as_deref(), "bucket")?;
                Location::parse(&format!("s3://{bucket}/key"))
                    .map_err(|_| "`bucket` has a name that no bucket has")?;
                let region = self.region.clone().unwrap_or_else(|| "us-east-1".into());
                let endpoint =
                    self.endpoint.clone().unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
                let endpoint =
                    self.secured(Server::parse(&endpoint).map_err(|error| format!("`endpoint`: {error}"))?)?;
                let credentials = match (&self.access_key, &self.secret_key) {
                    (None, None) if self.session_token.is_none() => None,
                    (Some(access_key), Some(secret_key)) => Some(S3Credentials {
                        access_key: access_key.0.clone(),
                        secret_key: Hidden(secret_key.0.clone()),
                        session_token: self.session_token.as_ref().map(|token| Hidden(token.0.clone())),
                    }),
                    _ => return Err("takes `access_key` and `secret_key` together".into()),
                };
                Ok(Store::S3(S3Store {
                    bucket: bucket.to_owned(),
                    root: self.parts()?,
                    endpoint,
                    region,
                    virtual_host: self.virtual_host,
                    credentials,
                }))
            }
            "hdfs" | "webhdfs" | "swebhdfs" => self.hdfs(),
            "postgresql" => self.postgres(),
            "kafka" => {
                let topic = required(self.topic.as_deref(), "topic")?;
                Location::parse(&format!("kafka:{topic}/0/0"))
                    .map_err(|_| "`topic` has a name that no topic has")?;
                Ok(Store::Kafka(topic.to_owned()))
            }
            "" => Err("has no scheme".into()),
            other => Err(format!(
                "`scheme` is {other:?}; write one of file, http, https, s3, hdfs, webhdfs, swebhdfs, postgresql, kafka"
            )),
        }
    }

    fn hdfs(&self) -> Result<Store, String> {
        let host = required(self.host.as_deref(), "host")?;
        let named = Location::parse(&format!("{}://{host}/file", self.scheme));
        let Ok(Location::Hdfs { host: name, port, .. }) = named else {
            return Err("`host` is no host, or host and port".into());
        };
        let endpoint = match (&self.endpoint, self.scheme.as_str()) {
            (Some(endpoint), _) => Server::parse(endpoint).map_err(|error| format!("`endpoint`: {error}"))?,
            (None, "webhdfs") => self.server("http", host)?,
            (None, "swebhdfs") => self.server("https", host)?,
            (None, _) => return Err("has no `endpoint`: http://HOST:PORT of the name node".into()),
        };
        let node = |text: &String| {
            let (domain, rest) = text.strip_prefix('.').map_or(("", text.as_str()), |rest| (".", rest));
            let server = Server::parse(&format!("http://{rest}")).ok().filter(|_| rest.contains(':'));
            let server = server.ok_or_else(|| format!("`datanodes` holds {text:?}; write HOST:PORT"))?;
            Ok::<_, String>(DataNode { host: format!("{domain}{}", server.host), port: server.port })
        };
        Ok(Store::Hdfs(HdfsStore {
            scheme: self.scheme.clone(),
            host: name,
            port,
            endpoint: self.secured(endpoint)?,
            root: self.parts()?,
            data_nodes: self.datanodes.iter().map(node).collect::<Result<_, _>>()?,
            user: self.user.clone(),
            token: self.token.as_ref().map(|token| Hidden(token.0.clone())),
        }))
    }

    fn postgres(&self) -> Result<Store, String> {
        let host = required(self.host.as_deref(), "host")?;
        let Ok(Location::Postgres { host, port, .. }) =
            Location::parse(&format!("postgresql://{host}/d/t/k"))
        else {
            return Err("`host` is no host, or host and port".into());
        };
        let tls = match self.tls {
            None | Some(Encryption::Off) => Tls::Off,
            Some(Encryption::Require) => Tls::Require,
            Some(Encryption::Verify) => Tls::Verify,
        };
        if tls != Tls::Off && !cfg!(feature = "tls") {
            return Err("asks for `tls`, and this build has none (feature `tls`)".into());
        }
        let table = required(self.table.as_deref(), "table")?;
        let key_column = required(self.key_column.as_deref(), "key_column")?;
        let bytes_column = required(self.bytes_column.as_deref(), "bytes_column")?;
        if !(is_table(table) && is_identifier(key_column) && is_identifier(bytes_column)) {
            return Err("names a table or column other than with letters, digits and _".into());
        }
        Ok(Store::Postgres(PostgresStore {
            host,
            port,
            database: required(self.database.as_deref(), "database")?.to_owned(),
            table: table.to_owned(),
            key_column: key_column.to_owned(),
            bytes_column: bytes_column.to_owned(),
            user: required(self.user.as_deref(), "user")?.to_owned(),
            password: self.password.as_ref().map(|password| Hidden(password.0.clone())),
            tls,
        }))
    }

    fn server(&self, scheme: &str, host: &str) -> Result<Server, String> {
        let server =
            Server::parse(&format!("{scheme}://{host}")).map_err(|error| format!("`host`: {error}"))?;
        self.secured(server)
    }

    /// A server that this build can reach.
    fn secured(&self, server: Server) -> Result<Server, String> {
        match server.secure && !cfg!(feature = "tls") {
            true => Err("is reached by https, and this build has no TLS (feature `tls`)".into()),
            false => Ok(server),
        }
    }

    /// The parts of `root`.
    fn parts(&self) -> Result<Vec<String>, String> {
        let Some(root) =
            self.root.as_deref().map(|root| root.trim_matches('/')).filter(|root| !root.is_empty())
        else {
            return Ok(Vec::new());
        };
        let parts: Vec<String> = root.split('/').map(str::to_owned).collect();
        match parts.iter().any(|part| part.is_empty() || part == "." || part == "..") {
            true => Err("`root` has an empty part, or . or ..".into()),
            false => Ok(parts),
        }
    }
}

fn basic(user: &str, password: &str) -> Hidden {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    Hidden(format!("Basic {text}"))
}

fn required<'a>(member: Option<&'a str>, name: &str) -> Result<&'a str, String> {
    member.ok_or_else(|| format!("has no `{name}`"))
}
