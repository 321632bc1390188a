//! The writer of a stream thread: transactional for exactly-once, plain for at-least-once.

use std::time::Duration;

use scorewheel_topics::{
    Backend, Clock, GroupReader, Offset, OffsetCommit, RecordBuffer, Remedy, TopicPartition, TopicsError,
    TransactionOptions, TransactionalWriter, Writer,
};

use super::config::{ProcessingGuarantee, StreamsConfig};
use crate::task::Lender;

/// How often a call that the broker cannot take now is made again before the transaction is given up.
const ATTEMPTS: u32 = 5;
const BACKOFF: Duration = Duration::from_millis(20);

/// The writer of a stream thread.
pub(super) struct LogWriter {
    client: Client,
    /// When the open transaction began.
    began: Option<Duration>,
    /// Bytes since the last send, at most: buffers are not asked one by one.
    unsent: usize,
}

enum Client {
    /// None can be had now; one is to be made.
    Absent,
    Transactional(Box<dyn TransactionalWriter>),
    Plain(Box<dyn Writer>),
}

impl LogWriter {
    pub fn absent() -> Self {
        Self { client: Client::Absent, began: None, unsent: 0 }
    }

    /// Makes a writer, fences its predecessor and waits until the predecessor's transaction is settled.
    pub fn create(
        &mut self,
        backend: &dyn Backend,
        config: &StreamsConfig,
        transactional_id: String,
    ) -> Result<(), TopicsError> {
        // The old one has to be gone before the new one fences it, else its last words are taken for an error.
        *self = Self::absent();
        self.client = match config.guarantee {
            ProcessingGuarantee::ExactlyOnce => {
                let options = TransactionOptions {
                    transaction_timeout: config.transaction_timeout,
                    writer: config.writer.clone(),
                    ..TransactionOptions::new(transactional_id)
                };
                let mut writer = backend.transactional_writer(&options)?;
                writer.initialise()?;
                Client::Transactional(writer)
            }
            ProcessingGuarantee::AtLeastOnce => Client::Plain(backend.writer(&config.writer)?),
        };
        Ok(())
    }

    pub fn is_absent(&self) -> bool {
        matches!(self.client, Client::Absent)
    }

    /// Lets go of a writer that cannot be used any more.
    pub fn discard(&mut self) {
        *self = Self::absent();
    }

    /// When the open transaction began, if one is open.
    pub fn began(&self) -> Option<Duration> {
        self.began
    }

    /// Begins a transaction if none is open.
    pub fn begin(&mut self, now: Duration) -> Result<(), TopicsError> {
        if self.began.is_none() {
            match &mut self.client {
                Client::Absent => return Err(absent()),
                Client::Transactional(writer) => writer.begin()?,
                Client::Plain(_) => {}
            }
            self.began = Some(now);
        }
        Ok(())
    }

    /// Sends buffered results on once there are enough of them; `bytes` is what the last batch may have added.
    pub fn sent_soon(&mut self, bytes: usize, limit: usize) -> Result<(), TopicsError> {
        self.unsent += bytes;
        if self.unsent < limit {
            return Ok(());
        }
        self.unsent = 0;
        match &mut self.client {
            Client::Absent => Err(absent()),
            Client::Transactional(writer) => writer.send(),
            Client::Plain(writer) => writer.send(),
        }
    }

    /// Everything up to the point where only the commit is missing: offsets in the transaction, or, at least once,
    /// results acknowledged.
    pub fn send_offsets(
        &mut self,
        offsets: &[OffsetCommit],
        reader: &mut dyn GroupReader,
        clock: &dyn Clock,
    ) -> Result<(), TopicsError> {
        match &mut self.client {
            Client::Absent => Err(absent()),
            Client::Transactional(writer) => {
                let group = reader.group_metadata()?;
                attempt(clock, || writer.send_offsets(offsets, &group))
            }
            Client::Plain(writer) => writer.flush(),
        }
    }

    /// Commits.
    pub fn commit(
        &mut self,
        offsets: &[OffsetCommit],
        reader: &mut dyn GroupReader,
        clock: &dyn Clock,
    ) -> Result<(), TopicsError> {
        match &mut self.client {
            Client::Absent => return Err(absent()),
            Client::Transactional(writer) => attempt(clock, || writer.commit())?,
            Client::Plain(_) => attempt(clock, || reader.commit(offsets))?,
        }
        self.began = None;
        self.unsent = 0;
        Ok(())
    }

    /// Undoes the open transaction. A plain writer cannot take back what it has sent; what it has not is dropped with
    /// it.
    pub fn abort(&mut self) -> Result<(), TopicsError> {
        self.unsent = 0;
        if self.began.take().is_none() {
            return Ok(());
        }
        match &mut self.client {
            Client::Absent => Ok(()),
            Client::Transactional(writer) => writer.abort(),
            Client::Plain(_) => {
                self.client = Client::Absent;
                Ok(())
            }
        }
    }

    /// Ends a transaction that nothing was written in.
    pub fn end_empty(&mut self) -> Result<(), TopicsError> {
        self.unsent = 0;
        match (&mut self.client, self.began.take()) {
            (Client::Transactional(writer), Some(_)) => writer.abort(),
            _ => Ok(()),
        }
    }

    /// The offset after the last record that was written to a partition since `began`.
    pub fn written_end(&self, partition: &TopicPartition) -> Option<Offset> {
        let written = match &self.client {
            Client::Absent => return None,
            Client::Transactional(writer) => writer.written(),
            Client::Plain(writer) => writer.written(),
        };
        written.iter().find(|written| written.partition == *partition).map(|written| written.last_offset + 1)
    }
}

/// Makes a call again that the broker could not take; the last answer counts.
fn attempt(clock: &dyn Clock, mut call: impl FnMut() -> Result<(), TopicsError>) -> Result<(), TopicsError> {
    let mut result = call();
    for attempt in 1..ATTEMPTS {
        match &result {
            Err(error) if error.remedy() == Remedy::Retry => {
                clock.sleep(BACKOFF * attempt);
                result = call();
            }
            _ => break,
        }
    }
    result
}

fn absent() -> TopicsError {
    TopicsError::AbortTransaction { reason: "there is no writer".into() }
}

impl Lender for LogWriter {
    fn lend(&mut self, partition: &TopicPartition) -> Result<&mut RecordBuffer, TopicsError> {
        match &mut self.client {
            Client::Absent => Err(absent()),
            Client::Transactional(writer) => writer.lend(partition),
            Client::Plain(writer) => writer.lend(partition),
        }
    }
}
