//! The data sources.

use serde_json::{Value, json};

use super::client::{Grafana, GrafanaError};
use crate::influx::{Access, InfluxSettings};

/// Name of the original's data source.
pub const SERVING: &str = "serving";
/// Name of ours, on Prometheus.
pub const PROMETHEUS: &str = "scorewheel-prometheus";

/// The data source on InfluxDB, as the original names it; version 2 is asked in InfluxQL too, with its token.
#[must_use]
pub fn influx(settings: &InfluxSettings) -> Value {
    let mut source = json!({
        "name": SERVING,
        "type": "influxdb",
        "access": "proxy",
        "url": settings.url,
        "isDefault": false,
    });
    match &settings.access {
        Access::V1 { user } => {
            source["database"] = json!(settings.database);
            source["jsonData"] = json!({ "dbName": settings.database, "httpMode": "GET" });
            if let Some((user, password)) = user {
                source["user"] = json!(user);
                source["secureJsonData"] = json!({ "password": password });
            }
        }
        Access::V2 { token, .. } => {
            source["database"] = json!(settings.database);
            source["jsonData"] = json!({
                "dbName": settings.database,
                "httpMode": "GET",
                "httpHeaderName1": "Authorization",
            });
            source["secureJsonData"] = json!({ "httpHeaderValue1": format!("Token {token}") });
        }
    }
    source
}

/// The data source on Prometheus.
#[must_use]
pub fn prometheus(url: &str) -> Value {
    json!({
        "name": PROMETHEUS,
        "type": "prometheus",
        "access": "proxy",
        "url": url,
        "isDefault": false,
        "jsonData": { "httpMethod": "POST" },
    })
}

/// Posts a data source unless one of its name is there; what is worth saying.
///
/// # Errors
/// [`GrafanaError`].
pub fn ensure(grafana: &Grafana, source: &Value) -> Result<Option<String>, GrafanaError> {
    let name = source["name"].as_str().unwrap_or_default();
    let Some(found) = grafana.get(&format!("/api/datasources/name/{name}"))? else {
        return match grafana.post("/api/datasources", &format!("the data source {name}"), source) {
            Ok(_) => Ok(Some(format!("Grafana's data source {name:?} was made"))),
            Err(error) if error.is_conflict() => Ok(None),
            Err(error) => Err(error),
        };
    };
    let differs = ["type", "url"].iter().find(|key| found[**key] != source[**key]);
    Ok(differs.map(|key| {
        format!(
            "Grafana's data source {name:?} has the {key} {}, not {}; it stays as it is",
            found[*key], source[*key]
        )
    }))
}
