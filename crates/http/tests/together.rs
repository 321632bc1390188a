//! The page of one instance of several, over real loopback HTTP: sums, captions, whoever gives no state, and links.
#![expect(clippy::unwrap_used, reason = "helpers of tests outside of test functions")]

mod fake;

use std::io::BufRead;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use scorewheel_http::cluster::Members;
use scorewheel_http::{Drops, Latency, ModelDrift, ScoreDistribution, Task};
use serde_json::Value;

use fake::Live;
use fake::instances::{
    Instance, announcement, snapshot, start, start_showing, start_watching, stranger, task,
};

/// One with a latency and a distribution of scores, which only it can tell, and drift over so many rows.
fn start_page(name: &str, tasks: Vec<Task>, rows: u64) -> Instance {
    let drift = ModelDrift { data_type: "wine".into(), name: "forest".into(), rows, ..ModelDrift::default() };
    let scores = ScoreDistribution { name: "forest".into(), count: 5, ..ScoreDistribution::default() };
    let live = Live {
        latency: Latency { count: 1, median_ns: 5_000_000, p99_ns: 9_000_000, max_ns: 9_000_000 },
        scores: vec![scores],
        drift: Some(vec![drift]),
        ..Live::default()
    };
    start_showing(name, snapshot(tasks), 3, live)
}

fn unbound() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// The part of a page between two texts.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = page.split_once(from).unwrap_or_else(|| panic!("{from:?} is not in {page}"));
    rest.split_once(to).unwrap_or_else(|| panic!("{to:?} is not after {from:?} in {page}")).0
}

#[test]
fn the_page_of_one_is_of_all_instances_and_says_what_is_only_its_own() {
    let one = Task { lag: Some(3), ..task(0, 10) };
    let two = Task { lag: Some(4), records: 11, dead_letters: 4, drops: Drops { no_model: 2 }, ..task(1, 5) };
    let three = Task { lag: Some(5), ..task(2, 1) };
    let a = start_page("a", vec![one], 30);
    let b = start_page("b", vec![two], 4);
    let c = start_page("c", vec![three], 6);
    a.knows(vec![announcement("b", b.address, &[1]), announcement("c", c.address, &[2])]);

    let page = a.page();
    let glance = between(&page, "<h2 id=\"glance\"", "</section>");
    for part in [
        "<dt>results</dt><dd>16</dd><dd class=\"beside\">of 22 records",
        "<dt>dead letters</dt><dd>4</dd>",
        "2 dropped",
        "<dt>lag</dt><dd>12</dd><dd class=\"beside\">in all partitions, all accounted for",
        "p99</abbr> of this instance</dt>",
    ] {
        assert!(glance.contains(part), "{part:?} is not in {glance}");
    }
    assert!(page.contains("3 instances, asked by <bdi>a</bdi>"), "{page}");
    assert!(!page.contains("incomplete") && !page.contains("Not all is counted"), "{page}");
    let scores = between(&page, "<h2 id=\"scores\"", "</section>");
    assert!(scores.contains("Scores of this instance since it began."), "{scores}");
    let drift = between(&page, "<h2 id=\"drift\"", "</section>");
    assert!(drift.contains("Counts of all instances.</p>"), "{drift}");
    let instances = between(&page, "<h2 id=\"partitions\"", "</section>");
    for part in ["in-0", "in-1", "in-2", "<bdi>a</bdi> <span class=\"quiet\">this one", "href=\"v1/cluster\""]
    {
        assert!(instances.contains(part), "{part:?} is not in {instances}");
    }
    assert!(page.contains("committed on all instances;"), "{page}");

    let (_, _, live) = a.ask("/v1/live");
    assert_eq!((&live["totals"]["results"], &live["totals"]["deadLetters"]), (&16.into(), &4.into()));
    assert_eq!((&live["totals"]["lag"], &live["totals"]["drops"]), (&12.into(), &2.into()));
    let rows = live["cluster"]["instances"].as_array().unwrap();
    let told: Vec<_> =
        rows.iter().map(|row| (&row["instance"], &row["lag"], &row["partitions"][0])).collect();
    let (names, lags) = ([Value::from("a"), "b".into(), "c".into()], [Value::from(3), 4.into(), 5.into()]);
    let partitions = [Value::from(0), 1.into(), 2.into()];
    let expected: Vec<_> = (0..3).map(|at| (&names[at], &lags[at], &partitions[at])).collect();
    assert_eq!(told, expected);
    let owners: Vec<_> =
        live["partitions"].as_array().unwrap().iter().map(|row| row["instance"].clone()).collect();
    assert_eq!(owners, ["a", "b", "c"]);
    // What the model has done is summed too.
    assert_eq!(live["models"][0]["statistics"]["invocations"], 16);
}

#[test]
fn whoever_gives_no_state_is_on_the_page_with_the_reason_and_sums_are_marked() {
    let a = start_page("a", vec![task(0, 10)], 30);
    a.knows(vec![announcement("paused", stranger(None), &[1]), announcement("killed", unbound(), &[2])]);
    let page = a.page();
    let glance = between(&page, "<h2 id=\"glance\"", "</section>");
    for figure in ["records / s", "results", "dead letters", "lag"] {
        let marked = format!("<dt>{figure} <strong class=\"trouble\">incomplete</strong></dt>");
        assert!(glance.contains(&marked), "{marked:?} is not in {glance}");
    }
    for part in [
        "Not all is counted: partition in-1: instance paused had it last: it did not answer within 1500 ms",
        "partition in-2: instance killed had it last: it cannot be reached",
        "in 1 of 3 partitions",
    ] {
        assert!(glance.contains(part), "{part:?} is not in {glance}");
    }
    let instances = between(&page, "<h2 id=\"partitions\"", "</section>");
    for part in [
        "<bdi>paused</bdi></th><td class=\"reason\"><strong class=\"trouble\">paused or slow</strong>: it did not answer",
        "<bdi>killed</bdi></th><td class=\"reason\"><strong class=\"trouble\">unreachable</strong>: it cannot be reached",
    ] {
        assert!(instances.contains(part), "{part:?} is not in {instances}");
    }
    let drift = between(&page, "<h2 id=\"drift\"", "</section>");
    assert!(drift.contains("Counts of all instances but <bdi>paused</bdi>: it did not answer"), "{drift}");
    let (_, _, live) = a.ask("/v1/live");
    assert_eq!((&live["cluster"]["complete"], &live["totals"]["results"]), (&false.into(), &10.into()));
}

#[test]
fn rates_are_of_all_instances() {
    let a = start("a", snapshot(vec![task(0, 10)]), 2);
    let b = start("b", snapshot(vec![task(1, 5)]), 2);
    a.knows(vec![announcement("b", b.address, &[1])]);
    let mut frames = a.running.ask("/v1/events");
    let mut next = || loop {
        let mut line = String::new();
        assert!(frames.read_line(&mut line).unwrap() > 0, "the events end");
        if let Some(data) = line.strip_prefix("data: ") {
            return serde_json::from_str::<Value>(data).unwrap();
        }
    };
    assert_eq!(next()["cluster"]["rates"], Value::Array(Vec::new()));
    // Only the other one goes on.
    b.fake.set(snapshot(vec![task(1, 12)]));
    // The fake's clock stands still, which counts as a millisecond.
    let seen = (0..10).map(|_| next()).find(|frame| {
        frame["cluster"]["rates"].as_array().unwrap().iter().any(|rate| rate["recordsPerSecond"] == 7000.0)
    });
    let seen = seen.unwrap();
    assert_eq!(seen["totals"]["results"], 22);
    // This instance's own seconds have none of it.
    let own = seen["seconds"].as_array().unwrap();
    assert!(own.iter().all(|second| second["recordsPerSecond"] == 0.0), "{own:?}");
}

#[test]
fn others_are_asked_only_while_somebody_looks_and_about_once_a_second() {
    let asked = Arc::new(AtomicUsize::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let counted = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            counted.fetch_add(1, Ordering::Relaxed);
            drop(stream);
        }
    });
    let a = start("a", snapshot(vec![task(0, 10)]), 1);
    a.knows(vec![announcement("b", address, &[])]);
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(asked.load(Ordering::Relaxed), 0, "nobody looks");
    for _ in 0..30 {
        a.page();
    }
    let once = asked.load(Ordering::Relaxed);
    assert!(once >= 1, "somebody looks");
    std::thread::sleep(Duration::from_millis(3000));
    let further = asked.load(Ordering::Relaxed) - once;
    // A refused question may be asked on a second connection.
    assert!((1..=8).contains(&further), "{further} questions in three seconds, {once} for thirty pages");
}

#[test]
fn an_instance_without_others_shows_itself_as_ever() {
    let alone = start_watching("alone", snapshot(vec![task(0, 10)]), 1, Some(30));
    let (_, _, live) = alone.ask("/v1/live");
    assert_eq!(live["cluster"], Value::Null);
    assert_eq!(live["partitions"][0]["instance"], Value::Null);
    let page = alone.page();
    for part in ["of this instance</dt>", "Scores of this instance", "asked by", "incomplete", "v1/cluster"] {
        assert!(!page.contains(part), "{part:?} is in {page}");
    }
    assert!(page.contains("in 1 partition, all accounted for"), "{page}");
    // It must not seem alone while nobody knows whether it is.
    let known = alone.members.0.lock().unwrap().clone();
    *alone.members.0.lock().unwrap() =
        Members { trouble: Some("the topic app-instances cannot be read".into()), ..known };
    std::thread::sleep(Duration::from_millis(3100));
    let page = alone.page();
    assert!(page.contains("Not all is counted: the topic app-instances cannot be read"), "{page}");
}

#[test]
fn every_link_of_the_page_leads_to_json_that_ends() {
    let a = start_page("a", vec![task(0, 10)], 30);
    let b = start_page("b", vec![task(1, 5), task(2, 1)], 4);
    a.knows(vec![announcement("b", b.address, &[1, 2])]);
    let page = a.page();
    let part = |id: &str| between(&page, &format!("<h2 id=\"{id}\""), "</section>");
    for id in ["results", "dead-letters"] {
        assert!(part(id).contains("href=\"v1/recent\""), "{}", part(id));
        assert!(!part(id).contains("v1/conservation"), "{}", part(id));
    }
    let links: Vec<&str> =
        page.split("<a href=\"").skip(1).map(|rest| rest.split_once('"').unwrap().0).collect();
    let json = links.iter().filter(|link| link.starts_with("v1") || link.starts_with("state"));
    let mut answered = 0;
    for link in json {
        let (status, head, _) = a.ask(&format!("/{link}"));
        assert_eq!(status, 200, "{link}");
        assert!(head.contains("content-type: application/json"), "{link}: {head}");
        answered += 1;
    }
    assert!(answered > 10, "{links:?}");
}
