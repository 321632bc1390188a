//! The original's routes of the stage.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::statistics::{StageStatistics, in_force};
use super::{SCOPE, Shared};

/// `/stats`, `/models`, `/state`, `/state/{dataType}`.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/stats", get(default_statistics))
        .route("/state", get(default_statistics))
        .route("/state/{data_type}", get(statistics))
        .route("/models", get(models))
}

async fn default_statistics(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let snapshot = shared.state.snapshot();
    (SCOPE, Json(StageStatistics::from(in_force(&snapshot, &snapshot.default_data_type))))
}

async fn statistics(State(shared): State<Arc<Shared>>, Path(data_type): Path<String>) -> impl IntoResponse {
    (SCOPE, Json(StageStatistics::from(in_force(&shared.state.snapshot(), &data_type))))
}

async fn models(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let snapshot = shared.state.snapshot();
    let scored = snapshot.routes.iter().filter(|route| route.in_force.is_some());
    let data_types: Vec<&str> = scored.map(|route| route.data_type.as_str()).collect();
    (SCOPE, Json(json!({"models": data_types})))
}
