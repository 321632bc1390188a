//! *On your Kafka*: in plain text by whoever may do all, then with encryption, login and exactly the rights that are listed.

use std::time::Duration;

use scorewheel_topics::{Backend, KafkaBackend, KafkaSettings};

use crate::console::Shell;
use crate::process::wait_for;
use crate::{README, session, shell};

const TOPICS: [&str; 7] = [
    "models_data",
    "models_models",
    "models_results",
    "models_deadletters",
    "models_rejections",
    "scorewheel-cutovers",
    "scorewheel-modelStore-changelog",
];

/// The brokers, on which nothing of the application is left.
fn brokers() -> Option<String> {
    let Ok(brokers) = std::env::var("SCOREWHEEL_TEST_KAFKA") else {
        println!("skipped: SCOREWHEEL_TEST_KAFKA not found");
        return None;
    };
    let backend = KafkaBackend::new(KafkaSettings::new(brokers.as_str()));
    let admin = backend.admin().unwrap();
    for topic in TOPICS {
        if admin.describe_topic(topic).unwrap().is_some() {
            admin.delete_topic(topic).unwrap();
            wait_for("the deletion", || admin.describe_topic(topic).unwrap().is_none().then_some(()));
        }
    }
    Some(brokers)
}

fn on(brokers: &str, mut shell: Shell) -> Shell {
    shell.replace("broker-1:9092,broker-2:9092", brokers);
    shell.replace("broker-1:9092", brokers);
    shell
}

/// One test, because both parts work on the same topics.
#[test]
fn on_your_kafka() {
    let Some(brokers) = brokers() else { return };
    if cfg!(feature = "tls") {
        secured(&brokers);
    } else {
        println!("skipped: the part with SASL_SSL needs the feature `tls`");
    }
    on(&brokers, shell()).give(session(README, "export KAFKA_BROKERS_LIST"));
}

/// The principal `scorewheel` may do what the list says and nothing else: it makes the topics that `run` writes, and scores.
fn secured(brokers: &str) {
    let (Ok(secured), Ok(authority)) =
        (std::env::var("SCOREWHEEL_TEST_KAFKA_TLS"), std::env::var("SCOREWHEEL_TEST_KAFKA_CA"))
    else {
        println!("skipped: SCOREWHEEL_TEST_KAFKA_TLS not found");
        return;
    };
    let mut shell = on(brokers, shell());
    // What others publish and produce is there already.
    let others = session(README, "export KAFKA_BROKERS_LIST").into_iter();
    let mut others: Vec<_> = others.take(2).collect();
    others.push(crate::console::Step {
        command: "scorewheel produce demo/records.csv --delimiter ';' --no-header --rate max -n 50".into(),
        expected: vec!["...".into()],
    });
    others.push(crate::console::Step { command: "unset KAFKA_BROKERS_LIST".into(), expected: Vec::new() });
    shell.give(others);

    shell.replace("broker-1:9093", secured);
    shell.replace("/etc/ssl/certs/our-ca.pem", authority);
    let secret = shell.path().join("secret");
    std::fs::write(&secret, "scorewheel-secret\n").unwrap();
    shell.replace("/run/secrets/scorewheel", secret.to_str().unwrap());
    let toml = README.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let toml = shell.replaced(toml);
    std::fs::write(shell.path().join("scorewheel.toml"), toml).unwrap();

    shell.give(session(README, "acl() {"));
    // Rights reach the broker a moment after they are acknowledged.
    std::thread::sleep(Duration::from_millis(500));
    shell.give(session(README, "export SCOREWHEEL__KAFKA__SETTINGS__SASL_PASSWORD_FILE"));
}
