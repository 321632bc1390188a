//! Encrypted ways out, with the feature `tls`: authorities that OpenSSL's command makes for the test, and servers with
//! their certificates.
//!
//! | file | what it holds |
//! |---|---|
//! | `authority` | an authority, and certificates of servers |
//! | `server` | an HTTPS server that notes what it is asked |
//! | `models` | models by reference over HTTPS and from PostgreSQL |
//! | `sinks` | points to InfluxDB, traces to a collector |

pub mod authority;
mod models;
mod server;
mod sinks;
