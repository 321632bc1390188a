//! The state of all instances, asked of one, while others are killed and stopped.

use scorewheel_tests::kafka::Cluster;
use serde_json::Value;

use crate::application::{Application, MODELS};
use crate::engine::Engine;
use crate::instance::Instance;
use crate::run::{MINUTE, PARTITIONS};
use crate::wait_until;

const RECORDS: u32 = 3000;

fn texts(value: &Value, name: &str) -> Vec<String> {
    let list = value.as_array().cloned().unwrap_or_default();
    list.iter().map(|one| one[name].as_str().unwrap_or_default().to_owned()).collect()
}

/// How the question to each other instance went.
fn states(instance: &Instance) -> Vec<String> {
    let answer = instance.ask("/v1/cluster").unwrap_or_default();
    let mut states = texts(&answer["coverage"]["instances"], "state");
    states.sort();
    states
}

fn invocations(instance: &Instance) -> Option<u64> {
    instance.ask("/state/value")?["invocations"].as_u64()
}

#[test]
fn any_instance_answers_for_all_and_says_who_is_missing() {
    let Some(cluster) = Cluster::for_tests() else {
        println!("skipped: SCOREWHEEL_TEST_KAFKA not found");
        return;
    };
    let application = Application::new(cluster, Engine::Persistent);
    application.publish(MODELS[0]);
    let [first, mut second, third] = ["0", "1", "2"].map(|name| application.instance(name));
    let working =
        || [&first, &second, &third].iter().map(|instance| instance.working_tasks().len()).sum::<usize>();
    wait_until("the instances share the partitions", MINUTE, || working() == PARTITIONS);
    application.produce(2000, Some(RECORDS)).ended(MINUTE);
    let all = Some(u64::from(RECORDS));
    for instance in [&first, &second, &third] {
        wait_until("each answers for all", MINUTE, || invocations(instance) == all);
        assert_eq!(states(instance), ["answered", "answered", "answered"]);
        let alone = instance.ask("/state/value?scope=instance").unwrap();
        assert!(alone["invocations"].as_u64() < all, "{alone}");
    }
    let listed = first.ask("/state/instances/modelStore").unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 3, "{listed}");

    // Drift is that of all together: nothing scores any more, so that each says the same.
    let drift = first.ask("/v1/drift").unwrap();
    assert_eq!(drift["coverage"]["complete"], true, "{drift}");
    let model = &drift["models"][0];
    assert_eq!(
        (&model["name"], drift["models"].as_array().unwrap().len()),
        (&"1-linear".into(), 1),
        "{drift}"
    );
    let parts = [&first, &second, &third].map(|instance| {
        assert_eq!(instance.ask("/v1/drift").unwrap()["models"], drift["models"]);
        let alone = instance.ask("/v1/drift?scope=instance").unwrap();
        alone["models"][0]["rows"].as_u64().unwrap_or(0)
    });
    assert!(parts.iter().all(|rows| *rows > 0), "{parts:?}");
    assert_eq!(model["rows"], parts.iter().sum::<u64>(), "{drift}");

    // A paused one takes questions and answers none: what it had is missing, and said to be.
    second.pause();
    wait_until("the paused one is told", MINUTE, || states(&first).contains(&"timedOut".to_owned()));
    let answer = first.ask("/v1/cluster").unwrap();
    if answer["coverage"]["complete"] == false {
        assert!(!answer["coverage"]["missing"].as_array().unwrap().is_empty(), "{answer}");
    }
    // Its partitions go to the others, and its lease ends.
    wait_until("two answer for all", MINUTE, || invocations(&first) == all);
    wait_until("its lease has ended", MINUTE, || states(&first) == ["answered", "answered"]);
    second.resume();
    wait_until("it is back", MINUTE, || states(&first) == ["answered", "answered", "answered"]);
    wait_until("three answer for all", MINUTE, || invocations(&first) == all && invocations(&third) == all);

    // A killed one cannot say goodbye.
    second.kill();
    wait_until("the killed one is told", MINUTE, || states(&third).contains(&"unreachable".to_owned()));
    wait_until("two answer for all again", MINUTE, || invocations(&third) == all);
    wait_until("its lease has ended, too", MINUTE, || states(&third) == ["answered", "answered"]);

    // The command finds whoever is there by itself.
    let output = application.command("status").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("INSTANCE") && said.contains("1-linear @0"), "{said}");
    assert_eq!(said.matches(&application.topic("records")).count(), PARTITIONS, "{said}");

    // Who leaves cleanly is gone at once.
    let mut third = third;
    third.leave();
    wait_until("one is left", MINUTE, || states(&first) == ["answered"]);
    wait_until("one answers for all", MINUTE, || invocations(&first) == all);
}
