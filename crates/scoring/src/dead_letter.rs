//! A record that could not be scored, with the reason in its headers.

use scorewheel_model::Digest;
use scorewheel_streams::{Output, ProcessorError};
use scorewheel_topics::{RecordTooLarge, RecordView, RecordWriter, TopicPartition};

/// Header with the kind of the error (KIP-1034: the exception's name).
pub const EXCEPTION_HEADER: &str = "__streams.errors.exception";
/// Header with the reason in words.
pub const MESSAGE_HEADER: &str = "__streams.errors.message";
/// Header that Kafka Streams fills with a stack trace; ours is empty.
pub const STACKTRACE_HEADER: &str = "__streams.errors.stacktrace";
/// Header with the input topic.
pub const TOPIC_HEADER: &str = "__streams.errors.topic";
/// Header with the input partition, in decimal digits.
pub const PARTITION_HEADER: &str = "__streams.errors.partition";
/// Header with the input offset, in decimal digits.
pub const OFFSET_HEADER: &str = "__streams.errors.offset";
/// Header with the step: `decode`, `route`, `score`, `encode`.
pub const STEP_HEADER: &str = "scorewheel.errors.step";
/// Header with the lineage of the result that one of several models did not give; the others' stand by themselves.
pub const LINEAGE_OF_ERROR_HEADER: &str = "scorewheel.errors.lineage";
/// Header with the SHA-256 of a value that was too large for the topic and is left out, hexadecimal.
pub const VALUE_DIGEST_HEADER: &str = "scorewheel.errors.value.sha256";
/// Header with the length of such a value in bytes.
pub const VALUE_LENGTH_HEADER: &str = "scorewheel.errors.value.length";

/// Longest message that a header carries, in bytes.
const MESSAGE_LIMIT: usize = 2000;

/// Why a record is dead.
#[derive(Clone, Copy, Debug)]
pub struct Cause<'a> {
    /// The step at which it failed.
    pub step: &'a str,
    /// The kind of the error.
    pub kind: &'a str,
    /// The reason in words.
    pub message: &'a str,
    /// Of the result that is not there, where its record has others.
    pub lineage: Option<&'a [u8]>,
}

/// What of the original record a dead letter carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Key, value and headers.
    Everything,
    /// The value is left out; its digest and length stand for it.
    NoValue,
    /// Neither value nor headers.
    KeyOnly,
    /// Not even the key.
    Nothing,
}

impl Keep {
    /// In the order in which they are tried, until the letter fits into its topic.
    pub const ORDER: [Self; 4] = [Self::Everything, Self::NoValue, Self::KeyOnly, Self::Nothing];

    /// The key that the letter has.
    #[must_use]
    pub fn key<'a>(self, record: &RecordView<'a>) -> Option<&'a [u8]> {
        record.key.filter(|_| self != Self::Nothing)
    }
}

/// Writes the dead letter of `record`, the one at index `from` of the batch: original key, value and headers, and the
/// cause. What does not fit into the topic is left out, the value first.
pub(crate) fn write(
    output: &mut Output<'_>,
    from: usize,
    record: &RecordView<'_>,
    input: &TopicPartition,
    cause: &Cause<'_>,
) -> Result<(), ProcessorError> {
    for keep in Keep::ORDER {
        let letter = output.record(from, record.timestamp, keep.key(record));
        if finish(letter, record, input, cause, keep).is_ok() {
            return Ok(());
        }
    }
    Err(format!(
        "the dead letter of {input} at offset {} does not fit into its topic even without the record",
        record.offset
    )
    .into())
}

/// Makes a letter, begun with the record's timestamp and [`Keep::key`], the dead letter of `record` from `input`.
///
/// # Errors
/// If it does not fit into its topic; with less of the record it may.
pub fn finish(
    mut letter: RecordWriter<'_>,
    record: &RecordView<'_>,
    input: &TopicPartition,
    cause: &Cause<'_>,
    keep: Keep,
) -> Result<(), RecordTooLarge> {
    if matches!(keep, Keep::Everything | Keep::NoValue) {
        letter.headers(record.headers);
    }
    letter.header(EXCEPTION_HEADER, cause.kind.as_bytes());
    letter.header(MESSAGE_HEADER, cut(cause.message).as_bytes());
    letter.header(STACKTRACE_HEADER, b"");
    letter.header(TOPIC_HEADER, input.topic().as_bytes());
    letter.header(PARTITION_HEADER, input.partition().to_string().as_bytes());
    letter.header(OFFSET_HEADER, record.offset.to_string().as_bytes());
    letter.header(STEP_HEADER, cause.step.as_bytes());
    if let Some(lineage) = cause.lineage {
        letter.header(LINEAGE_OF_ERROR_HEADER, lineage);
    }
    if let Some(value) = record.value {
        if keep == Keep::Everything {
            letter.value().extend_from_slice(value);
        } else {
            letter.header(VALUE_DIGEST_HEADER, Digest::of(value).to_string().as_bytes());
            letter.header(VALUE_LENGTH_HEADER, value.len().to_string().as_bytes());
        }
    }
    letter.finish()
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(MESSAGE_LIMIT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
