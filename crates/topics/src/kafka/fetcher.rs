//! From a consumer's queue into batches: what both kinds of readers have in common.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode as Code;

use super::context::{Context, log_event};
use super::errors::About;
use super::lookup::{Lookup, list, list_at, number, partition};
use super::native::{EventQueue, Kind, Message};
use crate::batch::RecordBatch;
use crate::error::TopicsError;
use crate::headers::Headers;
use crate::options::ReaderOptions;
use crate::partition::{Offset, TopicPartition};
use crate::records::RecordView;

/// A reader's place in a partition.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub partition: TopicPartition,
    pub position: Offset,
    pub paused: bool,
}

/// What a poll brought.
pub(super) enum Fetched {
    Batch,
    End(TopicPartition),
    Assign(Vec<TopicPartition>),
    Revoke(Vec<TopicPartition>),
    Nothing,
}

/// A consumer with its places. Field order is the order of dropping: what points into the client goes before it.
pub(super) struct Fetcher {
    /// Events that were met while a batch was filled, and messages of paused partitions.
    waiting: VecDeque<Kind>,
    queue: EventQueue,
    pub consumer: BaseConsumer<Context>,
    pub places: Vec<Place>,
    headers: Vec<u8>,
    options: ReaderOptions,
    request_timeout: Duration,
    group: String,
    topics: Vec<String>,
}

impl Fetcher {
    pub fn new(
        config: &ClientConfig,
        options: ReaderOptions,
        request_timeout: Duration,
        group: &str,
        topics: &[String],
    ) -> Result<Self, TopicsError> {
        let about = About { doing: "making a reader", ..About::default() };
        let consumer: BaseConsumer<Context> =
            config.create_with_context(Context).map_err(|error| about.of(&error))?;
        let queue = EventQueue::of_consumer(consumer.client().native_ptr())
            .ok_or_else(|| TopicsError::Fatal { reason: "a consumer without a queue".into() })?;
        Ok(Self {
            waiting: VecDeque::new(),
            queue,
            consumer,
            places: Vec::new(),
            headers: Vec::new(),
            options,
            request_timeout,
            group: group.to_owned(),
            topics: topics.to_vec(),
        })
    }

    pub fn lookup(&self) -> Lookup<'_> {
        Lookup { consumer: &self.consumer, events: None, timeout: self.request_timeout }
    }

    pub fn place(&self, partition: &TopicPartition) -> Option<&Place> {
        self.places.iter().find(|place| place.partition == *partition)
    }

    pub fn place_mut(
        &mut self,
        operation: &'static str,
        partition: &TopicPartition,
    ) -> Result<&mut Place, TopicsError> {
        let place = self.places.iter_mut().find(|place| place.partition == *partition);
        place.ok_or_else(|| TopicsError::Misuse {
            operation,
            reason: format!("{partition} is not assigned to this reader"),
        })
    }

    fn index(&self, topic: &str, partition: i32) -> Option<usize> {
        self.places
            .iter()
            .position(|place| number(&place.partition) == partition && place.partition.topic() == topic)
    }

    /// Forgets what was fetched of these partitions and not handed out.
    pub fn forget(&mut self, partitions: &[TopicPartition]) {
        let concerns = |topic: &str, partition: i32| {
            partitions.iter().any(|forgotten| number(forgotten) == partition && forgotten.topic() == topic)
        };
        self.waiting.retain(|kind| match kind {
            Kind::Message(message) => !concerns(&message.topic(), message.partition()),
            Kind::End { topic, partition, .. } => !concerns(topic, *partition),
            _ => true,
        });
    }

    /// Goes on reading a partition from this offset.
    pub fn seek(
        &mut self,
        operation: &'static str,
        partition: &TopicPartition,
        offset: Offset,
    ) -> Result<(), TopicsError> {
        self.place_mut(operation, partition)?.position = offset;
        self.forget(std::slice::from_ref(partition));
        let about = About { doing: "seeking", partition: Some(partition), ..About::default() };
        self.consumer
            .seek_partitions(list_at([(partition, offset)])?, self.request_timeout)
            .map_err(|error| about.of(&error))?;
        Ok(())
    }

    /// Pauses or resumes partitions.
    pub fn set_paused(
        &mut self,
        operation: &'static str,
        partitions: &[TopicPartition],
        paused: bool,
    ) -> Result<(), TopicsError> {
        for partition in partitions {
            self.place_mut(operation, partition)?;
        }
        let native = list(partitions);
        let outcome = if paused { self.consumer.pause(&native) } else { self.consumer.resume(&native) };
        outcome.map_err(|error| About { doing: operation, ..About::default() }.of(&error))?;
        for partition in partitions {
            self.place_mut(operation, partition)?.paused = paused;
        }
        Ok(())
    }

    pub fn poll(&mut self, timeout: Duration, batch: &mut RecordBatch) -> Result<Fetched, TopicsError> {
        let deadline = Instant::now() + timeout.min(Duration::from_secs(3600));
        loop {
            let kind = match self.next_waiting() {
                Some(kind) => kind,
                None => match self.queue.poll(deadline.saturating_duration_since(Instant::now())) {
                    Some(event) => event.kind(),
                    None if Instant::now() >= deadline => return Ok(Fetched::Nothing),
                    None => continue,
                },
            };
            match kind {
                Kind::Message(message) => {
                    if let Some(code) = message.error() {
                        let place = (message.topic(), message.partition());
                        self.failed(code, false, &code.to_string(), Some(place))?;
                    } else if let Some(index) = self.index(&message.topic(), message.partition()) {
                        if self.places[index].paused {
                            self.waiting.push_back(Kind::Message(message));
                        } else if self.fill(index, message, batch) {
                            return Ok(Fetched::Batch);
                        }
                    }
                }
                Kind::End { topic, partition, offset } => {
                    if let Some(index) = self.index(&topic, partition) {
                        let place = &mut self.places[index];
                        if offset >= place.position {
                            place.position = offset;
                            return Ok(Fetched::End(place.partition.clone()));
                        }
                    }
                }
                Kind::Error { code, fatal, text, partition } => self.failed(code, fatal, &text, partition)?,
                Kind::Assign(partitions) => return Ok(Fetched::Assign(named(partitions))),
                Kind::Revoke(partitions) => return Ok(Fetched::Revoke(named(partitions))),
                Kind::Log { .. } => log_event(&kind),
                Kind::Delivered(_) | Kind::Other => {}
            }
        }
    }

    /// The first waiting event that need not wait any more.
    fn next_waiting(&mut self) -> Option<Kind> {
        let ready = self.waiting.iter().position(|kind| match kind {
            Kind::Message(message) => self
                .index(&message.topic(), message.partition())
                .is_none_or(|index| !self.places[index].paused),
            _ => true,
        })?;
        self.waiting.remove(ready)
    }

    /// Fills the batch with this message and those that have arrived after it for the same partition; false if there
    /// was none to hand out.
    fn fill(&mut self, index: usize, first: Message, batch: &mut RecordBatch) -> bool {
        let (topic, partition) = (first.topic_handle(), first.partition());
        batch.reset(self.places[index].partition.clone());
        let mut next = Some(first);
        while let Some(message) = next.take() {
            // What was fetched before a seek may still be on its way.
            if message.offset() >= self.places[index].position {
                self.headers.clear();
                message.headers(&mut self.headers);
                let record = RecordView {
                    offset: message.offset(),
                    timestamp: message.timestamp(),
                    key: message.key(),
                    value: message.value(),
                    headers: Headers::from_encoded(&self.headers),
                };
                if !batch.push(&record) {
                    self.waiting.push_front(Kind::Message(message));
                    break;
                }
                self.places[index].position = message.offset() + 1;
            }
            if batch.len() >= self.options.batch_records.max(1)
                || batch.byte_len() >= self.options.batch_bytes.max(1)
            {
                break;
            }
            // A waiting event would be overtaken by what is in the queue.
            if !self.waiting.is_empty() && self.next_is_ready() {
                break;
            }
            match self.queue.poll(Duration::ZERO).map(super::native::Event::kind) {
                None => break,
                Some(Kind::Message(message))
                    if message.topic_handle() == topic
                        && message.partition() == partition
                        && message.error().is_none() =>
                {
                    next = Some(message);
                }
                Some(other) => {
                    self.waiting.push_back(other);
                    break;
                }
            }
        }
        !batch.is_empty()
    }

    fn next_is_ready(&self) -> bool {
        self.waiting.iter().any(|kind| match kind {
            Kind::Message(message) => self
                .index(&message.topic(), message.partition())
                .is_none_or(|index| !self.places[index].paused),
            _ => true,
        })
    }

    /// Errors that somebody has to hear of; those that pass by themselves go to the log.
    fn failed(
        &self,
        code: Code,
        fatal: bool,
        text: &str,
        place: Option<(String, i32)>,
    ) -> Result<(), TopicsError> {
        let place = place.filter(|(topic, number)| !topic.is_empty() && *number >= 0);
        let place = place.map(|(topic, number)| partition(&topic, number));
        let mentioned = self.topics.iter().find(|topic| text.contains(topic.as_str()));
        let about = About {
            doing: "reading",
            topic: mentioned.or(self.topics.first()).map(String::as_str),
            partition: place.as_ref(),
            group: Some(&self.group),
            permission: "Read",
            ..About::default()
        };
        match code {
            Code::AutoOffsetReset | Code::OffsetOutOfRange => {
                let partition = place.clone().unwrap_or_default();
                let offset = self.place(&partition).map_or(-1, |place| place.position);
                let (earliest, end) = self.lookup().range(&partition).unwrap_or((-1, -1));
                Err(TopicsError::OutOfRange { partition, offset, earliest, end })
            }
            // An assigned reader joins no group, so what a coordinator says of it does not matter.
            Code::GroupAuthorizationFailed if self.topics.is_empty() => Ok(()),
            Code::UnknownTopic
            | Code::UnknownTopicOrPartition
            | Code::UnknownPartition
            | Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::FencedInstanceId
            | Code::Authentication
            | Code::SaslAuthenticationFailed
            | Code::BadMessage
            | Code::InvalidMessage => Err(about.described(code, text)),
            _ if fatal => Err(about.described(code, text)),
            _ => {
                tracing::debug!(target: "librdkafka", "{code}: {text}");
                Ok(())
            }
        }
    }
}

fn named(partitions: Vec<(String, i32)>) -> Vec<TopicPartition> {
    partitions.into_iter().map(|(topic, number)| partition(&topic, number)).collect()
}
