//! Every engine through kills, stops and moves, while models change under load and one instance installs them late.

use scorewheel_tests::kafka::Cluster;

use crate::engine::Engine;
use crate::nodes::Nodes;
use crate::run::run;
use crate::schedule::Schedule;

fn through_the_schedules_of_its_seeds(engine: Engine) {
    let Some(cluster) = Cluster::for_tests() else {
        println!("skipped: SCOREWHEEL_TEST_KAFKA not found");
        return;
    };
    let nodes = Nodes::for_tests(&cluster);
    let number =
        |name: &str, default| std::env::var(name).map_or(default, |text| text.parse::<u64>().unwrap());
    let first = number("SOAK_FIRST_SEED", 1);
    for seed in first..first + number("SOAK_SEEDS", 1) {
        let schedule = Schedule::of(engine, seed, nodes.is_some());
        println!("{}, seed {seed}: {schedule:?}", engine.name());
        run(&cluster, nodes.as_ref(), engine, &schedule);
    }
}

#[test]
fn persistent_store_scores_every_record_once() {
    through_the_schedules_of_its_seeds(Engine::Persistent);
}

#[test]
fn memory_store_scores_every_record_once() {
    through_the_schedules_of_its_seeds(Engine::Memory);
}

#[test]
fn custom_store_scores_every_record_once() {
    through_the_schedules_of_its_seeds(Engine::Custom);
}

#[test]
fn stage_scores_every_record_and_none_again_that_is_committed() {
    through_the_schedules_of_its_seeds(Engine::Stage);
}
