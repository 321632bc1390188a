//! What all instances have counted of inputs and scores.

use std::sync::Arc;

use axum::http::StatusCode;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::gather::Gatherer;
use crate::drift::{DriftState, ModelDrift};
use crate::error::ApiError;

/// One model, by its data type and name; `None` for all.
pub type DriftOf = Option<(String, String)>;

/// What `GET /v1/instance/drift` answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerDrift {
    /// [`API`](super::API) of the instance that answers.
    pub api: u32,
    /// Its name.
    pub instance: String,
    /// Its application.
    pub application: String,
    /// What it has counted; `null` if it does not.
    pub part: Value,
}

/// Which instances' counts are in an answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DriftCoverage {
    /// True if every instance has answered.
    pub complete: bool,
    /// Why it is not known who belongs to the cluster.
    pub trouble: Option<String>,
    /// The instances; the one that was asked first.
    pub instances: Vec<DriftReport>,
}

/// An instance and what became of the question to it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DriftReport {
    /// Its name.
    pub instance: String,
    /// `answered`, `off` (it does not watch), or the kind of trouble, as of an [`InstanceReport`](super::InstanceReport).
    pub state: &'static str,
    /// The trouble in words.
    pub reason: Option<String>,
    /// Milliseconds that its answer took.
    pub took_ms: u64,
}

impl Gatherer {
    /// The models as all instances together see them: of one, or all.
    ///
    /// # Errors
    /// 500 of kind `failed` if the computation panics, which would be a defect.
    pub async fn gather_drift(
        &self,
        drift: Arc<dyn DriftState>,
        application: &str,
        of: DriftOf,
    ) -> Result<(Vec<ModelDrift>, DriftCoverage), ApiError> {
        let members = self.members();
        let question = question(of.as_ref());
        let questions = members.others.iter().map(|member| {
            let (peer, application) = (member.announcement.clone(), application.to_owned());
            let question = question.clone();
            self.question(move |client| {
                let answer: PeerDrift =
                    client.answer(&peer, &application, &question, |answer: &PeerDrift| {
                        (&answer.instance, &answer.application)
                    })?;
                Ok(answer.part)
            })
        });
        let others = join_all(questions).await;
        let own = DriftReport {
            instance: members.own.instance.clone(),
            state: "answered",
            ..DriftReport::default()
        };
        let mut instances = vec![own];
        let mut parts = Vec::new();
        for (member, (answer, took)) in members.others.iter().zip(others) {
            let mut report = DriftReport {
                instance: member.announcement.instance.clone(),
                took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                ..DriftReport::default()
            };
            match answer {
                Ok(Value::Null) => report.state = "off",
                Ok(part) => {
                    report.state = "answered";
                    parts.push((instances.len(), part));
                }
                Err(trouble) => (report.state, report.reason) = (trouble.kind(), Some(trouble.to_string())),
            }
            instances.push(report);
        }
        let (places, parts): (Vec<usize>, Vec<Value>) = parts.into_iter().unzip();
        let (models, unreadable) = compare(drift, of, parts).await?;
        for (place, reason) in unreadable {
            if let Some(report) = places.get(place).and_then(|place| instances.get_mut(*place)) {
                (report.state, report.reason) = ("unreadable", Some(reason));
            }
        }
        // They are members too, and nobody knows where to ask them.
        instances.extend(members.unreadable.iter().map(|(instance, reason)| DriftReport {
            instance: instance.clone(),
            state: "unreadable",
            reason: Some(format!("its announcement cannot be read: {reason}")),
            ..DriftReport::default()
        }));
        let complete = members.trouble.is_none() && instances.iter().all(|report| report.state == "answered");
        Ok((models, DriftCoverage { complete, trouble: members.trouble, instances }))
    }
}

/// The question to other instances.
fn question(of: Option<&(String, String)>) -> String {
    let mut question = "/v1/instance/drift?scope=instance".to_owned();
    // Names of models are letters, digits, dots, dashes and underscores; others are of no model.
    let safe = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if let Some((data_type, name)) = of.filter(|(data_type, name)| safe(data_type) && safe(name)) {
        question.push_str(&format!("&dataType={data_type}&name={name}"));
    }
    question
}

/// [`DriftState::compare`], where blocking is allowed.
///
/// # Errors
/// Those of [`blocking`].
pub(crate) async fn compare(
    drift: Arc<dyn DriftState>,
    of: DriftOf,
    others: Vec<Value>,
) -> Result<(Vec<ModelDrift>, Vec<(usize, String)>), ApiError> {
    blocking(move || drift.compare(of.as_ref().map(names), &others)).await
}

/// [`DriftState::part`], where blocking is allowed.
///
/// # Errors
/// Those of [`blocking`].
pub(crate) async fn part(drift: Arc<dyn DriftState>, of: DriftOf) -> Result<Value, ApiError> {
    blocking(move || drift.part(of.as_ref().map(names))).await
}

fn names((data_type, name): &(String, String)) -> (&str, &str) {
    (data_type, name)
}

/// Computes where that holds up no other request.
///
/// # Errors
/// 500 of kind `failed` if the computation panics, which would be a defect.
async fn blocking<T: Send + 'static>(compute: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(compute).await.map_err(|error| {
        let message = format!("drift could not be computed: {error}");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", message)
    })
}
