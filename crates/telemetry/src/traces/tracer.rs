//! Makes spans of events.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{
    Span, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt, Tracer as _, TracerProvider,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider,
};

use super::client::{Client, Counts, TracesNote};
use super::settings::{TracesError, TracesSettings};
use crate::event::Event;

/// Most spans that wait.
const QUEUE: usize = 2048;
/// Spans of a request.
const BATCH: usize = 512;
/// How long a span waits for others.
const LINGER: Duration = Duration::from_millis(500);
/// How long one batch of spans may take to be sent, tries again included.
const PATIENCE: Duration = Duration::from_secs(10);
/// Installs whose cut-overs may still come.
const INSTALLS: usize = 32;

/// An install whose partitions cut over one by one.
struct Install {
    control_offset: i64,
    model: String,
    ended: SystemTime,
    span: SpanContext,
}

/// Makes spans of events and hands them over to be sent. Every call is short and waits for nothing.
pub struct Tracer {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    counts: Arc<Counts>,
    one_in: u64,
    batches: AtomicU64,
    commits: AtomicU64,
    installs: Mutex<VecDeque<Install>>,
}

impl Tracer {
    /// Starts the thread that sends; does not wait for the collector. `tell` is called on that thread.
    ///
    /// # Errors
    /// [`TracesError`] for an address or a header that cannot be used.
    pub fn start(
        settings: &TracesSettings,
        tell: impl Fn(TracesNote) + Send + Sync + 'static,
    ) -> Result<Self, TracesError> {
        let endpoint = settings.endpoint()?;
        for (name, value) in &settings.headers {
            check_header(name, value)?;
        }
        let counts = Arc::new(Counts::default());
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpJson)
            .with_endpoint(endpoint)
            .with_timeout(PATIENCE)
            .with_headers(settings.headers.clone().into_iter().collect())
            .with_http_client(Client::new(Arc::clone(&counts), tell))
            .build()
            .map_err(|error| TracesError::Sdk(error.to_string()))?;
        let config = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(LINGER)
            .build();
        let resource = Resource::builder_empty()
            .with_attributes([
                KeyValue::new("service.name", settings.service.clone()),
                KeyValue::new("service.instance.id", settings.instance.clone()),
                KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            ])
            .build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(config).build())
            .with_sampler(Sampler::AlwaysOn)
            .with_resource(resource)
            .build();
        Ok(Self {
            tracer: provider.tracer("scorewheel"),
            provider,
            counts,
            one_in: u64::from(settings.one_in.max(1)),
            batches: AtomicU64::new(0),
            commits: AtomicU64::new(0),
            installs: Mutex::default(),
        })
    }

    /// Makes a span of an event, if the event is of those that make one.
    pub fn record(&self, event: &Event) {
        match event {
            Event::Installed { model, version, control_offset, took, .. } => {
                self.installed(model, version, *control_offset, *took);
            }
            Event::Rejected { control_offset, model, kind, reason } => {
                let attributes = vec![
                    KeyValue::new("scorewheel.model", model.clone().unwrap_or_default()),
                    KeyValue::new("scorewheel.control_offset", *control_offset),
                    KeyValue::new("error.type", kind.clone()),
                ];
                let mut span = self.span("install model", SystemTime::now(), attributes, &Context::new());
                span.set_status(Status::error(reason.clone()));
                span.end();
            }
            Event::CutOver { partition, offset, control_offset } => {
                self.cut_over(partition, *offset, *control_offset);
            }
            Event::BatchScored { rows, took } if self.is_one(&self.batches) => {
                let rows = i64::try_from(*rows).unwrap_or(i64::MAX);
                self.ended("score batch", *took, vec![KeyValue::new("scorewheel.records", rows)]);
            }
            Event::Committed { took, .. } if self.is_one(&self.commits) => {
                self.ended("commit", *took, Vec::new());
            }
            _ => {}
        }
    }

    /// Requests that the collector took, and requests that failed, so far.
    #[must_use]
    pub fn requests(&self) -> (u64, u64) {
        (self.counts.sent.load(Ordering::Relaxed), self.counts.failed.load(Ordering::Relaxed))
    }

    /// Sends what waits, as far as that is done within `patience`, and ends.
    pub fn stop(&self, patience: Duration) {
        // What could not be sent was told.
        let _ = self.provider.shutdown_with_timeout(patience);
    }

    fn is_one(&self, counter: &AtomicU64) -> bool {
        counter.fetch_add(1, Ordering::Relaxed).is_multiple_of(self.one_in)
    }

    fn span(
        &self,
        name: &'static str,
        start: SystemTime,
        attributes: Vec<KeyValue>,
        parent: &Context,
    ) -> opentelemetry_sdk::trace::Span {
        let builder = SpanBuilder::from_name(name)
            .with_kind(SpanKind::Internal)
            .with_start_time(start)
            .with_attributes(attributes);
        self.tracer.build_with_context(builder, parent)
    }

    /// A span that has just ended.
    fn ended(&self, name: &'static str, took: Duration, attributes: Vec<KeyValue>) {
        let end = SystemTime::now();
        self.span(name, before(end, took), attributes, &Context::new()).end_with_timestamp(end);
    }

    fn installed(&self, model: &str, version: &str, control_offset: i64, took: Duration) {
        let ended = SystemTime::now();
        let attributes = vec![
            KeyValue::new("scorewheel.model", model.to_owned()),
            KeyValue::new("scorewheel.model.version", version.to_owned()),
            KeyValue::new("scorewheel.control_offset", control_offset),
        ];
        let mut span = self.span("install model", before(ended, took), attributes, &Context::new());
        let context = span.span_context().clone();
        span.end_with_timestamp(ended);
        let mut installs = self.installs.lock().unwrap_or_else(PoisonError::into_inner);
        if installs.len() == INSTALLS {
            installs.pop_front();
        }
        installs.push_back(Install { control_offset, model: model.to_owned(), ended, span: context });
    }

    fn cut_over(&self, partition: &str, offset: i64, control_offset: i64) {
        let end = SystemTime::now();
        let mut attributes = vec![
            KeyValue::new("scorewheel.partition", partition.to_owned()),
            KeyValue::new("scorewheel.offset", offset),
            KeyValue::new("scorewheel.control_offset", control_offset),
        ];
        let (start, parent) = {
            let installs = self.installs.lock().unwrap_or_else(PoisonError::into_inner);
            match installs.iter().rev().find(|install| install.control_offset == control_offset) {
                Some(install) => {
                    attributes.push(KeyValue::new("scorewheel.model", install.model.clone()));
                    (install.ended, Context::new().with_remote_span_context(install.span.clone()))
                }
                // A revision that was restored, or made by the removal of a model.
                None => (end, Context::new()),
            }
        };
        self.span("cut over", start.min(end), attributes, &parent).end_with_timestamp(end);
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracer").finish_non_exhaustive()
    }
}

fn before(end: SystemTime, took: Duration) -> SystemTime {
    end.checked_sub(took).unwrap_or(end)
}

fn check_header(name: &str, value: &str) -> Result<(), TracesError> {
    let wrong = |reason: &str| TracesError::Header { name: name.to_owned(), reason: reason.to_owned() };
    ureq::http::HeaderName::try_from(name).map_err(|_| wrong("is no name of a header"))?;
    ureq::http::HeaderValue::try_from(value).map_err(|_| wrong("its value cannot be sent"))?;
    Ok(())
}
