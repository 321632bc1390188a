//! The [`Writer`] over Kafka.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::questions::Questions;
use super::sender::Sender;
use super::settings;
use crate::buffer::RecordBuffer;
use crate::error::TopicsError;
use crate::options::WriterOptions;
use crate::partition::TopicPartition;
use crate::writer::{Writer, Written};

pub(super) struct KafkaWriter {
    sender: Sender,
    delivery_timeout: Duration,
}

impl KafkaWriter {
    pub fn new(questions: &Arc<Questions>, options: &WriterOptions) -> Result<Self, TopicsError> {
        let config = settings::writer(questions.settings(), options)?;
        let sender = Sender::new(&config, questions.clone(), None)?;
        Ok(Self { sender, delivery_timeout: options.delivery_timeout })
    }

    /// librdkafka gives records up by itself after the time-out; the slack lets its report arrive.
    fn deadline(&self) -> Instant {
        Instant::now() + self.delivery_timeout + Duration::from_secs(2)
    }
}

impl Writer for KafkaWriter {
    fn lend(&mut self, partition: &TopicPartition) -> Result<&mut RecordBuffer, TopicsError> {
        self.sender.lend(partition)
    }

    fn send(&mut self) -> Result<(), TopicsError> {
        let deadline = self.deadline();
        self.sender.send(deadline)
    }

    fn flush(&mut self) -> Result<(), TopicsError> {
        let deadline = self.deadline();
        let sent = self.sender.send(deadline);
        let drained = self.sender.drain(deadline);
        sent.and(self.sender.check()).and(drained)
    }

    fn written(&self) -> &[Written] {
        &self.sender.written
    }
}
