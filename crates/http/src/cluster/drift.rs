//! What all instances have counted of inputs and scores.

use std::time::Instant;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::announcement::{API, Announcement};
use super::client::{PeerClient, PeerTrouble};
use super::gather::{GRACE, Gatherer};
use crate::drift::{DriftState, ModelDrift};

/// What `GET /v1/instance/drift` answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerDrift {
    /// [`API`] of the instance that answers.
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
    /// `answered`, `off` (it does not watch), or the kind of trouble.
    pub state: &'static str,
    /// The trouble in words.
    pub reason: Option<String>,
    /// Milliseconds that its answer took.
    pub took_ms: u64,
}

impl Gatherer {
    /// The models as all instances together see them: of one, by its data type and name, or all.
    pub async fn gather_drift(
        &self,
        drift: &dyn DriftState,
        application: &str,
        of: Option<(&str, &str)>,
    ) -> (Vec<ModelDrift>, DriftCoverage) {
        let members = self.members();
        let query = of.map_or_else(String::new, |(data_type, name)| {
            // Names of models are letters, digits, dots, dashes and underscores; others are of no model.
            let safe =
                |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
            if safe(data_type) && safe(name) {
                format!("&dataType={data_type}&name={name}")
            } else {
                String::new()
            }
        });
        let questions = members.others.iter().map(|member| {
            let (client, peer) = (self.client().clone(), member.announcement.clone());
            let (application, query) = (application.to_owned(), query.clone());
            async move {
                let started = Instant::now();
                let limit = client.timeout() + GRACE;
                let timed_out = client.timed_out();
                let asked = tokio::task::spawn_blocking(move || ask(&client, &peer, &application, &query));
                let answer = match tokio::time::timeout(limit, asked).await {
                    Ok(Ok(answer)) => answer,
                    Ok(Err(failed)) => Err(PeerTrouble::Unreachable(failed.to_string())),
                    Err(_) => Err(timed_out),
                };
                (answer, started.elapsed())
            }
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
        let (models, unreadable) = drift.compare(of, &parts);
        for (place, reason) in unreadable {
            if let Some(report) = places.get(place).and_then(|place| instances.get_mut(*place)) {
                (report.state, report.reason) = ("unreadable", Some(reason));
            }
        }
        let complete = members.trouble.is_none() && instances.iter().all(|report| report.state == "answered");
        (models, DriftCoverage { complete, trouble: members.trouble, instances })
    }
}

fn ask(
    client: &PeerClient,
    peer: &Announcement,
    application: &str,
    query: &str,
) -> Result<Value, PeerTrouble> {
    if peer.api != API {
        return Err(PeerTrouble::OtherVersion(peer.api));
    }
    let text = client.get(&format!("{}/v1/instance/drift?scope=instance{query}", peer.url()))?;
    let answer: PeerDrift =
        serde_json::from_str(&text).map_err(|error| PeerTrouble::Unreadable(error.to_string()))?;
    if answer.api != API {
        return Err(PeerTrouble::OtherVersion(answer.api));
    }
    if answer.instance != peer.instance || answer.application != application {
        return Err(PeerTrouble::Replaced(format!("{} of {}", answer.instance, answer.application)));
    }
    Ok(answer.part)
}
