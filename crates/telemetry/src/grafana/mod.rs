//! Data sources and dashboards in Grafana: posted when missing, renewed only while nobody has changed them.
//!
//! | file | what it holds |
//! |---|---|
//! | [`settings`] | [`GrafanaSettings`]: where, who asks, which data sources |
//! | [`client`] | [`Grafana`]: requests and what their answers mean |
//! | [`data_source`] | the data sources |
//! | [`dashboard`] | [`Dashboard`]: the dashboards of the folder `dashboards/`, and whose they are |
//! | [`setup`](mod@setup) | all of it, once |
//!
//! The same files serve for provisioning by file. The interface: <https://grafana.com/docs/grafana/latest/developers/http_api/>.

pub mod client;
pub mod dashboard;
pub mod data_source;
pub mod settings;
pub mod setup;

pub use client::{Grafana, GrafanaError};
pub use dashboard::Dashboard;
pub use settings::{GrafanaAccess, GrafanaSettings};
pub use setup::setup;
