//! The rules of the model ledger that a stage keeps.

mod support;

use std::sync::{Arc, Mutex};

use scorewheel_serving::{Adopt, FailureShare, LedgerMismatch, NoModel, Policies};
use scorewheel_stage::*;
use support::common::name;
use support::*;

fn policies(policies: Policies) -> StageOptions {
    StageOptions { policies, ..StageOptions::default() }
}

#[test]
fn rule_3_nothing_is_scored_before_the_stream_of_models_says_that_it_is_ready() {
    let mut world = World::new();
    let mut task = world.stage(StageOptions::default());
    task.feed(&["wine:1", "wine:2"]);
    world.publish("wine", "a", "line: scale=2");
    world.publish("wine", "a", "line: scale=3");
    world.drive();
    assert!(task.shown().is_empty());
    assert_eq!(task.records.left(), 2, "records are not even taken in");
    assert!(!task.handle.not_ready().is_empty());
    world.ready();
    world.drive();
    assert_eq!(task.shown(), ["[1newest] 0: 3@1", "1: 6@1"]);
    assert!(task.handle.not_ready().is_empty());
}

#[test]
fn rule_3_a_stream_of_models_that_ends_before_it_is_ready_ends_the_stage_and_loses_nothing() {
    let mut world = World::new();
    let mut task = world.stage(StageOptions::default());
    task.feed(&["wine:1"]);
    world.messages.end();
    assert_eq!(world.try_drive(), Err(ModelsError::EndedBeforeReady));
    assert!(task.has_ended());
    assert_eq!(task.records.left(), 1);
    assert_eq!(task.handle.conservation().records, 0);
}

#[test]
fn rule_4_a_refused_model_changes_nothing_and_is_told() {
    struct Told(Mutex<Vec<StageEvent>>);
    impl Surroundings for Told {
        fn wall(&self) -> i64 {
            1
        }
        fn nanoseconds(&self) -> u64 {
            1
        }
        fn observe(&self, event: &StageEvent) {
            self.0.lock().unwrap().push(event.clone());
        }
    }
    let told = Arc::new(Told(Mutex::default()));
    let surroundings = Arc::clone(&told) as Arc<dyn Surroundings>;
    let mut world = World::with(ModelsOptions { surroundings, ..ModelsOptions::default() });
    let mut task = world.stage(StageOptions::default());
    world.publish("wine", "a", "line: scale=2");
    world.publish("wine", "b", "line: unverified");
    world.publish("wine", "a", "line: nonsense");
    world.ready();
    world.drive();
    task.feed(&["1"]);
    assert_eq!(task.shown(), ["[0newest] 0: 2@0"], "walks back to the message before");
    assert_eq!(task.handle.control().rejections.len(), 2);
    let events = told.0.lock().unwrap();
    let rejected = events.iter().filter(|event| matches!(event, StageEvent::Rejected(_))).count();
    assert_eq!(rejected, 2);
}

#[test]
fn rule_1_a_removal_installs_the_next_highest_model() {
    let mut world = World::new();
    let mut task = world.stage(StageOptions::default());
    world.publish("wine", "a", "line: scale=2");
    world.publish("wine", "b", "line: scale=3");
    world.ready();
    world.drive();
    task.feed(&["1"]);
    assert_eq!(task.shown(), ["[1newest] 0: 3@1"]);
    world.remove("wine", "b");
    world.drive();
    task.feed(&["1"]);
    assert_eq!(task.shown(), ["[2] 1: 2@0"]);
}

#[test]
fn rule_7_a_stage_moves_between_batches_only_never_back_and_says_from_where() {
    let mut world = World::new();
    let mut task = world.stage(StageOptions::default());
    world.ready();
    world.drive();
    task.feed(&["1"]);
    assert_eq!(task.shown(), ["[-1newest] 0: dropped wine"]);
    world.publish("wine", "a", "line: scale=2");
    world.drive();
    assert!(task.handle.cutovers().len() == 1, "nothing is governed by it yet");
    task.feed(&["1", "2", "3"]);
    assert_eq!(task.next().as_ref().map(shown).unwrap(), "[0] 1: 2@0");
    // A model that comes while a batch is handed out governs the next batch.
    world.publish("wine", "a", "line: scale=3");
    world.drive();
    task.feed(&["4"]);
    assert_eq!(task.shown(), ["2: 4@0", "3: 6@0", "[1] 4: 12@1"]);
    let controls: Vec<i64> = task.handle.cutovers().iter().map(|at| at.revision.control).collect();
    assert_eq!(controls, [-1, 0, 1]);
    let entry = task.handle.cutovers()[2].entry("models_data", 3, 4);
    assert_eq!((entry.partition, entry.offset, entry.revision), (3, 4, 1));
}

#[test]
fn rule_7_two_stages_move_on_their_own() {
    let mut world = World::new();
    let (mut one, mut other) = (world.stage(StageOptions::default()), world.stage(StageOptions::default()));
    world.publish("wine", "a", "line: scale=2");
    world.ready();
    world.drive();
    one.feed(&["1"]);
    assert_eq!(one.shown(), ["[0newest] 0: 2@0"]);
    world.publish("wine", "a", "line: scale=3");
    world.drive();
    other.feed(&["1"]);
    assert_eq!(other.shown(), ["[1newest] 0: 3@1"]);
    one.feed(&["1"]);
    assert_eq!(one.shown(), ["[1] 1: 3@1"]);
}

#[test]
fn rule_8_a_restart_waits_until_the_models_stand_where_the_checkpoint_does() {
    let mut world = World::new();
    let mut task = world.stage(StageOptions::default());
    world.publish("wine", "a", "line: scale=2");
    world.publish("wine", "a", "line: scale=3");
    world.ready();
    world.drive();
    task.feed(&["1"]);
    task.take();
    let checkpoint = task.handle.checkpoint("1");

    let mut again = World::new();
    let restart = || StageOptions { restart: Some(checkpoint.clone()), ..StageOptions::default() };
    let mut task = again.stage(restart());
    task.feed(&["1"]);
    for message in &world.log {
        again.messages.push(message.clone().into());
    }
    again.drive();
    assert!(task.shown().is_empty());
    again.ready();
    again.drive();
    assert_eq!(task.shown(), ["0: 3@1"], "a restart is no cut-over");

    // A log that ends before it, or that has another message there.
    let mut truncated = World::replaying(&world.log[..1]);
    truncated.drive();
    let error = truncated.try_stage(restart()).err().unwrap();
    assert!(matches!(error, LedgerMismatch::EndsBefore { end: 1, control: 1 }), "{error}");
    let mut other = World::new();
    let waits = other.stage(restart());
    other.publish("wine", "a", "line: scale=2");
    other.publish("wine", "a", "line: scale=4");
    other.ready();
    let error = other.try_drive().unwrap_err();
    assert!(matches!(error, ModelsError::Ledger(LedgerMismatch::OtherMessage { .. })), "{error}");
    drop(waits);
    let adopt = Adopt { log: true, revision: false };
    let mut adopted = World::with(ModelsOptions { adopt, ..ModelsOptions::default() });
    let mut task = adopted.stage(restart());
    adopted.publish("wine", "a", "line: scale=5");
    adopted.ready();
    adopted.drive();
    task.feed(&["1"]);
    assert_eq!(task.shown(), ["[0log] 0: 5@0"]);
}

#[test]
fn rule_8_another_set_at_the_same_offset_is_told_once_and_not_scored_with() {
    #[derive(Default)]
    struct Told(Mutex<Vec<StageEvent>>);
    impl Surroundings for Told {
        fn wall(&self) -> i64 {
            1
        }
        fn nanoseconds(&self) -> u64 {
            1
        }
        fn observe(&self, event: &StageEvent) {
            self.0.lock().unwrap().push(event.clone());
        }
    }
    let mut world = World::new();
    let mut task = world.stage(StageOptions::default());
    world.publish("wine", "a", "line: scale=2");
    world.publish("wine", "b", "line: scale=3");
    world.ready();
    world.drive();
    task.feed(&["1"]);
    task.take();
    let checkpoint = task.handle.checkpoint("1");
    // The same log under an engine that knows no such model as the second.
    for adopt in [false, true] {
        let told = Arc::new(Told::default());
        let mut other = World::with(ModelsOptions {
            adopt: Adopt { log: false, revision: adopt },
            surroundings: Arc::clone(&told) as Arc<dyn Surroundings>,
            quarantined: Vec::new(),
            rejections: vec![serving_rejection(&world.log[1])],
            ..ModelsOptions::default()
        });
        let restart = Some(checkpoint.clone());
        let mut task = other.stage(StageOptions { restart, ..StageOptions::default() });
        task.feed(&["1"]);
        for message in &world.log {
            other.messages.push(message.clone().into());
        }
        other.log = world.log.clone();
        other.ready();
        other.drive();
        other.publish("beer", "c", "line: scale=1");
        other.drive();
        let diverged = |event: &&StageEvent| matches!(event, StageEvent::Diverged(_));
        let times = told.0.lock().unwrap().iter().filter(diverged).count();
        if adopt {
            assert_eq!((task.shown(), times), (vec!["[2revision] 0: 2@0".to_owned()], 0));
        } else {
            assert_eq!((task.shown(), times), (Vec::<String>::new(), 1));
            assert!(task.handle.not_ready()[0].contains("--adopt-revision"), "{:?}", task.handle.not_ready());
        }
    }
}

/// The rejection of a message, as another engine has written it.
fn serving_rejection(message: &ModelMessage) -> scorewheel_serving::Rejection {
    use scorewheel_serving::{ControlMessage, ControlRecord, Refusal, RefusalKind, Rejection};
    let record = ControlRecord {
        offset: message.offset,
        timestamp: message.timestamp,
        key: message.key.as_deref(),
        value: message.value.clone(),
    };
    let ControlMessage::Put(put) = ControlMessage::read(&record, Default::default()) else {
        panic!("no model")
    };
    Rejection::of_model(&put.reference, &Refusal::new(RefusalKind::GoldenRow, "not here"), "elsewhere")
}

#[test]
fn rule_10_a_panic_makes_dead_letters_of_guilty_records_only() {
    let mut world = World::new();
    let mut task = world.stage(StageOptions::default());
    world.publish("wine", "a", "line: scale=2 panic=13");
    world.ready();
    world.drive();
    task.feed(&["1", "13", "2", "wine:?", "wine:", "null", "cheese:1", "rock:1@beer", "49.5"]);
    assert_eq!(
        task.shown(),
        [
            "[0newest] 0: 2@0",
            "1: score engine_panicked",
            "2: 4@0",
            "3: decode unreadable",
            "4: score missing_value",
            "5: decode no_value",
            "6: route unknown_data_type",
            "7: route other_schema",
            "8: encode unlucky",
        ]
    );
    let conservation = task.handle.conservation();
    assert!(conservation.holds());
    assert_eq!((conservation.results, conservation.dead_letters), (2, [2, 2, 2, 1]));
}

#[test]
fn rule_10_a_model_that_fails_holds_the_stage_up_until_another_comes_also_after_a_restart() {
    let mut world = World::new();
    let failure = FailureShare { share: 1.0, rows: 2 };
    let options = || policies(Policies { failure, ..Policies::default() });
    let mut task = world.stage(options());
    world.publish("wine", "a", "line: fail=all");
    world.ready();
    world.drive();
    task.feed(&["1", "2", "3"]);
    assert_eq!(task.shown(), ["[0newest] 0: score no_answer", "1: score no_answer"]);
    assert!(task.handle.waiting().unwrap().contains("fails on its records"));
    assert_eq!((task.handle.alarms().len(), task.handle.in_flight()), (1, 1));
    let restart = Some(task.handle.checkpoint("2"));

    let mut again = World::replaying(&world.log);
    again.drive();
    let mut restarted = again.stage(StageOptions { restart, ..options() });
    restarted.feed(&["3"]);
    assert!(restarted.shown().is_empty());

    for (world, task, offset) in [(&mut world, &mut task, 2), (&mut again, &mut restarted, 0)] {
        world.publish("wine", "a", "line: scale=10");
        world.drive();
        assert_eq!(task.shown(), [format!("[1] {offset}: 30@1")]);
        assert_eq!((task.handle.waiting(), task.handle.in_flight()), (None, 0));
    }
}

#[test]
fn rule_11_wait_keeps_records_until_a_model_comes() {
    let mut world = World::new();
    let mut task = world.stage(policies(Policies { no_model: NoModel::Wait, ..Policies::default() }));
    world.publish("beer", "b", "line: scale=2");
    world.ready();
    world.drive();
    task.feed(&["beer:1", "wine:1", "beer:2"]);
    assert_eq!(task.shown(), ["[0newest] 0: 2@0"]);
    assert!(task.handle.waiting().unwrap().contains("no model is in force for the data type wine"));
    world.publish("wine", "a", "line: scale=3");
    world.drive();
    assert_eq!(task.shown(), ["[1] 1: 3@1", "2: 4@0"]);
    // The end of the models while a record waits ends the stage; the record has not been handed out.
    world.remove("wine", "a");
    world.messages.end();
    world.drive();
    task.feed(&["beer:1", "wine:1"]);
    assert_eq!(task.shown(), ["[2] 3: 2@0"]);
    assert!(task.has_ended());
    assert_eq!((task.handle.in_flight(), task.handle.conservation().records), (1, 4));
}

#[test]
fn rule_12_records_are_conserved_at_every_record_handed_out() {
    let mut world = World::new();
    let mut task = world.stage(StageOptions { batch: 7, ..StageOptions::default() });
    world.ready();
    world.drive();
    let (mut counts, mut out) = ([0_u64; 3], 0);
    let mut next = 0;
    for round in 0..60_u32 {
        match round % 6 {
            1 => _ = world.publish("wine", "a", &format!("line: scale={round} panic=3 fail=5")),
            3 => _ = world.publish("beer", "b", "line: nonsense"),
            5 if round % 4 == 1 => _ = world.remove("wine", "a"),
            _ => {}
        }
        world.drive();
        let texts: Vec<String> = (0..round % 17)
            .map(|x| match x {
                2 => "wine:?".to_owned(),
                4 => format!("beer:{x}"),
                x => format!("{x}"),
            })
            .collect();
        task.feed(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        while let Some(scored) = task.next() {
            assert_eq!(scored.record.context, next, "in input order");
            next += 1;
            out += 1;
            match scored.outcome {
                Outcome::Result { .. } => counts[0] += 1,
                Outcome::DeadLetter { .. } => counts[1] += 1,
                Outcome::Dropped { .. } => counts[2] += 1,
            }
            let conservation = task.handle.conservation();
            assert!(conservation.holds());
            assert_eq!([conservation.results, conservation.all_dead_letters(), conservation.drops], counts);
            assert_eq!(conservation.records, out);
        }
    }
    assert_eq!(next, task.next);
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
}

#[test]
fn rule_13_statistics_go_on_where_the_checkpoint_left_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("stage.checkpoint");
    assert_eq!(Checkpoint::read(&path).unwrap(), None);
    let mut world = World::new();
    let mut task = world.stage(StageOptions::default());
    world.publish("wine", "a", "line: scale=2");
    world.ready();
    world.drive();
    task.feed(&["1", "2", "wine:?", "beer:1"]);
    task.take();
    task.handle.checkpoint(task.next.to_be_bytes()).write(&path).unwrap();
    // Scored and handed out, and lost in the crash: read again after it.
    task.feed(&["3"]);
    task.take();

    let restart = Checkpoint::read(&path).unwrap();
    assert_eq!(restart.as_ref().unwrap().references.len(), 1);
    let mut again = World::replaying(&world.log);
    let mut restarted = again.stage(StageOptions { restart, ..StageOptions::default() });
    assert_eq!(restarted.handle.restored_position(), Some(4_i64.to_be_bytes().to_vec()));
    assert_eq!(restarted.handle.conservation().records, 4, "shown before the models are there");
    again.drive();
    restarted.next = 4;
    restarted.feed(&["3"]);
    assert_eq!(restarted.shown(), ["4: 6@0"]);
    let statistics = restarted.handle.statistics();
    let conservation = statistics.conservation();
    assert_eq!((conservation.records, conservation.results, conservation.drops), (5, 3, 1));
    assert!(conservation.holds());
    let model = restarted.handle.model(&name("wine")).unwrap();
    assert_eq!((model.statistics.count, &*model.model.description), (3, "about a"));
    assert!(model.statistics.min_nanoseconds <= model.statistics.max_nanoseconds);
    assert_eq!(restarted.handle.data_types(), [name("wine")]);
}

#[test]
fn rule_14_a_checkpoint_holds_references_and_no_model() {
    let mut world = World::new();
    let mut task = world.stage(StageOptions::default());
    let secret = "line: scale=2            ";
    world.publish("wine", "a", secret);
    world.ready();
    world.drive();
    task.feed(&["1"]);
    task.take();
    let bytes = task.handle.checkpoint("").encode();
    assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()));
    assert!(bytes.len() < 800, "{}", bytes.len());
}
