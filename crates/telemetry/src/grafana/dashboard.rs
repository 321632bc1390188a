//! The dashboards, and whose they are.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::client::{Grafana, GrafanaError};

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

impl Dashboard {
    /// The JSON model.
    ///
    /// # Panics
    /// Never: a test reads every file.
    fn model(self) -> Value {
        serde_json::from_str(self.json).unwrap_or_default()
    }

    fn digest(self) -> String {
        Sha256::digest(self.json.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Posts the dashboard if it is missing, and renews it if it is one of ours that nobody has changed since; what is
    /// worth saying.
    ///
    /// Grafana counts the versions of a dashboard: the one that we save says in a tag which it is, so that any other
    /// version is a person's.
    ///
    /// # Errors
    /// [`GrafanaError`].
    pub fn ensure(self, grafana: &Grafana) -> Result<Option<String>, GrafanaError> {
        let model = self.model();
        let title = model["title"].as_str().unwrap_or_default().to_owned();
        let uid = model["uid"].as_str().unwrap_or_default();
        let Some(found) = grafana.get(&format!("/api/dashboards/uid/{uid}"))? else {
            self.save(grafana, model, 0)?;
            return Ok(Some(format!("Grafana's dashboard {title:?} was made")));
        };
        let found = &found["dashboard"];
        let version = found["version"].as_u64().unwrap_or(0);
        let tags: Vec<&str> =
            found["tags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let tagged = |prefix: &str| tags.iter().find_map(|tag| tag.strip_prefix(prefix));
        if tagged(FILE_TAG) == Some(&self.digest()) {
            return Ok(None);
        }
        if tagged(VERSION_TAG) != Some(&version.to_string()) {
            return Ok(Some(format!(
                "Grafana's dashboard {title:?} was changed by somebody and stays as it is; delete it to get the newer one"
            )));
        }
        self.save(grafana, model, version)?;
        Ok(Some(format!("Grafana's dashboard {title:?} was renewed")))
    }

    fn save(self, grafana: &Grafana, mut model: Value, version: u64) -> Result<(), GrafanaError> {
        let tags = model["tags"].as_array().cloned().unwrap_or_default();
        let ours = [format!("{FILE_TAG}{}", self.digest()), format!("{VERSION_TAG}{}", version + 1)];
        model["tags"] = tags.into_iter().chain(ours.map(Value::from)).collect();
        model["id"] = Value::Null;
        model["version"] = json!(version);
        // Without `overwrite` Grafana refuses (412) if somebody saves in between.
        let body = json!({ "dashboard": model, "overwrite": false, "message": "set up by Scorewheel" });
        grafana.post("/api/dashboards/db", &format!("the dashboard of {}", self.file), &body)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
