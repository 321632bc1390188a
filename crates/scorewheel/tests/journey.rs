//! Records in, models that replace one another, scores out: the binary as a user drives it, on embedded topics.
#![expect(clippy::unwrap_used, reason = "helpers of tests outside of test functions")]

mod process;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;

use process::{World, demo};
use serde_json::Value;

/// Produces `count` of the demonstration's records as fast as possible.
fn produce(world: &World, count: u64) {
    let (records, count) = (demo("records.csv"), count.to_string());
    let arguments =
        ["produce", &records, "--delimiter", ";", "--no-header", "--rate", "max", "-n", &count, "--loop"];
    assert!(world.say(&arguments).success().contains(&format!("produced {count} records to models_data")));
}

fn publish(world: &World, model: &str) {
    assert!(world.say(&["publish", &demo(model)]).success().contains("published wine/"));
}

/// Offsets of the input that have a result, partition by partition: each once.
fn answered(results: &[Value]) -> BTreeSet<(u64, u64)> {
    let mut answered = BTreeSet::new();
    for result in results {
        let lineage = &result["lineage"];
        let at = (lineage["partition"].as_u64().unwrap(), lineage["offset"].as_u64().unwrap());
        assert!(answered.insert(at), "{at:?} twice");
    }
    answered
}

#[test]
fn a_model_is_swapped_and_a_killed_process_goes_on_where_it_was() {
    let world = World::new();
    let run = world.run(&[]);
    assert!(
        run.log().starts_with("topics: embedded in ./scorewheel-data (no brokers are set)\n"),
        "{}",
        run.log()
    );
    let (status, readiness) = run.get("/readyz");
    assert_eq!(status, 503);
    let reasons = readiness["reasons"].to_string();
    assert!(reasons.contains("topics are missing: models_data, models_models"), "{reasons}");

    // Nobody scores before there is a model: counted, not silent.
    let set = ["--set", "topics.partitions=2"];
    let records = demo("records.csv");
    let first = ["produce", &records, "--delimiter", ";", "--no-header", "--rate", "max", "-n", "10"];
    world.say(&[&first[..], &set[..]].concat()).success();
    // The models topic comes with the first model, which is there from the start then.
    publish(&world, "models/1-linear.pmml");
    run.wait_ready();
    run.wait_records(10);
    produce(&world, 100);
    run.wait_records(110);
    publish(&world, "models/6-refused.pmml");
    publish(&world, "models/2-tree.pmml");
    process::wait_for("the tree", || {
        (run.get("/v1/revision").1["revision"]["controlOffset"] == 2
            || run.get("/v1/revision").1["controlOffset"] == 2)
            .then_some(())
    });
    produce(&world, 100);
    run.wait_records(210);
    let (status, value) = run.get("/state/value");
    assert_eq!((status, &value["name"], &value["invocations"]), (200, &"2-tree".into(), &100.into()));
    assert_eq!(run.get("/state/modelStore/value").0, 200);
    assert_eq!(run.get("/state/other/value").0, 404);
    run.kill();

    // Topics of a directory that nobody holds are read as well.
    let results = world.say(&["consume", "-e"]).lines();
    assert_eq!(answered(&results).len(), 210);
    let by = |model: &str| results.iter().filter(|result| result["lineage"]["model"] == model).count();
    assert_eq!((by("1-linear"), by("2-tree")), (110, 100));
    let rejections = world.say(&["consume", "rejections", "-e"]).lines();
    assert_eq!(rejections.len(), 1);
    assert!(rejections[0]["value"]["reason"].to_string().contains("price"), "{rejections:?}");

    let run = world.run(&[]);
    run.wait_ready();
    produce(&world, 50);
    run.wait_records(260);
    let (_, value) = run.get("/state/value");
    assert_eq!((&value["name"], &value["invocations"]), (&"2-tree".into(), &150.into()));
    run.terminate();
    let results = world.say(&["consume", "-e"]).lines();
    assert_eq!(answered(&results).len(), 260);
    let cutovers = world.say(&["consume", "cutovers", "-e"]).lines();
    assert_eq!(cutovers.len(), 4, "two partitions, two revisions: {cutovers:?}");
}

#[test]
fn every_store_scores_and_answers() {
    for (store, instances) in [("memory", 404), ("custom", 200)] {
        let world = World::new();
        publish(&world, "models/3-forest.pmml");
        produce(&world, 30);
        let run = world.run(&["--store", store]);
        run.wait_ready();
        run.wait_records(30);
        let (_, value) = run.get("/state/value");
        assert_eq!((&value["name"], &value["invocations"]), (&"3-forest".into(), &30.into()), "{store}");
        assert_eq!(run.get("/state/instances").0, instances, "{store}");
        run.terminate();
        assert_eq!(world.say(&["consume", "-e"]).lines().len(), 30, "{store}");
    }
}

#[test]
fn the_stage_scores_and_goes_on_from_its_checkpoint() {
    let world = World::new();
    publish(&world, "models/2-tree.pmml");
    produce(&world, 30);
    let arguments = ["--engine", "stage", "--set", "stage.checkpoint=checkpoint"];
    let run = world.run(&arguments);
    run.wait_ready();
    run.wait_records(30);
    let (_, statistics) = run.get("/stats");
    assert_eq!((&statistics["name"], &statistics["usage"]), (&"2-tree".into(), &30.into()));
    assert_eq!(run.get("/models").1["models"][0], "wine");
    let (_, cutovers) = run.get("/v1/cutovers");
    assert_eq!(cutovers["cutovers"][0]["offset"], 0, "{cutovers}");
    assert_eq!(run.get("/state/unknown").1["name"], "None");
    run.terminate();
    produce(&world, 12);
    let run = world.run(&arguments);
    run.wait_ready();
    run.wait_records(42);
    assert_eq!(run.get("/stats").1["usage"], 42);
    publish(&world, "models/6-refused.pmml");
    process::wait_for("the rejection on its topic", || {
        let rejections = world.say(&["consume", "rejections", "-e"]).lines();
        (rejections.len() == 1 && rejections[0]["value"]["reason"].to_string().contains("price"))
            .then_some(())
    });
    run.terminate();
    let results = world.say(&["consume", "-e"]).lines();
    assert_eq!(answered(&results).len(), 42);
    assert_eq!(world.say(&["consume", "cutovers", "-e"]).lines().len(), 1);
}

#[test]
fn status_says_where_it_stands_and_reset_begins_anew() {
    let world = World::new();
    publish(&world, "models/1-linear.pmml");
    produce(&world, 20);
    let run = world.run(&[]);
    run.wait_ready();
    run.wait_records(20);
    let said = world.say(&["status"]).success();
    assert!(said.contains(": ready") && said.contains("wine: 1-linear @0"), "{said}");
    world.say(&["reset", "--yes"]).failure(73, "is in use");
    run.terminate();
    let status = &world.say(&["status", "--json"]).lines()[0];
    assert_eq!((&status["tasks"][0]["offset"], &status["tasks"][0]["lag"]), (&20.into(), &0.into()));
    assert_eq!(status["tasks"][0]["revision"]["controlOffset"], 0);
    world.say(&["reset"]).failure(2, "--yes");
    let said = world.say(&["reset", "--yes"]).success();
    assert!(
        said.contains("scorewheel-modelStore-changelog") && said.contains("scorewheel-cutovers"),
        "{said}"
    );
    assert_eq!(world.say(&["consume", "records", "-e"]).lines().len(), 20);
    let run = world.run(&[]);
    run.wait_ready();
    run.wait_records(20);
    run.terminate();
    // The records were scored again; the results of before are still there.
    assert_eq!(world.say(&["consume", "-e"]).lines().len(), 40);
}

#[test]
fn a_health_check_asks_one_instance_and_ends_as_that_is() {
    let world = World::new();
    let ready = |more: &[&str]| world.say(&[&["status", "--ready"], more].concat());
    // Nothing listens; something listens and says nothing; something else answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = silent.local_addr().unwrap();
    ready(&["--url", &format!("http://{at}")]).failure(69, "does not answer");
    let other = std::thread::spawn(move || {
        use std::io::{Read, Write};
        // The one that was left waiting, and the next.
        let (_first, _) = silent.accept().unwrap();
        let (mut next, _) = silent.accept().unwrap();
        let _ = next.read(&mut [0; 1024]);
        next.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").unwrap();
    });
    ready(&["--url", &format!("http://{at}")]).failure(69, "something else listens there");
    other.join().unwrap();
    ready(&["--set", &format!("http.listen={at}")]).failure(69, "does not answer");
    ready(&["--set", "http.listen=127.0.0.1:0"]).failure(78, "--url");
    // Without brokers it is up and not ready, and says why; the check finds it by the same setting.
    let waiting = world.run(&["--brokers", "127.0.0.1:9"]);
    let listen = waiting.url.strip_prefix("http://").unwrap().replace("127.0.0.1", "0.0.0.0");
    let said = ready(&["--brokers", "127.0.0.1:9", "--set", &format!("http.listen={listen}")]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.starts_with(&format!("instance at {}: not ready\n  ", waiting.url)), "{said:?}");
    waiting.kill();
    // One on this directory is found there.
    publish(&world, "models/1-linear.pmml");
    produce(&world, 1);
    let run = world.run(&[]);
    run.wait_ready();
    assert_eq!(ready(&[]).success(), format!("instance at {}: ready\n", run.url));
    assert_eq!(ready(&["--json"]).lines(), [serde_json::json!({"ready": true, "reasons": []})]);
    run.terminate();
}

#[test]
fn reset_of_a_store_begins_it_empty_and_keeps_the_place() {
    let world = World::new();
    publish(&world, "models/1-linear.pmml");
    // Two commits, so that the committed offset knows how far the changelog went.
    for count in [10, 20] {
        produce(&world, 10);
        let run = world.run(&[]);
        run.wait_ready();
        run.wait_records(count);
        run.terminate();
    }
    let said = world.say(&["reset", "--store", "modelStore", "--yes"]).success();
    assert!(said.contains("scorewheel-modelStore-changelog") && !said.contains("offsets"), "{said}");
    produce(&world, 5);
    let run = world.run(&[]);
    run.wait_ready();
    run.wait_records(5);
    run.terminate();
    assert_eq!(world.say(&["consume", "-e"]).lines().len(), 25, "nothing is scored again");
}

#[test]
fn a_disk_that_is_full_ends_the_instance_and_loses_nothing() {
    let world = World::new();
    publish(&world, "models/1-linear.pmml");
    produce(&world, 200);
    for blocks in [48, 100] {
        let said = world.say_on_full_disk(blocks, &["run", "--listen", "127.0.0.1:0"]);
        said.failure(73, "File too large");
    }
    let run = world.run(&[]);
    run.wait_ready();
    run.wait_records(200);
    run.terminate();
    assert_eq!(world.say(&["consume", "-e"]).lines().len(), 200, "each record has one result");
}

#[test]
fn a_broken_record_becomes_a_dead_letter() {
    let world = World::new();
    publish(&world, "models/1-linear.pmml");
    produce(&world, 3);
    let run = world.run(&[]);
    run.wait_ready();
    let agent = ureq::agent();
    let line = r#"{"valueBase64": "/wABAg==", "key": "bad"}"#;
    agent
        .post(format!("{}/v1/topics/models_data/records", run.url))
        .header("content-type", "application/x-ndjson")
        .send(line)
        .unwrap();
    run.wait_records(4);
    run.terminate();
    let letters = world.say(&["consume", "dead-letters", "-e"]).lines();
    assert_eq!(letters.len(), 1);
    assert_eq!((&letters[0]["key"], &letters[0]["error"]["step"]), (&"bad".into(), &"decode".into()));
    assert_eq!(letters[0]["error"]["offset"], "3");
    let table = world.say(&["consume", "dead-letters", "-e", "-f", "table"]).success();
    assert!(table.contains("at step decode"), "{table}");
}

#[test]
fn the_demonstration_accounts_for_every_record() {
    let world = World::new();
    let said = world.say(&["demo", "--duration", "6s", "--rate", "300", "--every", "1s"]).success();
    assert!(said.contains("conservation holds: "), "{said}");
    assert!(said.contains("refused: model refused 1"), "{said}");
    assert!(said.contains("model forest 1") || said.contains("model tree 1"), "{said}");
    assert!(said.lines().count() >= 8, "{said}");
}

#[test]
fn the_demonstration_takes_a_free_port_and_asks_no_broker() {
    // Taken by this test, or by somebody else.
    let _taken = TcpListener::bind("127.0.0.1:8888");
    let world = World::new();
    let brokers = [("KAFKA_BROKERS_LIST", "127.0.0.1:9")];
    let said = world.say_with(&["demo", "--duration", "2s", "--rate", "100"], &brokers).success();
    assert!(said.contains("topics: embedded in") && said.contains("conservation holds: "), "{said}");
    assert!(said.contains("page: http://127.0.0.1:") && !said.contains(":8888 "), "{said}");
    let left = std::fs::read_dir(world.path()).unwrap().count();
    assert_eq!(left, 0, "nothing is left behind");
}

#[test]
fn results_come_as_events() {
    let world = World::new();
    publish(&world, "models/1-linear.pmml");
    produce(&world, 1);
    let run = world.run(&[]);
    run.wait_ready();
    run.wait_records(1);
    let mut events = BufReader::new(
        ureq::get(format!("{}/v1/results", run.url)).call().unwrap().into_body().into_reader(),
    );
    let reader = std::thread::spawn(move || {
        let mut lines = Vec::new();
        while lines.len() < 3 {
            let mut line = String::new();
            events.read_line(&mut line).unwrap();
            lines.extend((!line.trim().is_empty() && !line.starts_with(':')).then(|| line.trim().to_owned()));
        }
        lines
    });
    // The reader of the topic begins at its end, a moment after somebody has asked.
    process::wait_for("the event", || {
        produce(&world, 1);
        reader.is_finished().then_some(())
    });
    let lines = reader.join().unwrap();
    assert_eq!(lines[0], "event: result");
    assert!(lines[1].starts_with("id: 0:"), "{lines:?}");
    let result: Value = serde_json::from_str(lines[2].strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(
        (&result["lineage"]["model"], &result["value"]["dataType"]),
        (&"1-linear".into(), &"wine".into())
    );
}

#[test]
fn the_topology_is_described() {
    let world = World::new();
    for store in ["persistent", "memory", "custom"] {
        let said = world.say(&["topology", "--store", store]).success();
        for part in ["(topics: [models_data])", "Processor: score (stores: [modelStore])", "models_results"] {
            assert!(said.contains(part), "{store}: {said}");
        }
    }
}
