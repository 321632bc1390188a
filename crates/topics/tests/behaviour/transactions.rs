//! Transactions: whole or not at all, fencing, time-outs.

use std::time::Duration;

use scorewheel_topics::{
    Isolation, ReaderEvent, RecordBatch, Remedy, StartPosition, TopicPartition, TopicsError,
    TransactionOptions,
};

use super::support::{
    Harness, Member, commit, drive, offset, put, read, read_to_end, reader, topic, transactional, values,
    write,
};

pub fn seen_whole_or_not_at_all(harness: &dyn Harness) {
    let topic = topic(harness, "whole", 2);
    let partitions: Vec<_> = (0..2).map(|number| TopicPartition::new(topic.as_str(), number)).collect();
    let id = harness.unique("writer");
    let mut writer = transactional(harness, &id);
    writer.begin().unwrap();
    put(writer.as_mut(), &partitions[0], &["a"]);
    writer.send().unwrap();
    put(writer.as_mut(), &partitions[1], &["b"]);
    put(writer.as_mut(), &partitions[0], &["c"]);
    writer.send().unwrap();
    for partition in &partitions {
        assert!(read(harness, partition).is_empty(), "nothing before the commit");
    }
    writer.commit().unwrap();
    assert_eq!(values(&read(harness, &partitions[0])), ["a", "c"]);
    assert_eq!(values(&read(harness, &partitions[1])), ["b"]);
    // The next record lies behind the marker.
    commit(writer.as_mut(), &partitions[0], &["d"]);
    assert_eq!(read(harness, &partitions[0]).last().unwrap().offset, 3);
}

pub fn aborts_are_invisible(harness: &dyn Harness) {
    let partition = TopicPartition::new(topic(harness, "aborts", 1), 0);
    let id = harness.unique("writer");
    let mut writer = transactional(harness, &id);
    writer.begin().unwrap();
    put(writer.as_mut(), &partition, &["never"]);
    writer.send().unwrap();
    put(writer.as_mut(), &partition, &["not even sent"]);
    writer.abort().unwrap();
    commit(writer.as_mut(), &partition, &["a"]);
    writer.begin().unwrap();
    writer.abort().unwrap();
    commit(writer.as_mut(), &partition, &["b"]);
    let records = read(harness, &partition);
    assert_eq!(values(&records), ["a", "b"]);
    assert!(records[0].offset >= 2, "the aborted record and its marker have burnt their offsets");
    let mut all = reader(harness, &partition, StartPosition::Earliest, Isolation::Uncommitted);
    assert_eq!(values(&read_to_end(harness, all.as_mut(), &partition).unwrap()), ["never", "a", "b"]);
}

pub fn an_open_transaction_holds_readers_back(harness: &dyn Harness) {
    let partition = TopicPartition::new(topic(harness, "held", 1), 0);
    let id = harness.unique("writer");
    let mut writer = transactional(harness, &id);
    write(harness, &partition, &["a"]);
    writer.begin().unwrap();
    put(writer.as_mut(), &partition, &["b"]);
    writer.send().unwrap();
    // Sending does not wait: the record is there when a reader of everything has it.
    let mut all = reader(harness, &partition, StartPosition::Offset(1), Isolation::Uncommitted);
    let mut batch = RecordBatch::new();
    while all.poll(harness.poll_time(), &mut batch).unwrap() != ReaderEvent::Batch {}
    write(harness, &partition, &["c"]);

    let offsets = harness.backend().admin().unwrap().offsets(&partition).unwrap();
    assert_eq!((offsets.earliest, offsets.last_stable, offsets.high_watermark), (0, 1, 3));
    let mut committed = reader(harness, &partition, StartPosition::Earliest, Isolation::Committed);
    assert_eq!(committed.end_offset(&partition).unwrap(), 1);
    assert_eq!(values(&read_to_end(harness, committed.as_mut(), &partition).unwrap()), ["a"]);
    assert_eq!(committed.position(&partition), Some(1));
    writer.commit().unwrap();
    assert_eq!(values(&read_to_end(harness, committed.as_mut(), &partition).unwrap()), ["b", "c"]);
    assert_eq!(committed.position(&partition), Some(4));
}

pub fn offsets_commit_with_the_transaction(harness: &dyn Harness) {
    let input = TopicPartition::new(topic(harness, "input", 1), 0);
    let output = TopicPartition::new(topic(harness, "output", 1), 0);
    let (id, group) = (harness.unique("writer"), harness.unique("group"));
    write(harness, &input, &["a", "b", "c"]);
    let mut member = Member::new(harness, "reader", &group, &[input.topic()]);
    drive(harness, &mut [&mut member], |members| members[0].records.len() == 3);
    let admin = harness.backend().admin().unwrap();
    let committed = |member: &mut Member| {
        let by_member = member.reader.committed(std::slice::from_ref(&input)).unwrap();
        assert_eq!(admin.committed_offsets(&group, std::slice::from_ref(&input)).unwrap(), by_member);
        by_member[0].as_ref().map(|found| (found.offset, String::from_utf8(found.metadata.clone()).unwrap()))
    };

    let mut writer = transactional(harness, &id);
    writer.begin().unwrap();
    put(writer.as_mut(), &output, &["1"]);
    writer.send_offsets(&[offset(&input, 1, "aborted")], &member.reader.group_metadata().unwrap()).unwrap();
    writer.abort().unwrap();
    assert_eq!(committed(&mut member), None);

    let metadata = "v1 ".repeat(66) + "!!";
    assert_eq!(metadata.len(), 200);
    writer.begin().unwrap();
    put(writer.as_mut(), &output, &["2"]);
    writer.send_offsets(&[offset(&input, 2, &metadata)], &member.reader.group_metadata().unwrap()).unwrap();
    writer.commit().unwrap();
    assert_eq!(committed(&mut member), Some((2, metadata)));

    // Offsets alone are a transaction too; the last ones of a transaction count.
    writer.begin().unwrap();
    writer.send_offsets(&[offset(&input, 2, "")], &member.reader.group_metadata().unwrap()).unwrap();
    writer.send_offsets(&[offset(&input, 3, "")], &member.reader.group_metadata().unwrap()).unwrap();
    writer.commit().unwrap();
    assert_eq!(committed(&mut member), Some((3, String::new())));
    assert_eq!(values(&read(harness, &output)), ["2"]);

    writer.begin().unwrap();
    for metadata in ["kötü", &"x".repeat(201), "nul\0"] {
        let outcome =
            writer.send_offsets(&[offset(&input, 3, metadata)], &member.reader.group_metadata().unwrap());
        assert!(matches!(outcome, Err(TopicsError::Configuration { .. })), "{outcome:?}");
    }
    writer.abort().unwrap();
}

pub fn a_newer_writer_fences(harness: &dyn Harness) {
    let partition = TopicPartition::new(topic(harness, "fence", 1), 0);
    let id = harness.unique("writer");
    let mut old = transactional(harness, &id);
    commit(old.as_mut(), &partition, &["a"]);
    old.begin().unwrap();
    put(old.as_mut(), &partition, &["zombie"]);
    old.send().unwrap();
    let mut new = transactional(harness, &id);
    let error = old.commit().unwrap_err();
    assert!(matches!(error, TopicsError::Fenced { .. }), "{error}");
    assert_eq!(error.remedy(), Remedy::Stop);
    assert!(old.abort().is_err(), "there is no way back");
    commit(new.as_mut(), &partition, &["b"]);
    assert_eq!(values(&read(harness, &partition)), ["a", "b"]);
    drop(old);
    commit(new.as_mut(), &partition, &["c"]);
    assert_eq!(values(&read(harness, &partition)), ["a", "b", "c"]);
}

/// A writer that died with a transaction open holds readers back until its successor starts.
pub fn a_newer_writer_settles_what_was_left_open(harness: &dyn Harness) {
    let partition = TopicPartition::new(topic(harness, "left", 1), 0);
    let id = harness.unique("writer");
    let mut old = transactional(harness, &id);
    old.begin().unwrap();
    put(old.as_mut(), &partition, &["left open"]);
    old.send().unwrap();
    let mut all = reader(harness, &partition, StartPosition::Earliest, Isolation::Uncommitted);
    let mut batch = RecordBatch::new();
    while all.poll(harness.poll_time(), &mut batch).unwrap() != ReaderEvent::Batch {}
    std::mem::forget(old);
    write(harness, &partition, &["a"]);
    assert!(read(harness, &partition).is_empty());
    let mut new = transactional(harness, &id);
    commit(new.as_mut(), &partition, &["b"]);
    assert_eq!(values(&read(harness, &partition)), ["a", "b"]);
}

pub fn misuse_is_refused(harness: &dyn Harness) {
    let partition = TopicPartition::new(topic(harness, "misuse", 1), 0);
    let options = TransactionOptions::new(harness.unique("writer"));
    let mut writer = harness.backend().transactional_writer(&options).unwrap();
    let misuse = |outcome: Result<(), TopicsError>| {
        let error = outcome.unwrap_err();
        assert!(matches!(error, TopicsError::Misuse { .. }), "{error}");
        assert_eq!(error.remedy(), Remedy::Bug);
    };
    misuse(writer.begin());
    writer.initialise().unwrap();
    misuse(writer.initialise());
    misuse(writer.commit());
    misuse(writer.abort());
    misuse(writer.lend(&partition).map(drop));
    writer.begin().unwrap();
    misuse(writer.begin());
    put(writer.as_mut(), &partition, &["a"]);
    writer.commit().unwrap();
    assert_eq!(values(&read(harness, &partition)), ["a"]);
}

pub fn what_was_written_is_known(harness: &dyn Harness) {
    let topic = topic(harness, "written", 2);
    let partitions: Vec<_> = (0..2).map(|number| TopicPartition::new(topic.as_str(), number)).collect();
    let id = harness.unique("writer");
    let mut writer = transactional(harness, &id);
    let written = |writer: &dyn scorewheel_topics::TransactionalWriter| {
        let mut written: Vec<_> =
            writer.written().iter().map(|w| (w.partition.partition(), w.last_offset)).collect();
        written.sort_unstable();
        written
    };
    writer.begin().unwrap();
    put(writer.as_mut(), &partitions[0], &["a", "b"]);
    put(writer.as_mut(), &partitions[1], &["c"]);
    writer.commit().unwrap();
    assert_eq!(written(writer.as_ref()), [(0, 1), (1, 0)]);
    commit(writer.as_mut(), &partitions[1], &["d", "e", "f"]);
    assert_eq!(written(writer.as_ref()), [(1, 4)]);
}

/// A transaction that takes too long is aborted by the broker; its writer is refused, a new one goes on.
pub fn a_transaction_times_out(harness: &dyn Harness) {
    let partition = TopicPartition::new(topic(harness, "late", 1), 0);
    let mut options = TransactionOptions::new(harness.unique("writer"));
    options.transaction_timeout = Duration::from_secs(1);
    let mut writer = harness.backend().transactional_writer(&options).unwrap();
    writer.initialise().unwrap();
    commit(writer.as_mut(), &partition, &["a"]);
    writer.begin().unwrap();
    put(writer.as_mut(), &partition, &["late"]);
    writer.send().unwrap();
    harness.pass(Duration::from_secs(4));
    let error = writer.commit().unwrap_err();
    assert_eq!(error.remedy(), Remedy::RecreateWriter, "{error}");
    drop(writer);
    let mut writer = harness.backend().transactional_writer(&options).unwrap();
    writer.initialise().unwrap();
    commit(writer.as_mut(), &partition, &["b"]);
    assert_eq!(values(&read(harness, &partition)), ["a", "b"]);
}
