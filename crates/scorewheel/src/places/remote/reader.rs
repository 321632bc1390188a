//! Reading topics of another process, by long polls.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use scorewheel_http::RecordLine;
use scorewheel_http::record_line::parse_rendered;
use scorewheel_topics::{
    AssignedReader, Headers, Offset, ReaderEvent, RecordBatch, RecordView, StartPosition, TopicPartition,
    TopicsError, encode_header,
};

use super::admin::{RemoteAdmin, partition_path};
use super::client::{About, Client};
use scorewheel_topics::Admin;

/// Longest single poll, so that several partitions get their turns.
const TURN: Duration = Duration::from_millis(250);

struct Assigned {
    partition: TopicPartition,
    position: Offset,
    /// True once its end was said and nothing has come since.
    at_end: bool,
}

pub(super) struct RemoteReader {
    client: Client,
    admin: RemoteAdmin,
    max_records: usize,
    /// In the order of their turns.
    assigned: VecDeque<Assigned>,
}

impl RemoteReader {
    pub fn new(client: Client, max_records: usize) -> Self {
        let admin = RemoteAdmin::new(client.clone());
        Self { client, admin, max_records, assigned: VecDeque::new() }
    }

    fn offset(&self, partition: &TopicPartition, position: StartPosition) -> Result<Offset, TopicsError> {
        match position {
            StartPosition::Offset(offset) => Ok(offset),
            StartPosition::Earliest => Ok(self.admin.offsets(partition)?.earliest),
            StartPosition::Latest => Ok(self.admin.offsets(partition)?.last_stable),
            StartPosition::Timestamp(timestamp) => {
                match self.admin.offset_for_timestamp(partition, timestamp)? {
                    Some(offset) => Ok(offset),
                    None => Ok(self.admin.offsets(partition)?.last_stable),
                }
            }
        }
    }

    /// One request for the first partition, which then goes to the end of the line.
    fn turn(&mut self, wait: Duration, batch: &mut RecordBatch) -> Result<ReaderEvent, TopicsError> {
        let Some(mut turn) = self.assigned.pop_front() else { return Ok(ReaderEvent::Nothing) };
        let read = self.read(&turn, wait);
        let outcome = read.map(|(records, next)| {
            batch.reset(turn.partition.clone());
            let mut headers = Vec::new();
            for record in &records {
                headers.clear();
                for (name, value) in &record.headers {
                    encode_header(&mut headers, name.as_bytes(), value.as_deref());
                }
                batch.push(&RecordView {
                    offset: record.offset.unwrap_or(turn.position),
                    timestamp: record.timestamp.unwrap_or(-1),
                    key: record.key.as_deref(),
                    value: record.value.as_deref(),
                    headers: Headers::from_encoded(&headers),
                });
            }
            turn.position = next.unwrap_or_else(|| batch.next_offset()).max(turn.position);
            if !records.is_empty() {
                batch.set_next_offset(turn.position);
                turn.at_end = false;
                return ReaderEvent::Batch;
            }
            if std::mem::replace(&mut turn.at_end, true) {
                ReaderEvent::Nothing
            } else {
                ReaderEvent::EndOfPartition(turn.partition.clone())
            }
        });
        self.assigned.push_back(turn);
        outcome
    }

    /// An error of an offset with what the log has; if that cannot be asked, as it is.
    fn with_bounds(&self, error: TopicsError) -> TopicsError {
        let TopicsError::OutOfRange { partition, offset, .. } = &error else { return error };
        match self.admin.offsets(partition) {
            Ok(log) => TopicsError::OutOfRange {
                partition: partition.clone(),
                offset: *offset,
                earliest: log.earliest,
                end: log.high_watermark,
            },
            Err(_) => error,
        }
    }

    fn read(
        &self,
        turn: &Assigned,
        wait: Duration,
    ) -> Result<(Vec<RecordLine>, Option<Offset>), TopicsError> {
        let (path, about) = partition_path(&turn.partition);
        let about = About { offset: turn.position, ..about };
        let query = format!(
            "{path}/records?offset={}&wait={}&max={}",
            turn.position,
            wait.as_millis(),
            self.max_records
        );
        let (body, next) = self.client.get(&query, about).map_err(|error| self.with_bounds(error))?;
        let records: Result<Vec<RecordLine>, String> = body.lines().map(parse_rendered).collect();
        let records = records.map_err(|error| TopicsError::Fatal {
            reason: format!("the answer of {} cannot be read: {error}", self.client.url()),
        })?;
        Ok((records, next))
    }
}

impl AssignedReader for RemoteReader {
    fn assign(&mut self, partitions: &[(TopicPartition, StartPosition)]) -> Result<(), TopicsError> {
        let assigned: Result<_, TopicsError> = partitions
            .iter()
            .map(|(partition, position)| {
                let position = self.offset(partition, *position)?;
                Ok(Assigned { partition: partition.clone(), position, at_end: false })
            })
            .collect();
        self.assigned = assigned?;
        Ok(())
    }

    fn poll(&mut self, timeout: Duration, batch: &mut RecordBatch) -> Result<ReaderEvent, TopicsError> {
        batch.reset(TopicPartition::default());
        let deadline = Instant::now() + timeout;
        for _ in 0..self.assigned.len() {
            let event = self.turn(Duration::ZERO, batch)?;
            if event != ReaderEvent::Nothing {
                return Ok(event);
            }
        }
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.assigned.is_empty() {
                return Ok(ReaderEvent::Nothing);
            }
            let event = self.turn(left.min(TURN), batch)?;
            if event != ReaderEvent::Nothing {
                return Ok(event);
            }
        }
    }

    fn seek(&mut self, partition: &TopicPartition, position: StartPosition) -> Result<(), TopicsError> {
        let offset = self.offset(partition, position)?;
        match self.assigned.iter_mut().find(|assigned| assigned.partition == *partition) {
            Some(assigned) => {
                assigned.position = offset;
                assigned.at_end = false;
                Ok(())
            }
            None => {
                Err(TopicsError::Misuse { operation: "seek", reason: format!("{partition} is not assigned") })
            }
        }
    }

    fn position(&self, partition: &TopicPartition) -> Option<Offset> {
        self.assigned
            .iter()
            .find(|assigned| assigned.partition == *partition)
            .map(|assigned| assigned.position)
    }

    fn end_offset(&mut self, partition: &TopicPartition) -> Result<Offset, TopicsError> {
        Ok(self.admin.offsets(partition)?.last_stable)
    }
}
