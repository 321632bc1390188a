//! `postgresql:`: the bytes of one row, found by its key in a table that the place names.

use std::net::SocketAddr;

use scorewheel_serving::RefusalKind;
use tokio::net::TcpStream;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::TlsConnect;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, IsolationLevel, NoTls, Statement, Transaction};

use crate::address::checked_addresses;
use crate::error::FetchError;
use crate::intake::Intake;
use crate::location::Location;
use crate::place::Secret;
use crate::tls::Tls;
use crate::web::Web;

/// Bytes that are asked for at once.
const CHUNK: i32 = 4 << 20;

/// A table, and who reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresStore {
    /// The server, as locations name it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// The table: `table` or `schema.table`.
    pub table: String,
    /// The column with the key.
    pub key_column: String,
    /// The column with the model.
    pub bytes_column: String,
    /// Who reads.
    pub user: String,
    /// The password.
    pub password: Option<Secret>,
    /// How connections are encrypted.
    pub tls: Tls,
}

/// Whether a text is a plain name of a table or column: letters, digits, `_`, no digit first, at most 63 bytes.
#[must_use]
pub fn is_identifier(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    first && text.len() <= 63 && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether a text is `table` or `schema.table`.
#[must_use]
pub fn is_table(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() <= 2 && parts.iter().all(|part| is_identifier(part))
}

/// A name in quotes. Names are checked; a quote in one would still be escaped.
fn quoted(name: &str) -> String {
    let parts = name.split('.').map(|part| format!("\"{}\"", part.replace('"', "\"\"")));
    parts.collect::<Vec<_>>().join(".")
}

impl PostgresStore {
    /// Whether the location is in this place.
    #[must_use]
    pub fn covers(&self, location: &Location) -> bool {
        matches!(location, Location::Postgres { host, port, database, table, .. }
            if *host == self.host && *port == self.port && *database == self.database && *table == self.table)
    }

    pub(crate) fn fetch(&self, key: &str, web: Web<'_>, intake: &mut Intake<'_>) -> Result<(), FetchError> {
        if !(is_table(&self.table) && is_identifier(&self.key_column) && is_identifier(&self.bytes_column)) {
            return Err(FetchError::Passing(
                "the place names a table or column that has no plain name".into(),
            ));
        }
        let addresses = checked_addresses(web.resolver, &self.host, self.port, web.allow_private)?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().map_err(
                |error| FetchError::Passing(format!("the system refuses what a connection needs: {error}")),
            )?;
        let left = intake.time_left()?;
        // Made inside: it asks the run time for its clock.
        let read = runtime
            .block_on(async { tokio::time::timeout(left, self.read(&addresses, web, key, intake)).await });
        read.unwrap_or_else(|_| {
            Err(FetchError::Passing(format!("the database takes longer than {} s", left.as_secs_f64())))
        })
    }

    async fn read(
        &self,
        addresses: &[SocketAddr],
        web: Web<'_>,
        key: &str,
        intake: &mut Intake<'_>,
    ) -> Result<(), FetchError> {
        let mut client = self.connect(addresses, web).await?;
        // All parts are of one version of the row.
        let transaction = client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .await
            .map_err(|error| self.failed(&error))?;
        self.read_row(&transaction, key, intake).await
    }

    async fn connect(&self, addresses: &[SocketAddr], web: Web<'_>) -> Result<Client, FetchError> {
        let stream = TcpStream::connect(addresses).await.map_err(|error| {
            FetchError::Passing(format!("{}:{} does not answer: {error}", self.host, self.port))
        })?;
        let mut config = Config::new();
        config.user(&self.user).dbname(&self.database).application_name("scorewheel");
        if let Some(password) = &self.password {
            config.password(&password.0);
        }
        if self.tls == Tls::Off {
            config.ssl_mode(SslMode::Disable);
            return self.log_in(&config, stream, NoTls).await;
        }
        // A server that does not encrypt is left.
        config.ssl_mode(SslMode::Require);
        self.log_in_encrypted(&config, stream, web).await
    }

    async fn log_in<T>(&self, config: &Config, stream: TcpStream, tls: T) -> Result<Client, FetchError>
    where
        T: TlsConnect<TcpStream>,
        T::Stream: Send + 'static,
    {
        let connected = config.connect_raw(stream, tls).await;
        let (client, connection) = connected.map_err(|error| self.failed(&error))?;
        // It ends with the run time, which lives as long as this fetch; its errors come out of the queries.
        tokio::spawn(async move { drop(connection.await) });
        Ok(client)
    }

    #[cfg(feature = "tls")]
    async fn log_in_encrypted(
        &self,
        config: &Config,
        stream: TcpStream,
        web: Web<'_>,
    ) -> Result<Client, FetchError> {
        use native_tls::{Certificate, Protocol, TlsConnector};
        use postgres_native_tls::TlsConnector as Connector;

        let unfit = |error: native_tls::Error| FetchError::Passing(format!("encryption: {error}"));
        let mut builder = TlsConnector::builder();
        builder.min_protocol_version(Some(Protocol::Tlsv12));
        if self.tls == Tls::Require {
            builder.danger_accept_invalid_certs(true).danger_accept_invalid_hostnames(true);
        } else if let Some(file) = web.ca {
            builder.disable_built_in_roots(true);
            for certificate in crate::tls::authorities(file)? {
                builder.add_root_certificate(Certificate::from_der(certificate.der()).map_err(unfit)?);
            }
        }
        let connector = Connector::new(builder.build().map_err(unfit)?, &self.host);
        self.log_in(config, stream, connector).await
    }

    #[cfg(not(feature = "tls"))]
    async fn log_in_encrypted(&self, _: &Config, _: TcpStream, _: Web<'_>) -> Result<Client, FetchError> {
        Err(FetchError::Passing("this build has no TLS (feature `tls`)".into()))
    }

    async fn read_row(
        &self,
        transaction: &Transaction<'_>,
        key: &str,
        intake: &mut Intake<'_>,
    ) -> Result<(), FetchError> {
        let (table, key_column, bytes_column) =
            (quoted(&self.table), quoted(&self.key_column), quoted(&self.bytes_column));
        let looked = format!("SELECT {bytes_column} FROM {table} WHERE {key_column} = $1");
        let looked = transaction.prepare(&looked).await.map_err(|error| self.failed(&error))?;
        let bytes = self.bytes_of(&looked, &bytes_column)?;
        let shown = format!("a row with the key {key:?} in {}", self.table);
        let missing = || FetchError::refused(RefusalKind::NotFound, format!("there is no {}", &shown[2..]));
        let key = self.key_of(&looked, key)?.ok_or_else(missing)?;
        let query = format!("SELECT octet_length({bytes}) FROM {table} WHERE {key_column} = $1 LIMIT 2");
        let rows = transaction.query(&query, &[&*key]).await.map_err(|error| self.failed(&error))?;
        let length = match rows.as_slice() {
            [] => return Err(missing()),
            [row] => row.try_get::<_, Option<i32>>(0).map_err(|error| self.failed(&error))?,
            _ => {
                return Err(FetchError::Passing(format!(
                    "there is more than {shown}; its key must be unique"
                )));
            }
        };
        let length = length.ok_or_else(|| {
            FetchError::refused(RefusalKind::NotFound, format!("there is {shown}, but without a model"))
        })?;
        intake.expect(u64::from(length.unsigned_abs()))?;
        let query = format!(
            "SELECT substring({bytes} FROM $2::int4 FOR $3::int4) FROM {table} WHERE {key_column} = $1"
        );
        let part = transaction.prepare(&query).await.map_err(|error| self.failed(&error))?;
        let mut from = 1_i32;
        while from <= length {
            let row = transaction
                .query_one(&part, &[&*key, &from, &CHUNK])
                .await
                .map_err(|error| self.failed(&error))?;
            let bytes: &[u8] = row.try_get(0).map_err(|error| self.failed(&error))?;
            if bytes.is_empty() {
                return Err(FetchError::Passing("the database gives less than it said".into()));
            }
            intake.take(bytes)?;
            from = from.saturating_add(CHUNK);
        }
        Ok(())
    }

    /// The column as bytes.
    fn bytes_of(&self, looked: &Statement, column: &str) -> Result<String, FetchError> {
        match looked.columns().first().map(tokio_postgres::Column::type_) {
            Some(&Type::BYTEA) => Ok(column.to_owned()),
            Some(&Type::TEXT | &Type::VARCHAR) => Ok(format!("convert_to({column}, 'UTF8')")),
            Some(&Type::XML) => Ok(format!("convert_to({column}::text, 'UTF8')")),
            other => Err(FetchError::Passing(format!(
                "the column {} of {} is of type {}; models are read from bytea, text and xml",
                self.bytes_column,
                self.table,
                other.map_or("unknown", |of| of.name())
            ))),
        }
    }

    /// The key as the column has it; none if it cannot be one.
    fn key_of(&self, looked: &Statement, key: &str) -> Result<Option<Box<dyn ToSql + Sync>>, FetchError> {
        fn number<T: std::str::FromStr + ToSql + Sync + 'static>(key: &str) -> Option<Box<dyn ToSql + Sync>> {
            key.parse::<T>().ok().map(|number| Box::new(number) as _)
        }
        match looked.params().first() {
            Some(&Type::TEXT | &Type::VARCHAR | &Type::BPCHAR | &Type::NAME) => {
                Ok(Some(Box::new(key.to_owned())))
            }
            Some(&Type::INT2) => Ok(number::<i16>(key)),
            Some(&Type::INT4) => Ok(number::<i32>(key)),
            Some(&Type::INT8) => Ok(number::<i64>(key)),
            other => Err(FetchError::Passing(format!(
                "the column {} of {} is of type {}; keys are texts or whole numbers",
                self.key_column,
                self.table,
                other.map_or("unknown", |of| of.name())
            ))),
        }
    }

    /// Whatever a database has against it is for the operator, or passes.
    fn failed(&self, error: &tokio_postgres::Error) -> FetchError {
        use std::error::Error as _;
        let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        FetchError::Passing(format!(
            "the database {} at {}:{}: {error}{cause}",
            self.database, self.host, self.port
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for (name, plain) in [
            ("models", true),
            ("_m1", true),
            ("1m", false),
            ("", false),
            ("a-b", false),
            ("a\"b", false),
            ("a b", false),
        ] {
            assert_eq!(is_identifier(name), plain, "{name}");
        }
        assert!(is_table("public.models") && is_table("models"));
        assert!(!is_table("a.b.c") && !is_table("a.") && !is_table("models; drop table models"));
        assert_eq!(quoted("public.Models"), "\"public\".\"Models\"");
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
