//! The page, and what it shows as events.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures_util::stream;
use serde::Deserialize;

use super::{Shared, index};
use crate::error::ApiError;
use crate::page;

/// `/`, `/v1/live`, `/v1/recent`, `/v1/events`.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(root))
        .route("/v1/live", get(live))
        .route("/v1/recent", get(recent))
        .route("/v1/events", get(events))
}

/// The page for who asks for HTML, as browsers do; the list of addresses for everybody else.
async fn root(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let html = accepts
        .flat_map(|value| value.split(','))
        .any(|kind| kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/html")));
    if !html {
        return ([(header::VARY, "accept")], index::list(&shared)).into_response();
    }
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, &**page::POLICY),
        (header::VARY, "accept"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    (headers, page::document(&shared.hub.frame().await)).into_response()
}

async fn live(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], Json(shared.hub.frame().await))
}

/// The last results with their lineage and the last dead letters with their cause, of all instances: they are read from
/// their topics.
async fn recent(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], Json(shared.live.recent()))
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct EventsQuery {
    r#as: Option<String>,
}

/// An event a second: `frame` with what `/v1/live` answers, or, with `?as=html`, `page` with the page's content.
/// A reader that is slow misses some and gets the newest.
async fn events(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<EventsQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<impl IntoResponse, ApiError> {
    let bad = |message: String| ApiError::bad_request("bad_query", message);
    let Query(query) = query.map_err(|error| bad(error.body_text()))?;
    let html = match query.r#as.as_deref() {
        None | Some("json") => false,
        Some("html") => true,
        Some(other) => return Err(bad(format!("?as={other} is not known; write json or html"))),
    };
    let Ok(place) = Arc::clone(&shared.watchers).try_acquire_owned() else {
        let message = "too many readers of events; try again later";
        return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message));
    };
    let start = (shared.hub.subscribe().await, shared.stopping.clone(), place);
    let events = stream::unfold(start, move |(mut frames, mut stopping, place)| async move {
        let changed = tokio::select! {
            changed = frames.changed() => changed.is_ok(),
            _ = stopping.wait_for(|stopping| *stopping) => false,
        };
        if !changed {
            return None;
        }
        let sent = Arc::clone(&frames.borrow_and_update());
        let event = match html {
            true => Event::default().event("page").data(sent.html()),
            false => Event::default().event("frame").data(sent.json()),
        };
        Some((Ok::<_, Infallible>(event), (frames, stopping, place)))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}
