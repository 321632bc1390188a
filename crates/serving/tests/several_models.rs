//! A route that asks several models: which, in what order, and what becomes of their records.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod common;

use common::*;
use scorewheel_model::ModelName;
use scorewheel_serving::*;

fn names(names: &[&str]) -> Selection {
    Selection::Names(names.iter().map(|name| ModelName::new(name).unwrap()).collect())
}

fn three() -> Vec<Message> {
    vec![
        Message::put(0, "wine", "a", "line: scale=2"),
        Message::put(1, "wine", "b", "line: scale=3"),
        Message::put(2, "beer", "c", "line: scale=7"),
        Message::put(3, "wine", "c", "line: scale=5"),
    ]
}

fn asked(instance: &Instance) -> Vec<i64> {
    let route = instance.revision().route(&name("wine"));
    route.iter().map(|model| instance.revision().models()[*model].reference.offset).collect()
}

fn scored(scorer: &mut Scorer<TextDecoder>, revision: &Revision, records: &[&str]) -> Vec<String> {
    let records = TextRecords::of(records);
    texts(&scorer.score(revision, &records, 0..records.len(), &mut ticking()))
}

#[test]
fn all_are_asked_newest_first_and_listed_ones_in_the_order_of_the_list() {
    let mut all = Instance::asking(Selection::All, three());
    assert_eq!(asked(&all), [3, 1, 0]);
    assert_eq!(all.in_force("wine"), Some(("c".into(), 3)), "the first is the one that `latest` asks");
    all.arrive(Message::put(4, "wine", "a", "line: scale=11"));
    assert_eq!((asked(&all), all.control()), (vec![4, 3, 1], 4), "of each name the newest");
    all.arrive(Message::remove(5, "wine", "b"));
    assert_eq!((asked(&all), all.control()), (vec![4, 3], 5), "removing any of them is another revision");

    let mut listed = Instance::asking(names(&["b", "nobody", "a"]), three());
    assert_eq!(
        (asked(&listed), listed.control()),
        (vec![1, 0], 2),
        "a name that is not asked changes nothing"
    );
    assert_eq!(listed.parsed, [0, 1, 2], "and is not even loaded");
    let missing = |instance: &Instance| -> Vec<String> {
        instance.log.missing().iter().map(ToString::to_string).collect()
    };
    assert_eq!(missing(&listed), ["wine/nobody"]);
    listed.arrive(Message::put(4, "wine", "nobody", "line: scale=1"));
    assert_eq!((asked(&listed), missing(&listed)), (vec![1, 4, 0], vec![]));
    listed.arrive(Message::remove(5, "wine", "b"));
    assert_eq!((asked(&listed), missing(&listed)), (vec![4, 0], vec!["wine/b".to_owned()]));

    let none = Instance::asking(names(&["x", "y"]), three());
    assert_eq!((asked(&none), none.control()), (vec![], 2));
    let mut scorer = Scorer::new(TextDecoder::new(), Policies::default());
    assert_eq!(scored(&mut scorer, none.revision(), &["1"]), ["drop:wine"], "as if there were no model");
    assert_eq!(missing(&none), ["wine/x", "wine/y"]);
}

#[test]
fn a_refused_version_leaves_the_one_below_it_asked() {
    let mut log = three();
    log.push(Message::put(4, "wine", "b", "line: scale="));
    let instance = Instance::asking(Selection::All, log);
    assert_eq!(asked(&instance), [3, 1, 0]);
    assert_eq!(instance.rejections.len(), 1);
}

#[test]
fn each_record_has_an_outcome_of_each_model() {
    let instance = Instance::asking(
        Selection::All,
        vec![
            Message::put(0, "wine", "a", "line: scale=2 panic=5"),
            Message::put(1, "wine", "b", "line: scale=3"),
            Message::put(2, "beer", "c", "line: scale=7"),
        ],
    );
    let mut scorer = Scorer::new(TextDecoder::new(), Policies::default());
    let records = TextRecords::of(&["1", "beer:1", "wine:?", "5", "@beer2", "2"]);
    let result = scorer.score(instance.revision(), &records, 0..records.len(), &mut ticking());
    let places: Vec<(usize, String)> = result
        .outcomes()
        .map(|(record, outcome)| match outcome {
            Outcome::Result(answer) => (record, format!("{}/{}", answer.order.place, answer.order.of)),
            Outcome::DeadLetter(letter) => match letter.asked() {
                Some((model, order)) => (record, format!("dead {model} {}/{}", order.place, order.of)),
                None => (record, "dead".into()),
            },
            Outcome::Dropped(_) => (record, "drop".into()),
        })
        .collect();
    let expected = [(0, "1/2"), (0, "2/2"), (1, "1/1"), (2, "dead"), (3, "1/2"), (3, "dead 1 2/2")];
    let expected = expected.map(|(record, place)| (record, place.to_owned()));
    assert_eq!(places[..6], expected);
    assert_eq!(texts(&result)[..4], ["y=3@1", "y=2@0", "y=7@2", "dead:decode:unreadable"]);
    let mut statistics = TaskStatistics::new();
    statistics.add_batch(6, result.tally(), instance.revision(), 1000);
    let conservation = statistics.conservation();
    assert!(conservation.holds(), "{conservation:?}");
    assert!(conservation.further >= 3, "{conservation:?}");
    let count = |control: i64| statistics.model(control).map(|model| model.count);
    assert_eq!(count(1).zip(count(0)).map(|(b, a)| b - a), Some(1), "statistics are kept by model");
}

#[test]
fn one_of_several_that_fails_pauses_the_route_after_the_outcomes_of_that_record() {
    let mut instance = Instance::asking(
        Selection::All,
        vec![Message::put(0, "wine", "a", "line: fail=all"), Message::put(1, "wine", "b", "line: scale=3")],
    );
    let failure = FailureShare { share: 1.0, rows: 2 };
    let mut scorer = Scorer::new(TextDecoder::new(), Policies { failure, ..Policies::default() });
    let records = TextRecords::of(&["1", "2", "3"]);
    let result = scorer.score(instance.revision(), &records, 0..3, &mut ticking());
    assert_eq!(result.taken(), 2);
    let outcomes = texts(&result);
    assert_eq!((outcomes.len(), outcomes[0].as_str(), outcomes[2].as_str()), (4, "y=3@1", "y=6@1"));
    assert_eq!(result.alarms().iter().map(|alarm| alarm.control).collect::<Vec<_>>(), [0]);
    assert_eq!(result.wait(), Some(&Wait::ModelFails { data_type: name("wine"), control: 0 }));
    // What the others have counted stays when one is replaced.
    instance.arrive(Message::put(2, "wine", "a", "line: scale=2"));
    assert_eq!(scored(&mut scorer, instance.revision(), &["3"]), ["y=6@2", "y=9@1"]);
}
