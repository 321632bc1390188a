//! The state of several instances, asked of one over real loopback HTTP: some killed, paused, slow, of another version,
//! or no instances at all; and partitions that move.
#![expect(clippy::unwrap_used, reason = "helpers of tests outside of test functions")]

mod fake;

use std::net::TcpListener;
use std::time::Duration;

use scorewheel_http::cluster::{API, Announcement, PeerAnswer};
use scorewheel_http::{Task, TaskState};

use fake::instances::{announcement, drips, snapshot, start, start_watching, stranger, task};
use serde_json::Value;

#[test]
fn any_instance_answers_for_all_with_counts_added_and_extremes_widened() {
    let a = start("a", snapshot(vec![task(0, 10)]), 3);
    let b = start("b", snapshot(vec![task(1, 5), task(2, 1)]), 3);
    a.knows(vec![announcement("b", b.address, &[1, 2])]);
    b.knows(vec![announcement("a", a.address, &[0])]);
    for instance in [&a, &b] {
        let (status, head, value) = instance.ask("/state/value");
        assert_eq!(status, 200, "{value}");
        assert!(head.contains("scorewheel-scope: cluster"), "{head}");
        assert_eq!((&value["invocations"], &value["duration"]), (&16.into(), &23.0.into()));
        assert_eq!((&value["min"], &value["max"], &value["since"]), (&1.into(), &3.into(), &998.into()));
        let (_, _, instances) = instance.ask("/state/instances/modelStore");
        assert_eq!(instances.as_array().unwrap().len(), 2);
        let (_, _, statistics) = instance.ask("/v1/statistics");
        assert_eq!(statistics["models"][0]["invocations"], 16);
        let partitions = statistics["coverage"]["partitions"].as_array().unwrap().clone();
        let told = |name: &str| partitions.iter().map(|one| one[name].clone()).collect::<Vec<_>>();
        assert_eq!(told("instance"), ["a", "b", "b"]);
        assert_eq!(told("offset"), [10, 5, 1]);
        assert_eq!(told("ageMs"), [7, 7, 7]);
        assert_eq!(partitions[0]["revision"]["controlOffset"], 4);
    }
    // One alone, by the scope that instances ask each other with: it is not passed on.
    let (_, head, value) = a.ask("/state/value?scope=instance");
    assert_eq!(value["invocations"], 10);
    assert!(head.contains("scorewheel-scope: instance"));
    let (status, _, error) = a.ask("/state/value?scope=world");
    assert_eq!((status, &error["error"]["kind"]), (400, &"bad_query".into()));
}

#[test]
fn whoever_gives_no_state_is_told_with_the_reason_and_its_partitions_are_missing() {
    let good = start("good", snapshot(vec![task(1, 5)]), 7);
    let killed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let html = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\nConnection: close\r\n\r\n<html></html>";
    let other =
        "HTTP/1.1 200 OK\r\nContent-Length: 24\r\nConnection: close\r\n\r\n{\"api\":2,\"new\":\"shape\"} ";
    let asked = start("asked", snapshot(vec![task(0, 10)]), 7);
    asked.knows(vec![
        announcement("good", good.address, &[1]),
        announcement("killed", killed, &[2]),
        announcement("paused", stranger(None), &[3]),
        announcement("slow", drips(), &[4]),
        announcement("newer", stranger(Some(other)), &[5]),
        announcement("garbage", stranger(Some(html)), &[6]),
        announcement("gone", good.address, &[]),
        Announcement { api: 9, ..announcement("newest", good.address, &[]) },
        announcement("noise", stranger(Some("\u{1}\u{2} no HTTP\r\n\r\n")), &[]),
    ]);
    let expected = [
        "answered",
        "unreachable",
        "timedOut",
        "timedOut",
        "otherVersion",
        "unreadable",
        "replaced",
        "otherVersion",
        "unreadable",
    ];
    assert_eq!(asked.states(), expected);
    // A sum without them would look like a whole one.
    for path in ["/state/value", "/state/modelStore/value", "/v1/statistics", "/v1/conservation"] {
        let (status, head, error) = asked.ask(path);
        assert_eq!((status, &error["error"]["kind"]), (503, &"incomplete".into()), "{path}");
        assert!(head.contains("retry-after"), "{head}");
        let message = error["error"]["message"].as_str().unwrap().to_owned();
        for part in ["in-2: instance killed had it last", "in-3: instance paused", "in-6: instance garbage"] {
            assert!(message.contains(part), "{message}");
        }
    }
    let (status, head, value) = asked.ask("/state/value?partial=true");
    assert_eq!((status, &value["invocations"]), (200, &15.into()));
    assert!(head.contains("scorewheel-missing: in-2,in-3,in-4,in-5,in-6"), "{head}");
    // Itself it always answers for.
    let (status, _, value) = asked.ask("/state/value?scope=instance");
    assert_eq!((status, &value["invocations"]), (200, &10.into()));
}

#[test]
fn while_a_partition_moves_the_state_that_has_come_further_counts_and_nobodys_is_missing() {
    let old = start("old", snapshot(vec![task(0, 10), task(1, 5)]), 2);
    let new = start("new", snapshot(vec![task(1, 8)]), 2);
    old.knows(vec![announcement("new", new.address, &[1])]);
    let (_, _, answer) = old.ask("/v1/statistics");
    assert_eq!(answer["models"][0]["invocations"], 18, "not counted twice");
    let moved = &answer["coverage"]["partitions"][1];
    assert_eq!((&moved["instance"], &moved["also"][0]), (&"new".into(), &"old".into()));

    // Between two owners nobody has it.
    let between = start("between", snapshot(vec![task(0, 10)]), 2);
    let (status, _, error) = between.ask("/state/value");
    assert_eq!((status, &error["error"]["kind"]), (503, &"incomplete".into()));
    assert!(error["error"]["message"].as_str().unwrap().contains("it is being moved"));

    // The new owner restores: a store half read back is no answer either, nor does it hide the old owner's.
    let half = Task { state: TaskState::Restoring { done: 1, total: 2 }, ..task(1, 99) };
    let restoring = start("restoring", snapshot(vec![half]), 2);
    restoring.knows(vec![announcement("between", between.address, &[0])]);
    let (status, _, error) = restoring.ask("/state/value");
    assert_eq!((status, &error["error"]["kind"]), (503, &"restoring".into()));
    restoring.knows(vec![announcement("old", old.address, &[0, 1])]);
    // The answer just given serves whoever asks within a moment.
    std::thread::sleep(Duration::from_millis(150));
    let (status, _, value) = restoring.ask("/state/value");
    assert_eq!((status, &value["invocations"]), (200, &15.into()));
}

#[test]
fn a_cluster_that_is_not_known_is_no_whole_one() {
    let alone = start("alone", snapshot(vec![task(0, 10)]), 1);
    assert_eq!(alone.ask("/state/value").0, 200);
    alone.members.0.lock().unwrap().trouble = Some("the topic app-instances cannot be read".into());
    std::thread::sleep(Duration::from_millis(150));
    let (status, _, error) = alone.ask("/state/value");
    assert_eq!((status, &error["error"]["kind"]), (503, &"incomplete".into()));
    assert!(error["error"]["message"].as_str().unwrap().contains("cannot be read"));
    let (_, _, answer) = alone.ask("/v1/instance");
    let read: PeerAnswer = serde_json::from_value(answer).unwrap();
    assert_eq!((read.api, read.instance.as_str(), read.snapshot.tasks.len()), (API, "alone", 1));
}

#[test]
fn what_instances_have_counted_of_inputs_and_scores_is_merged() {
    let a = start_watching("a", snapshot(vec![task(0, 10)]), 3, Some(30));
    let b = start_watching("b", snapshot(vec![task(1, 5)]), 3, Some(4));
    let off = start("off", snapshot(vec![task(2, 5)]), 3);
    a.knows(vec![announcement("b", b.address, &[1])]);
    for path in ["/v1/models/wine/forest/drift", "/v1/models/forest/drift"] {
        let (status, head, answer) = a.ask(path);
        assert_eq!((status, &answer["model"]["rows"]), (200, &34.into()), "{answer}");
        assert!(head.contains("scorewheel-scope: cluster"), "{head}");
        assert_eq!(answer["coverage"]["complete"], true);
        let states: Vec<_> = answer["coverage"]["instances"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["state"].clone())
            .collect();
        assert_eq!(states, ["answered", "answered"]);
    }
    let (_, _, alone) = a.ask("/v1/models/wine/forest/drift?scope=instance");
    assert_eq!((&alone["model"]["rows"], &alone["coverage"]), (&30.into(), &Value::Null));
    // Who gives nothing is told, and what the others have counted is still there.
    let garbage =
        stranger(Some("HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\n<html>no</html>"));
    let counts = format!(r#"{{"api":{API},"instance":"counts","application":"app","part":"rubbish"}}"#);
    let counts =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{counts}", counts.len());
    let rubbish = stranger(Some(Box::leak(counts.into_boxed_str())));
    let other =
        "HTTP/1.1 200 OK\r\nContent-Length: 24\r\nConnection: close\r\n\r\n{\"api\":2,\"new\":\"shape\"} ";
    a.knows(vec![
        announcement("b", b.address, &[1]),
        announcement("off", off.address, &[2]),
        announcement("garbage", garbage, &[]),
        announcement("counts", rubbish, &[]),
        announcement("another", b.address, &[]),
        announcement("newer", stranger(Some(other)), &[]),
    ]);
    let (status, head, answer) = a.ask("/v1/drift");
    assert_eq!((status, &answer["models"][0]["rows"]), (200, &34.into()), "{answer}");
    assert_eq!(answer["coverage"]["complete"], false);
    let instances = answer["coverage"]["instances"].as_array().unwrap();
    let states: Vec<_> = instances.iter().map(|one| one["state"].as_str().unwrap()).collect();
    let expected = ["answered", "answered", "off", "unreadable", "unreadable", "replaced", "otherVersion"];
    assert_eq!(states, expected, "{answer}");
    assert!(head.contains("scorewheel-missing: off,garbage,counts,another,newer"), "{head}");
    let (status, _, error) = off.ask("/v1/drift");
    assert_eq!((status, &error["error"]["kind"]), (404, &"drift_is_off".into()));
}

#[test]
fn an_instance_whose_announcement_cannot_be_read_is_missing_from_what_is_merged() {
    let a = start_watching("a", snapshot(vec![task(0, 10)]), 1, Some(30));
    let (_, _, answer) = a.ask("/v1/drift");
    assert_eq!(answer["coverage"]["complete"], true);
    a.members.0.lock().unwrap().unreadable = vec![("odd".into(), "no JSON".into())];
    let (status, head, answer) = a.ask("/v1/drift");
    assert_eq!((status, &answer["models"][0]["rows"]), (200, &30.into()), "{answer}");
    assert_eq!(answer["coverage"]["complete"], false);
    let odd = &answer["coverage"]["instances"][1];
    assert_eq!((&odd["instance"], &odd["state"]), (&"odd".into(), &"unreadable".into()));
    assert!(odd["reason"].as_str().unwrap().contains("no JSON"), "{odd}");
    assert!(head.contains("scorewheel-missing: odd"), "{head}");
}

#[test]
fn a_question_about_drift_that_makes_no_sense_is_answered_as_other_errors_are() {
    let a = start_watching("a", snapshot(vec![task(0, 10)]), 1, Some(30));
    let (status, _, error) = a.ask("/v1/instance/drift?name=one&name=another");
    assert_eq!((status, &error["error"]["kind"]), (400, &"invalid".into()), "{error}");
    let (status, _, answer) = a.ask("/v1/instance/drift?dataType=wine&name=forest");
    assert_eq!((status, &answer["part"]), (200, &30.into()), "{answer}");
    let (_, _, answer) = a.ask("/v1/instance/drift?dataType=wine&name=tree");
    assert_eq!(answer["part"], 0);
}
