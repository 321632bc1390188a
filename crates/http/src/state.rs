//! What the server asks of the rest of the process.

use std::sync::Arc;

use tokio::sync::broadcast;

use crate::snapshot::Snapshot;

/// Read-only state of this instance.
pub trait QueryState: Send + Sync {
    /// The last committed state. Called once a request; must neither block nor lock what the scoring threads use.
    fn snapshot(&self) -> Arc<Snapshot>;
}

/// Metrics in Prometheus' text format.
pub trait MetricsText: Send + Sync {
    /// The exposition of all metrics. Called once a scrape.
    fn render(&self) -> String;
}

/// One committed result, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultEvent {
    /// Partition of the results topic.
    pub partition: u32,
    /// Offset in it.
    pub offset: i64,
    /// The result with its lineage, as one line of JSON.
    pub json: Arc<str>,
}

/// Committed results as they come.
pub trait ResultsFeed: Send + Sync {
    /// The results from now on. A receiver that falls behind loses the oldest and is told how many.
    fn subscribe(&self) -> broadcast::Receiver<ResultEvent>;
}
