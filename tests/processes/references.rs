//! A model that lies in a record of another topic of the same brokers.

use scorewheel_tests::kafka::Cluster;

use crate::application::{Application, MODELS, model};
use crate::engine::Engine;
use crate::run::{MINUTE, PARTITIONS};
use crate::wait_until;

const RECORDS: u32 = 600;

#[test]
fn a_model_in_another_topics_record_is_fetched_and_scores() {
    let Some(cluster) = Cluster::for_tests() else {
        println!("skipped: SCOREWHEEL_TEST_KAFKA not found");
        return;
    };
    let application = Application::new(cluster, Engine::Persistent);
    let topic = application.topic("large");
    application
        .configure(&format!("[[references]]\nname = \"large\"\nscheme = \"kafka\"\ntopic = \"{topic}\"\n"));
    let document = std::fs::read(model(MODELS[2])).unwrap();
    let cluster = &application.cluster;
    cluster.create(&topic, 2).unwrap();
    assert_eq!(cluster.write(&topic, 1, b"no model").unwrap(), 0);
    assert_eq!(cluster.write(&topic, 1, &document).unwrap(), 1);
    let publish = |location: &str| {
        let mut command = application.command("publish");
        command.args(["--by-reference", location, "--name", "large"]);
        command.output().unwrap()
    };

    application.publish(MODELS[0]);
    let instance = application.instance("0");
    wait_until("all partitions are scored", MINUTE, || instance.working_tasks().len() == PARTITIONS);
    let output = publish(&format!("kafka:{topic}/1/1"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let scoring = || instance.ask("/v1/routes").unwrap_or_default()["routes"][0]["inForce"].clone();
    wait_until("the model is fetched", MINUTE, || scoring()["name"] == "large");
    application.produce(2000, Some(RECORDS)).ended(MINUTE);
    wait_until("it has scored them", MINUTE, || {
        let value = instance.ask("/state/value").unwrap_or_default();
        value["invocations"].as_u64() == Some(u64::from(RECORDS))
    });
    assert!(application.violations().is_empty());

    // What is no model, what is not there, what is in another topic: said by the command, and nothing is published.
    for (location, says) in [
        (format!("kafka:{topic}/1/7"), "there is no record"),
        (format!("kafka:{topic}/0/0"), "there is no record"),
        (format!("kafka:{}/0/0", application.topic("models")), "in no place"),
    ] {
        let output = publish(&location);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(says), "{location}: {said}");
    }
    assert_eq!(cluster.read(&application.topic("models")).unwrap()[&0].len(), 2);
}
