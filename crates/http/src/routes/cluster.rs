//! `/v1/instance`: what instances ask each other; `/v1/cluster`: all of them at a glance.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::Shared;
use super::scope::{Covered, View};
use crate::cluster::{API, PeerAnswer};

/// `/v1/instance` and `/v1/cluster`.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/v1/instance", get(instance)).route("/v1/cluster", get(cluster))
}

async fn instance(State(shared): State<Arc<Shared>>) -> Json<PeerAnswer> {
    let instance = shared.cluster.as_ref().map(|cluster| cluster.own()).unwrap_or_default();
    Json(PeerAnswer { api: API, instance, snapshot: (*shared.state.snapshot()).clone() })
}

async fn cluster(view: View) -> (Covered, Json<Value>) {
    let snapshot = &view.snapshot;
    let answer = json!({
        "application": snapshot.application,
        "revision": snapshot.revision,
        "controlLag": snapshot.control_lag,
        "routes": snapshot.routes,
        "tasks": snapshot.tasks,
        "deadLetters": snapshot.tasks.iter().map(|task| task.dead_letters).sum::<u64>(),
        "rejections": snapshot.rejections.len(),
    });
    (view.headers(), Json(view.cover(answer)))
}
