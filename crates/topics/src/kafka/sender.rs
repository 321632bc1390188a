//! From buffers into a producer's queue: what both kinds of writers have in common.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::producer::{BaseProducer, Producer};

use super::context::{Context, log_event};
use super::errors::About;
use super::lookup::number;
use super::native::{Delivery, EventQueue, Kind, Outgoing, TopicHandle, hurry, produce};
use super::questions::Questions;
use super::settings::BATCH_SIZE;
use crate::buffer::RecordBuffer;
use crate::error::TopicsError;
use crate::lent::{LentBuffers, note_written};
use crate::partition::TopicPartition;
use crate::writer::Written;

/// Delivery reports are taken in after so many records, so that they do not pile up.
const REPORTS_EVERY: usize = 1_000;
/// How long to wait for room when the queue is full.
const ROOM: Duration = Duration::from_millis(5);

/// A producer with its buffers. Field order is the order of dropping: what points into the client goes before it.
pub(super) struct Sender {
    topics: Vec<TopicHandle>,
    /// Place among the topics, by name.
    topic_places: HashMap<Arc<str>, usize>,
    queue: EventQueue,
    pub producer: BaseProducer<Context>,
    pub buffers: LentBuffers,
    /// The partitions by the number of their buffer.
    targets: Vec<TopicPartition>,
    pub written: Vec<Written>,
    first_error: Option<TopicsError>,
    pub questions: Arc<Questions>,
    batch_size: usize,
    transactional_id: Option<String>,
}

impl Sender {
    pub fn new(
        config: &ClientConfig,
        questions: Arc<Questions>,
        transactional_id: Option<&str>,
    ) -> Result<Self, TopicsError> {
        let about = About { doing: "making a writer", ..About::default() };
        let producer: BaseProducer<Context> =
            config.create_with_context(Context).map_err(|error| about.of(&error))?;
        let queue = EventQueue::main_of(producer.client().native_ptr())
            .ok_or_else(|| TopicsError::Fatal { reason: "a producer without a queue".into() })?;
        let batch_size = config.get("batch.size").and_then(|size| size.parse().ok()).unwrap_or(BATCH_SIZE);
        Ok(Self {
            topics: Vec::new(),
            topic_places: HashMap::new(),
            queue,
            producer,
            buffers: LentBuffers::default(),
            targets: Vec::new(),
            written: Vec::new(),
            first_error: None,
            questions,
            batch_size,
            transactional_id: transactional_id.map(str::to_owned),
        })
    }

    pub fn lend(&mut self, partition: &TopicPartition) -> Result<&mut RecordBuffer, TopicsError> {
        let questions = &self.questions;
        self.buffers.lend(partition, || questions.size_limit(partition))
    }

    /// Puts what is in the buffers into the producer's queue; the buffers are empty afterwards.
    pub fn send(&mut self, deadline: Instant) -> Result<(), TopicsError> {
        // The buffers are taken out while reports are taken in.
        let mut buffers = std::mem::take(&mut self.buffers);
        let mut outcome = Ok(());
        for (index, partition, buffer) in buffers.filled() {
            if outcome.is_ok() {
                outcome = self.send_buffer(index, partition, buffer, deadline);
            }
            buffer.clear();
        }
        self.buffers = buffers;
        if let Err(error) = outcome {
            self.note_error(error);
        }
        self.take_reports();
        self.check()
    }

    fn send_buffer(
        &mut self,
        index: usize,
        partition: &TopicPartition,
        buffer: &RecordBuffer,
        deadline: Instant,
    ) -> Result<(), TopicsError> {
        let client = self.producer.client().native_ptr();
        if index >= self.targets.len() {
            self.targets.resize_with(index + 1, TopicPartition::default);
        }
        if self.targets[index] != *partition {
            self.targets[index] = partition.clone();
        }
        let topic = self.topic_place(partition)?;
        // librdkafka does not split a batch that turns out larger than the topic accepts.
        let singly = buffer.limit().is_some_and(|limit| limit < self.batch_size);
        for (count, record) in buffer.iter().enumerate() {
            let outgoing = Outgoing {
                partition: number(partition),
                // Zero would mean the time of sending; one millisecond later is nearer to what was said.
                timestamp: if record.timestamp == 0 { 1 } else { record.timestamp },
                key: record.key,
                value: record.value,
                headers: record.headers,
                opaque: index,
            };
            loop {
                match produce(client, &self.topics[topic], &outgoing) {
                    Ok(()) => break,
                    Err(Code::QueueFull) if Instant::now() < deadline => self.take_report(ROOM),
                    Err(Code::QueueFull) => {
                        let reason = "the brokers do not take the records: the queue stays full".to_owned();
                        return Err(TopicsError::Unreachable { reason });
                    }
                    Err(code) => return Err(self.refused(code, partition)),
                }
            }
            if singly {
                self.drain(deadline)?;
            } else if count % REPORTS_EVERY == REPORTS_EVERY - 1 {
                self.take_reports();
            }
        }
        Ok(())
    }

    /// The place of the partition's topic among ours, which is made when it is new.
    fn topic_place(&mut self, partition: &TopicPartition) -> Result<usize, TopicsError> {
        if let Some(place) = self.topic_places.get(partition.shared_topic()) {
            return Ok(*place);
        }
        let handle = TopicHandle::new(self.producer.client().native_ptr(), partition.topic())
            .ok_or_else(|| TopicsError::UnknownTopic { topic: partition.topic().to_owned() })?;
        self.topics.push(handle);
        self.topic_places.insert(partition.shared_topic().clone(), self.topics.len() - 1);
        Ok(self.topics.len() - 1)
    }

    /// Why a record was refused at once or not delivered.
    fn refused(&self, code: Code, partition: &TopicPartition) -> TopicsError {
        let about = About {
            doing: "writing",
            partition: Some(partition),
            transactional_id: self.transactional_id.as_deref(),
            permission: "Write",
            ..About::default()
        };
        match code {
            // The client has broken down before; the first cause says more.
            Code::Fatal => match self.producer.client().fatal_error() {
                Some((code, text)) => about.described(code, &text),
                None => about.error(code),
            },
            Code::State | Code::PurgeQueue | Code::PurgeInflight if self.transactional_id.is_some() => {
                TopicsError::AbortTransaction { reason: format!("writing to {partition}: {code}") }
            }
            code => about.error(code),
        }
    }

    /// Waits until all that was sent is acknowledged or given up.
    pub fn drain(&mut self, deadline: Instant) -> Result<(), TopicsError> {
        if self.producer.in_flight_count() > 0 {
            hurry(self.producer.client().native_ptr());
        }
        while self.producer.in_flight_count() > 0 {
            let remaining = deadline.saturating_duration_since(Instant::now());
            if remaining.is_zero() {
                // Reports that have come long ago may not have been taken in yet.
                self.take_reports();
                if self.producer.in_flight_count() == 0 {
                    break;
                }
                let reason = format!("{} records got no acknowledgement", self.producer.in_flight_count());
                return Err(TopicsError::Unreachable { reason });
            }
            self.take_report(remaining.min(Duration::from_millis(100)));
        }
        Ok(())
    }

    /// The first error since the last check.
    pub fn check(&mut self) -> Result<(), TopicsError> {
        match self.first_error.take() {
            None => Ok(()),
            Some(error) => {
                if matches!(error, TopicsError::TooLarge { .. } | TopicsError::UnknownTopic { .. }) {
                    self.buffers.forget_limits();
                }
                Err(error)
            }
        }
    }

    /// Forgets errors and what was written: a transaction begins or has been given up.
    pub fn reset(&mut self) {
        self.buffers.clear();
        self.written.clear();
        self.first_error = None;
    }

    fn take_reports(&mut self) {
        while let Some(event) = self.queue.poll(Duration::ZERO) {
            self.take(&event.kind());
        }
    }

    fn take_report(&mut self, wait: Duration) {
        if let Some(event) = self.queue.poll(wait) {
            self.take(&event.kind());
        }
    }

    fn take(&mut self, kind: &Kind) {
        match kind {
            Kind::Delivered(deliveries) => self.take_deliveries(deliveries),
            Kind::Error { code, fatal: true, text, .. } => {
                let about = About {
                    doing: "writing",
                    transactional_id: self.transactional_id.as_deref(),
                    permission: "Write",
                    ..About::default()
                };
                let error = about.described(*code, text);
                self.note_error(error);
            }
            kind => log_event(kind),
        }
    }

    fn take_deliveries(&mut self, deliveries: &[Delivery]) {
        // Reports come in runs of one partition, so the last offset of a run is noted once.
        for (place, delivery) in deliveries.iter().enumerate() {
            let next = deliveries.get(place + 1);
            let run_ends = next.is_none_or(|next| next.opaque != delivery.opaque || next.error.is_some());
            if delivery.error.is_none() && !run_ends {
                continue;
            }
            let Some(partition) = self.targets.get(delivery.opaque).cloned() else { continue };
            match delivery.error {
                None => note_written(&mut self.written, &partition, delivery.offset),
                Some(code) => {
                    let error = self.refused(code, &partition);
                    self.note_error(error);
                }
            }
        }
    }

    fn note_error(&mut self, error: TopicsError) {
        // Records that were purged because of an error tell less than the error itself.
        let replaces = matches!(self.first_error, Some(TopicsError::AbortTransaction { .. }));
        if self.first_error.is_none() || replaces {
            self.first_error = Some(error);
        }
    }
}
