//! Batches that mix data types, errors and drops keep input order and conserve.

mod common;

use common::*;
use proptest::prelude::*;
use scorewheel_serving::*;

#[derive(Clone, Debug)]
enum Kind {
    Wine(i8),
    Beer(i8),
    Rock(i8),
    StrayBeer(i8),
    OtherSchema,
    Missing,
    Unreadable,
    UnknownType,
    Null,
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        4 => (-4..5_i8).prop_map(Kind::Wine),
        4 => (-4..5_i8).prop_map(Kind::Beer),
        2 => (-4..5_i8).prop_map(Kind::Rock),
        2 => (-4..5_i8).prop_map(Kind::StrayBeer),
        1 => Just(Kind::OtherSchema),
        1 => Just(Kind::Missing),
        1 => Just(Kind::Unreadable),
        1 => Just(Kind::UnknownType),
        1 => Just(Kind::Null),
    ]
}

fn text(kind: &Kind) -> Option<String> {
    Some(match kind {
        Kind::Wine(x) => format!("wine:{x}"),
        Kind::Beer(x) => format!("beer:{x}"),
        Kind::Rock(x) => format!("rock:{x}"),
        Kind::StrayBeer(x) => format!("wine:{x}@beer"),
        Kind::OtherSchema => "wine:1@rock".into(),
        Kind::Missing => "wine:".into(),
        Kind::Unreadable => "beer:?".into(),
        Kind::UnknownType => "cheese:1".into(),
        Kind::Null => return None,
    })
}

/// What each record alone must come to: wine doubles, panics on 4, has no answer for 3; beer is negated; rock has no
/// model.
fn expected(kind: &Kind, no_model: NoModel) -> Option<String> {
    let y = |y: i32, model| Some(format!("y={}@{model}", f64::from(y)));
    let dead = |text: &str| Some(format!("dead:{text}"));
    match kind {
        Kind::Wine(4) => dead("score:engine_panicked"),
        Kind::Wine(3) => dead("score:no_answer"),
        Kind::Wine(x) => y(2 * i32::from(*x), 0),
        Kind::Beer(x) | Kind::StrayBeer(x) => match x {
            0 => Some("y=-0@1".into()),
            x => y(-i32::from(*x), 1),
        },
        Kind::Rock(_) => match no_model {
            NoModel::Drop => Some("drop:rock".into()),
            NoModel::DeadLetter => dead("route:no_model"),
            NoModel::Wait => None,
        },
        Kind::OtherSchema => dead("route:other_schema"),
        Kind::Missing => dead("score:missing_value"),
        Kind::Unreadable => dead("decode:unreadable"),
        Kind::UnknownType => dead("route:unknown_data_type"),
        Kind::Null => dead("decode:no_value"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_mix_keeps_its_order_and_conserves(
        kinds in proptest::collection::vec(kind(), 0..60),
        cuts in proptest::collection::vec(0..60_usize, 0..4),
        no_model in prop_oneof![Just(NoModel::Drop), Just(NoModel::Wait), Just(NoModel::DeadLetter)],
        offset in 0..5_usize,
    ) {
        let instance = Instance::started(vec![
            Message::put(0, "wine", "a", "line: scale=2 panic=4 fail=3"),
            Message::put(1, "beer", "b", "line: scale=-1"),
        ]);
        let mut scorer = Scorer::new(TextDecoder::new(), Policies { no_model, ..Policies::default() });
        let padding = vec![Some("wine:1".to_owned()); offset];
        let records = TextRecords(padding.into_iter().chain(kinds.iter().map(text)).collect());
        let wanted: Vec<String> = kinds.iter().map_while(|kind| expected(kind, no_model)).collect();

        // Batches are cut anywhere: the outcomes are the same.
        let mut ends: Vec<usize> = cuts.into_iter().map(|cut| cut.min(kinds.len())).collect();
        ends.push(kinds.len());
        ends.sort_unstable();
        let mut statistics = TaskStatistics::new();
        let mut outcomes = Vec::new();
        let mut start = 0;
        for end in ends {
            let range = offset + start..offset + end;
            let scored = scorer.score(instance.revision(), &records, range.clone(), &mut ticking());
            let indexes: Vec<usize> = scored.outcomes().map(|(index, _)| index).collect();
            prop_assert_eq!(indexes, (range.start..range.start + scored.taken()).collect::<Vec<_>>());
            prop_assert!(scored.wait().is_some() || scored.taken() == range.len());
            outcomes.extend(texts(&scored));
            for (_, outcome) in scored.outcomes() {
                if let Outcome::DeadLetter(letter) = outcome {
                    prop_assert!(!letter.message().is_empty());
                }
            }
            statistics.add_batch(scored.taken() as u64, scored.tally(), instance.revision(), 0);
            start += scored.taken();
            if scored.wait().is_some() {
                break;
            }
        }
        prop_assert_eq!(&outcomes, &wanted);
        let conservation = statistics.conservation();
        prop_assert!(conservation.holds(), "{:?}", conservation);
        prop_assert_eq!(conservation.records, outcomes.len() as u64);
        let results = outcomes.iter().filter(|outcome| outcome.starts_with("y=")).count() as u64;
        prop_assert_eq!(conservation.results, results);
        prop_assert_eq!(statistics.models().map(|model| model.count).sum::<u64>(), results);
    }
}
