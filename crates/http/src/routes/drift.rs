//! Drift: of all models, of one, and what instances ask each other about it.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::scope::{Scope, View, scope_header};
use super::segments::Segments;
use super::views::{Answer, one_model};
use crate::cluster::{API, DriftCoverage, PeerDrift};
use crate::drift::{DriftState, ModelDrift};
use crate::error::ApiError;

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
    let (mut models, coverage) = compared(&shared, &scope, Some((&data_type, &name))).await?;
    models.retain(|model| model.data_type == data_type && model.name == name);
    let model = models.pop().ok_or_else(|| not_watched(&format!("{data_type}/{name}")))?;
    Ok(covered(json!({"model": model}), coverage))
}

/// By the model's name alone, where one data type has it.
async fn by_name(
    State(shared): State<Arc<Shared>>,
    scope: Scope,
    view: View,
    Segments(name): Segments<String>,
) -> Result<Answer, ApiError> {
    // A model may be called so.
    if let Ok(answer) = one_model(view, Segments((name.clone(), "drift".to_owned()))).await {
        return Ok(answer);
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    data_type: Option<String>,
    name: Option<String>,
}

async fn instance(State(shared): State<Arc<Shared>>, Query(asked): Query<Asked>) -> Json<PeerDrift> {
    let of = asked.data_type.as_deref().zip(asked.name.as_deref());
    Json(PeerDrift {
        api: API,
        instance: shared.cluster.as_ref().map(|cluster| cluster.own()).unwrap_or_default(),
        application: shared.state.snapshot().application.clone(),
        part: shared.drift.as_ref().map_or(Value::Null, |drift| drift.part(of)),
    })
}

async fn compared(
    shared: &Shared,
    scope: &Scope,
    of: Option<(&str, &str)>,
) -> Result<(Vec<ModelDrift>, Option<DriftCoverage>), ApiError> {
    let drift: &dyn DriftState = &**shared.drift.as_ref().ok_or_else(|| {
        ApiError::not_found("drift_is_off", "drift is not watched; `drift.enabled` switches it on".to_owned())
    })?;
    match shared.cluster.as_ref().filter(|_| !scope.alone) {
        None => Ok((drift.compare(of, &[]).0, None)),
        Some(cluster) => {
            let application = shared.state.snapshot().application.clone();
            let (models, coverage) = cluster.gather_drift(drift, &application, of).await;
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
        "no instance has seen the model {model:?} score since it began; GET /v1/drift lists those seen"
    );
    ApiError::not_found("not_watched", message)
}
