//! Models fetched from folders, from servers of our own, and through a desk.
//!
//! | file | what it holds |
//! |---|---|
//! | `server` | an HTTP server that answers as a test says |
//! | `common` | places and fetches |
//! | `file` | folders: links, devices, pipes, traversal |
//! | `http` | servers that are well, slow, broken, or lead elsewhere |
//! | `s3` | requests to a bucket |
//! | `hdfs` | a name node and its data nodes |
//! | `kafka` | records of another topic |
//! | `desk` | what an installer sees: outages, back-off, the cache, verdicts |

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;
mod desk;
mod file;
mod hdfs;
mod http;
mod kafka;
mod s3;
mod server;
