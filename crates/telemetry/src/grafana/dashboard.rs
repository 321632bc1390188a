//! The dashboards, and whose they are.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::client::{Grafana, GrafanaError};
use crate::influx::identifier;

/// A dashboard of the folder `dashboards/`.
#[derive(Clone, Copy, Debug)]
pub struct Dashboard {
    /// Name of its file.
    pub file: &'static str,
    /// Its JSON model.
    pub json: &'static str,
}

macro_rules! dashboards {
    ($($(#[doc = $doc:literal])+ $name:ident = $file:literal;)+) => {$(
        $(#[doc = $doc])+
        pub const $name: Dashboard =
            Dashboard { file: $file, json: include_str!(concat!("../../../../dashboards/", $file)) };
    )+};
}

dashboards! {
    /// The original's: `Model Serving`, two panels by engine.
    MODEL_SERVING = "model-serving.json";
    /// Ours on InfluxDB.
    INFLUX = "scorewheel-influxdb.json";
    /// Ours on Prometheus.
    PROMETHEUS = "scorewheel-prometheus.json";
}

/// Begins the tag that says from which file a dashboard was made.
const FILE_TAG: &str = "scorewheel-file-";
/// Begins the tag that says which version of a dashboard we have saved.
const VERSION_TAG: &str = "scorewheel-version-";

/// The retention policy that the files ask.
const POLICY: &str = "default";

impl Dashboard {
    /// The JSON model.
    ///
    /// # Panics
    /// Never: a test reads every file.
    fn model(self) -> Value {
        serde_json::from_str(self.json).unwrap_or_default()
    }

    /// The JSON model, with queries for a retention policy of this name.
    fn model_for(self, policy: Option<&str>) -> Value {
        let mut model = self.model();
        if let Some(policy) = policy.filter(|policy| *policy != POLICY) {
            let of_files = format!("FROM {}.", identifier(POLICY));
            rename(&mut model, &of_files, &format!("FROM {}.", identifier(policy)));
        }
        model
    }

    /// Posts the dashboard if it is missing, and renews it if it is one of ours that nobody has changed since; what is
    /// worth saying. `policy` is InfluxDB's retention policy, if the dashboard is to ask another one than the file does.
    ///
    /// Grafana counts the versions of a dashboard: the one that we save says in a tag which it is, so that any other
    /// version is a person's.
    ///
    /// # Errors
    /// [`GrafanaError`].
    pub fn ensure(self, grafana: &Grafana, policy: Option<&str>) -> Result<Option<String>, GrafanaError> {
        let model = self.model_for(policy);
        let digest = digest(&model);
        let title = model["title"].as_str().unwrap_or_default().to_owned();
        let uid = model["uid"].as_str().unwrap_or_default();
        let Some(found) = grafana.get(&format!("/api/dashboards/uid/{uid}"))? else {
            let made = self.save(grafana, model, &digest, 0)?;
            return Ok(made.then(|| format!("Grafana's dashboard {title:?} was made")));
        };
        let found = &found["dashboard"];
        let version = found["version"].as_u64().unwrap_or(0);
        let tags: Vec<&str> =
            found["tags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let tagged = |prefix: &str| tags.iter().find_map(|tag| tag.strip_prefix(prefix));
        if tagged(FILE_TAG) == Some(&digest) {
            return Ok(None);
        }
        if tagged(VERSION_TAG) != Some(&version.to_string()) {
            return Ok(Some(format!(
                "Grafana's dashboard {title:?} was changed by somebody and stays as it is; delete it to get the newer one"
            )));
        }
        let renewed = self.save(grafana, model, &digest, version)?;
        Ok(renewed.then(|| format!("Grafana's dashboard {title:?} was renewed")))
    }

    /// Saves it; false if somebody else has, in between.
    fn save(
        self,
        grafana: &Grafana,
        mut model: Value,
        digest: &str,
        version: u64,
    ) -> Result<bool, GrafanaError> {
        let tags = model["tags"].as_array().cloned().unwrap_or_default();
        let ours = [format!("{FILE_TAG}{digest}"), format!("{VERSION_TAG}{}", version + 1)];
        model["tags"] = tags.into_iter().chain(ours.map(Value::from)).collect();
        model["id"] = Value::Null;
        model["version"] = json!(version);
        // Without `overwrite` Grafana refuses (412) if somebody saves in between.
        let body = json!({ "dashboard": model, "overwrite": false, "message": "set up by Scorewheel" });
        match grafana.post("/api/dashboards/db", &format!("the dashboard of {}", self.file), &body) {
            Ok(_) => Ok(true),
            Err(error) if error.is_conflict() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn digest(model: &Value) -> String {
    Sha256::digest(model.to_string().as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// Replaces a part of all texts.
fn rename(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) if text.contains(from) => *text = text.replace(from, to),
        Value::Array(values) => values.iter_mut().for_each(|value| rename(value, from, to)),
        Value::Object(fields) => fields.values_mut().for_each(|value| rename(value, from, to)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_ask_the_retention_policy_that_is_configured() {
        let asked = |policy| INFLUX.model_for(policy).to_string().matches(r#"FROM \"week\"."#).count();
        assert_eq!((asked(None), asked(Some("default")), asked(Some("week"))), (0, 0, 8));
    }

    #[test]
    fn every_file_is_a_dashboard_with_an_identity() {
        for dashboard in [MODEL_SERVING, INFLUX, PROMETHEUS] {
            let model: Value = serde_json::from_str(dashboard.json).unwrap();
            let uid = model["uid"].as_str().unwrap();
            assert!(!uid.is_empty() && uid.len() <= 40, "{}", dashboard.file);
            assert!(!model["title"].as_str().unwrap().is_empty());
            assert!(model["panels"].as_array().unwrap().len() >= 2);
            assert!(model["id"].is_null(), "{}: the id is Grafana's to give", dashboard.file);
        }
    }

    #[test]
    fn the_originals_names_are_kept() {
        let model = MODEL_SERVING.model();
        assert_eq!(model["title"], "Model Serving");
        let titles: Vec<&str> =
            model["panels"].as_array().unwrap().iter().filter_map(|panel| panel["title"].as_str()).collect();
        assert_eq!(titles, ["Base statistics", "Serving result", "Execution time"]);
    }
}
