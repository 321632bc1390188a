//! Whose state a request is about: `?scope=cluster` (default where there is one) or `?scope=instance`.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::Shared;
use crate::cluster::Coverage;
use crate::error::ApiError;
use crate::snapshot::Snapshot;

/// Header that says whose state an answer is: `instance` or `cluster`.
const SCOPE: HeaderName = HeaderName::from_static("scorewheel-scope");
/// Header that names the partitions that an answer lacks, of drift the instances; separated by commas.
const MISSING: HeaderName = HeaderName::from_static("scorewheel-missing");

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    partial: bool,
}

/// The state that a request asks for.
pub struct View {
    /// The state, of one instance or of all.
    pub snapshot: Arc<Snapshot>,
    /// Whose it is; `None` if it is this instance's alone.
    pub coverage: Option<Coverage>,
    partial: bool,
}

/// Headers that say what an answer covers.
pub type Covered = [(HeaderName, HeaderValue); 2];

/// Whose state is asked for.
pub struct Scope {
    /// This instance's alone.
    pub alone: bool,
    partial: bool,
}

impl FromRequestParts<Arc<Shared>> for Scope {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Shared>) -> Result<Self, ApiError> {
        let bad = |message: String| ApiError::bad_request("bad_query", message);
        let Query(asked): Query<Asked> =
            Query::try_from_uri(&parts.uri).map_err(|error| bad(error.body_text()))?;
        let alone = match asked.scope.as_deref() {
            Some("instance") => true,
            None | Some("cluster") => false,
            Some(other) => return Err(bad(format!("scope is {other:?}; write cluster or instance"))),
        };
        Ok(Self { alone, partial: asked.partial })
    }
}

/// Headers that say whose an answer is, and what it lacks.
#[must_use]
pub fn scope_header(cluster: bool, missing: &str) -> Covered {
    let scope = HeaderValue::from_static(if cluster { "cluster" } else { "instance" });
    // Names of topics and instances are letters, digits, dots, dashes and underscores.
    let missing = HeaderValue::from_str(missing).unwrap_or(HeaderValue::from_static("unknown"));
    [(SCOPE, scope), (MISSING, missing)]
}

impl FromRequestParts<Arc<Shared>> for View {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, ApiError> {
        let Scope { alone, partial } = Scope::from_request_parts(parts, shared).await?;
        match shared.cluster.as_ref().filter(|_| !alone) {
            None => Ok(Self { snapshot: shared.state.snapshot(), coverage: None, partial }),
            Some(cluster) => {
                let gathered = cluster.gather(|| shared.state.snapshot()).await;
                let coverage = Some(gathered.coverage.clone());
                Ok(Self { snapshot: Arc::clone(&gathered.snapshot), coverage, partial })
            }
        }
    }
}

impl View {
    /// Refuses where parts are missing, unless `?partial=true` says that they may be: half a sum looks like a whole one.
    ///
    /// # Errors
    /// 503 of kind `incomplete`.
    pub fn whole(&self) -> Result<&Snapshot, ApiError> {
        match &self.coverage {
            Some(coverage) if !coverage.complete && !self.partial => {
                let missing: Vec<String> = coverage
                    .missing
                    .iter()
                    .map(|missing| format!("{}-{}: {}", missing.topic, missing.partition, missing.reason))
                    .chain(coverage.trouble.clone())
                    .collect();
                let message = format!(
                    "not all partitions could be asked ({}); ask again in a moment, or with partial=true for the rest",
                    missing.join("; ")
                );
                Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "incomplete", message))
            }
            _ => Ok(&self.snapshot),
        }
    }

    /// What the answer covers, for its headers.
    #[must_use]
    pub fn headers(&self) -> Covered {
        let missing = self.coverage.iter().flat_map(|coverage| &coverage.missing);
        let missing: Vec<String> =
            missing.map(|missing| format!("{}-{}", missing.topic, missing.partition)).collect();
        scope_header(self.coverage.is_some(), &missing.join(","))
    }

    /// A JSON object with what it covers beside it.
    #[must_use]
    pub fn cover(&self, mut answer: Value) -> Value {
        if let (Some(coverage), Some(object)) = (&self.coverage, answer.as_object_mut()) {
            object.insert("coverage".to_owned(), serde_json::to_value(coverage).unwrap_or_default());
        }
        answer
    }
}
