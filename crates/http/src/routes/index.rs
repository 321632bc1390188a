//! `GET /v1`: what can be asked here. `GET /` says the same to programs.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::Shared;
use crate::snapshot::Engine;

/// `/v1`.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/v1", get(index))
}

const STAGE: &[(&str, &str)] = &[
    ("GET /stats", "statistics of the model in force for the default data type"),
    ("GET /models", "data types that have a model"),
    ("GET /state", "the same as /stats"),
    ("GET /state/{dataType}", "statistics of the model in force for a data type"),
];

const TOPOLOGIES: &[(&str, &str)] = &[
    ("GET /state/instances", "instances that hold stores"),
    ("GET /state/instances/{store}", "instances that hold this store"),
    ("GET /state/value", "statistics of the model in force for the default data type"),
    ("GET /state/{store}/value", "the same, of a store by name"),
];

const VIEWS: &[(&str, &str)] = &[
    ("GET /", "a page for people, in a browser"),
    ("GET /v1", "this list"),
    ("GET /v1/live", "all that the page shows"),
    ("GET /v1/recent", "the last results with their lineage, the last dead letters with their cause"),
    ("GET /v1/events", "the same every second, as server-sent events"),
    ("GET /v1/routes", "what scores each data type"),
    ("GET /v1/routes/{dataType}", "what scores one data type"),
    ("GET /v1/models", "models in force, held and rejected"),
    ("GET /v1/models/{dataType}/{name}", "one model with its statistics"),
    ("GET /v1/models/{dataType}/{name}/drift", "how far its inputs and scores are from what they were"),
    ("GET /v1/models/{name}/drift", "the same, by its name alone"),
    ("GET /v1/drift", "the same, of all models"),
    ("GET /v1/revision", "the set of models in force, and where each task stands"),
    ("GET /v1/cutovers", "from which record on a revision governs"),
    ("GET /v1/conservation", "records in = results + dead letters + drops"),
    ("GET /v1/statistics", "what each model has done, in nanoseconds"),
    ("GET /v1/tasks", "the partitions"),
    ("GET /v1/cluster", "instances, partitions, and what is missing"),
    ("GET /v1/instance", "the whole state of this instance, as instances ask each other"),
    ("GET /v1/instance/drift", "what this instance has counted, as instances ask each other"),
    ("GET /livez", "the process lives"),
    ("GET /readyz", "records are being scored"),
    ("GET /metrics", "metrics for Prometheus"),
];

const RESULTS: &[(&str, &str)] =
    &[("GET /v1/results", "committed results as they come, as server-sent events")];

const RECORDS: &[(&str, &str)] = &[
    ("GET /v1/topics", "all topics"),
    ("POST /v1/topics", "creates a topic: {\"name\", \"partitions\", \"config\"}"),
    ("GET /v1/topics/{topic}", "one topic with its settings"),
    ("POST /v1/topics/{topic}/config", "changes settings of a topic: {\"max.message.bytes\": \"67174400\"}"),
    ("POST /v1/topics/{topic}/records", "appends records, one line of JSON each"),
    ("GET /v1/topics/{topic}/partitions/{partition}", "offsets of a partition; ?timestamp= finds one"),
    ("GET /v1/topics/{topic}/partitions/{partition}/records", "reads from ?offset=, waits up to ?wait="),
];

async fn index(State(shared): State<Arc<Shared>>) -> Json<Value> {
    list(&shared)
}

/// The list of all routes.
pub fn list(shared: &Shared) -> Json<Value> {
    let mut urls: Vec<&(&str, &str)> = Vec::new();
    urls.extend(match shared.engine {
        Engine::Stage => STAGE,
        Engine::Streams => TOPOLOGIES,
    });
    urls.extend(VIEWS);
    if shared.results.is_some() {
        urls.extend(RESULTS);
    }
    if shared.gateway.is_some() && shared.access.loopback {
        urls.extend(RECORDS);
    }
    let urls: Vec<Value> = urls.iter().map(|(url, what)| json!({"url": url, "what": what})).collect();
    Json(json!({"application": shared.state.snapshot().application, "urls": urls}))
}
