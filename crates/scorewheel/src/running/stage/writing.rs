//! Results, dead letters and cut-overs as records.

use std::sync::Arc;

use bytes::Bytes;
use scorewheel_codecs::{LINEAGE_HEADER, Making, ResultEncoder, ResultFormat};
use scorewheel_scoring::dead_letter::{self, Cause, Keep};
use scorewheel_scoring::{FirstTarget, ModelLineage, Names};
use scorewheel_serving::{Answer, Step};
use scorewheel_stage::{EncodeError, Outcome, Record, ScoredRecord};
use scorewheel_topics::{Headers, RecordView, TopicPartition, TopicsError, Writer};

/// Where a record came from and what else is kept of it.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// Its offset.
    pub offset: i64,
    /// Its timestamp.
    pub timestamp: i64,
    /// Its key.
    pub key: Option<Bytes>,
    /// Its headers, encoded.
    pub headers: Bytes,
}

/// A result, encoded.
#[derive(Clone, Debug)]
pub struct Encoded {
    value: Vec<u8>,
    lineage: Option<Vec<u8>>,
    /// The record has other results.
    shared: bool,
    /// The first target, if it is a number.
    pub score: Option<f64>,
    /// The first target, if it is a label.
    pub label: Option<Arc<str>>,
}

impl Encoded {
    /// The first target.
    #[must_use]
    pub fn first_target(&self) -> FirstTarget<'_> {
        match (self.score, &self.label) {
            (Some(number), _) => FirstTarget::Number(number),
            (None, Some(label)) => FirstTarget::Label(label),
            (None, None) => FirstTarget::Other,
        }
    }
}

/// Encodes the answers of one partition.
pub struct AnswerEncoder {
    format: ResultFormat,
    lineage: bool,
    input: TopicPartition,
    /// What is constant about the results of a model.
    encoders: Vec<ModelEncoder>,
}

struct ModelEncoder {
    /// The model's serial number.
    serial: u64,
    data_type: Box<str>,
    result: ResultEncoder,
    lineage: ModelLineage,
    /// Labels that it has given.
    labels: Vec<Arc<str>>,
}

impl ModelEncoder {
    /// A label as it is kept, so that a record costs no copy of it.
    fn label(&mut self, label: &str) -> Arc<str> {
        if let Some(known) = self.labels.iter().find(|known| ***known == *label) {
            return Arc::clone(known);
        }
        let new: Arc<str> = label.into();
        if self.labels.len() < KEPT {
            self.labels.push(Arc::clone(&new));
        }
        new
    }
}

/// Models whose encoders are kept: those of a revision, and some that have gone. Labels of a model that are kept.
const KEPT: usize = 64;

impl AnswerEncoder {
    /// An encoder for the records of `input`.
    #[must_use]
    pub fn new(format: ResultFormat, lineage: bool, input: TopicPartition) -> Self {
        Self { format, lineage, input, encoders: Vec::new() }
    }

    /// Encodes an answer.
    ///
    /// # Errors
    /// None: every answer has its encoding. The signature is that of a stage's encoder.
    pub fn encode(&mut self, answer: &Answer<'_>, record: &Record<Origin>) -> Result<Encoded, EncodeError> {
        let (serial, data_type) = (answer.installed.serial(), answer.data_type.as_str());
        let known =
            self.encoders.iter().position(|known| known.serial == serial && *known.data_type == *data_type);
        let reference = &answer.installed.reference;
        let index = known.unwrap_or_else(|| {
            if self.encoders.len() == KEPT {
                self.encoders.remove(0);
            }
            let result = ResultEncoder::new(self.format, data_type, answer.scores.schema());
            let lineage = ModelLineage::new(reference, &self.input);
            let data_type = data_type.into();
            self.encoders.push(ModelEncoder { serial, data_type, result, lineage, labels: Vec::new() });
            self.encoders.len() - 1
        });
        let known = &mut self.encoders[index];
        let making = Making {
            model: reference.key.name.as_str(),
            duration_ns: i64::try_from(answer.nanoseconds).unwrap_or(i64::MAX),
            model_since: reference.timestamp,
        };
        let (score, label) = match FirstTarget::of(answer.scores, answer.row) {
            FirstTarget::Number(number) => (Some(number), None),
            FirstTarget::Label(label) => (None, Some(known.label(label))),
            FirstTarget::Other => (None, None),
        };
        let ModelEncoder { result, lineage, .. } = known;
        let order = answer.order;
        let mut encoded =
            Encoded { value: Vec::new(), lineage: None, shared: order.is_shared(), score, label };
        result.encode(answer.scores, answer.row, making, &mut encoded.value);
        if self.lineage || order.is_shared() {
            lineage.write(record.context.offset, order, encoded.lineage.insert(Vec::new()));
        }
        Ok(encoded)
    }
}

/// The partitions of the output topics that belong to one input partition.
pub struct Outputs {
    input: TopicPartition,
    results: TopicPartition,
    dead_letters: TopicPartition,
    cutovers: TopicPartition,
}

impl Outputs {
    /// Those of `input`: the same number of every topic.
    #[must_use]
    pub fn new(names: &Names, input: &TopicPartition) -> Self {
        let number = input.partition();
        Self {
            input: input.clone(),
            results: TopicPartition::new(Arc::clone(&names.results), number),
            dead_letters: TopicPartition::new(Arc::clone(&names.dead_letters), number),
            cutovers: TopicPartition::new(Arc::clone(&names.cutovers), number),
        }
    }

    /// Writes what came of a record; it is sent with the next flush.
    ///
    /// # Errors
    /// [`TopicsError`].
    pub fn write(
        &self,
        writer: &mut dyn Writer,
        scored: &ScoredRecord<Origin, Encoded>,
        now: i64,
    ) -> Result<(), TopicsError> {
        let origin = &scored.record.context;
        if let Some(cut_over) = &scored.cut_over {
            let entry = cut_over.entry(self.input.topic(), self.input.partition(), origin.offset);
            let mut record = writer.lend(&self.cutovers)?.record(now, Some(entry.key().as_bytes()));
            record.value().extend_from_slice(&entry.value());
            record.finish().map_err(|error| TopicsError::too_large(self.cutovers.topic(), error))?;
        }
        scored.outcomes().try_for_each(|outcome| self.write_outcome(writer, scored, outcome))
    }

    fn write_outcome(
        &self,
        writer: &mut dyn Writer,
        scored: &ScoredRecord<Origin, Encoded>,
        outcome: &Outcome<Encoded>,
    ) -> Result<(), TopicsError> {
        let origin = &scored.record.context;
        match outcome {
            Outcome::Result { output, .. } => {
                let mut record = writer.lend(&self.results)?.record(origin.timestamp, origin.key.as_deref());
                if let Some(lineage) = &output.lineage {
                    record.header(LINEAGE_HEADER, lineage);
                }
                record.value().extend_from_slice(&output.value);
                if let Err(error) = record.finish() {
                    let message = format!("the result cannot be written: {error}");
                    let lineage = output.lineage.as_deref().filter(|_| output.shared);
                    let cause = Cause {
                        step: Step::Encode.as_str(),
                        kind: "result_too_large",
                        message: &message,
                        lineage,
                    };
                    return self.dead_letter(writer, &scored.record, &cause);
                }
                Ok(())
            }
            Outcome::DeadLetter { step, kind, message, asked } => {
                let lineage = asked.as_ref().and_then(|(model, order)| {
                    ModelLineage::of_missing(model, &self.input, origin.offset, *order)
                });
                let cause = Cause { step: step.as_str(), kind, message, lineage: lineage.as_deref() };
                self.dead_letter(writer, &scored.record, &cause)
            }
            Outcome::Dropped { .. } => Ok(()),
        }
    }

    fn dead_letter(
        &self,
        writer: &mut dyn Writer,
        record: &Record<Origin>,
        cause: &Cause<'_>,
    ) -> Result<(), TopicsError> {
        let origin = &record.context;
        let view = RecordView {
            offset: origin.offset,
            timestamp: origin.timestamp,
            key: origin.key.as_deref(),
            value: record.value.as_deref(),
            headers: Headers::from_encoded(&origin.headers),
        };
        let mut finished = Ok(());
        for keep in Keep::ORDER {
            let letter = writer.lend(&self.dead_letters)?.record(view.timestamp, keep.key(&view));
            finished = dead_letter::finish(letter, &view, &self.input, cause, keep);
            if finished.is_ok() {
                break;
            }
        }
        finished.map_err(|error| TopicsError::too_large(self.dead_letters.topic(), error))
    }
}
