//! Who fails when, and how: the same for a seed.

use scorewheel_streams::FaultPoint;

use crate::engine::Engine;
use crate::nodes::NODES;

/// The fault points at which processes die.
const POINTS: [FaultPoint; 3] =
    [FaultPoint::BeforeSendOffsets, FaultPoint::BeforeCommit, FaultPoint::AfterCommit];
/// Instances at the beginning.
pub const INSTANCES: usize = 3;

/// What happens to an instance, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Killed with -9; another process takes its place after so many seconds.
    Kill { instance: usize, back_after: u64 },
    /// Dies at the n-th passing of a point; another process takes its place at once.
    KillAt { instance: usize, point: FaultPoint, passing: u32 },
    /// Stopped beyond its session, then it goes on.
    Stop { instance: usize },
    /// Added.
    Add { instance: usize },
    /// Leaves cleanly.
    Leave { instance: usize },
    /// A node of the cluster, which leads partitions, is killed with -9 and started again, by its number from 1.
    Node { node: usize },
}

/// The steps of a run, and the seconds after each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The instance that installs models late.
    pub late: usize,
    pub steps: Vec<(Step, u64)>,
}

#[derive(Clone, Copy)]
enum Kind {
    Kill,
    KillAt(FaultPoint),
    Stop,
    Add,
    Leave,
    Node,
}

impl Schedule {
    /// The schedule of a seed. The default engine goes through everything, the others through each kind once; nodes fail
    /// if they may.
    pub fn of(engine: Engine, seed: u64, nodes_fail: bool) -> Self {
        let mut random = Random(seed);
        let mut kinds = vec![Kind::Kill, Kind::Stop, Kind::Add, Kind::Leave];
        match engine {
            Engine::Persistent => kinds.extend(POINTS.map(Kind::KillAt)),
            _ => kinds.push(Kind::KillAt(POINTS[random.below(POINTS.len())])),
        }
        if nodes_fail {
            kinds.extend([Kind::Node; 2]);
        }
        for index in (1..kinds.len()).rev() {
            kinds.swap(index, random.below(index + 1));
        }
        let late = random.below(INSTANCES);
        let mut here: Vec<usize> = (0..INSTANCES).collect();
        let steps = kinds.into_iter().map(|kind| {
            let instance = here[random.below(here.len())];
            let step = match kind {
                Kind::Kill => Step::Kill { instance, back_after: 5 * random.below(2) as u64 },
                Kind::KillAt(point) => Step::KillAt { instance, point, passing: 1 + random.below(20) as u32 },
                Kind::Stop => Step::Stop { instance },
                Kind::Node => Step::Node { node: 1 + random.below(NODES) },
                Kind::Add => {
                    here.push(INSTANCES);
                    Step::Add { instance: INSTANCES }
                }
                Kind::Leave => {
                    // The late one stays.
                    let others: Vec<usize> = here.iter().copied().filter(|other| *other != late).collect();
                    let instance = others[random.below(others.len())];
                    here.retain(|other| *other != instance);
                    Step::Leave { instance }
                }
            };
            (step, 2 + random.below(3) as u64)
        });
        let steps = steps.collect();
        Self { late, steps }
    }
}

/// Numbers that look random and are the same for a seed (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }
}

#[test]
fn a_schedule_is_that_of_its_seed_and_holds_every_kind_of_fault() {
    for seed in 0..100 {
        let schedule = Schedule::of(Engine::Persistent, seed, false);
        assert_eq!(schedule, Schedule::of(Engine::Persistent, seed, false));
        let dies = |wanted: FaultPoint| {
            schedule
                .steps
                .iter()
                .any(|(step, _)| matches!(step, Step::KillAt { point, .. } if *point == wanted))
        };
        assert!(POINTS.into_iter().all(dies), "{schedule:?}");
        let is = |wanted: fn(&Step) -> bool| schedule.steps.iter().any(|(step, _)| wanted(step));
        assert!(is(|step| matches!(step, Step::Kill { .. })) && is(|step| matches!(step, Step::Stop { .. })));
        assert!(is(|step| matches!(step, Step::Add { .. })) && is(|step| matches!(step, Step::Leave { .. })));
        assert!(!schedule.steps.iter().any(|(step, _)| *step == Step::Leave { instance: schedule.late }));
    }
    let different = (0..100).map(|seed| format!("{:?}", Schedule::of(Engine::Persistent, seed, false)));
    assert!(different.collect::<std::collections::BTreeSet<_>>().len() > 90);
}
