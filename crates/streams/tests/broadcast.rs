//! Broadcast sources in the test driver: pinning, cut-overs, pauses, restarts.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::time::Duration;

use scorewheel_streams::{
    BatchView, ErrorKind, Flow, Parent, Processor, ProcessorContext, ProcessorError, StoreSpec,
    StreamsBuilder, TestDriverOptions, Topology, TopologyBuilder, TopologyTestDriver,
};
use support::{Multiply, Rules, number};

fn topology() -> Topology {
    let mut builder = TopologyBuilder::new();
    let rules = builder.broadcast("rules", "control", || Ok(Rules::default()));
    builder.store(StoreSpec::memory("sums"));
    builder.source("numbers", "in");
    builder.processor("multiply", move |_| Multiply::new(rules), &["numbers".into()], &["sums"]);
    builder.sink("results", "out", &["multiply".into()]);
    builder.sink("bad", "bad-numbers", &[Parent::output("multiply", "bad")]);
    builder.sink("cut-overs", "cut-overs", &[Parent::output("multiply", "cut-overs")]);
    builder.build().unwrap()
}

fn driver() -> TopologyTestDriver {
    TopologyTestDriver::new(topology()).unwrap()
}

fn manual_driver() -> TopologyTestDriver {
    let options = TestDriverOptions { auto_commit: false, ..TestDriverOptions::default() };
    TopologyTestDriver::with_options(topology(), options).unwrap()
}

fn values(driver: &mut TopologyTestDriver, topic: &str) -> Vec<String> {
    driver.read_output(topic).iter().map(|record| record.value_text().into_owned()).collect()
}

fn sum(driver: &mut TopologyTestDriver) -> Option<u64> {
    use scorewheel_streams::ReadOnlyKeyValueStore;
    number(driver.key_value(0, "sums").unwrap().get(b"sum").unwrap().as_deref())
}

#[test]
fn a_newer_snapshot_takes_over_between_batches() {
    let mut driver = driver();
    driver.broadcast("rules", "2").unwrap();
    driver.pipe("in", 0, ["1", "2"]).unwrap();
    driver.broadcast("rules", "10").unwrap();
    driver.pipe("in", 0, ["3"]).unwrap();
    driver.pipe("in", 0, ["4"]).unwrap();
    assert_eq!(values(&mut driver, "out"), ["2", "4", "30", "40"]);
    assert_eq!(
        values(&mut driver, "cut-overs"),
        ["in-0 at 0: nothing -> factor:2", "in-0 at 2: factor:2 -> factor:10"]
    );
    assert_eq!(driver.committed("in", 0).unwrap().1, "1 rules 1 =factor:10 @sums 3");
    assert_eq!(sum(&mut driver), Some(76));
}

#[test]
fn an_aborted_cut_over_is_taken_back_and_said_again() {
    let mut driver = manual_driver();
    driver.broadcast("rules", "2").unwrap();
    driver.pipe("in", 0, ["1"]).unwrap();
    driver.commit().unwrap();
    driver.broadcast("rules", "3").unwrap();
    driver.pipe("in", 0, ["1"]).unwrap();
    driver.abort().unwrap();
    assert_eq!(driver.position(0), Some(1));
    driver.advance(Duration::ZERO).unwrap();
    driver.commit().unwrap();
    assert_eq!(values(&mut driver, "out"), ["2", "3"]);
    assert_eq!(
        values(&mut driver, "cut-overs"),
        ["in-0 at 0: nothing -> factor:2", "in-0 at 1: factor:2 -> factor:3"]
    );
    assert_eq!(sum(&mut driver), Some(5));
}

#[test]
fn a_partition_waits_for_its_first_model_and_goes_on_by_itself() {
    let mut driver = driver();
    driver.pipe("in", 0, ["1", "2"]).unwrap();
    assert_eq!(driver.paused(0), Some("no factor"));
    // A pause at the first record is no cut-over and commits nothing.
    assert_eq!(driver.committed("in", 0), None);
    assert_eq!(values(&mut driver, "cut-overs"), [""; 0]);
    driver.pipe("in", 0, ["3"]).unwrap();
    driver.broadcast("rules", "5").unwrap();
    assert_eq!(driver.paused(0), None);
    assert_eq!(values(&mut driver, "out"), ["5", "10", "15"]);
}

#[test]
fn a_pause_in_the_middle_commits_what_is_done() {
    let mut driver = driver();
    driver.broadcast("rules", "13").unwrap();
    driver.pipe("in", 0, ["x", "y", "3", "z"]).unwrap();
    assert_eq!(driver.paused(0), Some("an unlucky factor"));
    assert_eq!(values(&mut driver, "bad-numbers"), ["x", "y"]);
    assert_eq!(driver.committed("in", 0).unwrap().0, 2);
    driver.broadcast("rules", "2").unwrap();
    assert_eq!(values(&mut driver, "out"), ["6"]);
    assert_eq!(values(&mut driver, "bad-numbers"), ["z"]);
    assert_eq!(
        values(&mut driver, "cut-overs"),
        ["in-0 at 0: nothing -> factor:13", "in-0 at 2: factor:13 -> factor:2"]
    );
}

#[test]
fn a_restart_waits_for_the_committed_snapshot() {
    let mut driver = driver();
    driver.broadcast("rules", "2").unwrap();
    driver.pipe("in", 0, ["1"]).unwrap();
    driver.hold_builds("rules").unwrap();
    driver.restart().unwrap();
    driver.pipe("in", 0, ["2"]).unwrap();
    assert_eq!(values(&mut driver, "out"), ["2"]);
    assert_eq!(driver.snapshot_mark("rules").unwrap(), None);
    driver.complete_builds("rules").unwrap();
    assert_eq!(values(&mut driver, "out"), ["4"]);
    assert_eq!(sum(&mut driver), Some(6));
    // The restart is no cut-over: the same snapshot goes on.
    assert_eq!(values(&mut driver, "cut-overs"), ["in-0 at 0: nothing -> factor:2"]);
}

#[test]
fn a_committed_snapshot_that_the_log_does_not_have_stops_the_application() {
    // The handler of the second run reads its topic as if it had been recreated with another content.
    let mut driver = driver();
    driver.broadcast("rules", "2").unwrap();
    driver.pipe("in", 0, ["1"]).unwrap();
    // Nothing is processed under 3, so 2 stays committed, and `Rules` answers that 2 is gone.
    driver.broadcast("rules", "3").unwrap();
    let error = driver.restart().unwrap_err();
    assert!(matches!(&*error.kind, ErrorKind::SnapshotNever { position: 0, .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "task 0_0: broadcast source `rules` never reaches the committed snapshot (position 0): the log ends with \
         factor:3, committed is factor:2"
    );
}

#[test]
fn builds_that_are_held_do_not_hold_up_records() {
    let mut driver = driver();
    driver.broadcast("rules", "2").unwrap();
    driver.hold_builds("rules").unwrap();
    driver.broadcast("rules", "3").unwrap();
    driver.broadcast("rules", "4").unwrap();
    driver.pipe("in", 0, ["1"]).unwrap();
    driver.complete_builds("rules").unwrap();
    driver.pipe("in", 0, ["1"]).unwrap();
    // What came in meanwhile was built once.
    assert_eq!(values(&mut driver, "out"), ["2", "4"]);
}

#[test]
fn a_retry_happens_when_it_is_due_and_a_failure_stops() {
    let mut driver = driver();
    driver.broadcast("rules", "retry").unwrap();
    driver.pipe("in", 0, ["1"]).unwrap();
    driver.hold_builds("rules").unwrap();
    driver.broadcast("rules", "7").unwrap();
    assert_eq!(values(&mut driver, "out"), [""; 0]);
    driver.complete_builds("rules").unwrap();
    assert_eq!(values(&mut driver, "out"), ["7"]);
    driver.advance(Duration::from_secs(1)).unwrap();
    let error = driver.broadcast("rules", "fail").unwrap_err();
    assert_eq!(error.to_string(), "broadcast source `rules`: told to fail");
}

#[test]
fn replaced_snapshots_are_let_go() {
    let mut driver = driver();
    for factor in 0..20 {
        driver.broadcast("rules", factor.to_string()).unwrap();
        driver.pipe("in", 0, ["1"]).unwrap();
        assert!(support::alive() <= 2, "{} snapshots are alive", support::alive());
    }
}

#[test]
fn a_failing_processor_aborts_everything() {
    let mut driver = driver();
    driver.broadcast("rules", "2").unwrap();
    driver.pipe("in", 0, ["1"]).unwrap();
    let error = driver.pipe("in", 0, ["2", "error"]).unwrap_err();
    assert_eq!(error.to_string(), "task 0_0: processor `multiply` failed: told to fail");
    assert_eq!(values(&mut driver, "out"), ["2"]);
    assert_eq!(sum(&mut driver), Some(2));
}

/// Passes records on, and pauses at the value `stop` while the factor is 1.
struct StopAt(scorewheel_streams::Broadcast<support::Factor>);

impl Processor for StopAt {
    fn process(
        &mut self,
        batch: BatchView<'_>,
        context: &mut ProcessorContext<'_>,
    ) -> Result<Flow, ProcessorError> {
        let stops = context.snapshots.get(&self.0)?.factor == Some(1);
        for (index, record) in batch.iter().enumerate() {
            if stops && record.value == Some(b"stop") {
                return Ok(Flow::PauseAt { record: index, reason: "stop".into() });
            }
            context.outputs.main().copy(index, &record)?;
        }
        Ok(Flow::Continue)
    }
}

#[test]
fn a_pause_behind_other_steps_undoes_what_they_did_too_far() {
    for batch_records in [1, 2, usize::MAX] {
        let builder = StreamsBuilder::new();
        let rules = builder.broadcast("rules", "control", || Ok(Rules::default()));
        let records = builder.stream("in");
        records.to("seen-before");
        let stopping = records.filter(|_| true).process("stop-at", move |_| StopAt(rules), &[]);
        stopping.to("passed");
        records.to("seen-after");
        let options = TestDriverOptions { batch_records, ..TestDriverOptions::default() };
        let mut driver = TopologyTestDriver::with_options(builder.build().unwrap(), options).unwrap();
        driver.broadcast("rules", "1").unwrap();
        driver.pipe("in", 0, ["a", "b", "stop", "c"]).unwrap();
        assert_eq!(driver.paused(0), Some("stop"));
        for topic in ["seen-before", "passed", "seen-after"] {
            assert_eq!(values(&mut driver, topic), ["a", "b"], "{topic}, batches of {batch_records}");
        }
        assert_eq!(driver.committed("in", 0).unwrap().0, 2);
        driver.broadcast("rules", "2").unwrap();
        for topic in ["seen-before", "passed", "seen-after"] {
            assert_eq!(values(&mut driver, topic), ["stop", "c"], "{topic}, batches of {batch_records}");
        }
    }
}
