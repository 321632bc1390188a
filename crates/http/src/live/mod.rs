//! What the page shows besides the committed state: how things have been moving.
//!
//! | file | what it holds |
//! |---|---|
//! | [`figures`] | [`LiveFigures`]: what the server asks of the process for it |
//! | [`history`] | [`History`]: rates, latencies and the time line of models, of the last minutes |
//! | [`frame`] | [`Frame`]: all that the page shows, as one value |
//! | [`hub`] | [`Hub`]: a frame a second for whoever looks |
//!
//! Everything here is bounded: so many seconds, models, lanes, rows.

pub mod figures;
pub mod frame;
pub mod history;
pub mod hub;

pub use figures::{
    DeadLetter, LabelCount, Latency, LineageView, LiveFigures, NoFigures, RecentRecords, RecentResult,
    ScoreDistribution,
};
pub use frame::{Frame, MOST_MODELS};
pub use history::History;
pub use hub::Hub;
