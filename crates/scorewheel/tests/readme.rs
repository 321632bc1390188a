//! The sessions of the README and of the documents, given as they stand there.
//!
//! The one on Kafka needs a broker: `SCOREWHEEL_TEST_KAFKA` names it (`.ci/kafka/up` starts one), and
//! `SCOREWHEEL_TEST_KAFKA_TLS` its secured listener; without them the tests say that they are skipped.
#![expect(clippy::unwrap_used, reason = "helpers of tests outside of test functions")]
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

mod console;
mod process;

use std::net::TcpListener;

use console::{Shell, Step, repository, sessions};
use process::World;

const README: &str = include_str!("../../../README.md");
const ENGINES: &str = include_str!("../../../docs/engines.md");

/// The session of a document whose first command begins like this.
fn session(document: &str, first: &str) -> Vec<Step> {
    let mut all = sessions(document).into_iter();
    all.find(|steps| steps[0].command.starts_with(first))
        .unwrap_or_else(|| panic!("no session begins with {first:?}"))
}

/// A shell in which port 8888 is one that is free.
fn shell() -> Shell {
    let mut shell = Shell::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    shell.replace("8888", port.to_string());
    shell.set("SCOREWHEEL__HTTP__LISTEN", &format!("127.0.0.1:{port}"));
    shell
}

#[test]
fn by_hand() {
    shell().give(session(README, "scorewheel run"));
    Shell::new().give(session(README, "scorewheel score"));
}

/// The examples of `docs/engines.md`, as a build of the whole workspace has made them: `cargo` would build them anew.
#[test]
fn the_examples_of_the_engines() {
    let examples = std::env::current_exe().unwrap().parent().unwrap().join("../examples");
    let mut shell = Shell::new();
    for (package, name) in [("scorewheel-scoring", "excellent_wines"), ("scorewheel-stage", "tasting_list")] {
        let built = examples.join(name);
        if !built.exists() {
            println!("skipped: {} not found; `cargo test --workspace` builds it", built.display());
            return;
        }
        shell.replace(&format!("cargo run -q -p {package} --example {name}"), built.to_str().unwrap());
    }
    shell.give(session(ENGINES, "cargo run"));
}

/// The first two commands are those that CI runs.
#[test]
fn the_first_commands_are_run_by_ci() {
    let ci = std::fs::read_to_string(repository().join(".ci/run")).unwrap();
    let block = README.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(block.lines().count(), 2);
    for command in block.lines() {
        assert!(ci.contains(&format!("() {{ {command}; }}")), "{command}");
    }
}

/// Every session of the README is given by a test of this file, and nothing else is shown as a command.
#[test]
fn no_session_is_left_out() {
    let first: Vec<String> = sessions(README).iter().map(|steps| steps[0].command.clone()).collect();
    assert_eq!(first.len(), 5, "{first:#?}");
    assert_eq!(README.matches("```sh\n").count(), 1);
}

#[test]
fn every_command_that_is_named_exists() {
    let world = World::new();
    let help = world.say(&["--help"]).success();
    let commands = README.split("`scorewheel ").skip(1);
    let words: Vec<&str> = commands
        .filter_map(|rest| rest.split(|letter: char| !letter.is_ascii_lowercase()).next())
        .filter(|word| !word.is_empty())
        .collect();
    assert!(words.len() > 5);
    for word in words {
        assert!(help.contains(&format!("\n  {word} ")), "{word:?} is no command:\n{help}");
    }
}

#[cfg(feature = "kafka")]
#[path = "readme/kafka.rs"]
mod kafka;
