//! Models by reference: fetched from the places that the operator allows, kept by digest in the state directory.
//!
//! | file | what it holds |
//! |---|---|
//! | [`location`] | [`Location`]: where a model is, read strictly |
//! | [`server`] | [`Server`]: servers, and how a URL names them |
//! | [`place`] | [`Place`], [`Places`]: what is allowed, and what lies in which |
//! | [`address`] | names to addresses, and which of them may be connected to |
//! | [`intake`] | [`Intake`]: what takes a model in, within its limits |
//! | [`cache`] | [`Cache`]: models by digest, for a restart when the store is down |
//! | [`desk`] | [`Desk`]: where the installer asks, and workers find what to fetch |
//! | [`error`] | [`FetchError`]: verdicts, and what passes |
//! | [`tls`] | [`Tls`]: encrypted connections, and whose certificates are trusted |
//! | `file` | files beneath a folder |
//! | [`http`] | `http:` and `https:` |
//! | [`s3`] | `s3:` |
//! | [`hdfs`] | `hdfs:`, `webhdfs:`, `swebhdfs:` |
//! | [`postgres`] | `postgresql:` |
//! | `kafka` | `kafka:` |
//! | `signature` | signatures of requests to S3 |
//! | `web` | requests over HTTP to addresses that were checked |
//!
//! Nothing that scores knows this crate: it fills the trait `Fetcher` of `scorewheel-serving`. It starts no thread of
//! its own; [`Desk::work`] runs on those of its owner.

pub mod address;
pub mod cache;
pub mod desk;
pub mod error;
pub mod hdfs;
pub mod http;
pub mod intake;
pub mod location;
pub mod place;
pub mod postgres;
pub mod s3;
pub mod server;
pub mod tls;

mod file;
mod kafka;
mod signature;
mod web;

pub use address::{Resolver, SystemResolver};
pub use cache::Cache;
pub use desk::{BackOff, Desk, FetchEvent};
pub use error::FetchError;
pub use hdfs::{DataNode, HdfsStore};
pub use http::HttpStore;
pub use intake::{Arrived, Intake, Unwatched, Watch};
pub use location::{Location, LocationError};
pub use place::{Pin, Place, Places, Secret, Store, check_digest};
pub use postgres::{PostgresStore, is_identifier, is_table};
pub use s3::{S3Credentials, S3Store};
pub use server::Server;
pub use tls::Tls;
