//! What is set up wrongly ends with a message and the exit code that is promised.

mod process;

use std::net::TcpListener;

use process::{World, demo};

#[test]
fn configuration_is_refused_with_a_hint() {
    let world = World::new();
    std::fs::write(world.path().join("scorewheel.toml"), "[comit]\ninterval = \"10ms\"\n").unwrap();
    world.say(&["run"]).failure(78, "commit");
    std::fs::write(world.path().join("scorewheel.toml"), "[commit\n").unwrap();
    world.say(&["run"]).failure(78, "scorewheel.toml");
    world.say(&["run", "--config", "missing.toml"]).failure(66, "missing.toml");
    std::fs::remove_file(world.path().join("scorewheel.toml")).unwrap();
    world.say(&["run", "--set", "log.level=loud=very"]).failure(78, "log.level");
    world.say(&["run", "--store", "shiny"]).failure(2, "persistent, memory, custom");
}

#[test]
fn a_port_in_use_is_named() {
    let world = World::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    world.say(&["run", "--listen", &listen]).failure(78, "is in use");
    world.say(&["run", "--listen", "nowhere"]).failure(78, "no address");
}

#[test]
fn a_directory_has_one_instance() {
    let world = World::new();
    let run = world.run(&[]);
    world.say(&["run", "--listen", "127.0.0.1:0"]).failure(73, &run.url);
    world.say(&["run", "--listen", "127.0.0.1:0", "--data-dir", "./scorewheel-data"]).failure(73, "in use");
    run.terminate();
}

#[test]
fn topics_that_are_missing_are_waited_for_and_named() {
    let world = World::new();
    world.say(&["consume"]).failure(66, "there are no embedded topics");
    let run = world.run(&[]);
    let reasons = run.get("/readyz").1.to_string();
    assert!(reasons.contains("models_data, models_models"), "{reasons}");
    world.say(&["consume"]).failure(1, "models_results");
    run.terminate();
    // All topics may be made: nothing is waited for.
    let run = world.run(&["--set", "topics.create=all", "--data-dir", "other"]);
    run.wait_ready();
    run.terminate();
}

#[test]
fn a_models_topic_of_two_partitions_has_no_order() {
    let world = World::new();
    let run = world.run(&[]);
    let create = |name: &str, partitions: u32| {
        ureq::agent()
            .post(format!("{}/v1/topics", run.url))
            .header("content-type", "application/json")
            .send(format!(r#"{{"name": "{name}", "partitions": {partitions}}}"#))
            .map(|response| response.status().as_u16())
    };
    create("models_data", 1).unwrap();
    if create("models_models", 2).is_err() {
        // The models topic is closed to whoever has no token; then it is made by a record of its own.
        run.terminate();
        return;
    }
    let (code, log) = run.ended();
    assert_eq!(code, Some(78), "{log}");
    assert!(log.contains("models_models"), "{log}");
}

#[test]
fn results_of_another_width_are_refused() {
    let world = World::new();
    let records = demo("records.csv");
    let produce = ["produce", &records, "--delimiter", ";", "--no-header", "--rate", "max", "-n", "1"];
    // A results topic with two partitions, and records in one.
    world.say(&[&produce[..], &["--topic", "models_results", "--set", "topics.partitions=2"]].concat()).success();
    world.say(&produce).success();
    world.say(&["publish", &demo("models/1-linear.pmml")]).success();
    let (code, log) = world.run(&[]).ended();
    assert_eq!(code, Some(78), "{log}");
    assert!(log.contains("topic `models_results` has 2 partitions, needed are 1"), "{log}");
}

#[test]
fn an_unreachable_place_is_said() {
    let world = World::new();
    world.say(&["consume", "--url", "http://127.0.0.1:9"]).failure(69, "127.0.0.1:9");
    world.say(&["run", "--set", "client.url=http://127.0.0.1:9"]).failure(78, "not through");
}

#[test]
fn a_data_directory_that_is_a_file_is_said() {
    let world = World::new();
    std::fs::write(world.path().join("file"), "").unwrap();
    world.say(&["run", "--data-dir", "file"]).failure(78, "file");
}
