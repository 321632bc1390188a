//! The clients for questions, made when they are first needed and shared by all writers and admins of a backend.

use std::sync::OnceLock;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::consumer::{BaseConsumer, Consumer};

use super::block_on::block_on;
use super::broker_age;
use super::context::Context;
use super::errors::About;
use super::lookup::Lookup;
use super::native::EventQueue;
use super::settings::{self, KafkaSettings};
use crate::error::TopicsError;
use crate::partition::{Isolation, TopicPartition};
use crate::topic::TopicConfig;

/// A consumer that only asks. Field order is the order of dropping: the queue points into the client.
struct Asker {
    events: EventQueue,
    consumer: BaseConsumer<Context>,
}

/// The clients for questions.
pub(super) struct Questions {
    settings: KafkaSettings,
    admin: OnceLock<AdminClient<Context>>,
    committed: OnceLock<Asker>,
    uncommitted: OnceLock<Asker>,
    /// Set once the brokers are known to be new enough for transactions.
    new_enough: OnceLock<()>,
}

impl Questions {
    pub fn new(settings: KafkaSettings) -> Self {
        let (admin, committed, uncommitted) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Self { settings, admin, committed, uncommitted, new_enough: OnceLock::new() }
    }

    pub fn settings(&self) -> &KafkaSettings {
        &self.settings
    }

    pub fn admin(&self) -> Result<&AdminClient<Context>, TopicsError> {
        made(&self.admin, || {
            let config = settings::admin(&self.settings, None, Isolation::Committed)?;
            config.create_with_context(Context).map_err(|error| making().of(&error))
        })
    }

    pub fn lookup(&self, isolation: Isolation) -> Result<Lookup<'_>, TopicsError> {
        let place = match isolation {
            Isolation::Committed => &self.committed,
            Isolation::Uncommitted => &self.uncommitted,
        };
        let asker = made(place, || {
            let config = settings::admin(&self.settings, None, isolation)?;
            let consumer: BaseConsumer<Context> =
                config.create_with_context(Context).map_err(|error| making().of(&error))?;
            let events = EventQueue::main_of(consumer.client().native_ptr())
                .ok_or_else(|| TopicsError::Fatal { reason: "a client without a queue".into() })?;
            Ok(Asker { events, consumer })
        })?;
        // Nobody else takes in what happened since the last question.
        while asker.events.poll(Duration::ZERO).is_some() {}
        Ok(Lookup {
            consumer: &asker.consumer,
            events: Some(&asker.events),
            timeout: self.settings.request_timeout,
        })
    }

    /// Refuses brokers that are too old for transactions; asks once.
    pub fn transactions_are_supported(&self) -> Result<(), TopicsError> {
        made(&self.new_enough, || broker_age::check(&self.settings)).copied()
    }

    pub fn options(&self) -> AdminOptions {
        let timeout = self.settings.request_timeout;
        AdminOptions::new().request_timeout(Some(timeout)).operation_timeout(Some(timeout))
    }

    /// The settings of a topic, with where each comes from.
    pub fn config_entries(&self, topic: &str) -> Result<Vec<rdkafka::admin::ConfigEntry>, TopicsError> {
        let about = About {
            doing: "asking for a topic's settings",
            topic: Some(topic),
            permission: "DescribeConfigs",
            ..About::default()
        };
        let specifier = [ResourceSpecifier::Topic(topic)];
        let answer = block_on(self.admin()?.describe_configs(&specifier, &self.options()));
        match answer.map_err(|error| about.of(&error))?.pop() {
            Some(Ok(resource)) => Ok(resource.entries),
            Some(Err(code)) => Err(about.error(code)),
            None => Err(TopicsError::Fatal { reason: "no answer to a question for settings".into() }),
        }
    }

    pub fn topic_config(&self, topic: &str) -> Result<TopicConfig, TopicsError> {
        // Brokers describe settings of topics that are not there.
        if self.lookup(Isolation::Committed)?.describe(topic)?.is_none() {
            return Err(TopicsError::UnknownTopic { topic: topic.to_owned() });
        }
        self.described_config(topic)
    }

    /// The settings of a topic that is known to be there.
    fn described_config(&self, topic: &str) -> Result<TopicConfig, TopicsError> {
        let entries = self.config_entries(topic)?.into_iter();
        Ok(TopicConfig::from_entries(entries.filter_map(|entry| Some((entry.name, entry.value?))).collect()))
    }

    /// The largest record that a partition's topic accepts; `None` if we may not know.
    pub fn size_limit(&self, partition: &TopicPartition) -> Result<Option<usize>, TopicsError> {
        self.lookup(Isolation::Committed)?.check(partition)?;
        match self.described_config(partition.topic()) {
            Ok(config) => Ok(Some(config.max_message_bytes)),
            Err(TopicsError::Denied { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn making() -> About<'static> {
    About { doing: "making a client", ..About::default() }
}

fn made<T>(place: &OnceLock<T>, make: impl FnOnce() -> Result<T, TopicsError>) -> Result<&T, TopicsError> {
    if place.get().is_none() {
        // Two threads may both make one; the second is dropped.
        let _ = place.set(make()?);
    }
    place.get().ok_or_else(|| TopicsError::Fatal { reason: "a client that was made is gone".into() })
}
