//! Where Grafana is and what it gets.

use crate::influx::InfluxSettings;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrafanaAccess {
    /// A user with the right to edit, and the password.
    User(String, String),
    /// The token of a service account.
    Token(String),
}

/// Settings of the set-up.
#[derive(Clone, Debug, PartialEq)]
pub struct GrafanaSettings {
    /// `http://host:port`, or with a path if Grafana is served below one.
    pub url: String,
    /// Who asks.
    pub access: GrafanaAccess,
    /// The InfluxDB that points go to, if any: data source `serving` and the dashboards on it.
    pub influx: Option<InfluxSettings>,
    /// URL of a Prometheus that scrapes the instances, as Grafana sees it: data source `scorewheel-prometheus` and the
    /// dashboard on it.
    pub prometheus: Option<String>,
}
