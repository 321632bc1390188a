//! What the client commands have in common: topics of any backend, read and written.
//!
//! | file | what it holds |
//! |---|---|
//! | [`specs`] | the topics that we create, and how |
//! | [`tail`] | [`Tail`]: a topic read from a position, over all its partitions |
//! | [`record_source`] | [`RecordSource`]: records out of a file |
//! | [`record_reader`] | [`RecordReader`]: a record of any of our topics as JSON |
//! | [`control_log`] | [`ControlLogView`]: the models topic, folded for people |

pub mod control_log;
pub mod record_reader;
pub mod record_source;
pub mod specs;
pub mod tail;

pub use control_log::{ControlLogView, ListedModel};
pub use record_reader::RecordReader;
pub use record_source::{RecordSource, SourceFormat, SourceRow};
pub use specs::{ensure_topic, models_topic, own_topic, records_topic};
pub use tail::{Tail, TailStart};
