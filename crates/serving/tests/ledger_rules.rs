//! The rules of the model ledger that the control log decides: 1 to 8, and quarantine of rule 10.

mod common;

use std::sync::Arc;

use bytes::Bytes;
use common::*;
use scorewheel_model::{Content, Digest, GoldenRow, ModelType, TypeNumbering};
use scorewheel_serving::*;

#[test]
fn rule_1_the_highest_control_offset_of_a_route_scores_and_a_removal_installs_the_next() {
    let mut instance = Instance::started(vec![
        Message::put(0, "wine", "a", "line: scale=1"),
        Message::put(1, "wine", "b", "line: scale=2"),
        Message::put(2, "beer", "c", "line: scale=3"),
    ]);
    assert_eq!(instance.in_force("wine"), Some(("b".into(), 1)));
    assert_eq!(instance.in_force("beer"), Some(("c".into(), 2)));
    assert_eq!(instance.parsed, [1, 2], "the model held by reference is not parsed");
    let held: Vec<Vec<i64>> =
        instance.log.held().map(|(_, held)| held.iter().map(|r| r.offset).collect()).collect();
    assert_eq!(held, [vec![2], vec![1, 0]]);

    instance.arrive(Message::remove(3, "wine", "b"));
    assert_eq!((instance.in_force("wine"), instance.control()), (Some(("a".into(), 0)), 3));
    instance.arrive(Message::remove(4, "wine", "nobody"));
    assert_eq!(instance.control(), 3, "a removal that names none changes nothing");
    instance.arrive(Message::remove(5, "wine", "a"));
    assert_eq!((instance.in_force("wine"), instance.control()), (None, 5));
    // A rollback is an earlier message's bytes again.
    instance.arrive(Message::put(6, "wine", "a", "line: scale=1"));
    assert_eq!(instance.in_force("wine"), Some(("a".into(), 6)));
}

#[test]
fn rule_1_keys_fields_and_tombstones_that_cannot_be_used_are_rejections() {
    let put = |offset, key: Option<&str>, value: Vec<u8>| Message {
        offset,
        key: key.map(str::to_owned),
        value: Some(value),
    };
    let encoded = |d: scorewheel_model::ModelDescriptor| d.encode(TypeNumbering::Original);
    let wine = || descriptor("wine", "a", "line: scale=1");
    let mut instance = Instance::started(vec![
        put(0, Some("wine/other"), encoded(wine())),
        Message { offset: 1, key: None, value: None },
        put(2, None, b"\xff\xff".to_vec()),
        put(
            3,
            None,
            encoded(scorewheel_model::ModelDescriptor {
                content: Content::Location("s3://bucket/model".into()),
                ..wine()
            }),
        ),
        put(4, None, b"\x0a\x01a\x1a\x04wine\x20\x07\x2a\x01x".to_vec()),
        Message { offset: 5, key: Some("a/b/c".into()), value: None },
        put(
            6,
            None,
            encoded(scorewheel_model::ModelDescriptor { sha256: Some(Digest::of(b"no")), ..wine() }),
        ),
        put(7, None, encoded(scorewheel_model::ModelDescriptor { version: Some("v".repeat(200)), ..wine() })),
        put(8, None, Vec::new()),
    ]);
    let kinds: Vec<&str> = instance.rejections.iter().map(|rejection| rejection.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "key_disagrees",
            "keyless_tombstone",
            "undecodable",
            "by_reference",
            "unknown_type",
            "bad_name",
            "digest_mismatch",
            "bad_name",
            "no_content",
        ]
    );
    assert_eq!(instance.control(), -1);
    // The original's provider sends a path as name and no key.
    let path = descriptor("wine", "data/optimized_WineQuality", "line: scale=1");
    instance.arrive(put(9, None, encoded(path)));
    assert_eq!(instance.in_force("wine"), Some(("data-optimized_WineQuality".into(), 9)));
    let model = instance.revision().model(&name("wine")).unwrap();
    assert_eq!(&*model.reference.version, "@9");
    assert_eq!(model.reference.sha256, Digest::of(b"line: scale=1"));
}

#[test]
fn rule_2_what_is_kept_of_a_message_is_a_reference() {
    let content = format!("line: scale=3{}", " ".repeat(5000));
    let instance = Instance::started(vec![Message::put(0, "wine", "a", &content)]);
    let reference = instance.log.reference(0).unwrap();
    assert!(format!("{reference:?}").len() < 400, "{reference:?}");
    assert!(instance.revision().mark().encode().len() <= 160);
}

#[test]
fn rule_3_the_log_is_folded_to_its_end_and_only_what_is_in_force_is_parsed() {
    let mut instance = Instance::new(vec![
        Message::put(0, "wine", "a", "line: scale=1"),
        Message::put(1, "wine", "a", "line: scale=2"),
        Message::put(2, "wine", "gone", "line: scale=3"),
        Message::remove(3, "wine", "gone"),
        Message::put(7, "wine", "bad", "line: nonsense"),
        Message::put(8, "wine", "worse", "line: more nonsense"),
    ]);
    instance.fold();
    instance.install();
    assert!(instance.published.is_empty() && instance.parsed.is_empty(), "nothing before the end of the log");
    // Transaction markers and aborted records follow the last record.
    instance.log.advance(12);
    instance.start();
    assert_eq!(
        instance.parsed,
        [8, 7, 1],
        "back past rejected messages; superseded and removed ones untouched"
    );
    assert_eq!(instance.in_force("wine"), Some(("a".into(), 1)));
    assert_eq!(instance.published.len(), 1, "one revision: that of the log's end");
    assert_eq!((instance.control(), instance.log.position()), (3, 12));
}

#[test]
fn rule_5_what_stands_below_a_model_that_does_not_come_scores_meanwhile() {
    let topic = vec![
        Message::put(0, "wine", "a", "line: scale=1"),
        Message::put(1, "beer", "b", "line: scale=2"),
        Message::put(2, "wine", "c", "line: scale=3"),
        Message::put(3, "wine", "d", "line: scale=4"),
    ];
    let mut instance = Instance::new(topic.clone());
    instance.late = [2, 3].into();
    instance.start();
    assert_eq!((instance.control(), instance.in_force("wine")), (1, Some(("a".into(), 0))));
    assert_eq!(instance.in_force("beer"), Some(("b".into(), 1)));
    instance.late.clear();
    instance.install();
    assert_eq!((instance.control(), instance.in_force("wine")), (3, Some(("d".into(), 3))));
    assert!(!instance.parsed.contains(&2), "it was superseded before it came");

    // Where a route would be left without a model nothing is scored, rather than its records dropped.
    let mut instance = Instance::new(topic.clone());
    instance.late = [1, 3].into();
    instance.start();
    assert!(instance.published.is_empty());
    instance.late = [3].into();
    instance.install();
    assert_eq!((instance.control(), instance.in_force("wine")), (2, Some(("c".into(), 2))));

    // One that runs without a model, and meets both at once.
    let mut instance = Instance::started(Vec::new());
    assert_eq!(instance.control(), -1);
    instance.late = [3].into();
    instance.topic = topic;
    instance.fold();
    instance.install();
    assert_eq!((instance.control(), instance.in_force("wine")), (2, Some(("c".into(), 2))));
    instance.late.clear();
    instance.install();
    assert_eq!((instance.control(), instance.in_force("wine")), (3, Some(("d".into(), 3))));
}

#[test]
fn rule_3_ten_thousand_messages_load_one_model() {
    let mut topic: Vec<Message> = (0..10_000)
        .map(|offset| match offset % 3 {
            0 => Message::put(2 * offset, "wine", &format!("m{}", offset % 700), "line: scale=1"),
            1 => Message::put(2 * offset, "wine", "same", "line: scale=2"),
            _ => Message::remove(2 * offset, "wine", &format!("m{}", (offset - 2) % 700)),
        })
        .collect();
    topic.push(Message::put(30_000, "wine", "last", "line: scale=9"));
    let instance = Instance::started(topic);
    assert_eq!((instance.parsed.as_slice(), instance.control()), (&[30_000][..], 30_000));
}

#[test]
fn rule_4_a_model_is_checked_before_it_takes_over_and_a_bad_one_leaves_the_old_in_force() {
    let golden = |expected: &str, tolerance| GoldenRow {
        record: r#"{"x": 4}"#.into(),
        expected: expected.into(),
        tolerance,
    };
    let with_rows = |offset, rows| {
        let descriptor = scorewheel_model::ModelDescriptor {
            golden_rows: rows,
            ..descriptor("wine", "a", "line: scale=2")
        };
        let value = Some(descriptor.encode(TypeNumbering::Original));
        Message { offset, key: None, value }
    };
    let mut instance = Instance::started(vec![with_rows(0, vec![golden(r#"{"y": 8}"#, 0.0)])]);
    assert_eq!(instance.revision().model(&name("wine")).unwrap().verified_rows, 2);
    for (message, kind) in [
        (with_rows(1, vec![golden(r#"{"y": 8.1}"#, 0.0)]), "golden_row"),
        (with_rows(2, vec![golden("not json", 0.0)]), "golden_row"),
        (Message::put(3, "wine", "b", "line: unverified"), "fails_verification"),
        (Message::put(4, "wine", "b", "line: input=colour"), "wrong_schema"),
        (Message::put(5, "wine", "b", "line: panic-load"), "engine_panicked"),
        (Message::put(6, "wine", "b", ""), "malformed"),
        (Message::put(7, "wine", "b", "<PMML/>"), "malformed"),
        (Message::put(8, "cheese", "b", "line: scale=1"), "unknown_data_type"),
    ] {
        let offset = message.offset;
        instance.arrive(message);
        let rejection = instance.rejections.last().unwrap();
        assert_eq!((rejection.kind.as_str(), rejection.offset), (kind, offset), "{}", rejection.reason);
        assert_eq!(instance.in_force("wine"), Some(("a".into(), 0)));
    }
    assert_eq!(instance.published.len(), 1);
    instance.arrive(with_rows(9, vec![golden(r#"{"y": 8.1}"#, 0.1)]));
    assert_eq!(instance.control(), 9, "within the tolerance");
}

#[test]
fn rule_4_a_descriptor_without_type_is_looked_at() {
    let mut untyped = descriptor("wine", "a", "line: scale=2");
    untyped.model_type = ModelType::TensorFlow;
    let mut unknown = descriptor("wine", "b", "something else");
    unknown.model_type = ModelType::TensorFlow;
    let value = |d: &scorewheel_model::ModelDescriptor| Some(d.encode(TypeNumbering::Original));
    let instance = Instance::started(vec![
        Message { offset: 0, key: None, value: value(&untyped) },
        Message { offset: 1, key: None, value: value(&unknown) },
    ]);
    assert_eq!(instance.in_force("wine"), Some(("a".into(), 0)));
    assert_eq!(instance.rejections[0].kind, "unknown_format");
}

#[test]
fn rule_5_every_instance_comes_to_the_same_verdict_and_a_known_rejection_stands() {
    let topic =
        vec![Message::put(0, "wine", "a", "line: scale=1"), Message::put(1, "wine", "b", "line: nonsense")];
    let first = Instance::started(topic.clone());
    let second = Instance::started(topic.clone());
    assert_eq!(first.rejections, second.rejections);
    assert_eq!(first.revision().id(), second.revision().id());

    // The record in the rejections topic stands: the message is not parsed and not rejected again.
    let record = &first.rejections[0];
    let known = Rejection::read(Some(record.key().as_bytes()), &record.value()).unwrap();
    let mut restarted = Instance::new(topic.clone());
    restarted.log.know_rejection(known.clone());
    restarted.start();
    assert_eq!((restarted.parsed.as_slice(), restarted.rejections.len()), (&[0][..], 0));
    assert_eq!(restarted.log.rejections().collect::<Vec<_>>(), [&known]);
    // It even stands for an engine that would accept it, but not for another message at its offset.
    let accepted = vec![topic[0].clone(), Message::put(1, "wine", "b", "line: scale=7")];
    let mut other = Instance::new(accepted.clone());
    other.log.know_rejection(known.clone());
    other.start();
    assert_eq!(other.in_force("wine"), Some(("b".into(), 1)));
    let digest = ControlMessage::read(&accepted[1].record(), TypeNumbering::Original).digest();
    let mut strict = Instance::new(accepted);
    strict.log.know_rejection(Rejection { digest: digest.to_string(), ..known });
    strict.start();
    assert_eq!(strict.in_force("wine"), Some(("a".into(), 0)));
    // `models retry` appends the message again.
    strict.arrive(Message::put(2, "wine", "b", "line: scale=7"));
    assert_eq!(strict.in_force("wine"), Some(("b".into(), 2)));
}

#[test]
fn rule_5_an_engine_that_refuses_what_others_accepted_takes_none_of_their_partitions() {
    let older = Instance::started(vec![
        Message::put(0, "wine", "a", "line: scale=1"),
        Message::put(1, "wine", "b", "line: scale=2"),
    ]);
    let mut newer = Instance::new(older.topic.clone());
    newer.fold();
    newer.log.caught_up();
    let refusal = Refusal::new(RefusalKind::EnginePanicked, "this version does not like it");
    newer.log.judged(1, Verdict::Refused(refusal));
    newer.install();
    assert_eq!(newer.in_force("wine"), Some(("a".into(), 0)));
    let mark = Marking::Ours(older.revision().mark());
    let end = newer.log.position();
    let answer = newer.log.reached(&mark, end, Adopt::default());
    assert!(matches!(answer, Reached::Refused(Divergence::Refuses { .. })), "{answer:?}");
    let adopting = Adopt { revision: true, log: false };
    assert_eq!(newer.log.reached(&mark, end, adopting), Reached::Yes(Some(Adoption::Revision)));
}

#[test]
fn rule_6_a_revision_is_the_last_message_that_changed_the_set_and_a_digest_of_the_set() {
    let mut instance = Instance::started(vec![]);
    assert_eq!(instance.revision().id(), RevisionId::EMPTY);
    instance.arrive(Message::put(0, "wine", "a", "line: nonsense"));
    assert_eq!(instance.published.len(), 1, "a rejected message makes no revision");
    instance.arrive(Message::put(1, "wine", "a", "line: scale=1"));
    let first = instance.revision().id();
    instance.arrive(Message::put(2, "beer", "a", "line: scale=1"));
    let second = instance.revision().id();
    assert!(first.control == 1 && second.control == 2 && first.set != second.set);

    // Whoever starts later comes to the same identity, and holds the same models.
    let late = Instance::started(instance.topic.clone());
    assert_eq!(late.revision().id(), second);
    assert_eq!(late.reached(&instance.revision().mark()), Reached::Yes(None));
    // The same control offset with another set is an alarm.
    let mut mark = instance.revision().mark();
    mark.revision.set = Some(Digest::of(b"another"));
    assert!(matches!(late.reached(&mark), Reached::Refused(Divergence::OtherSet { .. })));
}

#[test]
fn rule_6_a_later_start_that_never_parsed_a_removed_model_still_meets_the_others() {
    // `b` is refused by whoever sees it arrive; its removal then changes nothing there.
    let mut live = Instance::started(vec![Message::put(0, "wine", "a", "line: scale=1")]);
    live.arrive(Message::put(1, "wine", "b", "line: nonsense"));
    live.arrive(Message::remove(2, "wine", "b"));
    let late = Instance::started(live.topic.clone());
    assert_eq!((live.control(), late.control()), (0, 2), "whoever comes later never parses it");
    assert_eq!(live.revision().id().set, late.revision().id().set);
    assert_eq!(live.reached(&late.revision().mark()), Reached::Yes(None));
    assert_eq!(late.reached(&live.revision().mark()), Reached::Yes(None));
}

#[test]
fn rule_6_at_most_two_revisions_are_alive() {
    let mut instance = Instance::started(vec![Message::put(0, "wine", "a", "line: scale=1")]);
    let mut retirement = Retirement::new();
    assert!(retirement.may_publish());
    retirement.published(instance.published.pop().unwrap());
    let held = Arc::clone(retirement.current().unwrap());
    instance.arrive(Message::put(1, "wine", "a", "line: scale=2"));
    assert!(retirement.may_publish());
    retirement.published(instance.published.pop().unwrap());
    assert_eq!((retirement.alive(), retirement.may_publish()), (2, false), "a task holds the older one");
    let weak = Arc::downgrade(&held);
    drop(held);
    assert!(weak.upgrade().is_some(), "the task is not the one that frees it");
    assert!(retirement.may_publish());
    assert!(weak.upgrade().is_none());
}

#[test]
fn rule_6_models_that_no_revision_needs_are_let_go() {
    let mut instance = Instance::started(vec![]);
    let mut models = Vec::new();
    for offset in 0..50 {
        instance.arrive(Message::put(offset, "wine", &format!("m{}", offset % 5), "line: scale=1"));
        models.push(Arc::downgrade(&instance.revision().models()[0]));
        instance.published.clear();
        instance.parsed.clear();
        let alive = models.iter().filter(|model| model.upgrade().is_some()).count();
        assert_eq!(alive, 1, "the log holds the model in force, the others by reference");
    }
}

#[test]
fn rule_7_a_model_that_loads_long_holds_back_what_follows_it_but_not_what_precedes_it() {
    let mut instance = Instance::started(vec![Message::put(0, "wine", "a", "line: scale=1")]);
    instance.topic.push(Message::put(1, "beer", "quick", "line: scale=2"));
    instance.topic.push(Message::put(2, "wine", "slow", "line: scale=3"));
    instance.topic.push(Message::put(3, "beer", "quick", "line: scale=4"));
    instance.fold();
    assert_eq!(instance.log.wanted(), [2, 3], "what is superseded already is not loaded");
    let judge = judge();
    let verdict = |at: usize| judge.judge(&instance.topic[at].record());
    instance.log.judged(3, verdict(3));
    let revision = instance.log.next_revision();
    assert!(revision.is_none(), "revision 3 without the model of 2 would be none that ever was in force");
    instance.log.judged(2, verdict(2));
    let revision = instance.log.next_revision().unwrap();
    assert_eq!(revision.id().control, 3);

    // A model that precedes the slow one takes over at once.
    let mut instance = Instance::started(vec![Message::put(0, "wine", "a", "line: scale=1")]);
    instance.topic.push(Message::put(1, "beer", "quick", "line: scale=2"));
    instance.topic.push(Message::put(2, "wine", "slow", "line: scale=3"));
    instance.fold();
    let verdict = |at: usize| judge.judge(&instance.topic[at].record());
    instance.log.judged(1, verdict(1));
    let revision = instance.log.next_revision().unwrap();
    assert_eq!((revision.id().control, revision.models().len()), (1, 2));
    instance.log.judged(2, verdict(2));
    assert_eq!(instance.log.next_revision().unwrap().id().control, 2);
}

#[test]
fn rule_7_a_cut_over_names_the_first_record_of_a_revision() {
    let instance = Instance::started(vec![Message::put(4, "wine", "a", "line: scale=1")]);
    let entry = Cutover::new("models_data", 2, 117, instance.revision().id(), None);
    assert_eq!((entry.key().as_str(), entry.revision, entry.offset), ("models_data/2", 4, 117));
    assert_eq!(Cutover::read(&entry.value()), Some(entry));
}

#[test]
fn rule_8_a_partition_waits_until_its_revision_is_reached_and_a_log_that_does_not_match_stops() {
    let topic = vec![
        Message::put(0, "wine", "a", "line: scale=1"),
        Message::put(1, "wine", "b", "line: scale=2"),
        Message::put(2, "beer", "c", "line: scale=3"),
    ];
    let ahead = Instance::started(topic.clone());
    let mark = ahead.revision().mark();

    // An instance that is behind: first the log, then the models.
    let mut behind = Instance::new(topic[..2].to_vec());
    behind.start();
    let answer = behind.log.reached(&Marking::Ours(mark), 3, Adopt::default());
    assert_eq!(answer, Reached::NotYet(Waiting::Folding { position: 2 }));
    behind.topic = topic.clone();
    behind.fold();
    assert_eq!(behind.reached(&mark), Reached::NotYet(Waiting::Loading { offsets: vec![2] }));
    behind.install();
    assert_eq!(behind.reached(&mark), Reached::Yes(None));
    // An older mark is reached too: the task moves forward.
    assert_eq!(ahead.reached(&Instance::started(topic[..1].to_vec()).revision().mark()), Reached::Yes(None));

    // The log ends before it, or another message stands there.
    let short = Instance::started(topic[..2].to_vec());
    assert_eq!(short.reached(&mark), Reached::Never(LedgerMismatch::EndsBefore { end: 2, control: 2 }));
    let mut anew = topic.clone();
    anew[2] = Message::put(2, "beer", "c", "line: scale=4");
    let anew = Instance::started(anew);
    assert!(matches!(anew.reached(&mark), Reached::Never(LedgerMismatch::OtherMessage { .. })));
    let adopting = Adopt { log: true, revision: false };
    for other in [&short, &anew] {
        let answer = other.log.reached(&Marking::Ours(mark), other.log.position(), adopting);
        assert_eq!(answer, Reached::Yes(Some(Adoption::Log)));
    }
    // A message gone by compaction or retention is no mismatch.
    let mut compacted = Instance::new(vec![Message::put(5, "wine", "z", "line: scale=1")]);
    compacted.start();
    assert_eq!(compacted.reached(&mark), Reached::Yes(None));
    let mut empty = Instance::new(vec![]);
    empty.log.advance(9);
    empty.start();
    assert_eq!(empty.reached(&mark), Reached::Yes(None));

    // Offsets without our metadata adopt the newest revision and say so.
    let foreign = Mark::read(b"AgAAAYx0PjQ=");
    assert_eq!(ahead.log.reached(&foreign, 3, Adopt::default()), Reached::Yes(Some(Adoption::Newest)));
    let newer = ahead.log.reached(&Marking::Newer, 3, Adopt::default());
    assert_eq!(newer, Reached::Refused(Divergence::NewerMark));
}

#[test]
fn rule_10_a_quarantined_model_is_not_parsed_and_is_no_verdict() {
    let topic = vec![
        Message::put(0, "wine", "a", "line: scale=1"),
        Message::put(1, "wine", "killer", "line: scale=2"),
        Message::put(2, "beer", "c", "line: scale=3"),
    ];
    let others = Instance::started(topic.clone());
    let mut instance = Instance::new(topic);
    instance.log.quarantine(1);
    instance.start();
    assert_eq!(instance.parsed, [0]);
    assert_eq!(instance.control(), 0, "the newest revision before it");
    assert_eq!(instance.log.held_back_by().map(|held| held.offset), Some(1));
    assert!(instance.rejections.is_empty());
    let answer = instance.reached(&others.revision().mark());
    assert_eq!(answer, Reached::NotYet(Waiting::Quarantined { offset: 1 }));
    let older = Instance::started(others.topic[..1].to_vec()).revision().mark();
    assert_eq!(instance.reached(&older), Reached::Yes(None));
    // A message that supersedes it, or the command that lifts it, lets the instance go on.
    let mut lifted = Instance::new(others.topic.clone());
    lifted.log.quarantine(1);
    lifted.start();
    lifted.log.lift_quarantine(1);
    lifted.install();
    assert_eq!(lifted.control(), 2);
    instance.arrive(Message::put(3, "wine", "a", "line: scale=4"));
    assert_eq!(instance.control(), 3);
    assert_eq!(instance.parsed, [0, 2, 3]);
}

#[test]
fn bytes_of_the_control_log_are_never_trusted() {
    for value in [&b""[..], b"\x00", b"\x2a\xff\xff\xff\xff\x0f", b"\x0a\x02\xff\xfe", &[0x2a; 300]] {
        let record =
            ControlRecord { offset: 1, timestamp: 0, key: None, value: Some(Bytes::copy_from_slice(value)) };
        let message = ControlMessage::read(&record, TypeNumbering::Original);
        assert!(matches!(message, ControlMessage::Refused { .. }), "{value:?}");
    }
}
