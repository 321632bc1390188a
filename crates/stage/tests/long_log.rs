//! A start on ten thousand models, and thousands of swaps after it.

mod support;

use scorewheel_stage::*;
use support::*;

#[test]
fn fault_28_a_start_on_ten_thousand_messages_scores_nothing_before_it_is_there() {
    let mut world = World::new();
    let mut task = world.stage(StageOptions::default());
    task.feed(&["1"]);
    for round in 0..10_000_i64 {
        let name = format!("m{}", round % 100);
        match round % 100 {
            at if at % 2 == 1 && round >= 9_900 => _ = world.remove("wine", &name),
            _ => _ = world.publish("wine", &name, &format!("line: scale={round}")),
        }
    }
    world.drive();
    assert!(task.shown().is_empty());
    assert_eq!(world.models.control().position, 10_000);
    // The log ends past its last message: aborted records and markers.
    world.messages.push(ModelItem::Ready { end: Some(10_007) });
    world.drive();
    assert_eq!(task.shown(), ["[9998newest] 0: 9998@9998"]);
    let control = world.models.control();
    assert_eq!((control.position, control.held[0].1.len()), (10_007, 50));
}

#[test]
fn thousands_of_swaps_leave_two_models_and_no_bytes_behind() {
    let mut world = World::new();
    let mut task = world.stage(StageOptions::default());
    world.ready();
    for swap in 0..3_000 {
        world.publish("wine", "a", &format!("line: scale={swap}"));
        world.drive();
        task.feed(&["1"]);
        assert_eq!(task.take().len(), 1);
    }
    let control = world.models.control();
    assert_eq!((control.models.len(), control.held[0].1.len()), (1, 1));
    assert_eq!(task.handle.conservation().records, 3_000);
    // A thousand models are told apart, those before are added up; recent cut-overs only are kept.
    assert!(task.handle.statistics().models().count() <= 1001);
    assert_eq!(task.handle.cutovers().len(), 100);
    assert!(task.handle.checkpoint("").encode().len() < 200_000);
}
