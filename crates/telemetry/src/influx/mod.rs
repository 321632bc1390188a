//! Scores as points in InfluxDB, as the original writes them; never in the way of scoring.
//!
//! ```text
//!  task ─► Collector ─(committed)─► Queue, bounded ─► Sender, a thread of its own ─► InfluxDB
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | [`settings`] | [`InfluxSettings`]: where, with which interface and credentials, how much |
//! | [`point`] | [`Point`], [`Series`]: one point and what it is tagged with |
//! | [`collector`] | [`Collector`]: the points of a task's transaction, dropped if it is rolled back |
//! | [`rate`] | [`Thinning`]: a point a score, one in N, or an aggregate a second |
//! | [`queue`] | [`Queue`]: what waits to be sent; full, it counts and forgets |
//! | `line` | the line protocol |
//! | `gzip` | bodies made smaller |
//! | [`server`] | [`Server`]: requests and their answers, versions 1 and 2 |
//! | [`sender`] | [`Sender`]: batches, back-off, database made when missing |
//!
//! A point is sent once its result is committed, so that an aborted transaction leaves none. A process that dies takes
//! the points that wait with it: a chart may have a gap, the topics do not.

pub mod collector;
mod gzip;
mod line;
pub mod point;
pub mod queue;
pub mod rate;
pub mod sender;
pub mod server;
pub mod settings;

pub use collector::Collector;
pub use point::{Point, Series};
pub use queue::{Counts, Queue};
pub use rate::Thinning;
pub use sender::{Sender, SenderNote};
pub(crate) use server::identifier;
pub use server::{InfluxError, Server};
pub use settings::{Access, InfluxSettings};
