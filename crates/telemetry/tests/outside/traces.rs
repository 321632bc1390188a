//! A collector of traces: what it gets, and that nobody waits for it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use scorewheel_telemetry::traces::{Tracer, TracesError, TracesNote, TracesSettings};
use scorewheel_telemetry::{Event, Exposition, Telemetry};
use serde_json::Value;

use crate::doubles::Double;
use crate::wait_until;

const PATIENCE: Duration = Duration::from_secs(20);

fn settings(url: &str) -> TracesSettings {
    TracesSettings {
        url: url.to_owned(),
        headers: BTreeMap::from([("authorization".to_owned(), "Bearer secret".to_owned())]),
        service: "wine".to_owned(),
        instance: "http://here:8888".to_owned(),
        one_in: 10,
    }
}

fn installed(control_offset: i64) -> Event {
    Event::Installed {
        model: "wine/tree".into(),
        version: "7".into(),
        control_offset,
        took: Duration::from_millis(40),
        notes: Vec::new(),
    }
}

fn cut_over(partition: &str, control_offset: i64) -> Event {
    Event::CutOver { partition: partition.into(), offset: 11, control_offset }
}

/// All spans of all requests, by name.
fn spans(collector: &Double) -> Vec<Value> {
    let mut all = Vec::new();
    for request in collector.requests() {
        let body: Value = serde_json::from_str(&request.body).unwrap();
        for resource in body["resourceSpans"].as_array().unwrap() {
            for scope in resource["scopeSpans"].as_array().unwrap() {
                all.extend(scope["spans"].as_array().unwrap().iter().cloned());
            }
        }
    }
    all
}

fn named<'a>(spans: &'a [Value], name: &str) -> Vec<&'a Value> {
    spans.iter().filter(|span| span["name"] == name).collect()
}

fn nanoseconds(span: &Value, member: &str) -> u64 {
    span[member].as_str().unwrap().parse().unwrap()
}

#[test]
fn a_models_trace_holds_its_install_and_each_cut_over() {
    let collector = Double::start(|_| (200, "{}".into()));
    let tracer = Tracer::start(&settings(&collector.url), |_| {}).unwrap();
    tracer.record(&installed(3));
    tracer.record(&installed(4));
    tracer.record(&cut_over("records-0", 3));
    tracer.record(&cut_over("records-1", 3));
    tracer.record(&cut_over("records-1", 2));
    tracer.stop(PATIENCE);
    let requests = collector.requests();
    assert_eq!(requests[0].line, "POST /v1/traces HTTP/1.1");
    assert_eq!(requests[0].header("content-type"), "application/json");
    assert_eq!(requests[0].header("authorization"), "Bearer secret");
    let said = &requests[0].body;
    assert!(said.contains("service.name") && said.contains("http://here:8888"), "{said}");
    let spans = spans(&collector);
    let installs = named(&spans, "install model");
    assert_eq!(installs.len(), 2);
    let took = nanoseconds(installs[0], "endTimeUnixNano") - nanoseconds(installs[0], "startTimeUnixNano");
    assert_eq!(took, 40_000_000);
    let cut_overs = named(&spans, "cut over");
    for cut_over in &cut_overs[..2] {
        assert_eq!(cut_over["traceId"], installs[0]["traceId"]);
        assert_eq!(cut_over["parentSpanId"], installs[0]["spanId"]);
        assert_eq!(cut_over["startTimeUnixNano"], installs[0]["endTimeUnixNano"]);
    }
    // Nobody saw the install of control offset 2.
    assert!(installs.iter().all(|install| install["traceId"] != cut_overs[2]["traceId"]));
}

#[test]
fn one_of_ten_batches_makes_a_span_and_a_refused_model_one_with_its_reason() {
    let collector = Double::start(|_| (200, "{}".into()));
    let tracer = Tracer::start(&settings(&collector.url), |_| {}).unwrap();
    for _ in 0..25 {
        tracer.record(&Event::BatchScored { rows: 100, took: Duration::from_micros(5) });
        tracer.record(&Event::Committed { took: Duration::from_millis(5), oldest: None });
    }
    let (kind, reason) = ("load".to_owned(), "no <Header>".to_owned());
    tracer.record(&Event::Rejected { control_offset: 9, model: None, kind, reason });
    tracer.stop(PATIENCE);
    let spans = spans(&collector);
    assert_eq!((named(&spans, "score batch").len(), named(&spans, "commit").len()), (3, 3));
    let refused = named(&spans, "install model");
    assert_eq!(refused[0]["status"]["message"], "no <Header>");
    assert_eq!(refused[0]["status"]["code"], 2);
}

#[test]
fn a_collector_that_fails_is_told_once_and_once_more_when_it_is_back() {
    let healthy = Arc::new(AtomicBool::new(false));
    let answers = Arc::clone(&healthy);
    let collector = Double::start(move |_| match answers.load(Ordering::Acquire) {
        true => (200, "{}".into()),
        false => (404, "<html>no such page</html>".into()),
    });
    let (send, notes) = channel();
    let tracer = Tracer::start(&settings(&collector.url), move |note| {
        // Nobody listens any more once the test is over.
        let _ = send.send(note);
    });
    let tracer = Arc::new(tracer.unwrap());
    let telemetry = Telemetry::new();
    telemetry.trace(Arc::clone(&tracer));
    telemetry.record(&installed(1));
    let TracesNote::Failing(reason) = notes.recv_timeout(PATIENCE).unwrap() else { panic!("it fails") };
    assert!(reason.contains("/v1/traces answers 404") && reason.contains("no such page"), "{reason}");
    telemetry.record(&installed(2));
    wait_until("a second failure", || tracer.requests().1 >= 2);
    healthy.store(true, Ordering::Release);
    telemetry.record(&installed(3));
    assert_eq!(notes.recv_timeout(PATIENCE).unwrap(), TracesNote::Recovered);
    let mut exposition = Exposition::new();
    telemetry.expose(&mut exposition);
    let text = exposition.render();
    assert!(text.contains("scorewheel_trace_requests_total{outcome=\"sent\"} 1"), "{text}");
    tracer.stop(PATIENCE);
    assert!(notes.try_recv().is_err(), "nothing else is told");
}

#[test]
fn nobody_at_the_address_costs_no_event_and_no_memory() {
    let tracer = Tracer::start(&settings("http://127.0.0.1:9"), |_| {}).unwrap();
    for control_offset in 0..20_000 {
        tracer.record(&installed(control_offset));
    }
    tracer.stop(Duration::from_millis(1));
    tracer.record(&installed(0));
}

#[test]
fn headers_that_cannot_be_sent_are_refused() {
    for (name, value) in [("a b", "x"), ("x-key", "a\nb")] {
        let headers = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let refused = Tracer::start(&TracesSettings { headers, ..settings("http://here:4318") }, |_| {});
        assert!(matches!(refused, Err(TracesError::Header { .. })), "{name}");
    }
}
