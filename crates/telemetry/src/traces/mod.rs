//! Installs, cut-overs and some of the batches as traces, by OTLP over HTTP.
//!
//! | file | what it holds |
//! |---|---|
//! | `settings` | [`TracesSettings`]: where they go, how many batches |
//! | `tracer` | [`Tracer`]: makes spans of events |
//! | `client` | the way to the collector, and what it counts |
//!
//! A model's trace begins with its install and has one further span for each partition: the time from the install until
//! the partition's task cut over. Batches and commits are traces of their own, one of so many. Spans wait in a bounded
//! queue for a thread of OpenTelemetry's SDK; what does not fit is forgotten, so a slow or dead collector costs no score
//! and no memory.

mod client;
mod settings;
mod tracer;

pub use client::TracesNote;
pub use settings::{TracesError, TracesSettings};
pub use tracer::Tracer;
