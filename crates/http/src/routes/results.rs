//! Committed results as they come, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use futures_util::stream;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;

use super::Shared;
use crate::error::ApiError;

/// `/v1/results`.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/v1/results", get(results))
}

/// One event a result: `id` is `<partition>:<offset>` in the results topic, `data` the result with its lineage. A reader
/// that falls behind gets an event `lost` with the number of results that it missed.
async fn results(State(shared): State<Arc<Shared>>) -> Result<impl IntoResponse, ApiError> {
    let Some(feed) = &shared.results else {
        return Err(ApiError::not_found("no_results", "this engine writes no results topic"));
    };
    let Ok(place) = Arc::clone(&shared.streams).try_acquire_owned() else {
        let message = "too many readers of results; try again later";
        return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message));
    };
    let start = (feed.subscribe(), shared.stopping.clone(), place);
    let events = stream::unfold(start, |(mut receiver, mut stopping, place)| async move {
        let received = tokio::select! {
            received = receiver.recv() => received,
            _ = stopping.wait_for(|stopping| *stopping) => return None,
        };
        let event = match received {
            Ok(result) => Event::default()
                .event("result")
                .id(format!("{}:{}", result.partition, result.offset))
                .data(&*result.json),
            Err(RecvError::Lagged(lost)) => {
                Event::default().event("lost").data(json!({"lost": lost}).to_string())
            }
            Err(RecvError::Closed) => return None,
        };
        Some((Ok::<_, Infallible>(event), (receiver, stopping, place)))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}
