//! `kafka:`: the value of a record of another topic, for models that are larger than the models topic takes.

use std::time::Duration;

use scorewheel_serving::RefusalKind;
use scorewheel_topics::{
    Backend, Offset, ReaderEvent, ReaderOptions, RecordBatch, StartPosition, TopicPartition, TopicsError,
};

use crate::error::FetchError;
use crate::intake::Intake;

/// How long one poll waits.
const POLL: Duration = Duration::from_millis(200);

/// Fetches the value of the record at `offset`.
pub(crate) fn fetch(
    backend: &dyn Backend,
    topic: &str,
    partition: u32,
    offset: Offset,
    intake: &mut Intake<'_>,
) -> Result<(), FetchError> {
    let passing = |error: TopicsError| FetchError::Passing(error.to_string());
    let gone = |why: &str| {
        let reason = format!("there is no record at offset {offset} of {topic}-{partition}: {why}");
        FetchError::refused(RefusalKind::NotFound, reason)
    };
    let admin = backend.admin().map_err(passing)?;
    let described = admin.describe_topic(topic).map_err(passing)?;
    // The place names the topic: without it the operator must act.
    let described = described.ok_or_else(|| FetchError::Passing(format!("there is no topic {topic}")))?;
    if partition >= described.partitions {
        return Err(gone(&format!("the topic has {} partitions", described.partitions)));
    }
    let at = TopicPartition::new(topic, partition);
    let range = admin.offsets(&at).map_err(passing)?;
    if offset < range.earliest || offset >= range.high_watermark {
        return Err(gone(&format!("it holds {} to {}", range.earliest, range.high_watermark)));
    }
    // What an open transaction holds back may still be committed.
    if offset >= range.last_stable {
        return Err(FetchError::Passing(format!(
            "the record at offset {offset} of {topic}-{partition} lies behind a transaction that is still open"
        )));
    }
    let mut reader = backend.assigned_reader(&ReaderOptions::default()).map_err(passing)?;
    reader.assign(&[(at.clone(), StartPosition::Offset(offset))]).map_err(passing)?;
    let mut batch = RecordBatch::new();
    loop {
        // Nothing comes while a broker is away: the time of the place ends that.
        intake.time_left()?;
        match reader.poll(POLL, &mut batch) {
            Ok(ReaderEvent::Batch) => break,
            Ok(ReaderEvent::EndOfPartition(_)) => {
                return Err(gone("it was never committed, or it is a marker"));
            }
            Ok(ReaderEvent::Nothing) => {}
            Err(error) => return Err(passing(error)),
        }
    }
    // Records come in order: one that is not the first is gone.
    let record = batch.iter().next().filter(|record| record.offset == offset);
    let record = record.ok_or_else(|| gone("it was compacted away, or it is a marker"))?;
    let value = record.value.ok_or_else(|| gone("it has no value"))?;
    intake.expect(value.len() as u64)?;
    intake.take(value)
}
