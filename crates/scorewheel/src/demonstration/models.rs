//! A model every few seconds, one of which is refused.

use std::sync::Arc;
use std::time::{Duration, Instant};

use scorewheel_model::{Content, Mapping, ModelDescriptor};
use scorewheel_topics::{Backend, TopicPartition, TopicsError, Writer, WriterOptions};

use super::assets::{self, DemoModel};
use crate::clock::now;
use crate::commands::publish::numbering;
use crate::config::Config;
use crate::exit_code::Failure;

/// Records come before the first model, so that there are drops to see.
const BEFORE_FIRST: Duration = Duration::from_millis(1_500);

/// Publishes the demonstration's models in turn.
pub struct ModelsPublisher {
    writer: Box<dyn Writer>,
    topic: TopicPartition,
    config: Config,
    models: Vec<DemoModel>,
    every: Duration,
    next_at: Instant,
    published: usize,
}

impl ModelsPublisher {
    /// A publisher to the models topic of `config`.
    ///
    /// # Errors
    /// If the topics give no writer.
    pub fn new(backend: &Arc<dyn Backend>, config: &Config, every: Duration) -> Result<Self, Failure> {
        Ok(Self {
            writer: backend.writer(&WriterOptions::default())?,
            topic: TopicPartition::new(config.topics.models.as_str(), 0),
            config: config.clone(),
            models: assets::models(),
            every,
            next_at: Instant::now() + BEFORE_FIRST,
            published: 0,
        })
    }

    /// Publishes the next model if it is due: its name.
    ///
    /// # Errors
    /// If the topic does not take it.
    pub fn publish_due(&mut self) -> Result<Option<&'static str>, Failure> {
        if Instant::now() < self.next_at {
            return Ok(None);
        }
        self.next_at += self.every;
        let model = self.models[self.published % self.models.len()];
        let round = self.published / self.models.len() + 1;
        self.published += 1;
        let descriptor = ModelDescriptor {
            name: model.name.to_owned(),
            description: "of the demonstration".to_owned(),
            data_type: "wine".to_owned(),
            model_type: model.model_type,
            content: Content::Data(model.bytes.into()),
            version: Some(round.to_string()),
            effective_from: None,
            sha256: None,
            mapping: Mapping::default(),
            golden_rows: Vec::new(),
        };
        let key = format!("wine/{}", model.name);
        let mut record = self.writer.lend(&self.topic)?.record(now(), Some(key.as_bytes()));
        record.value().extend_from_slice(&descriptor.encode(numbering(&self.config)));
        record.finish().map_err(|error| TopicsError::too_large(self.topic.topic(), error))?;
        self.writer.flush()?;
        Ok(Some(model.name))
    }
}
