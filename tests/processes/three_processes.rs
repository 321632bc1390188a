//! Three processes, six partitions, models that change under load: one is killed and comes back, one is stopped beyond
//! its session and goes on, one is added, one leaves.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use scorewheel_tests::kafka::Cluster;
use scorewheel_tests::verifier::{Evidence, Guarantee, Rescorer, Summary, check};

use crate::application::{Application, root};
use crate::instance::Instance;

/// Models that all score the same records.
const MODELS: [&str; 4] = ["1-linear.pmml", "2-tree.pmml", "3-forest.pmml", "4-network.pmml"];
/// Between two models.
const EVERY: &str = "500ms";
/// Records a second.
const RATE: &str = "600";
const PARTITIONS: usize = 6;

fn wait_until(what: &str, patience: Duration, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + patience;
    while !done() {
        assert!(Instant::now() < deadline, "{what}: not within {patience:?}");
        sleep(Duration::from_millis(100));
    }
}

fn all_at_work(instances: &[&Instance]) -> bool {
    instances.iter().map(|instance| instance.working_tasks().len()).sum::<usize>() == PARTITIONS
}

#[test]
fn every_record_once_through_kills_stops_and_moves() {
    let Some(cluster) = Cluster::for_tests() else {
        println!("skipped: SCOREWHEEL_TEST_KAFKA not found");
        return;
    };
    let application = Application::new(cluster, "three");
    let model = |name: &str| root().join("demo/models").join(name);

    // The first model stands before the first record, so that none is dropped.
    let mut first = application.command("publish");
    first.arg(model(MODELS[0]));
    application.run(first);
    let mut killed = application.instance("killed");
    let mut stopped = application.instance("stopped");
    let mut leaving = application.instance("leaving");
    let minute = Duration::from_secs(60);
    wait_until("three share six partitions", minute, || all_at_work(&[&killed, &stopped, &leaving]));
    println!("three processes at work");

    let mut command = application.command("produce");
    command
        .args(["--delimiter", ";", "--no-header", "--loop", "--rate", RATE])
        .arg(root().join("demo/records.csv"));
    let mut records =
        Instance::new("produce", application.spawn(command, "produce"), application.log("produce"));
    let mut command = application.command("publish");
    command.args(["--every", EVERY, "--loop"]).args(MODELS.map(model));
    let mut models =
        Instance::new("publish", application.spawn(command, "publish"), application.log("publish"));

    sleep(Duration::from_secs(4));
    killed.kill();
    println!("one was killed");
    sleep(Duration::from_secs(3));
    let mut killed = application.instance("killed");
    let mut added = application.instance("added");
    sleep(Duration::from_secs(6));
    stopped.pause();
    println!("one was stopped");
    sleep(Duration::from_secs(8));
    stopped.resume();
    println!("it goes on");
    sleep(Duration::from_secs(6));
    let status = leaving.leave();
    assert!(status.success(), "it has left with {status}:\n{}", leaving.said());
    println!("one has left");
    sleep(Duration::from_secs(4));
    assert!(records.is_running() && models.is_running(), "{}\n{}", records.said(), models.said());
    models.leave();
    records.leave();

    for instance in [&mut killed, &mut stopped, &mut added] {
        assert!(instance.is_running(), "it has ended:\n{}", instance.said());
    }
    let mut evidence = Evidence::default();
    wait_until("every record has an outcome", 2 * minute, || {
        evidence = application.evidence();
        println!("{} outcomes of {} records", outcomes(&evidence), count(&evidence.inputs));
        outcomes(&evidence) >= count(&evidence.inputs)
    });
    wait_until("three share six partitions again", minute, || all_at_work(&[&killed, &stopped, &added]));

    let began = Instant::now();
    let (summary, violations) =
        check(&evidence, Guarantee::ExactlyOnce, &mut Rescorer::new(&evidence.control));
    println!(
        "{} records, {} results under {} models, {} dead letters, verified in {:.1} s",
        summary.inputs,
        summary.results,
        summary.by_model.len(),
        summary.dead_letters,
        began.elapsed().as_secs_f64()
    );
    assert!(
        violations.is_empty(),
        "{} violations, first {:?}",
        violations.len(),
        &violations[..violations.len().min(10)]
    );
    assert!(summary.by_model.len() > 20, "the models have changed {} times", summary.by_model.len());
    statistics_are_the_fold(&summary, &[&killed, &stopped, &added]);
    for instance in [&mut killed, &mut stopped, &mut added] {
        let status = instance.leave();
        assert!(status.success(), "it has left with {status}:\n{}", instance.said());
    }
}

fn count(records: &BTreeMap<u32, Vec<scorewheel_tests::verifier::RawRecord>>) -> usize {
    records.values().map(Vec::len).sum()
}

fn outcomes(evidence: &Evidence) -> usize {
    count(&evidence.results) + count(&evidence.dead_letters)
}

/// What each task says of itself is what lies on the topics.
fn statistics_are_the_fold(summary: &Summary, instances: &[&Instance]) {
    let tasks: Vec<_> = instances.iter().flat_map(|instance| instance.working_tasks()).collect();
    assert_eq!(tasks.len(), PARTITIONS);
    let number = |value: &serde_json::Value| value.as_u64().unwrap();
    let mut records = 0;
    let mut compared = 0;
    for task in &tasks {
        let partition = u32::try_from(number(&task["partition"])).unwrap();
        let of_partition =
            summary.by_partition_and_model.range((partition, i64::MIN)..=(partition, i64::MAX));
        assert_eq!(number(&task["results"]), of_partition.map(|(_, count)| count).sum::<u64>(), "{task}");
        records += number(&task["records"]);
        for statistics in task["statistics"].as_array().unwrap() {
            let control = statistics["model"]["controlOffset"].as_i64().unwrap();
            let counted = summary.by_partition_and_model.get(&(partition, control)).copied();
            let invocations = number(&statistics["invocations"]);
            assert_eq!(invocations, counted.unwrap_or(0), "partition {partition}, control {control}");
            if let Some(mean) = number(&statistics["durationNs"]).checked_div(invocations) {
                assert!(number(&statistics["minNs"]) <= mean && mean <= number(&statistics["maxNs"]));
                compared += 1;
            }
        }
    }
    assert_eq!(records, summary.inputs);
    println!("{compared} statistics of models and tasks equal the fold of the results");
}
