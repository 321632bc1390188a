//! Sets Grafana up at start, beside everything else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use scorewheel_telemetry::grafana::{GrafanaAccess, GrafanaSettings, setup};
use scorewheel_telemetry::{Event, Telemetry};

use super::influx;
use crate::config::Config;
use crate::exit_code::Failure;

/// First pause after a failure that passes; each further one is twice as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Makes data sources and dashboards, on a thread that ends when they are there, or cannot be.
///
/// # Errors
/// If the system refuses the thread.
pub fn set_up(
    config: &Config,
    telemetry: &Arc<Telemetry>,
    stopping: &Arc<AtomicBool>,
) -> Result<(), Failure> {
    let Some(settings) = settings(config) else { return Ok(()) };
    let (telemetry, stopping) = (Arc::clone(telemetry), Arc::clone(stopping));
    let work = move || {
        let stops = || stopping.load(Ordering::Acquire);
        let mut pause = FIRST_PAUSE;
        while !stops() {
            match setup(&settings) {
                Ok(notes) => {
                    notes.into_iter().for_each(|note| telemetry.record(&Event::Grafana { note }));
                    return;
                }
                Err(error) => {
                    let again = error.passes();
                    // What passes is told once.
                    if !again || pause == FIRST_PAUSE {
                        telemetry.record(&Event::GrafanaFailed { reason: error.to_string(), again });
                    }
                    if !again {
                        return;
                    }
                }
            }
            super::instance::wait_until(pause, stops);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    };
    std::thread::Builder::new()
        .name("grafana".into())
        .spawn(work)
        .map(|_| ())
        .map_err(|error| Failure::run_time(format!("the system refuses a thread: {error}")))
}

fn settings(config: &Config) -> Option<GrafanaSettings> {
    let grafana = &config.grafana;
    let access = match &grafana.token {
        Some(token) => GrafanaAccess::Token(token.0.clone()),
        None => {
            let password = grafana.password.as_ref().map_or("admin", |password| &password.0);
            GrafanaAccess::User(grafana.user.clone(), password.to_owned())
        }
    };
    let influx_url = config.influx_url().map(|url| grafana.influx_url.clone().unwrap_or(url));
    Some(GrafanaSettings {
        url: config.grafana_url()?,
        access,
        influx: influx_url.map(|url| influx::settings(config, &url)),
        prometheus: grafana.prometheus_url.clone(),
    })
}
