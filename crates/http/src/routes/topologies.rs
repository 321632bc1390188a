//! The original's routes of the topologies.

use std::sync::Arc;

use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};

use super::scope::View;
use super::segments::Segments;
use super::statistics::{TopologyStatistics, in_force};
use super::{Shared, restored};

use crate::error::ApiError;
use crate::snapshot::{Instance, Snapshot};

/// `/state/instances`, `/state/instances/{store}`, `/state/value`, `/state/{store}/value`.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/state/instances", get(instances))
        .route("/state/instances/{store}", get(instances_with_store))
        .route("/state/value", get(value))
        .route("/state/{store}/value", get(value_of_store))
}

async fn instances(view: View) -> Result<impl IntoResponse, ApiError> {
    named_store(&view.snapshot)?;
    Ok((view.headers(), Json(view.snapshot.instances.clone())))
}

async fn instances_with_store(
    view: View,
    Segments(store): Segments<String>,
) -> Result<impl IntoResponse, ApiError> {
    known_store(&view.snapshot, &store)?;
    let holders = view.snapshot.instances.iter().filter(|instance| instance.store_names.contains(&store));
    Ok((view.headers(), Json(holders.cloned().collect::<Vec<Instance>>())))
}

async fn value(view: View) -> Result<impl IntoResponse, ApiError> {
    answer(&view)
}

async fn value_of_store(
    view: View,
    Segments(store): Segments<String>,
) -> Result<impl IntoResponse, ApiError> {
    known_store(&view.snapshot, &store)?;
    answer(&view)
}

fn answer(view: &View) -> Result<impl IntoResponse + use<>, ApiError> {
    let snapshot = view.whole()?;
    restored(snapshot)?;
    let value = TopologyStatistics::from(in_force(snapshot, &snapshot.default_data_type));
    Ok((view.headers(), Json(value)))
}

fn named_store(snapshot: &Snapshot) -> Result<&str, ApiError> {
    snapshot.store.as_deref().ok_or_else(|| {
        let message =
            "the memory store cannot be asked by name; run with `--store persistent`, or ask /state/value";
        ApiError::not_found("no_named_store", message)
    })
}

fn known_store(snapshot: &Snapshot, store: &str) -> Result<(), ApiError> {
    let known = named_store(snapshot)?;
    if known == store {
        return Ok(());
    }
    Err(ApiError::not_found("unknown_store", format!("there is no store {store:?}; there is {known:?}")))
}
