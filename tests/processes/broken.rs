//! Runs that break a promise on purpose: the verifier has to find the violation that belongs to it, and no other.

use scorewheel_streams::{Duty, FaultPoint};
use scorewheel_tests::faults::Faults;
use scorewheel_tests::kafka::Cluster;
use scorewheel_tests::verifier::Violation;

use crate::application::{Application, MODELS};
use crate::engine::Engine;
use crate::instance::Instance;
use crate::run::{MINUTE, PARTITIONS};
use crate::wait_until;

fn application() -> Option<Application> {
    let Some(cluster) = Cluster::for_tests() else {
        println!("skipped: SCOREWHEEL_TEST_KAFKA not found");
        return None;
    };
    let application = Application::new(cluster, Engine::Persistent);
    application.publish(MODELS[0]);
    Some(application)
}

fn at_work(instances: &[&Instance]) -> usize {
    instances.iter().map(|instance| instance.working_tasks().len()).sum()
}

fn results(application: &Application) -> usize {
    application.evidence().results.values().map(Vec::len).sum()
}

/// Waits until the verifier finds violations of this kind; that a record has no outcome yet is no violation here.
fn finds(application: &Application, what: &str, belongs: impl Fn(&Violation) -> bool) {
    let mut violations = Vec::new();
    wait_until(&format!("the verifier finds {what}"), MINUTE, || {
        violations = application.violations();
        violations.retain(|violation| !matches!(violation, Violation::Lost { .. }));
        violations.iter().any(&belongs)
    });
    let other = violations.iter().find(|violation| !belongs(violation));
    assert_eq!(other, None, "of {} violations", violations.len());
    println!("{} times {what}", violations.len());
}

#[test]
fn offsets_that_are_not_sent_score_records_twice() {
    const RECORDS: u32 = 600;
    let Some(application) = application() else { return };
    let faults = Faults::default().neglect(Duty::SendOffsets, None);
    faults.write(&application.faults("first")).unwrap();
    let mut first = application.instance("first");
    wait_until("it has the partitions", MINUTE, || at_work(&[&first]) == PARTITIONS);
    let mut records = application.produce(300, Some(RECORDS));
    assert!(records.ended(MINUTE).success(), "{}", records.said());
    wait_until("every record has a result", MINUTE, || results(&application) == RECORDS as usize);
    assert_eq!(application.violations(), [], "nothing is wrong before the partitions move");
    first.kill();
    let _second = application.instance("second");
    finds(&application, "records scored twice", |violation| matches!(violation, Violation::Twice { .. }));
}

#[test]
fn a_committed_revision_that_is_not_awaited_lets_models_fall_back() {
    let Some(application) = application() else { return };
    let mut first = application.instance("first");
    let second = application.instance("second");
    wait_until("both are at work", MINUTE, || {
        at_work(&[&first]) > 0 && at_work(&[&second]) > 0 && at_work(&[&first, &second]) == PARTITIONS
    });
    let faults = Faults::wait_at(FaultPoint::BeforeBuild, MINUTE).neglect(Duty::AwaitSnapshot, None);
    faults.write(&application.faults("second")).unwrap();
    application.publish(MODELS[1]);
    let mut records = application.produce(300, None);
    let newer = |task: &serde_json::Value| {
        task["revision"]["controlOffset"].as_i64().is_some_and(|control| control > 0)
    };
    wait_until("the first has committed results of the second model", MINUTE, || {
        let tasks = first.working_tasks();
        !tasks.is_empty() && tasks.iter().all(newer)
    });
    assert!(first.leave().success(), "{}", first.said());
    finds(&application, "an older model after a newer", |violation| {
        matches!(violation, Violation::ControlFell { .. })
    });
    records.leave();
}

#[test]
fn a_record_that_is_read_again_after_the_commit_is_scored_twice() {
    let Some(application) = application() else { return };
    let instance = application.instance("one");
    wait_until("it has the partitions", MINUTE, || at_work(&[&instance]) == PARTITIONS);
    let mut records = application.produce(300, None);
    wait_until("it has scored", MINUTE, || results(&application) > 100);
    assert!(
        application.violations().iter().all(|violation| matches!(violation, Violation::Lost { .. })),
        "nothing is wrong before"
    );
    Faults::default().neglect(Duty::ReadOn, Some(1)).write(&application.faults("one")).unwrap();
    finds(&application, "records scored twice", |violation| matches!(violation, Violation::Twice { .. }));
    records.leave();
}
