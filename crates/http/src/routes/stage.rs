//! The original's routes of the stage.

use std::sync::Arc;

use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::Shared;
use super::scope::View;
use super::segments::Segments;
use super::statistics::{StageStatistics, in_force};
use crate::error::ApiError;

/// `/stats`, `/models`, `/state`, `/state/{dataType}`.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/stats", get(default_statistics))
        .route("/state", get(default_statistics))
        .route("/state/{data_type}", get(statistics))
        .route("/models", get(models))
}

async fn default_statistics(view: View) -> Result<impl IntoResponse, ApiError> {
    let snapshot = view.whole()?;
    Ok((view.headers(), Json(StageStatistics::from(in_force(snapshot, &snapshot.default_data_type)))))
}

async fn statistics(
    view: View,
    Segments(data_type): Segments<String>,
) -> Result<impl IntoResponse, ApiError> {
    Ok((view.headers(), Json(StageStatistics::from(in_force(view.whole()?, &data_type)))))
}

async fn models(view: View) -> impl IntoResponse {
    let scored = view.snapshot.routes.iter().filter(|route| route.in_force.is_some());
    let data_types: Vec<&str> = scored.map(|route| route.data_type.as_str()).collect();
    (view.headers(), Json(json!({"models": data_types})))
}
