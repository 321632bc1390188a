//! Several processes on real Kafka, each the product's binary with its hook for faults filled. They need a broker, named
//! by `SCOREWHEEL_TEST_KAFKA` (`.ci/kafka/up` starts one); without it each test says that it is skipped. `SOAK_SEEDS`
//! is the number of seeds that each engine is run with, 1 if it is not set; `SOAK_FIRST_SEED` the first of them. With
//! `SCOREWHEEL_TEST_KAFKA_NODES`, the directory in which `.ci/kafka/up` has started three nodes, these are killed, too.
//!
//! | file | what it holds |
//! |---|---|
//! | `engines` | every engine through the schedule of a seed |
//! | `broken` | runs that break a promise on purpose, which the verifier has to find |
//! | `cluster` | the state of all, asked of one, while others are killed and stopped |
//! | `references` | a model in a record of another topic |
//! | `schedule` | who fails when, and how |
//! | `run` | an engine goes through a schedule, and what is on the topics is verified |
//! | `engine`, `application`, `instance`, `nodes` | an engine, its topics, its processes, the cluster's nodes |
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]
#![expect(clippy::print_stdout, reason = "what was counted is worth reading")]

mod application;
mod broken;
mod cluster;
mod engine;
mod engines;
mod instance;
mod nodes;
mod references;
mod run;
mod schedule;

use std::time::{Duration, Instant};

/// Waits until something holds; fails if it does not come.
fn wait_until(what: &str, patience: Duration, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + patience;
    while !done() {
        assert!(Instant::now() < deadline, "{what}: not within {patience:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
