//! Version 2 against its documented interface.

use scorewheel_telemetry::InfluxSettings;
use scorewheel_telemetry::influx::{Access, SenderNote, Thinning};

use crate::doubles::{Double, Request};
use crate::{Running, wait_until};

fn settings(url: &str) -> InfluxSettings {
    let access =
        Access::V2 { organization: "ours & theirs".into(), bucket: "serving".into(), token: "secret".into() };
    InfluxSettings { access, details: true, thinning: Thinning::Every, ..InfluxSettings::at(url) }
}

/// Answers as the documentation of version 2 says; the bucket is there once it was made.
fn documented(request: &Request, bucket_is_there: bool) -> (u16, String) {
    if request.header("authorization") != "Token secret" {
        return (401, "{\"code\":\"unauthorized\",\"message\":\"unauthorized access\"}".into());
    }
    let path = request.line.split(' ').nth(1).unwrap();
    match (request.line.split(' ').next().unwrap(), path.split('?').next().unwrap()) {
        ("GET", "/api/v2/buckets") if bucket_is_there => {
            (200, "{\"buckets\":[{\"id\":\"b1\",\"name\":\"serving\"}]}".into())
        }
        // Every bucket has a name of its own making; one that was made by hand is as `bucket_is_there`.
        ("GET", "/api/v2/dbrps") if bucket_is_there => {
            (200, "{\"content\":[{\"database\":\"serving\",\"retention_policy\":\"default\"}]}".into())
        }
        ("GET", "/api/v2/dbrps") => (
            200,
            "{\"content\":[{\"database\":\"serving\",\"retention_policy\":\"autogen\",\"virtual\":true}]}"
                .into(),
        ),
        ("POST", "/api/v2/dbrps") => (201, "{\"id\":\"d1\"}".into()),
        ("GET", "/api/v2/buckets") => {
            (404, "{\"code\":\"not found\",\"message\":\"bucket \\\"serving\\\" not found\"}".into())
        }
        ("GET", "/api/v2/orgs") => (200, "{\"orgs\":[{\"id\":\"o1\",\"name\":\"ours & theirs\"}]}".into()),
        ("POST", "/api/v2/buckets") => (201, "{\"id\":\"b1\"}".into()),
        ("POST", "/api/v2/write") => (204, String::new()),
        _ => (404, "{\"code\":\"not found\",\"message\":\"path not found\"}".into()),
    }
}

#[test]
fn a_missing_bucket_is_made_and_points_are_written() {
    let server = Double::start(|request| documented(request, false));
    let mut running = Running::start(settings(&server.url));
    assert_eq!(
        running.note(),
        SenderNote::Prepared("InfluxDB's bucket \"serving\" was made; it keeps points for one day".into())
    );
    let SenderNote::Prepared(mapped) = running.note() else { panic!("no name for InfluxQL") };
    assert!(mapped.contains("\"serving\"") && mapped.contains("\"default\""), "{mapped}");
    let mut collector = running.collector();
    collector.score("wine", "7", Some(6.0), 1_500_000);
    collector.committed(1_700_000_000_000_000_000);
    wait_until("the point is written", || running.queue.counts().written == 1);
    running.close();
    let requests = server.requests();
    let made = requests.iter().find(|request| request.line.starts_with("POST /api/v2/buckets")).unwrap();
    let made: serde_json::Value = serde_json::from_str(&made.body).unwrap();
    assert_eq!(made["orgID"], "o1");
    assert_eq!(made["retentionRules"][0]["everySeconds"], 86_400);
    let mapped = requests.iter().find(|request| request.line.starts_with("POST /api/v2/dbrps")).unwrap();
    let mapped: serde_json::Value = serde_json::from_str(&mapped.body).unwrap();
    assert_eq!((&mapped["bucketID"], &mapped["org"]), (&"b1".into(), &"ours & theirs".into()));
    assert_eq!((&mapped["database"], &mapped["retention_policy"]), (&"serving".into(), &"default".into()));
    let written = requests.last().unwrap();
    assert_eq!(
        written.line,
        "POST /api/v2/write?org=ours%20%26%20theirs&bucket=serving&precision=ns HTTP/1.1"
    );
    assert_eq!(written.header("content-encoding"), "gzip");
    assert_eq!(
        written.body,
        "serving,engine=Kafka\\ Streams,model=wine,outcome=result,partition=0,version=7 \
         calculated=6.0,duration=1i,duration_ns=1500000i 1700000000000000000\n"
    );
}

#[test]
fn a_bucket_that_is_there_is_left_alone() {
    let server = Double::start(|request| documented(request, true));
    let mut running = Running::start(settings(&server.url));
    let mut collector = running.collector();
    collector.score("wine", "7", Some(6.0), 1);
    collector.committed(1);
    wait_until("the point is written", || running.queue.counts().written == 1);
    running.close();
    assert!(server.requests().iter().all(|request| !request.line.starts_with("POST /api/v2/buckets")));
    assert!(server.requests().iter().all(|request| !request.line.starts_with("POST /api/v2/dbrps")));
}

#[test]
fn who_may_only_write_writes() {
    let server = Double::start(|request| match request.line.starts_with("POST /api/v2/write") {
        true => (204, String::new()),
        false => (403, "{\"code\":\"forbidden\",\"message\":\"insufficient permissions\"}".into()),
    });
    let mut running = Running::start(settings(&server.url));
    let SenderNote::Prepared(said) = running.note() else { panic!("it does not go on") };
    assert!(said.contains("insufficient permissions") && said.contains("all the same"), "{said}");
    let mut collector = running.collector();
    collector.score("wine", "7", Some(6.0), 1);
    collector.committed(1);
    wait_until("the point is written", || running.queue.counts().written == 1);
    running.close();
    assert!(running.notes.try_recv().is_err(), "it is said once");
}

#[test]
fn a_wrong_token_is_said_once_and_loses_no_point_that_fits() {
    let server = Double::start(|request| documented(request, true));
    let access = Access::V2 { organization: "o".into(), bucket: "b".into(), token: "wrong".into() };
    let mut running = Running::start(InfluxSettings { access, ..settings(&server.url) });
    let SenderNote::Failing(said) = running.note() else { panic!("it does not fail") };
    assert!(said.contains("influx.token") && said.contains("unauthorized access"), "{said}");
    let mut collector = running.collector();
    collector.score("wine", "7", Some(6.0), 1);
    collector.committed(1);
    wait_until("it has tried again", || server.requests().len() > 2);
    assert_eq!(running.queue.counts().dropped, 0);
    running.close();
    assert!(running.notes.try_recv().is_err(), "it is said once");
}
