//! Readers begin where they are told, meet gaps, know the end, and never jump.

use scorewheel_topics::{
    Isolation, ReaderEvent, ReaderOptions, RecordBatch, Remedy, StartPosition, TopicPartition, TopicsError,
};

use super::support::{Harness, commit, put, read, read_to_end, reader, topic, transactional, values, write};

pub fn from_earliest_latest_offset_and_timestamp(harness: &dyn Harness) {
    let partition = TopicPartition::new(topic(harness, "starts", 1), 0);
    write(harness, &partition, &["a", "b", "c", "d"]); // with the timestamps 1, 2, 3, 4
    let from = |start, wanted: &[&str]| {
        let mut reader = reader(harness, &partition, start, Isolation::Committed);
        assert_eq!(values(&read_to_end(harness, reader.as_mut(), &partition).unwrap()), wanted, "{start:?}");
        assert_eq!(reader.position(&partition), Some(4));
    };
    from(StartPosition::Earliest, &["a", "b", "c", "d"]);
    from(StartPosition::Offset(2), &["c", "d"]);
    from(StartPosition::Offset(4), &[]);
    from(StartPosition::Timestamp(2), &["b", "c", "d"]);
    from(StartPosition::Timestamp(-5), &["a", "b", "c", "d"]);
    from(StartPosition::Timestamp(5), &[]);
    from(StartPosition::Latest, &[]);

    let mut latest = reader(harness, &partition, StartPosition::Latest, Isolation::Committed);
    assert!(read_to_end(harness, latest.as_mut(), &partition).unwrap().is_empty());
    write(harness, &partition, &["e"]);
    assert_eq!(values(&read_to_end(harness, latest.as_mut(), &partition).unwrap()), ["e"]);

    let admin = harness.backend().admin().unwrap();
    assert_eq!(admin.offset_for_timestamp(&partition, 3).unwrap(), Some(2));
    assert_eq!(admin.offset_for_timestamp(&partition, 99).unwrap(), None);
}

/// Markers and aborted records leave gaps; an offset inside one is a good place to start.
pub fn offsets_with_gaps(harness: &dyn Harness) {
    let partition = TopicPartition::new(topic(harness, "gaps", 1), 0);
    let id = harness.unique("writer");
    let mut writer = transactional(harness, &id);
    commit(writer.as_mut(), &partition, &["a", "b"]); // 0, 1, marker 2
    writer.begin().unwrap();
    put(writer.as_mut(), &partition, &["x", "y"]); // 3, 4, marker 5
    writer.send().unwrap();
    writer.abort().unwrap();
    commit(writer.as_mut(), &partition, &["c"]); // 6, marker 7
    write(harness, &partition, &["d"]); // 8

    let records = read(harness, &partition);
    assert_eq!(values(&records), ["a", "b", "c", "d"]);
    assert_eq!(records.iter().map(|record| record.offset).collect::<Vec<_>>(), [0, 1, 6, 8]);
    for start in 2..=6 {
        let mut reader = reader(harness, &partition, StartPosition::Offset(start), Isolation::Committed);
        let records = read_to_end(harness, reader.as_mut(), &partition).unwrap();
        assert_eq!(values(&records), ["c", "d"], "from {start}");
    }
}

pub fn out_of_range_is_an_error(harness: &dyn Harness) {
    let partition = TopicPartition::new(topic(harness, "range", 1), 0);
    write(harness, &partition, &["a", "b", "c"]);
    let admin = harness.backend().admin().unwrap();
    admin.delete_records(&partition, 2).unwrap();
    assert_eq!(admin.offsets(&partition).unwrap().earliest, 2);
    for (start, refused) in [(0, true), (1, true), (2, false), (3, false), (4, true)] {
        let mut reader = reader(harness, &partition, StartPosition::Offset(start), Isolation::Committed);
        match read_to_end(harness, reader.as_mut(), &partition) {
            Ok(_) => assert!(!refused, "{start}"),
            Err(error @ TopicsError::OutOfRange { offset, .. }) => {
                assert!(refused && offset == start, "{start}: {error}");
                assert_eq!(error.remedy(), Remedy::Operator);
            }
            Err(error) => panic!("{start}: {error}"),
        }
    }
    assert_eq!(values(&read(harness, &partition)), ["c"]);
}

/// A log that ends in markers or aborted records is read to its end all the same.
pub fn the_end_includes_what_is_invisible(harness: &dyn Harness) {
    let partition = TopicPartition::new(topic(harness, "end", 1), 0);
    let id = harness.unique("writer");
    let mut from_start = reader(harness, &partition, StartPosition::Earliest, Isolation::Committed);
    assert_eq!(from_start.end_offset(&partition).unwrap(), 0);
    assert!(read_to_end(harness, from_start.as_mut(), &partition).unwrap().is_empty());

    let mut writer = transactional(harness, &id);
    commit(writer.as_mut(), &partition, &["a"]);
    let mut reader = reader(harness, &partition, StartPosition::Earliest, Isolation::Committed);
    let end = reader.end_offset(&partition).unwrap();
    assert_eq!(end, 2, "the marker counts");
    assert_eq!(read_to_end(harness, reader.as_mut(), &partition).unwrap().len(), 1);
    assert_eq!(reader.position(&partition), Some(end));

    writer.begin().unwrap();
    put(writer.as_mut(), &partition, &["x", "y", "z"]);
    writer.send().unwrap();
    writer.abort().unwrap();
    let end = reader.end_offset(&partition).unwrap();
    assert_eq!(end, 6);
    // The reader that stood at the old end gets to the new one without a record.
    assert!(read_to_end(harness, reader.as_mut(), &partition).unwrap().is_empty());
    assert_eq!(reader.position(&partition), Some(end));
}

pub fn seeking_goes_back_and_forth(harness: &dyn Harness) {
    let partition = TopicPartition::new(topic(harness, "seek", 1), 0);
    write(harness, &partition, &["a", "b", "c"]);
    let mut reader = reader(harness, &partition, StartPosition::Earliest, Isolation::Committed);
    read_to_end(harness, reader.as_mut(), &partition).unwrap();
    for (start, wanted) in [
        (StartPosition::Offset(1), &["b", "c"][..]),
        (StartPosition::Earliest, &["a", "b", "c"]),
        (StartPosition::Latest, &[]),
        (StartPosition::Timestamp(3), &["c"]),
    ] {
        reader.seek(&partition, start).unwrap();
        assert_eq!(values(&read_to_end(harness, reader.as_mut(), &partition).unwrap()), wanted);
    }
    let other = TopicPartition::new(partition.topic(), 7);
    assert!(matches!(reader.seek(&other, StartPosition::Earliest), Err(TopicsError::Misuse { .. })));
}

pub fn several_partitions_at_once(harness: &dyn Harness) {
    let topic = topic(harness, "several", 3);
    let partitions: Vec<_> = (0..3).map(|number| TopicPartition::new(topic.as_str(), number)).collect();
    for partition in &partitions {
        write(harness, partition, &["a", "b"]);
    }
    let mut reader = harness.backend().assigned_reader(&ReaderOptions::default()).unwrap();
    let starts: Vec<_> = partitions.iter().map(|p| (p.clone(), StartPosition::Earliest)).collect();
    reader.assign(&starts).unwrap();
    let mut batch = RecordBatch::new();
    let (mut ended, mut count) = (Vec::new(), 0);
    while ended.len() < 3 {
        match reader.poll(harness.poll_time(), &mut batch).unwrap() {
            ReaderEvent::Batch => count += batch.len(),
            ReaderEvent::EndOfPartition(partition) => ended.push(partition),
            ReaderEvent::Nothing => {}
        }
    }
    ended.sort();
    assert_eq!((ended, count), (partitions.clone(), 6));
    // Another assignment takes the place of the first.
    reader.assign(&starts[..1]).unwrap();
    assert_eq!(values(&read_to_end(harness, reader.as_mut(), &partitions[0]).unwrap()), ["a", "b"]);
    assert_eq!(reader.position(&partitions[1]), None);
}
