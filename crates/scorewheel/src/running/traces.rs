//! Traces on their way to a collector.

use std::sync::Arc;
use std::time::Duration;

use scorewheel_telemetry::traces::{Tracer, TracesSettings};
use scorewheel_telemetry::{Event, Telemetry};

use crate::config::Config;
use crate::exit_code::{ExitCode, Failure};

/// How long the last spans may take when the instance ends.
const LINGER: Duration = Duration::from_secs(2);

/// The way to a collector of traces.
pub struct TracesFeed(Arc<Tracer>);

impl TracesFeed {
    /// Starts to send; `None` if no collector is configured. Does not wait for it.
    ///
    /// # Errors
    /// [`ExitCode::Configuration`] for an address or a header that cannot be used.
    pub fn start(config: &Config, telemetry: &Arc<Telemetry>, url: &str) -> Result<Option<Self>, Failure> {
        let Some(collector) = &config.traces.url else { return Ok(None) };
        let mut headers = config.traces.headers.clone();
        if let Some(authorization) = &config.traces.authorization {
            headers.insert("authorization".to_owned(), authorization.0.clone());
        }
        let settings = TracesSettings {
            url: collector.clone(),
            headers,
            service: config.application.id.clone(),
            instance: url.to_owned(),
            one_in: config.traces.one_in,
        };
        // The tracer is the telemetry's: the way back must not keep it alive.
        let told = Arc::downgrade(telemetry);
        let tell = move |note| {
            if let Some(telemetry) = told.upgrade() {
                telemetry.record(&Event::Traces(note));
            }
        };
        let tracer = Tracer::start(&settings, tell)
            .map_err(|error| Failure::new(ExitCode::Configuration, error.to_string()))?;
        let tracer = Arc::new(tracer);
        telemetry.trace(Arc::clone(&tracer));
        Ok(Some(Self(tracer)))
    }

    /// Sends what waits, as far as that is quickly done.
    pub fn stop(self) {
        self.0.stop(LINGER);
    }
}
