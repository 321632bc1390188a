//! The sessions of `docs/tour.md` and `docs/from-jpmml.md`, given as they stand there.
//!
//! The tour needs a broker, InfluxDB and Prometheus: `SCOREWHEEL_TEST_KAFKA` names the first, `SCOREWHEEL_TEST_INFLUXD` and
//! `SCOREWHEEL_TEST_PROMETHEUS` the programs of the others; without them the test says that it is skipped.
#![expect(clippy::unwrap_used, reason = "helpers of tests outside of test functions")]
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

#[expect(dead_code, reason = "shared with tests that use all of it")]
mod console;
mod process;

use console::{Shell, sessions};

const TOUR: &str = include_str!("../../../docs/tour.md");
const FROM_JPMML: &str = include_str!("../../../docs/from-jpmml.md");

#[test]
fn comparing_without_topics() {
    let found = sessions(FROM_JPMML);
    assert_eq!(found.len(), 1);
    let mut shell = Shell::new();
    found.into_iter().for_each(|steps| shell.give(steps));
}

#[cfg(feature = "kafka")]
#[path = "tour/places.rs"]
mod places;

#[cfg(feature = "kafka")]
#[test]
fn the_tour() {
    let Some(places) = places::Places::start() else { return };
    let mut shell = Shell::new();
    for (from, to) in places.replacements() {
        shell.replace(from, to);
    }
    // All in one session: what stays in the background is needed to the end.
    shell.give(sessions(TOUR).into_iter().flatten().collect());
}
