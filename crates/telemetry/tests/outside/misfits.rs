//! Wrong addresses, credentials, other servers: each is told, and nobody waits for it.

use scorewheel_telemetry::InfluxSettings;
use scorewheel_telemetry::influx::{InfluxError, SenderNote, Server, Thinning};

use crate::doubles::Double;
use crate::{Running, wait_until};

fn prepared(status: u16, body: &'static str) -> InfluxError {
    let server = Double::start(move |_| (status, body.into()));
    Server::new(&InfluxSettings::at(&server.url)).unwrap().prepare().unwrap_err()
}

#[test]
fn a_page_instead_of_json_is_no_influx() {
    let page = "<!doctype html><title>Welcome</title>";
    assert!(matches!(prepared(200, page), InfluxError::NotInflux { answer, .. } if answer == page));
    assert!(matches!(prepared(404, page), InfluxError::NotInflux { .. }));
    assert!(matches!(prepared(302, ""), InfluxError::NotInflux { status: 302, .. }));
    assert!(matches!(prepared(200, "{\"ok\":true}"), InfluxError::NotInflux { .. }));
}

#[test]
fn wrong_credentials_name_the_settings() {
    let error = prepared(401, "{\"error\":\"authorization failed\"}");
    let said = error.to_string();
    assert!(said.contains("influx.user") && said.contains("authorization failed"), "{said}");
}

#[test]
fn nobody_at_the_address() {
    let settings = InfluxSettings::at("http://127.0.0.1:9");
    let error = Server::new(&settings).unwrap().prepare().unwrap_err();
    assert!(matches!(error, InfluxError::Unreachable { .. }), "{error}");
}

#[test]
fn refused_points_are_counted_and_the_next_ones_are_written() {
    let server = Double::start(|request| match () {
        () if request.line.contains("/query") => {
            let body = r#"{"results":[{"series":[{"values":[["serving"],["default","24h0m0s"]]}]}]}"#;
            (200, body.into())
        }
        () if request.body.contains("model=bad") => {
            (400, "{\"error\":\"partial write: field type conflict\"}".into())
        }
        () => (204, String::new()),
    });
    let settings = InfluxSettings { thinning: Thinning::Every, batch: 1, ..InfluxSettings::at(&server.url) };
    let mut running = Running::start(settings);
    let mut collector = running.collector();
    for model in ["bad", "good"] {
        collector.score(model, "1", Some(1.0), 1);
    }
    collector.committed(1);
    wait_until("both have an end", || running.queue.counts().written == 1);
    assert_eq!(running.queue.counts().refused, 1);
    let reason = "partial write: field type conflict".to_owned();
    assert_eq!(running.note(), SenderNote::Refused { points: 1, reason });
    running.close();
}
