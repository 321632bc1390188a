//! An engine goes through a schedule, and what is on the topics is verified.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use scorewheel_streams::FaultPoint;
use scorewheel_tests::faults::Faults;
use scorewheel_tests::kafka::{Cluster, CommitWatch};
use scorewheel_tests::verifier::{Commit, Evidence, Rescorer, Summary, Violation, check};

use crate::application::{Application, MODELS, model};
use crate::engine::Engine;
use crate::instance::Instance;
use crate::nodes::Nodes;
use crate::schedule::{INSTANCES, Schedule, Step};
use crate::wait_until;

/// Between two models.
const EVERY: &str = "400ms";
/// Records a second.
const RATE: u32 = 600;
pub const PARTITIONS: usize = 6;
pub const MINUTE: Duration = Duration::from_secs(60);
/// How much later than the others one instance installs models.
const LATE: Duration = Duration::from_secs(3);
/// Longer than the session time-out.
const STOPPED: Duration = Duration::from_secs(7);
/// Longer than the other nodes need to notice.
const DOWN: Duration = Duration::from_secs(5);
/// The control offset under which a store adds up what earlier models have done.
const EARLIER: i64 = -1;
/// SIGABRT: what a fault point ends a process with.
const ABORTED: i32 = 6;

/// The instances of a run, by number.
struct Run<'a> {
    application: &'a Application,
    nodes: Option<&'a Nodes>,
    instances: BTreeMap<usize, Instance>,
    faults: BTreeMap<usize, Faults>,
    /// False while a process is stopped, or may still send what it had in hand when it was.
    orderly: &'a AtomicBool,
}

/// Sends an engine through a schedule, under load and with models that change; fails if a promise is broken.
pub fn run(cluster: &Cluster, nodes: Option<&Nodes>, engine: Engine, schedule: &Schedule) {
    let application = Application::new(cluster.clone(), engine);
    // The first model stands before the first record, so that none is dropped.
    application.publish(MODELS[0]);
    let orderly = AtomicBool::new(true);
    let mut run = Run {
        application: &application,
        nodes,
        instances: BTreeMap::new(),
        faults: [(schedule.late, Faults::wait_at(FaultPoint::BeforeBuild, LATE))].into(),
        orderly: &orderly,
    };
    (0..INSTANCES).for_each(|instance| run.start(instance));
    wait_until("the instances share the partitions", MINUTE, || run.all_at_work());
    let mut records = application.produce(RATE, None);
    let mut command = application.command("publish");
    command.args(["--every", EVERY, "--loop"]).args(MODELS.map(model));
    let mut models = application.client("publish", command);
    sleep(Duration::from_secs(2));

    let (inputs, results) = (application.topic("records"), application.topic("results"));
    let watch = cluster.watch_commits(application.id(), &inputs, &results).unwrap();
    let done = AtomicBool::new(false);
    let commits = thread::scope(|scope| {
        let watching = scope.spawn(|| watch_commits(&watch, &done, &orderly));
        // A step that fails must not leave the watch waiting.
        let stepped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for (step, pause) in &schedule.steps {
                run.step(*step);
                sleep(Duration::from_secs(*pause));
            }
        }));
        done.store(true, Ordering::Release);
        stepped.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        watching.join().unwrap()
    });
    assert!(records.is_running() && models.is_running(), "{}\n{}", records.said(), models.said());
    models.leave();
    records.leave();
    wait_until("every record has an outcome", 2 * MINUTE, || {
        let lost = |violation: &Violation| matches!(violation, Violation::Lost { .. });
        let without = application.violations().into_iter().filter(lost).count();
        println!("{without} records without outcome");
        without == 0
    });
    wait_until("the instances share the partitions again", MINUTE, || run.all_at_work());
    let evidence = Evidence { commits, ..application.evidence() };
    let summary = verify(engine, &evidence);
    let most = if engine == Engine::Persistent { 50 } else { 25 };
    assert!(summary.by_model.len() >= most, "the models have changed {} times", summary.by_model.len());
    run.statistics_are_the_fold(engine, &summary);
    for instance in run.instances.values_mut() {
        let status = instance.leave();
        assert!(status.success(), "it has left with {status}:\n{}", instance.said());
    }
}

/// Notes what is committed until told to stop.
fn watch_commits(watch: &CommitWatch, done: &AtomicBool, orderly: &AtomicBool) -> BTreeMap<u32, Vec<Commit>> {
    let mut commits: BTreeMap<u32, Vec<Commit>> = BTreeMap::new();
    while !done.load(Ordering::Acquire) {
        let before = orderly.load(Ordering::Acquire);
        // A coordinator that is not to be had now is asked again.
        if let Ok(found) = watch.look()
            && before
            && orderly.load(Ordering::Acquire)
        {
            found
                .into_iter()
                .for_each(|(partition, commit)| commits.entry(partition).or_default().push(commit));
        }
        sleep(Duration::from_millis(200));
    }
    commits
}

fn verify(engine: Engine, evidence: &Evidence) -> Summary {
    let began = Instant::now();
    let (summary, violations) = check(evidence, engine.guarantee(), &mut Rescorer::new(&evidence.control));
    println!(
        "{} records, {} results, {} of them again, under {} models, {} dead letters, verified in {:.1} s",
        summary.inputs,
        summary.results,
        summary.duplicates,
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
    summary
}

impl Run<'_> {
    fn name(instance: usize) -> String {
        format!("instance-{instance}")
    }

    /// Starts an instance, or another process in the place of one that is gone.
    fn start(&mut self, instance: usize) {
        let name = Self::name(instance);
        let faults = self.faults.get(&instance).cloned().unwrap_or_default();
        faults.write(&self.application.faults(&name)).unwrap();
        self.instances.insert(instance, self.application.instance(&name));
    }

    fn instance(&mut self, instance: usize) -> &mut Instance {
        self.instances.get_mut(&instance).unwrap()
    }

    fn step(&mut self, step: Step) {
        println!("{step:?}");
        match step {
            Step::Kill { instance, back_after } => {
                self.instance(instance).kill();
                sleep(Duration::from_secs(back_after));
                self.start(instance);
            }
            Step::KillAt { instance, point, passing } => {
                let faults = Faults {
                    kill: Faults::kill_at(point, passing).kill,
                    ..self.faults.get(&instance).cloned().unwrap_or_default()
                };
                faults.write(&self.application.faults(&Self::name(instance))).unwrap();
                let status = self.instance(instance).ended(MINUTE);
                let said = self.instance(instance).said();
                assert_eq!(status.signal(), Some(ABORTED), "it has ended with {status}:\n{said}");
                self.start(instance);
            }
            Step::Stop { instance } => {
                self.orderly.store(false, Ordering::Release);
                self.instance(instance).pause();
                sleep(STOPPED);
                self.instance(instance).resume();
                self.has_nothing_in_hand(instance);
                self.orderly.store(true, Ordering::Release);
            }
            Step::Node { node } => {
                let nodes = self.nodes.unwrap();
                nodes.kill(node);
                sleep(DOWN);
                nodes.start();
            }
            Step::Add { instance } => self.start(instance),
            Step::Leave { instance } => {
                let mut leaving = self.instances.remove(&instance).unwrap();
                let status = leaving.leave();
                assert!(status.success(), "it has left with {status}:\n{}", leaving.said());
            }
        }
    }

    /// Waits until an instance that was stopped commits again: before a commit it sends all that it had in hand.
    fn has_nothing_in_hand(&mut self, instance: usize) {
        let mut seen: BTreeMap<i64, i64> = BTreeMap::new();
        wait_until("what was stopped commits again", MINUTE, || {
            let number = |value: &serde_json::Value| value.as_i64().unwrap_or(-1);
            let tasks = self.instance(instance).working_tasks();
            tasks.iter().any(|task| {
                let (partition, offset) = (number(&task["partition"]), number(&task["offset"]));
                seen.insert(partition, offset).is_some_and(|before| offset > before)
            })
        });
    }

    fn all_at_work(&mut self) -> bool {
        for instance in self.instances.values_mut() {
            assert!(instance.is_running(), "it has ended:\n{}", instance.said());
        }
        self.instances.values().map(|instance| instance.working_tasks().len()).sum::<usize>() == PARTITIONS
    }

    /// What each task says of itself is what lies on the topics, as far as the engine's figures outlive a process.
    fn statistics_are_the_fold(&self, engine: Engine, summary: &Summary) {
        if !matches!(engine, Engine::Persistent | Engine::Custom) {
            return;
        }
        let tasks: Vec<_> = self.instances.values().flat_map(Instance::working_tasks).collect();
        assert_eq!(tasks.len(), PARTITIONS);
        let number = |value: &serde_json::Value| value.as_u64().unwrap();
        let mut records = 0;
        let mut compared = 0;
        for task in &tasks {
            let partition = u32::try_from(number(&task["partition"])).unwrap();
            let of_partition =
                summary.by_partition_and_model.range((partition, i64::MIN)..=(partition, i64::MAX));
            let results = of_partition.map(|(_, count)| count).sum::<u64>();
            assert_eq!(number(&task["results"]), results, "{task}");
            records += number(&task["records"]);
            let control_of =
                |statistics: &serde_json::Value| statistics["model"]["controlOffset"].as_i64().unwrap();
            let counted =
                |control| summary.by_partition_and_model.get(&(partition, control)).copied().unwrap_or(0);
            let statistics = task["statistics"].as_array().unwrap();
            let by_name: u64 = statistics.iter().map(control_of).map(counted).sum();
            for statistics in statistics {
                let control = control_of(statistics);
                // The custom store has one sum for all models before the last two.
                let counted = if control == EARLIER { results - by_name } else { counted(control) };
                let invocations = number(&statistics["invocations"]);
                assert_eq!(invocations, counted, "partition {partition}, control {control}");
                if let Some(mean) = number(&statistics["durationNs"]).checked_div(invocations) {
                    assert!(number(&statistics["minNs"]) <= mean && mean <= number(&statistics["maxNs"]));
                    compared += 1;
                }
            }
        }
        assert_eq!(records, summary.inputs);
        println!("{compared} statistics of models and tasks equal the fold of the results");
    }
}
