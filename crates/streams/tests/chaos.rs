//! Seeded mixtures of everything that can happen to a group of instances. A failure names its seed.

mod cluster;

use std::time::Duration;

use cluster::{APPLICATION, Cluster, FaultAt, Gate, OF_A_COMMIT};
use scorewheel_topics::{Fault, Operation, TopicsError};

/// Numbers that look random and are the same for a seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        let index = usize::try_from(self.below(from.len() as u64)).unwrap_or_default();
        from[index].clone()
    }
}

/// Faults after which an instance goes on by itself.
fn passing_fault(dice: &mut Dice) -> (Operation, Fault) {
    // Not `Produce`: that is what feeds the instances, too.
    let operation = dice.pick(&[Operation::SendOffsets, Operation::Commit]);
    let fault = match dice.below(6) {
        0 => Fault::Fail(TopicsError::AbortTransaction { reason: "chaos".into() }),
        1 => Fault::Rebalance,
        2 => Fault::Delay(Duration::from_secs(dice.below(15))),
        3 => {
            let error = TopicsError::StaleGeneration { group: APPLICATION.into(), generation: 0 };
            return (Operation::SendOffsets, Fault::Fail(error));
        }
        4 => return (Operation::Commit, Fault::Fail(TopicsError::Indefinite { operation: "commit" })),
        _ => return (Operation::Commit, Fault::FailAfter(TopicsError::Indefinite { operation: "commit" })),
    };
    (operation, fault)
}

/// On a thread that has the seed in its name, so that a failure says it.
fn run(seed: u64) {
    let thread = std::thread::Builder::new().name(format!("seed {seed}")).spawn(move || run_here(seed));
    let outcome = thread.map(std::thread::JoinHandle::join);
    assert!(matches!(outcome, Ok(Ok(()))), "seed {seed}");
}

fn run_here(seed: u64) {
    let mut dice = Dice(seed);
    let mut cluster = Cluster::new();
    let mut version = 1_000;
    cluster.publish(&format!("v{version}"));
    for _ in 0..60 {
        let name = dice.pick(&["a", "b", "c"]);
        let is_alive = cluster.instances.get(name).is_some_and(|instance| instance.streams.is_some());
        match dice.below(10) {
            0..=2 if !is_alive => {
                let point = dice.pick(&OF_A_COMMIT);
                let nth = usize::try_from(dice.below(40)).unwrap_or_default() + 1;
                let fault = (dice.below(2) == 0).then(|| FaultAt::nth(point, nth));
                cluster.start_with(name, fault, Gate::open());
            }
            0 if is_alive => cluster.crash(name),
            1 if is_alive && cluster.instances.len() > 1 => cluster.stop(name),
            3 => {
                version += 1;
                cluster.publish(&format!("v{version}"));
            }
            4 => {
                let (operation, fault) = passing_fault(&mut dice);
                cluster.backend.faults().at(operation, dice.below(5) + 1, fault);
            }
            5 => cluster.backend.broker().rebalance(APPLICATION),
            _ => cluster.feed(usize::try_from(dice.below(20)).unwrap_or_default()),
        }
        for _ in 0..dice.below(30) {
            if !cluster.round() {
                cluster.clock.advance(Duration::from_millis(5));
            }
        }
    }
    for name in ["a", "b"] {
        if cluster.instances.get(name).is_none_or(|instance| instance.streams.is_none()) {
            cluster.start(name);
        }
    }
    // Whoever still has a fault before it meets it now, and is started again.
    for _ in 0..10 {
        cluster.feed(3);
        cluster.until("all input is committed, or all have died", |cluster| {
            cluster.is_drained() || cluster.instances.values().all(|instance| instance.streams.is_none())
        });
        if !cluster.is_drained() {
            cluster.start("a");
        }
    }
    cluster.drain();
    cluster.check();
}

/// Six seeds, or as many as `SOAK_SEEDS` says (`just soak`).
#[test]
fn whatever_happens_every_record_is_there_once_and_state_is_the_fold_of_the_input() {
    let seeds = std::env::var("SOAK_SEEDS").ok().and_then(|seeds| seeds.parse().ok());
    (0..seeds.unwrap_or(6)).for_each(run);
}
