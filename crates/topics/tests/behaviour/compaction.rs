//! Compaction: what may vanish and what must stay.

use scorewheel_topics::{CleanupPolicy, TopicPartition, TopicSpec, WriterOptions};

use super::support::{Harness, create, read, transactional};

fn compacted(harness: &dyn Harness, hint: &str) -> TopicPartition {
    let spec = TopicSpec::new(harness.unique(hint), 1).cleanup(CleanupPolicy::Compact);
    TopicPartition::new(create(harness, &harness.compacted(spec)), 0)
}

fn write(harness: &dyn Harness, partition: &TopicPartition, records: &[(&str, Option<&str>)]) {
    let mut writer = harness.backend().writer(&WriterOptions::default()).unwrap();
    for (key, value) in records {
        let mut record = writer.lend(partition).unwrap().record(now(), Some(key.as_bytes()));
        if let Some(value) = value {
            record.value().extend_from_slice(value.as_bytes());
        }
        record.finish().unwrap();
        // Each record in a batch of its own, so that a compactor has something to drop.
        writer.flush().unwrap();
    }
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

pub fn the_last_record_of_a_key_stays(harness: &dyn Harness) {
    let partition = compacted(harness, "latest");
    write(harness, &partition, &[("a", Some("1")), ("b", Some("1")), ("a", Some("2")), ("a", Some("3"))]);
    let id = harness.unique("writer");
    let mut writer = transactional(harness, &id);
    writer.begin().unwrap();
    let mut record = writer.lend(&partition).unwrap().record(now(), Some(b"b"));
    record.value().extend_from_slice(b"aborted");
    record.finish().unwrap();
    writer.send().unwrap();
    writer.abort().unwrap();
    write(harness, &partition, &[("c", Some("1")), ("c", Some("2"))]);
    harness.compact(partition.topic());

    let records = read(harness, &partition);
    let last = |key: &str| {
        let of_key = records.iter().rfind(|record| record.key.as_deref() == Some(key.as_bytes()));
        of_key.map(|record| (record.offset, record.value.clone().unwrap()))
    };
    assert_eq!(last("a"), Some((3, b"3".to_vec())));
    assert_eq!(last("b"), Some((1, b"1".to_vec())), "an aborted record has not displaced it");
    // An abort may overtake the record it takes back: then only its marker has burnt an offset.
    let (offset, value) = last("c").unwrap();
    assert!((6..=7).contains(&offset) && value == b"2", "{offset}: {value:?}");
    assert!(!records.iter().any(|record| record.offset == 0), "what was overwritten is gone");
    let offsets = harness.backend().admin().unwrap().offsets(&partition).unwrap();
    assert_eq!(offsets.earliest, 0, "compaction leaves gaps and does not move the start");
    assert!(offsets.high_watermark > offset);
}

pub fn tombstones_remove_keys(harness: &dyn Harness) {
    let partition = compacted(harness, "tombstones");
    write(harness, &partition, &[("a", Some("1")), ("b", Some("1")), ("a", None), ("c", Some("1"))]);
    harness.compact(partition.topic());
    let of_a: Vec<_> =
        read(harness, &partition).into_iter().filter(|record| record.key.as_deref() == Some(b"a")).collect();
    assert!(of_a.iter().all(|record| record.value.is_none()), "no value of a removed key is left: {of_a:?}");
    write(harness, &partition, &[("a", Some("2"))]);
    harness.compact(partition.topic());
    let records = read(harness, &partition);
    let last = records.iter().rfind(|record| record.key.as_deref() == Some(b"a")).unwrap();
    assert_eq!(last.value.as_deref(), Some(&b"2"[..]), "a key can come back");
}
