//! Where topics live, opened.
//!
//! | file | what it holds |
//! |---|---|
//! | [`gateway`] | topics of this process as requests over HTTP |
//! | [`remote`] | topics of another process, by its gateway |
//! | [`open`] | the backend of a configuration |
//! | [`failure`] | errors of topics as exit codes |

pub mod failure;
pub mod gateway;
pub mod open;
pub mod remote;

pub use failure::topics_failure;
pub use gateway::TopicsGateway;
pub use open::{Access, open_client, open_directory};
pub use remote::RemoteBackend;
