//! What the page shows besides the committed state: how things have been moving.
//!
//! | file | what it holds |
//! |---|---|
//! | [`figures`] | [`LiveFigures`]: what the server asks of the process for it |
//! | [`history`] | [`History`]: rates, latencies and the time line of models, of the last minutes |
//! | [`drift_row`] | [`DriftRow`]: how far a model's inputs and scores are from what they were |
//! | [`together`] | [`Together`]: the same of all instances, asked while somebody looks |
//! | [`frame`] | [`Frame`]: all that the page shows, as one value |
//! | [`hub`] | [`Hub`]: a frame a second for whoever looks |
//!
//! Everything here is bounded: so many seconds, models, lanes, rows.

pub mod drift_row;
pub mod figures;
pub mod frame;
pub mod history;
pub mod hub;
pub mod together;

pub use drift_row::{DriftColumn, DriftRow};
pub use figures::{
    DeadLetter, LabelCount, Latency, LineageView, LiveFigures, NoFigures, RecentRecords, RecentResult,
    ScoreDistribution,
};
pub use frame::{Frame, MOST_MODELS};
pub use history::History;
pub use hub::Hub;
pub use together::{ClusterView, InstanceRow, Rate, Together};
