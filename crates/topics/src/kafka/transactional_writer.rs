//! The [`TransactionalWriter`] over Kafka.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::producer::{Producer, PurgeConfig};
use rdkafka::util::Timeout;

use super::errors::About;
use super::lookup::list_of_commits;
use super::questions::Questions;
use super::sender::Sender;
use super::settings;
use crate::buffer::RecordBuffer;
use crate::error::TopicsError;
use crate::group::{GroupMetadata, OffsetCommit, check_metadata};
use crate::options::TransactionOptions;
use crate::partition::TopicPartition;
use crate::writer::{TransactionalWriter, Written};

/// How long the records of a failed transaction are waited for before it is aborted.
const SETTLING: Duration = Duration::from_millis(500);

/// Where the writer is in its cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    New,
    Ready,
    Open,
    /// Only an abort is left.
    Failed,
    /// Nothing is left: a commit or abort of unknown outcome, or a broken client.
    Dead,
}

pub(super) struct KafkaTransactionalWriter {
    sender: Sender,
    options: TransactionOptions,
    phase: Phase,
    /// When the broker may have first heard of the open transaction.
    begun: Option<Instant>,
}

impl KafkaTransactionalWriter {
    pub fn new(questions: &Arc<Questions>, options: &TransactionOptions) -> Result<Self, TopicsError> {
        let config = settings::transactional_writer(questions.settings(), options)?;
        let sender = Sender::new(&config, questions.clone(), Some(&options.transactional_id))?;
        Ok(Self { sender, options: options.clone(), phase: Phase::New, begun: None })
    }

    fn expect(&self, operation: &'static str, wanted: &[Phase]) -> Result<(), TopicsError> {
        if wanted.contains(&self.phase) {
            return Ok(());
        }
        let reason = match self.phase {
            Phase::Failed => {
                let reason = "an earlier operation of it failed".to_owned();
                return Err(TopicsError::AbortTransaction { reason });
            }
            Phase::New => "the writer is not initialised",
            Phase::Ready => "no transaction is open",
            Phase::Open => "a transaction is open",
            Phase::Dead => "the writer has failed for good",
        };
        Err(TopicsError::Misuse { operation, reason: reason.into() })
    }

    /// When the open transaction's time is over.
    fn deadline(&self) -> Instant {
        self.begun.unwrap_or_else(Instant::now) + self.options.transaction_timeout
    }

    /// Notes what is left to do after this error.
    fn failed(&mut self, error: TopicsError) -> TopicsError {
        let error = match error {
            // The broker refuses the writer of a transaction that it has aborted for its age as it refuses a writer
            // that was fenced; only the time tells which it was.
            TopicsError::Fenced { .. } if self.begun.is_some() && Instant::now() >= self.deadline() => {
                TopicsError::TransactionTimedOut { transactional_id: self.options.transactional_id.clone() }
            }
            TopicsError::Unreachable { reason } => TopicsError::AbortTransaction { reason },
            error => error,
        };
        self.phase = match &error {
            TopicsError::Fenced { .. }
            | TopicsError::TransactionTimedOut { .. }
            | TopicsError::Indefinite { .. }
            | TopicsError::Fatal { .. } => Phase::Dead,
            _ => Phase::Failed,
        };
        self.sender.buffers.clear();
        error
    }

    /// An error of one of librdkafka's transactional calls, by the flags that it carries.
    fn classify(
        &self,
        doing: &'static str,
        group: Option<&GroupMetadata>,
        error: &KafkaError,
    ) -> TopicsError {
        let about = About {
            doing,
            group: group.map(GroupMetadata::group),
            transactional_id: Some(&self.options.transactional_id),
            permission: "Write",
            ..About::default()
        };
        let KafkaError::Transaction(native) = error else { return about.of(error) };
        let code = match native.code() {
            Code::Fatal => self.sender.producer.client().fatal_error().map_or(Code::Fatal, |(code, _)| code),
            code => code,
        };
        match about.described(code, &native.string()) {
            TopicsError::StaleGeneration { group: name, .. } => TopicsError::StaleGeneration {
                group: name,
                generation: group.map_or(-1, GroupMetadata::generation),
            },
            specific @ (TopicsError::Fenced { .. }
            | TopicsError::Denied { .. }
            | TopicsError::Unsupported { .. }
            | TopicsError::TooLarge { .. }
            | TopicsError::Configuration { .. }) => specific,
            _ if native.is_fatal() => TopicsError::Fatal { reason: format!("{doing}: {}", native.string()) },
            _ if native.txn_requires_abort() => {
                TopicsError::AbortTransaction { reason: format!("{doing}: {}", native.string()) }
            }
            other if native.is_retriable() => match other {
                TopicsError::Unreachable { .. } | TopicsError::Busy { .. } => other,
                _ => TopicsError::Busy { reason: format!("{doing}: {}", native.string()) },
            },
            // What carries no flag is to be taken as fatal, says librdkafka's introduction.
            _ => TopicsError::Fatal { reason: format!("{doing}: {}", native.string()) },
        }
    }
}

impl TransactionalWriter for KafkaTransactionalWriter {
    fn initialise(&mut self) -> Result<(), TopicsError> {
        self.expect("initialise", &[Phase::New])?;
        self.sender.questions.transactions_are_supported()?;
        let outcome = self.sender.producer.init_transactions(Timeout::After(self.options.initialise_timeout));
        if let Err(error) = outcome {
            return Err(match self.classify("starting transactions", None, &error) {
                TopicsError::Busy { reason } => TopicsError::Unreachable { reason },
                error => error,
            });
        }
        self.phase = Phase::Ready;
        Ok(())
    }

    fn begin(&mut self) -> Result<(), TopicsError> {
        self.expect("begin", &[Phase::Ready])?;
        if let Err(error) = self.sender.producer.begin_transaction() {
            let error = self.classify("beginning a transaction", None, &error);
            return Err(self.failed(error));
        }
        self.sender.reset();
        self.begun = None;
        self.phase = Phase::Open;
        Ok(())
    }

    fn lend(&mut self, partition: &TopicPartition) -> Result<&mut RecordBuffer, TopicsError> {
        self.expect("lend", &[Phase::Open])?;
        self.sender.lend(partition)
    }

    fn send(&mut self) -> Result<(), TopicsError> {
        self.expect("send", &[Phase::Open])?;
        if self.sender.buffers.is_empty() {
            return Ok(());
        }
        self.begun.get_or_insert_with(Instant::now);
        let deadline = self.deadline();
        self.sender.send(deadline).map_err(|error| self.failed(error))
    }

    fn send_offsets(&mut self, offsets: &[OffsetCommit], group: &GroupMetadata) -> Result<(), TopicsError> {
        self.expect("send_offsets", &[Phase::Open])?;
        check_metadata(offsets)?;
        let Some(native) = group.native::<ConsumerGroupMetadata>() else {
            return Err(TopicsError::Misuse {
                operation: "send_offsets",
                reason: "the group's metadata is another backend's".into(),
            });
        };
        if offsets.is_empty() {
            return Ok(());
        }
        self.begun.get_or_insert_with(Instant::now);
        let list = list_of_commits(offsets)?;
        loop {
            let remaining = self.deadline().saturating_duration_since(Instant::now());
            let timeout = Timeout::After(remaining.max(Duration::from_millis(100)));
            let outcome = self.sender.producer.send_offsets_to_transaction(&list, native, timeout);
            let Err(error) = outcome else { return Ok(()) };
            match self.classify("sending offsets", Some(group), &error) {
                TopicsError::Busy { .. } | TopicsError::Unreachable { .. }
                    if Instant::now() < self.deadline() => {}
                error => return Err(self.failed(error)),
            }
        }
    }

    fn commit(&mut self) -> Result<(), TopicsError> {
        self.expect("commit", &[Phase::Open])?;
        self.send()?;
        let deadline = self.deadline();
        // Waiting for the records first: librdkafka's own waiting costs up to 100 ms a commit.
        let drained = self.sender.drain(deadline);
        if let Err(error) = self.sender.check().and(drained) {
            return Err(self.failed(error));
        }
        loop {
            let Err(error) = self.sender.producer.commit_transaction(Timeout::Never) else { break };
            match self.classify("committing", None, &error) {
                TopicsError::Busy { .. } if Instant::now() < self.deadline() => {}
                TopicsError::Unreachable { .. } | TopicsError::Busy { .. } => {
                    return Err(self.failed(TopicsError::Indefinite { operation: "commit" }));
                }
                error => return Err(self.failed(error)),
            }
        }
        self.begun = None;
        self.phase = Phase::Ready;
        Ok(())
    }

    fn abort(&mut self) -> Result<(), TopicsError> {
        self.expect("abort", &[Phase::Open, Phase::Failed])?;
        self.sender.buffers.clear();
        // An abort that overtakes the broker's taking note of a partition is refused, so what was sent is waited for
        // first, and only then is given up what a failed transaction holds back. Reports are taken in here because
        // librdkafka would wait for another thread to do it.
        let patience = Instant::now() + self.options.transaction_timeout;
        let settled = match self.phase {
            Phase::Failed => Instant::now() + SETTLING,
            _ => patience,
        };
        let drained = self.sender.drain(settled.min(patience)).or_else(|_| {
            self.sender.producer.purge(PurgeConfig::default().queue());
            self.sender.drain(patience)
        });
        self.sender.reset();
        if drained.is_err() {
            return Err(self.failed(TopicsError::Indefinite { operation: "abort" }));
        }
        loop {
            let timeout = Timeout::After(self.options.transaction_timeout);
            let Err(error) = self.sender.producer.abort_transaction(timeout) else { break };
            match self.classify("aborting", None, &error) {
                TopicsError::Busy { .. } if Instant::now() < patience => {}
                TopicsError::Unreachable { .. } | TopicsError::Busy { .. } => {
                    return Err(self.failed(TopicsError::Indefinite { operation: "abort" }));
                }
                // Whatever went wrong: nothing was committed, and a new writer settles what is left.
                TopicsError::Fatal { .. } => {
                    return Err(self.failed(TopicsError::Indefinite { operation: "abort" }));
                }
                error => return Err(self.failed(error)),
            }
        }
        self.begun = None;
        self.phase = Phase::Ready;
        Ok(())
    }

    fn written(&self) -> &[Written] {
        &self.sender.written
    }
}
