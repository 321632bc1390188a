//! HTTP: read-only views of the state, a page to look at, queries, results as they come, and the way in for records.
//!
//! The server knows no topics and no models. It shows what a [`QueryState`] gives it and hands records to a
//! [`RecordsGateway`]; the binary joins both to the run time.
//!
//! | file | what it holds |
//! |---|---|
//! | [`snapshot`] | [`Snapshot`]: the last committed state of this instance, from which all views are made |
//! | [`state`] | [`QueryState`], [`ResultsFeed`], [`MetricsText`]: what the server asks |
//! | [`gateway`] | [`RecordsGateway`]: topics as the way in and out for records |
//! | [`merge`] | statistics of several tasks as one |
//! | [`record_line`] | records as lines of JSON |
//! | [`live`] | [`Frame`]: what the page shows of all instances; rates and the time line of the last minutes |
//! | [`page`] | frames as HTML |
//! | [`access`] | [`AccessRules`]: who may ask what |
//! | [`cluster`] | the state of all instances, from any of them |
//! | [`drift`] | [`DriftState`]: whether inputs and scores are distributed as they were |
//! | [`error`] | [`ApiError`]: every error as JSON |
//! | [`routes`] | the routes: the original's, `/v1`, health, records, results |
//! | [`server`] | [`Server`]: listening, serving, stopping |
//!
//! Views are of what is committed; figures of a batch under way are never shown as if they were.

pub mod access;
pub mod cluster;
pub mod drift;
pub mod error;
pub mod gateway;
pub mod live;
pub mod merge;
pub mod page;
pub mod record_line;
pub mod routes;
pub mod server;
pub mod snapshot;
pub mod state;

pub use access::AccessRules;
pub use drift::{Change, ColumnDrift, DriftBin, DriftReference, DriftRows, DriftState, LeftOut, ModelDrift};
pub use error::ApiError;
pub use gateway::{
    AppendedRange, GatewayError, NewTopic, PartitionRange, ReadRequest, RecordsGateway, RecordsRead,
    TopicView,
};
pub use live::{
    DeadLetter, Frame, LabelCount, Latency, LineageView, LiveFigures, MOST_MODELS, NoFigures, RecentRecords,
    RecentResult, ScoreDistribution,
};
pub use record_line::RecordLine;
pub use routes::{Application, router};
pub use server::{BindError, Server};
pub use snapshot::{
    Cutover, Drops, Engine, Instance, ModelReference, ModelStatistics, Position, Readiness, Rejection,
    Revision, Route, Snapshot, Task, TaskState,
};
pub use state::{MetricsText, QueryState, ResultEvent, ResultsFeed};
