//! Changelogs into stores.

use std::time::Duration;

use scorewheel_topics::{
    AssignedReader, Offset, ReaderEvent, RecordBatch, StartPosition, TopicPartition, TopicsError,
};

use super::shared::Shared;

/// What a step of restoring brought.
pub(super) enum Restored {
    /// Nothing.
    Nothing,
    /// The batch holds records of a changelog.
    Batch,
}

/// The changelogs that a stream thread reads into stores.
#[derive(Default)]
pub(super) struct Restorer {
    reader: Option<Box<dyn AssignedReader>>,
    wanted: Vec<Wanted>,
    /// The reader does not read exactly what is wanted yet.
    changed: bool,
    pub batch: RecordBatch,
}

/// A changelog that is to be read.
struct Wanted {
    changelog: TopicPartition,
    /// Where to begin; `None` once the reader has it, and goes on from its own position.
    start: Option<StartPosition>,
}

impl Restorer {
    /// Reads a changelog from here on.
    pub fn add(&mut self, changelog: TopicPartition, start: StartPosition) {
        self.wanted.retain(|wanted| wanted.changelog != changelog);
        self.wanted.push(Wanted { changelog, start: Some(start) });
        self.changed = true;
    }

    /// Reads a changelog no more.
    pub fn remove(&mut self, changelog: &TopicPartition) {
        let before = self.wanted.len();
        self.wanted.retain(|wanted| wanted.changelog != *changelog);
        self.changed |= self.wanted.len() != before;
        if self.wanted.is_empty() {
            self.reader = None;
            self.changed = false;
        }
    }

    pub fn is_idle(&self) -> bool {
        self.wanted.is_empty()
    }

    /// Where reading a changelog stands.
    pub fn position(&self, changelog: &TopicPartition) -> Option<Offset> {
        if self.changed {
            return None;
        }
        self.reader.as_ref()?.position(changelog)
    }

    /// Reads on, waiting up to `timeout`.
    pub fn poll(&mut self, shared: &Shared, timeout: Duration) -> Result<Restored, TopicsError> {
        if self.wanted.is_empty() {
            return Ok(Restored::Nothing);
        }
        if self.changed {
            self.assign(shared)?;
        }
        let Some(reader) = &mut self.reader else { return Ok(Restored::Nothing) };
        match reader.poll(timeout, &mut self.batch)? {
            ReaderEvent::Batch => Ok(Restored::Batch),
            ReaderEvent::EndOfPartition(_) | ReaderEvent::Nothing => Ok(Restored::Nothing),
        }
    }

    fn assign(&mut self, shared: &Shared) -> Result<(), TopicsError> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            None => self.reader.insert(shared.environment.backend.assigned_reader(&shared.config.reader)?),
        };
        let start = |wanted: &Wanted| {
            let position = reader.position(&wanted.changelog).map(StartPosition::Offset);
            (wanted.changelog.clone(), wanted.start.or(position).unwrap_or(StartPosition::Earliest))
        };
        let starts: Vec<_> = self.wanted.iter().map(start).collect();
        reader.assign(&starts)?;
        self.wanted.iter_mut().for_each(|wanted| wanted.start = None);
        self.changed = false;
        Ok(())
    }
}
