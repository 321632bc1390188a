//! Records come back in order and as they were written, up to the size limit.

use scorewheel_topics::{
    Isolation, ReaderEvent, ReaderOptions, RecordBatch, Remedy, StartPosition, TopicPartition, TopicSpec,
    TopicsError, WriterOptions,
};

use super::support::{Harness, create, read, topic, write};

pub fn order_in_a_partition(harness: &dyn Harness) {
    let topic = topic(harness, "order", 3);
    let mut writer = harness.backend().writer(&WriterOptions::default()).unwrap();
    for round in 0..10 {
        for number in 0..300_u32 {
            let partition = TopicPartition::new(topic.as_str(), number % 3);
            let mut record = writer.lend(&partition).unwrap().record(i64::from(number) + 1, None);
            record.value().extend_from_slice(format!("{round} {number}").as_bytes());
            record.finish().unwrap();
        }
        writer.send().unwrap();
    }
    writer.flush().unwrap();
    for partition in 0..3 {
        let records = read(harness, &TopicPartition::new(topic.as_str(), partition));
        let wanted: Vec<_> = (0..10)
            .flat_map(|round| (0..100).map(move |number| format!("{round} {}", number * 3 + partition)))
            .collect();
        assert_eq!(super::support::values(&records), wanted);
        assert!(records.iter().map(|record| record.offset).eq(0..1000));
    }
}

pub fn records_come_back_whole(harness: &dyn Harness) {
    let topic = topic(harness, "whole", 1);
    let partition = TopicPartition::new(topic, 0);
    let mut writer = harness.backend().writer(&WriterOptions::default()).unwrap();
    let buffer = writer.lend(&partition).unwrap();
    let mut record = buffer.record(1_700_000_000_123, Some(b"key"));
    record
        .header("a", b"1")
        .null_header("b")
        .header("a", b"")
        .header_with("c", |bytes| bytes.extend(0..=255));
    record.value().extend(0..=255_u8);
    record.finish().unwrap();
    buffer.record(2, Some(b"deleted")).finish().unwrap();
    let mut record = buffer.record(1, None);
    record.value();
    record.finish().unwrap();
    let mut record = buffer.record(3, Some(b""));
    record.header("", b"no name");
    record.finish().unwrap();
    writer.flush().unwrap();

    let records = read(harness, &partition);
    assert_eq!(records.len(), 4);
    let all: Vec<u8> = (0..=255).collect();
    assert_eq!((records[0].key.as_deref(), records[0].timestamp), (Some(&b"key"[..]), 1_700_000_000_123));
    assert_eq!(records[0].value.as_ref(), Some(&all));
    let headers = [
        (b"a".to_vec(), Some(b"1".to_vec())),
        (b"b".to_vec(), None),
        (b"a".to_vec(), Some(vec![])),
        (b"c".to_vec(), Some(all)),
    ];
    assert_eq!(records[0].headers, headers);
    assert_eq!((records[1].key.as_deref(), records[1].value.as_ref()), (Some(&b"deleted"[..]), None));
    assert_eq!(
        (records[2].key.as_ref(), records[2].value.as_deref(), records[2].timestamp),
        (None, Some(&b""[..]), 1)
    );
    assert_eq!((records[3].key.as_deref(), records[3].value.as_ref()), (Some(&b""[..]), None));
    assert_eq!(records[3].headers, [(vec![], Some(b"no name".to_vec()))]);
}

/// A topic of 2,000 bytes takes a record of exactly that size on the wire, and the writer's buffer refuses one more.
pub fn the_size_limit_is_exact(harness: &dyn Harness) {
    const LIMIT: usize = 2_000;
    let spec = TopicSpec::new(harness.unique("limit"), 1)
        .keep_for_ever()
        .max_message_bytes(LIMIT)
        .setting("compression.type", "uncompressed");
    let partition = TopicPartition::new(create(harness, &spec), 0);
    let mut writer = harness.backend().writer(&WriterOptions::default()).unwrap();
    // 61 the batch, 2 the record's length, 3 its deltas, 4 the key, 2 the value's length, 1 the number of headers.
    let room = LIMIT - 73;
    let mut write = |length: usize| {
        let buffer = writer.lend(&partition).unwrap();
        assert_eq!(buffer.limit(), Some(LIMIT));
        let mut record = buffer.record(1, Some(b"key"));
        record.value().extend((0..length).map(|index| u8::try_from(index * 7919 % 251).unwrap()));
        let outcome = record.finish();
        writer.flush().unwrap();
        outcome
    };
    assert_eq!(write(room - 1), Ok(()));
    assert_eq!(write(room), Ok(()));
    let refused = write(room + 1).unwrap_err();
    assert_eq!((refused.size, refused.limit), (LIMIT + 1, LIMIT));
    assert_eq!(TopicsError::too_large("t", refused).remedy(), Remedy::SetRecordAside);
    assert_eq!(write(10), Ok(()));
    let lengths: Vec<_> = read(harness, &partition).iter().map(|r| r.value.as_ref().unwrap().len()).collect();
    assert_eq!(lengths, [room - 1, room, 10]);
}

pub fn a_large_record_passes_where_the_topic_allows(harness: &dyn Harness) {
    let spec = TopicSpec::new(harness.unique("large"), 1).max_message_bytes(64 << 20).keep_for_ever();
    let partition = TopicPartition::new(create(harness, &spec), 0);
    let mut writer = harness.backend().writer(&WriterOptions::default()).unwrap();
    let mut seed = 1_u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed.to_le_bytes()[3]
    };
    let value: Vec<u8> = (0..12 << 20).map(|_| noise()).collect();
    let mut record = writer.lend(&partition).unwrap().record(1, Some(b"wine/forest"));
    record.value().extend_from_slice(&value);
    record.finish().unwrap();
    writer.flush().unwrap();
    write(harness, &partition, &["after"]);
    let records = read(harness, &partition);
    assert_eq!(records.len(), 2);
    assert!(records[0].value.as_ref() == Some(&value), "the bytes are the same");
}

pub fn unknown_partitions_are_refused(harness: &dyn Harness) {
    let topic = topic(harness, "known", 1);
    let mut writer = harness.backend().writer(&WriterOptions::default()).unwrap();
    let nowhere = harness.unique("nowhere");
    let outcome = writer.lend(&TopicPartition::new(nowhere.as_str(), 0)).map(drop);
    assert_eq!(outcome, Err(TopicsError::UnknownTopic { topic: nowhere.clone() }));
    let partition = TopicPartition::new(topic, 1);
    let outcome = writer.lend(&partition).map(drop);
    assert_eq!(outcome, Err(TopicsError::UnknownPartition { partition }));

    let mut reader = harness.backend().assigned_reader(&ReaderOptions::default()).unwrap();
    let outcome = reader.assign(&[(TopicPartition::new(nowhere.as_str(), 0), StartPosition::Earliest)]);
    assert_eq!(outcome, Err(TopicsError::UnknownTopic { topic: nowhere }));
}

pub fn batches_keep_their_limits(harness: &dyn Harness) {
    let partition = TopicPartition::new(topic(harness, "batches", 1), 0);
    let values: Vec<String> = (0..100).map(|number| format!("{number:>100}")).collect();
    write(harness, &partition, &values.iter().map(String::as_str).collect::<Vec<_>>());
    for (batch_records, batch_bytes, most) in [(7, 1 << 20, 7), (1000, 1000, 10), (1000, 1, 1)] {
        let options = ReaderOptions {
            batch_records,
            batch_bytes,
            isolation: Isolation::Committed,
            ..ReaderOptions::default()
        };
        let mut reader = harness.backend().assigned_reader(&options).unwrap();
        reader.assign(&[(partition.clone(), StartPosition::Earliest)]).unwrap();
        let mut batch = RecordBatch::new();
        let mut offsets = Vec::new();
        while offsets.len() < 100 {
            if reader.poll(harness.poll_time(), &mut batch).unwrap() == ReaderEvent::Batch {
                assert!(batch.len() <= most, "{} records in a batch", batch.len());
                offsets.extend(batch.iter().map(|record| record.offset));
            }
        }
        assert!(offsets.into_iter().eq(0..100));
    }
}
