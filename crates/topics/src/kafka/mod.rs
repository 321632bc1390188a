//! Topics of a Kafka cluster, through librdkafka.
//!
//! | file | what it holds |
//! |---|---|
//! | `settings` | [`KafkaSettings`]; the settings of each kind of client, and why |
//! | `native` | what rdkafka's safe wrappers cannot do; all unsafe code of this crate |
//! | `context` | librdkafka's log; the last rebalance of a consumer that closes |
//! | `errors` | librdkafka's codes as errors that say what to do |
//! | `leaving` | how a client goes without holding up its thread |
//! | `lookup`, `questions`, `members`, `block_on` | asking brokers |
//! | `broker_age` | whether they are new enough for transactions |
//! | `fetcher` | from a consumer's queue into batches |
//! | `sender` | from buffers into a producer's queue |
//! | `admin`, `reader`, `group_reader`, `writer`, `transactional_writer` | the traits |
//!
//! Brokers from 2.5 for transactions. librdkafka ends transactions by the older protocol (KIP-890's second part is
//! missing), so an end of a transaction that is delayed in the network may end the next one; whoever gets
//! [`TopicsError::Indefinite`] makes a new writer, which settles it. A timestamp of 0 is written as 1, because
//! librdkafka takes 0 for "now".

mod admin;
mod block_on;
mod broker_age;
mod context;
mod errors;
mod fetcher;
mod group_reader;
mod leaving;
mod lookup;
mod members;
mod native;
mod questions;
mod reader;
mod sender;
mod settings;
mod transactional_writer;
mod writer;

use std::sync::Arc;

pub use settings::KafkaSettings;

use crate::admin::Admin;
use crate::backend::Backend;
use crate::error::TopicsError;
use crate::group_reader::GroupReader;
use crate::options::{GroupOptions, ReaderOptions, TransactionOptions, WriterOptions};
use crate::reader::AssignedReader;
use crate::writer::{TransactionalWriter, Writer};
use questions::Questions;

/// Topics of a Kafka cluster. Clones share their clients for questions.
#[derive(Clone)]
pub struct KafkaBackend {
    questions: Arc<Questions>,
}

impl KafkaBackend {
    /// The cluster of these settings. Nothing is asked yet, and no broker need be there.
    #[must_use]
    pub fn new(settings: KafkaSettings) -> Self {
        Self { questions: Arc::new(Questions::new(settings)) }
    }
}

impl Backend for KafkaBackend {
    fn name(&self) -> String {
        format!("Kafka at {}", self.questions.settings().brokers)
    }

    fn admin(&self) -> Result<Box<dyn Admin>, TopicsError> {
        Ok(Box::new(admin::KafkaAdmin::new(self.questions.clone())))
    }

    fn assigned_reader(&self, options: &ReaderOptions) -> Result<Box<dyn AssignedReader>, TopicsError> {
        Ok(Box::new(reader::KafkaReader::new(self.questions.settings(), options)?))
    }

    fn group_reader(&self, options: &GroupOptions) -> Result<Box<dyn GroupReader>, TopicsError> {
        Ok(Box::new(group_reader::KafkaGroupReader::new(self.questions.settings(), options)?))
    }

    fn writer(&self, options: &WriterOptions) -> Result<Box<dyn Writer>, TopicsError> {
        Ok(Box::new(writer::KafkaWriter::new(&self.questions, options)?))
    }

    fn transactional_writer(
        &self,
        options: &TransactionOptions,
    ) -> Result<Box<dyn TransactionalWriter>, TopicsError> {
        Ok(Box::new(transactional_writer::KafkaTransactionalWriter::new(&self.questions, options)?))
    }
}
