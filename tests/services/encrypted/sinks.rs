//! Points and traces over HTTPS. The system's authorities are those of `SSL_CERT_FILE`, which is read from the environment: each
//! test is done by a process of its own, this program called anew.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::channel;
use std::time::Duration;

use scorewheel_telemetry::influx::{Access, SenderNote, Thinning};
use scorewheel_telemetry::traces::{Tracer, TracesNote, TracesSettings};
use scorewheel_telemetry::{Event, InfluxSettings};

use super::authority::Authority;
use super::server::Server;
use crate::running::Running;
use crate::wait_until;

/// Where the process that sends is told to send to.
const ADDRESS: &str = "SCOREWHEEL_TEST_HTTPS";
/// What it is to see: `trusted` or `refused`.
const OUTCOME: &str = "SCOREWHEEL_TEST_OUTCOME";
const PATIENCE: Duration = Duration::from_secs(20);

/// The address and whether it is trusted, in the process that sends.
fn told() -> Option<(String, bool)> {
    Some((std::env::var(ADDRESS).ok()?, std::env::var(OUTCOME).ok()? == "trusted"))
}

/// Does the test of this name in a process that trusts `authority` alone.
fn in_a_process(test: &str, server: &Server, authority: &Path, outcome: &str) {
    let mut process = Command::new(std::env::current_exe().unwrap());
    process.args([&format!("encrypted::sinks::{test}"), "--exact", "--nocapture"]);
    process.env("SSL_CERT_FILE", authority).env("SSL_CERT_DIR", "/nowhere");
    process.env(ADDRESS, server.url()).env(OUTCOME, outcome);
    let output = process.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A server of one authority, and the test `name` done by who trusts it and by who trusts another; the request lines.
fn as_it_is_trusted(name: &str, answer: fn(&str) -> (u16, Vec<u8>)) -> Vec<String> {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let server = Server::start(&authority.certify("IP:127.0.0.1"), answer);
    in_a_process(name, &server, &stranger.file(), "refused");
    assert!(server.lines().is_empty());
    in_a_process(name, &server, &authority.file(), "trusted");
    server.lines()
}

#[test]
fn points_go_to_an_influxdb_whose_certificate_is_trusted() {
    let Some((url, trusted)) = told() else {
        // As the documentation of version 2 says; the bucket is there.
        let lines = as_it_is_trusted("points_go_to_an_influxdb_whose_certificate_is_trusted", |line| {
            match line.starts_with("POST /api/v2/write?") {
                true => (204, Vec::new()),
                false => (200, br#"{"buckets":[{"id":"b1","name":"serving"}]}"#.to_vec()),
            }
        });
        assert!(lines.iter().any(|line| line.starts_with("POST /api/v2/write?")), "{lines:?}");
        return;
    };
    let access = Access::V2 { organization: "ours".into(), bucket: "serving".into(), token: "t".into() };
    let mut running =
        Running::start(InfluxSettings { access, thinning: Thinning::Every, ..InfluxSettings::at(&url) });
    let mut collector = running.collector();
    collector.score("wine", "1", Some(1.0), 1);
    collector.committed(0);
    if trusted {
        wait_until("it is written", || running.queue.counts().written == 1);
    } else {
        let SenderNote::Failing(reason) = running.note() else { panic!("it does not fail") };
        assert!(reason.contains("certificate"), "{reason}");
        assert_eq!(running.queue.counts().written, 0);
    }
    running.close();
}

#[test]
fn traces_go_to_a_collector_whose_certificate_is_trusted() {
    let Some((url, trusted)) = told() else {
        let lines = as_it_is_trusted("traces_go_to_a_collector_whose_certificate_is_trusted", |_| {
            (200, b"{}".to_vec())
        });
        assert_eq!(lines, ["POST /v1/traces HTTP/1.1"]);
        return;
    };
    let settings = TracesSettings {
        url,
        headers: BTreeMap::new(),
        service: "wine".into(),
        instance: "here".into(),
        one_in: 1,
    };
    let (send, notes) = channel();
    let tracer = Tracer::start(&settings, move |note| {
        // Nobody listens any more once the test is over.
        let _ = send.send(note);
    })
    .unwrap();
    tracer.record(&Event::BatchScored { rows: 1, took: Duration::from_micros(5) });
    if trusted {
        tracer.stop(PATIENCE);
        assert!(notes.try_recv().is_err(), "it is told of no failure");
    } else {
        let TracesNote::Failing(reason) = notes.recv_timeout(PATIENCE).unwrap() else { panic!("it works") };
        assert!(reason.contains("certificate"), "{reason}");
    }
}
