//! Where a processor writes: lent buffers.

use std::sync::Arc;

use scorewheel_topics::{RecordBuffer, RecordTooLarge, RecordView, RecordWriter, Timestamp};

use super::ProcessorError;
use crate::batch_view::BatchView;

/// An output of a processor, found once by name with [`InitContext::output`](super::InitContext::output).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputId(pub(crate) usize);

impl OutputId {
    /// The output that the node's unnamed children read.
    pub const MAIN: Self = Self(0);
}

/// One output of one node in one task.
#[derive(Debug, Default)]
pub(crate) struct Port {
    pub name: Arc<str>,
    pub buffer: RecordBuffer,
    /// For each record in the buffer the index in the node's batch that it was made from.
    pub origins: Vec<u32>,
    /// False if nothing downstream asks where a record came from.
    pub tracks_origins: bool,
    last_origin: u32,
}

impl Port {
    pub fn new(name: Arc<str>, tracks_origins: bool) -> Self {
        Self { name, tracks_origins, ..Self::default() }
    }

    /// Everything appended since the last call was made from the record marked last.
    fn mark(&mut self, from: usize) {
        if self.tracks_origins {
            let length = self.buffer.len();
            self.origins.resize(length, self.last_origin);
            self.last_origin = u32::try_from(from).unwrap_or(u32::MAX);
        }
    }

    /// Closes the batch: origins become indexes into the fetched batch.
    pub fn settle(&mut self, batch: BatchView<'_>) {
        if self.tracks_origins {
            self.mark(0);
            for origin in &mut self.origins {
                *origin = u32::try_from(batch.input_index(*origin as usize)).unwrap_or(u32::MAX);
            }
        }
    }

    pub fn clear(&mut self) {
        self.buffer.clear();
        self.origins.clear();
        self.last_origin = 0;
    }
}

/// The outputs of a processor.
#[derive(Debug)]
pub struct Outputs<'a> {
    ports: &'a mut [Port],
}

impl<'a> Outputs<'a> {
    pub(crate) fn new(ports: &'a mut [Port]) -> Self {
        Self { ports }
    }

    /// The main output.
    pub fn main(&mut self) -> Output<'_> {
        self.at(OutputId::MAIN)
    }

    /// The output of an id of this processor.
    ///
    /// # Panics
    /// If the id is another processor's.
    pub fn at(&mut self, id: OutputId) -> Output<'_> {
        Output { port: &mut self.ports[id.0] }
    }

    /// The output of this name. In a loop use [`Self::at`].
    ///
    /// # Errors
    /// If no child reads an output of this name.
    pub fn named(&mut self, name: &str) -> Result<Output<'_>, ProcessorError> {
        let port = self.ports.iter_mut().find(|port| &*port.name == name);
        let port = port.ok_or_else(|| format!("no node reads an output named `{name}`"))?;
        Ok(Output { port })
    }
}

/// One output: records are encoded into it in place. Where its only reader is a sink, it is the writer's own buffer.
#[derive(Debug)]
pub struct Output<'a> {
    port: &'a mut Port,
}

impl Output<'_> {
    /// Starts a record that is made from the record at index `from` of the batch. Indexes rise from call to call.
    pub fn record(&mut self, from: usize, timestamp: Timestamp, key: Option<&[u8]>) -> RecordWriter<'_> {
        self.port.mark(from);
        self.port.buffer.record(timestamp, key)
    }

    /// Copies a record.
    ///
    /// # Errors
    /// If the topic would refuse it for its size.
    pub fn copy(&mut self, from: usize, record: &RecordView<'_>) -> Result<(), RecordTooLarge> {
        self.port.mark(from);
        self.port.buffer.copy(record)
    }

    /// The buffer itself, for an encoder that appends any number of records made from the record at index `from`. It
    /// may hold records of earlier batches.
    pub fn buffer(&mut self, from: usize) -> &mut RecordBuffer {
        self.port.mark(from);
        &mut self.port.buffer
    }

    /// Number of records in the buffer, those of earlier batches included: a mark for [`Self::truncate`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.port.buffer.len()
    }

    /// True if the buffer holds no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.port.buffer.is_empty()
    }

    /// Takes back what was written since the buffer was `length` records long.
    pub fn truncate(&mut self, length: usize) {
        self.port.buffer.truncate(length);
        self.port.origins.truncate(length);
    }
}
