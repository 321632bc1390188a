//! The rules of the model ledger that scoring a batch shows: 9 to 13.

mod common;

use common::*;
use scorewheel_serving::*;

fn scorer(policies: Policies) -> Scorer<TextDecoder> {
    Scorer::new(TextDecoder::new(), policies)
}

fn score(
    scorer: &mut Scorer<TextDecoder>,
    revision: &Revision,
    records: &[&str],
) -> (Vec<String>, Option<Wait>) {
    let records = TextRecords::of(records);
    let scored = scorer.score(revision, &records, 0..records.len(), &mut ticking());
    let mut records: Vec<usize> = scored.outcomes().map(|(record, _)| record).collect();
    records.dedup();
    assert_eq!(
        records,
        (0..scored.taken()).collect::<Vec<_>>(),
        "each record has an outcome, in input order"
    );
    (texts(&scored), scored.wait().cloned())
}

#[test]
fn rule_10_after_a_panic_only_the_guilty_rows_are_lost() {
    let instance = Instance::started(vec![Message::put(0, "wine", "a", "line: scale=2 panic=5")]);
    let mut scorer = scorer(Policies::default());
    let (outcomes, wait) = score(&mut scorer, instance.revision(), &["1", "5", "2", "5", "3"]);
    assert_eq!(
        outcomes,
        ["y=2@0", "dead:score:engine_panicked", "y=4@0", "dead:score:engine_panicked", "y=6@0"]
    );
    assert_eq!(wait, None);
    let (outcomes, _) = score(&mut scorer, instance.revision(), &["7"]);
    assert_eq!(outcomes, ["y=14@0"], "with new scratch");
}

#[test]
fn rule_10_a_model_that_fails_on_all_rows_pauses_its_partition_until_another_is_in_force() {
    let mut instance = Instance::started(vec![
        Message::put(0, "wine", "a", "line: fail=all"),
        Message::put(1, "beer", "b", "line: scale=1"),
    ]);
    let policies = Policies { failure: FailureShare { share: 1.0, rows: 4 }, ..Policies::default() };
    let mut pausing = scorer(policies);
    // Faults of the input and other routes do not count.
    let records = ["1", "wine:", "2", "beer:1", "wine:?", "3", "4", "5", "beer:2"];
    let (outcomes, wait) = score(&mut pausing, instance.revision(), &records);
    assert_eq!(outcomes.len(), 7, "{outcomes:?}");
    let fails = Wait::ModelFails { data_type: name("wine"), control: 0 };
    assert_eq!(wait.as_ref(), Some(&fails));
    assert!(fails.to_string().contains("the whole partition is paused"));
    // The partition stays where it is, and other routes only up to there.
    let (outcomes, wait) = score(&mut pausing, instance.revision(), &["beer:2", "5", "beer:3"]);
    assert_eq!((outcomes.as_slice(), wait), (&["y=2@1".to_owned()][..], Some(fails.clone())));
    // So it does after a restart, by what was committed.
    let mut restarted = scorer(policies);
    let paused: Vec<(String, i64)> = pausing.paused().map(|(name, at)| (name.to_string(), at)).collect();
    restarted.restore_paused(paused.iter().map(|(name, at)| (name.as_str(), *at)));
    assert_eq!(score(&mut restarted, instance.revision(), &["5"]), (vec![], Some(fails)));
    // Another model resumes it.
    instance.arrive(Message::put(2, "wine", "a", "line: scale=1"));
    let (outcomes, wait) = score(&mut pausing, instance.revision(), &["5", "beer:2"]);
    assert_eq!((outcomes, wait), (vec!["y=5@2".into(), "y=2@1".into()], None));

    let going_on = Policies { on_model_failure: OnModelFailure::Continue, ..policies };
    let instance = Instance::started(vec![Message::put(0, "wine", "a", "line: fail=all")]);
    let mut scorer = scorer(going_on);
    let records = TextRecords::of(&["1"; 9]);
    let scored = scorer.score(instance.revision(), &records, 0..9, &mut ticking());
    assert_eq!((scored.taken(), scored.wait(), scored.alarms().len()), (9, None, 1));
}

#[test]
fn rule_11_without_a_model_records_are_dropped_wait_or_become_dead_letters() {
    let instance = Instance::started(vec![Message::put(0, "beer", "b", "line: scale=1")]);
    let records = ["beer:1", "1", "cheese:3", "beer:2"];
    let policies = |no_model| Policies { no_model, ..Policies::default() };
    let (outcomes, wait) = score(&mut scorer(policies(NoModel::Drop)), instance.revision(), &records);
    assert_eq!(outcomes, ["y=1@0", "drop:wine", "dead:route:unknown_data_type", "y=2@0"]);
    assert_eq!(wait, None);
    let (outcomes, wait) = score(&mut scorer(policies(NoModel::DeadLetter)), instance.revision(), &records);
    assert_eq!(outcomes, ["y=1@0", "dead:route:no_model", "dead:route:unknown_data_type", "y=2@0"]);
    assert_eq!(wait, None);
    let (outcomes, wait) = score(&mut scorer(policies(NoModel::Wait)), instance.revision(), &records);
    assert_eq!((outcomes, wait), (vec!["y=1@0".into()], Some(Wait::NoModel { data_type: name("wine") })));
}

#[test]
fn rule_12_records_in_are_results_and_dead_letters_and_counted_drops() {
    let instance = Instance::started(vec![Message::put(0, "beer", "b", "line: scale=1 fail=9")]);
    let mut scorer = scorer(Policies::default());
    let mut statistics = TaskStatistics::new();
    for records in
        [&["beer:1", "1", "cheese:3", "beer:9", "null", "beer:?"][..], &["beer:2"], &["3", "rock:1"]]
    {
        let records = TextRecords::of(records);
        let scored = scorer.score(instance.revision(), &records, 0..records.len(), &mut ticking());
        statistics.add_batch(scored.taken() as u64, scored.tally(), instance.revision(), 0);
    }
    let conservation = statistics.conservation();
    let expected = Conservation { records: 9, results: 2, dead_letters: [2, 1, 1, 0], drops: 3, further: 0 };
    assert_eq!(conservation, expected);
    assert!(conservation.holds());
    assert!(!Conservation { drops: 2, ..conservation }.holds());
}

#[test]
fn rule_13_statistics_are_by_task_and_model_and_survive_their_store() {
    let mut instance = Instance::started(vec![Message::put(0, "wine", "a", "line: scale=1")]);
    let mut scorer = scorer(Policies::default());
    let mut statistics = TaskStatistics::new();
    let mut store = std::collections::BTreeMap::new();
    let mut batch =
        |statistics: &mut TaskStatistics, revision: &Revision, records: &[&str], step: u64, at| {
            let mut now = 0;
            let mut clock = || {
                now += step;
                now
            };
            let records = TextRecords::of(records);
            let scored = scorer.score(revision, &records, 0..records.len(), &mut clock);
            statistics.add_batch(scored.taken() as u64, scored.tally(), revision, at);
        };
    batch(&mut statistics, instance.revision(), &["1", "2", "wine:"], 9_000_000, 77);
    batch(&mut statistics, instance.revision(), &["3"], 500, 88);
    instance.arrive(Message::put(1, "wine", "a", "line: scale=2"));
    batch(&mut statistics, instance.revision(), &["3"], 100, 99);
    let first = statistics.model(0).unwrap();
    // Three rows took 9 ms, so 3 ms each; the row without a result does not count.
    assert_eq!((first.since, first.count, first.sum_nanoseconds), (77, 3, 6_000_500));
    assert_eq!((first.min_nanoseconds, first.max_nanoseconds, first.sum_milliseconds), (500, 3_000_000, 6));
    assert_eq!((first.min_milliseconds(), first.max_milliseconds()), (0, 3));
    assert_eq!(statistics.model(1).map(|model| (model.since, model.count)), Some((99, 1)));

    let written: Result<(), std::convert::Infallible> = statistics.write(|key, value| {
        match value {
            Some(value) => store.insert(key.to_vec(), value.to_vec()),
            None => store.remove(key),
        };
        Ok(())
    });
    written.unwrap();
    let entries = || store.iter().map(|(key, value)| (key.as_slice(), value.as_slice()));
    assert_eq!(TaskStatistics::read(entries()).unwrap(), statistics);
    // Merged when read.
    let mut merged = TaskStatistics::read(entries()).unwrap();
    merged.merge(&statistics);
    assert_eq!(merged.model(0).map(|model| (model.count, model.min_nanoseconds)), Some((6, 500)));
    assert_eq!(merged.conservation().records, 10);
    assert!(TaskStatistics::read([(&b"x"[..], &b"y"[..])]).is_err());
}

#[test]
fn rule_13_old_models_are_added_up() {
    let mut scorer = scorer(Policies::default());
    let mut statistics = TaskStatistics::new();
    let mut instance = Instance::started(vec![]);
    for offset in 0..1100 {
        instance.arrive(Message::put(offset, "wine", "a", "line: scale=1"));
        instance.topic.clear();
        let records = TextRecords::of(&["1", "2"]);
        let scored = scorer.score(instance.revision(), &records, 0..2, &mut ticking());
        statistics.add_batch(2, scored.tally(), instance.revision(), offset);
        instance.published.clear();
    }
    assert_eq!(statistics.models().count(), 1001);
    assert_eq!(statistics.model(-1).map(|model| (model.count, model.since)), Some((200, 0)));
    assert_eq!(statistics.models().map(|model| model.count).sum::<u64>(), 2200);
}
