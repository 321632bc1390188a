//! Batches are read however they were compressed: by the broker, for the topic says so, and by librdkafka.

use scorewheel_topics::{Backend, KafkaBackend, KafkaSettings, TopicPartition, TopicSpec, WriterOptions};

use crate::behaviour::Harness;
use crate::behaviour::support::{create, read, values};

#[test]
fn topics_in_every_codec_are_read() {
    let Some(kafka) = crate::kafka() else { return };
    let brokers = std::env::var("SCOREWHEEL_TEST_KAFKA").unwrap();
    for codec in ["gzip", "snappy", "lz4", "zstd"] {
        // `producer` keeps what librdkafka has written; with the other the broker compresses anew if it differs.
        for (of_topic, of_writer) in [("producer", codec), (codec, "none")] {
            let spec =
                TopicSpec::new(kafka.unique(codec), 1).keep_for_ever().setting("compression.type", of_topic);
            let partition = TopicPartition::new(create(&kafka, &spec), 0);
            let settings = KafkaSettings::new(brokers.as_str()).setting("compression.type", of_writer);
            let mut writer = KafkaBackend::new(settings).writer(&WriterOptions::default()).unwrap();
            let expected: Vec<String> = (0..1_000).map(|number| format!("{number:>100}")).collect();
            for value in &expected {
                let mut record = writer.lend(&partition).unwrap().record(1, None);
                record.value().extend_from_slice(value.as_bytes());
                record.finish().unwrap();
            }
            writer.flush().unwrap();
            assert_eq!(values(&read(&kafka, &partition)), expected, "{of_topic} {of_writer}");
        }
    }
}
