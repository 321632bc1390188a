//! Data sources and dashboards, once.

use super::client::{Grafana, GrafanaError};
use super::dashboard::{self, Dashboard};
use super::data_source;
use super::settings::GrafanaSettings;

/// Makes what is missing; what is worth saying. Doing it again changes nothing.
///
/// # Errors
/// [`GrafanaError`]; what was made before stays.
pub fn setup(settings: &GrafanaSettings) -> Result<Vec<String>, GrafanaError> {
    let grafana = Grafana::new(settings);
    let mut notes = Vec::new();
    let mut dashboards: Vec<Dashboard> = Vec::new();
    if let Some(influx) = &settings.influx {
        notes.extend(data_source::ensure(&grafana, &data_source::influx(influx))?);
        dashboards.extend([dashboard::MODEL_SERVING, dashboard::INFLUX]);
    }
    if let Some(url) = &settings.prometheus {
        notes.extend(data_source::ensure(&grafana, &data_source::prometheus(url))?);
        dashboards.push(dashboard::PROMETHEUS);
    }
    if dashboards.is_empty() {
        notes.push(
            "Grafana is left as it is: there is neither influx.url nor grafana.prometheus_url for it to show"
                .into(),
        );
    }
    let policy = settings.influx.as_ref().map(|influx| influx.retention_policy.as_str());
    for dashboard in dashboards {
        notes.extend(dashboard.ensure(&grafana, policy)?);
    }
    Ok(notes)
}
