//! The original's routes of the topologies.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};

use super::statistics::{TopologyStatistics, in_force};
use super::{SCOPE, Shared, restored};
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

async fn instances(State(shared): State<Arc<Shared>>) -> Result<impl IntoResponse, ApiError> {
    let snapshot = shared.state.snapshot();
    named_store(&snapshot)?;
    Ok((SCOPE, Json(snapshot.instances.clone())))
}

async fn instances_with_store(
    State(shared): State<Arc<Shared>>,
    Path(store): Path<String>,
) -> Result<impl IntoResponse, ApiError> {
    let snapshot = shared.state.snapshot();
    known_store(&snapshot, &store)?;
    let holders = snapshot.instances.iter().filter(|instance| instance.store_names.contains(&store));
    Ok((SCOPE, Json(holders.cloned().collect::<Vec<Instance>>())))
}

async fn value(State(shared): State<Arc<Shared>>) -> Result<impl IntoResponse, ApiError> {
    answer(&shared.state.snapshot())
}

async fn value_of_store(
    State(shared): State<Arc<Shared>>,
    Path(store): Path<String>,
) -> Result<impl IntoResponse, ApiError> {
    let snapshot = shared.state.snapshot();
    known_store(&snapshot, &store)?;
    answer(&snapshot)
}

fn answer(snapshot: &Snapshot) -> Result<impl IntoResponse + use<>, ApiError> {
    restored(snapshot)?;
    Ok((SCOPE, Json(TopologyStatistics::from(in_force(snapshot, &snapshot.default_data_type)))))
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
