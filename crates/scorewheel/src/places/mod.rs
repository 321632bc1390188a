//! Where topics live, opened.
//!
//! | file | what it holds |
//! |---|---|
//! | [`gateway`] | topics of this process as requests over HTTP |
//! | [`remote`] | topics of another process, by its gateway |
//! | [`open`] | the backend of a configuration |
//! | [`kafka`] | a Kafka cluster, where this build reaches any |
//! | [`failure`] | errors of topics as exit codes |

pub mod failure;
pub mod gateway;
pub mod kafka;
pub mod open;
pub mod remote;

pub use failure::topics_failure;
pub use gateway::TopicsGateway;
pub use kafka::{check_kafka_settings, kafka_backend};
pub use open::{Access, open_client, open_directory};
pub use remote::RemoteBackend;
