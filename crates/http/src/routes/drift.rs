//! Drift: of all models, of one, and what instances ask each other about it.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::scope::{Scope, View, scope_header};
use super::segments::{Segments, query_of};
use super::views::{Answer, one_model};
use crate::cluster::drift::{DriftOf, compare, part};
use crate::cluster::{API, DriftCoverage, PeerDrift};
use crate::drift::ModelDrift;
use crate::error::ApiError;
use crate::snapshot::Snapshot;

/// The routes.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/drift", get(all))
        .route("/v1/models/{data_type}/drift", get(by_name))
        .route("/v1/models/{data_type}/{name}/drift", get(one))
        .route("/v1/instance/drift", get(instance))
}

async fn all(State(shared): State<Arc<Shared>>, scope: Scope) -> Result<Answer, ApiError> {
    let (models, coverage) = compared(&shared, &scope, None).await?;
    Ok(covered(json!({"models": models}), coverage))
}

async fn one(
    State(shared): State<Arc<Shared>>,
    scope: Scope,
    Segments((data_type, name)): Segments<(String, String)>,
) -> Result<Answer, ApiError> {
    let of = Some((data_type.clone(), name.clone()));
    let (mut models, coverage) = compared(&shared, &scope, of).await?;
    models.retain(|model| model.data_type == data_type && model.name == name);
    let model = models.pop().ok_or_else(|| not_watched(&format!("{data_type}/{name}")))?;
    Ok(covered(json!({"model": model}), coverage))
}

/// By the model's name alone, where one data type has it.
async fn by_name(
    State(shared): State<Arc<Shared>>,
    scope: Scope,
    Segments(name): Segments<String>,
    mut parts: Parts,
) -> Result<Answer, ApiError> {
    // A model may be called so. Whether one is, every instance knows; its state is that of all.
    if has_model(&shared.state.snapshot(), &name, "drift") {
        let view = View::from_request_parts(&mut parts, &shared).await?;
        return one_model(view, Segments((name, "drift".to_owned()))).await;
    }
    let (mut models, coverage) = compared(&shared, &scope, None).await?;
    models.retain(|model| model.name == name);
    if models.len() > 1 {
        let routes: Vec<&str> = models.iter().map(|model| model.data_type.as_str()).collect();
        let message = format!(
            "several data types have a model {name:?}: {routes:?}; ask /v1/models/{{dataType}}/{name}/drift"
        );
        return Err(ApiError::new(StatusCode::CONFLICT, "ambiguous_model", message));
    }
    let model = models.pop().ok_or_else(|| not_watched(&name))?;
    Ok(covered(json!({"model": model}), coverage))
}

fn has_model(snapshot: &Snapshot, data_type: &str, name: &str) -> bool {
    let mut models = snapshot.routes.iter().flat_map(|route| route.asked().chain(&route.held));
    models.any(|model| model.data_type == data_type && model.name == name)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    data_type: Option<String>,
    name: Option<String>,
}

async fn instance(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<PeerDrift>, ApiError> {
    let asked = query_of(query)?;
    let part = match shared.drift.clone() {
        None => Value::Null,
        Some(drift) => part(drift, asked.data_type.zip(asked.name)).await?,
    };
    Ok(Json(PeerDrift {
        api: API,
        instance: shared.cluster.as_ref().map(|cluster| cluster.own()).unwrap_or_default(),
        application: shared.state.snapshot().application.clone(),
        part,
    }))
}

async fn compared(
    shared: &Shared,
    scope: &Scope,
    of: DriftOf,
) -> Result<(Vec<ModelDrift>, Option<DriftCoverage>), ApiError> {
    let drift = shared.drift.clone().ok_or_else(|| {
        ApiError::not_found("drift_is_off", "drift is not watched; `drift.enabled` switches it on".to_owned())
    })?;
    match shared.cluster.as_ref().filter(|_| !scope.alone) {
        None => Ok((compare(drift, of, Vec::new()).await?.0, None)),
        Some(cluster) => {
            let application = shared.state.snapshot().application.clone();
            let (models, coverage) = cluster.gather_drift(drift, &application, of).await?;
            Ok((models, Some(coverage)))
        }
    }
}

fn covered(mut answer: Value, coverage: Option<DriftCoverage>) -> Answer {
    let silent: Vec<&str> = coverage
        .iter()
        .flat_map(|coverage| &coverage.instances)
        .filter(|report| report.state != "answered")
        .map(|report| report.instance.as_str())
        .collect();
    let headers = scope_header(coverage.is_some(), &silent.join(","));
    if let (Some(coverage), Some(object)) = (&coverage, answer.as_object_mut()) {
        object.insert("coverage".to_owned(), serde_json::to_value(coverage).unwrap_or_default());
    }
    (headers, Json(answer))
}

fn not_watched(model: &str) -> ApiError {
    let message = format!(
        "no instance has watched the model {model:?} score since it began; GET /v1/drift lists those watched"
    );
    ApiError::not_found("not_watched", message)
}
