//! Our own views: everything that the ledger knows, each with the offsets and revisions it stands at.

use std::sync::Arc;

use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use serde_json::{Value, json};

use super::scope::{Covered, View};
use super::segments::Segments;
use super::{Shared, restored};
use crate::error::ApiError;
use crate::merge::merge_tasks;
use crate::snapshot::{ModelReference, Snapshot, Task};

/// The routes below `/v1` that show state.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/routes", get(all_routes))
        .route("/v1/routes/{data_type}", get(one_route))
        .route("/v1/models", get(models))
        .route("/v1/models/{data_type}/{name}", get(one_model))
        .route("/v1/revision", get(revision))
        .route("/v1/cutovers", get(cutovers))
        .route("/v1/conservation", get(conservation))
        .route("/v1/statistics", get(statistics))
        .route("/v1/tasks", get(tasks))
}

type Answer = (Covered, Json<Value>);

/// An object with what it covers.
fn covered(view: &View, answer: Value) -> Answer {
    (view.headers(), Json(view.cover(answer)))
}

async fn all_routes(view: View) -> Answer {
    let snapshot = &*view.snapshot;
    covered(&view, json!({"revision": snapshot.revision, "routes": snapshot.routes}))
}

async fn one_route(view: View, Segments(data_type): Segments<String>) -> Result<Answer, ApiError> {
    let snapshot = &*view.snapshot;
    let route = snapshot.route(&data_type).ok_or_else(|| unknown_data_type(snapshot, &data_type))?;
    Ok(covered(&view, json!({"revision": snapshot.revision, "route": route})))
}

/// A model and what has become of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ModelView<'a> {
    state: &'static str,
    #[serde(flatten)]
    model: &'a ModelReference,
}

fn model_views(snapshot: &Snapshot) -> impl Iterator<Item = ModelView<'_>> {
    snapshot.routes.iter().flat_map(|route| {
        let in_force = route.asked().map(|model| ModelView { state: "inForce", model });
        in_force.chain(route.held.iter().map(|model| ModelView { state: "held", model }))
    })
}

async fn models(view: View) -> Answer {
    let snapshot = &*view.snapshot;
    let models: Vec<ModelView<'_>> = model_views(snapshot).collect();
    covered(
        &view,
        json!({"revision": snapshot.revision, "models": models, "rejections": snapshot.rejections}),
    )
}

async fn one_model(
    view: View,
    Segments((data_type, name)): Segments<(String, String)>,
) -> Result<Answer, ApiError> {
    let snapshot = &*view.snapshot;
    if snapshot.route(&data_type).is_none() {
        return Err(unknown_data_type(snapshot, &data_type));
    }
    let Some(model) =
        model_views(snapshot).find(|found| found.model.data_type == data_type && found.model.name == name)
    else {
        let message = format!("the route {data_type:?} has no model {name:?}; GET /v1/models lists them");
        return Err(ApiError::not_found("unknown_model", message));
    };
    view.whole()?;
    restored(snapshot)?;
    let statistics = merge_tasks(&snapshot.tasks)
        .into_iter()
        .find(|s| s.model.control_offset == model.model.control_offset && s.model.data_type == data_type);
    Ok(covered(
        &view,
        json!({
            "revision": snapshot.revision, "positions": snapshot.positions(), "model": model, "statistics": statistics,
        }),
    ))
}

async fn revision(view: View) -> Answer {
    let snapshot = &*view.snapshot;
    covered(
        &view,
        json!({
            "revision": snapshot.revision, "controlLag": snapshot.control_lag, "positions": snapshot.positions(),
        }),
    )
}

async fn cutovers(view: View) -> Answer {
    let snapshot = &*view.snapshot;
    covered(&view, json!({"revision": snapshot.revision, "cutovers": snapshot.cutovers}))
}

/// The balance of one partition at its last commit.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Balance<'a> {
    topic: &'a str,
    partition: u32,
    offset: i64,
    records: u64,
    results: u64,
    dead_letters: u64,
    drops: &'a crate::snapshot::Drops,
    #[serde(skip_serializing_if = "crate::snapshot::is_zero")]
    further: u64,
    in_flight: u64,
    balanced: bool,
}

impl<'a> Balance<'a> {
    fn of(task: &'a Task) -> Self {
        Self {
            topic: &task.topic,
            partition: task.partition,
            offset: task.offset,
            records: task.records,
            results: task.results,
            dead_letters: task.dead_letters,
            drops: &task.drops,
            further: task.further,
            in_flight: task.in_flight,
            balanced: task.is_balanced(),
        }
    }
}

async fn conservation(view: View) -> Result<Answer, ApiError> {
    let snapshot = view.whole()?;
    restored(snapshot)?;
    let partitions: Vec<Balance<'_>> = snapshot.tasks.iter().map(Balance::of).collect();
    let balanced = partitions.iter().all(|balance| balance.balanced);
    Ok(covered(
        &view,
        json!({"balanced": balanced, "positions": snapshot.positions(), "partitions": partitions}),
    ))
}

async fn statistics(view: View) -> Result<Answer, ApiError> {
    let snapshot = view.whole()?;
    restored(snapshot)?;
    let models = merge_tasks(&snapshot.tasks);
    Ok(covered(
        &view,
        json!({"revision": snapshot.revision, "positions": snapshot.positions(), "models": models}),
    ))
}

async fn tasks(view: View) -> Answer {
    let snapshot = &*view.snapshot;
    covered(&view, json!({"revision": snapshot.revision, "tasks": snapshot.tasks}))
}

fn unknown_data_type(snapshot: &Snapshot, data_type: &str) -> ApiError {
    let known: Vec<&str> = snapshot.routes.iter().map(|route| route.data_type.as_str()).collect();
    ApiError::not_found(
        "unknown_data_type",
        format!("there is no data type {data_type:?}; there are {known:?}"),
    )
}
