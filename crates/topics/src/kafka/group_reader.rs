//! The [`GroupReader`] over Kafka.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{CommitMode, Consumer};

use super::errors::About;
use super::fetcher::{Fetched, Fetcher, Place};
use super::lookup::{list, list_at, list_of_commits, number};
use super::native;
use super::settings::{self, KafkaSettings};
use crate::batch::RecordBatch;
use crate::error::TopicsError;
use crate::group::{CommittedOffset, GroupMetadata, OffsetCommit};
use crate::group_reader::{GroupEvent, GroupReader};
use crate::options::GroupOptions;
use crate::partition::{Offset, StartPosition, TopicPartition};

/// What waits for its acknowledgement.
enum Change {
    Assigned(Vec<TopicPartition>),
    Gone(Vec<TopicPartition>),
}

pub(super) struct KafkaGroupReader {
    /// `None` once closed.
    fetcher: Option<Fetcher>,
    pending: Option<Change>,
    group: String,
}

impl KafkaGroupReader {
    pub fn new(settings: &KafkaSettings, options: &GroupOptions) -> Result<Self, TopicsError> {
        let config = settings::group_reader(settings, options)?;
        let group = options.group.clone();
        let fetcher =
            Fetcher::new(&config, options.reader.clone(), settings.request_timeout, &group, &options.topics)?;
        let topics: Vec<&str> = options.topics.iter().map(String::as_str).collect();
        let about = About { doing: "subscribing", group: Some(&group), ..About::default() };
        fetcher.consumer.subscribe(&topics).map_err(|error| about.of(&error))?;
        Ok(Self { fetcher: Some(fetcher), pending: None, group })
    }

    fn open(&self, operation: &'static str) -> Result<&Fetcher, TopicsError> {
        self.fetcher.as_ref().ok_or_else(|| misuse(operation, "the reader is closed"))
    }

    fn open_mut(&mut self, operation: &'static str) -> Result<&mut Fetcher, TopicsError> {
        self.fetcher.as_mut().ok_or_else(|| misuse(operation, "the reader is closed"))
    }

    fn about<'a>(&'a self, doing: &'a str) -> About<'a> {
        About { doing, group: Some(&self.group), permission: "Read", ..About::default() }
    }
}

fn misuse(operation: &'static str, reason: &str) -> TopicsError {
    TopicsError::Misuse { operation, reason: reason.to_owned() }
}

impl GroupReader for KafkaGroupReader {
    fn poll(&mut self, timeout: Duration, batch: &mut RecordBatch) -> Result<GroupEvent, TopicsError> {
        batch.reset(TopicPartition::default());
        if self.pending.is_some() {
            return Err(misuse("poll", "the last change of the assignment is not acknowledged"));
        }
        let deadline = std::time::Instant::now() + timeout.min(Duration::from_secs(3600));
        loop {
            let remaining = deadline.saturating_duration_since(std::time::Instant::now());
            let fetcher = self.open_mut("poll")?;
            match fetcher.poll(remaining, batch)? {
                Fetched::Batch => return Ok(GroupEvent::Batch),
                Fetched::End(_) => {}
                Fetched::Nothing => return Ok(GroupEvent::Nothing),
                Fetched::Assign(partitions) => {
                    self.pending = Some(Change::Assigned(partitions.clone()));
                    return Ok(GroupEvent::Assigned(partitions));
                }
                Fetched::Revoke(partitions) => {
                    let lost = fetcher.consumer.assignment_lost();
                    self.pending = Some(Change::Gone(partitions.clone()));
                    return Ok(if lost {
                        GroupEvent::Lost(partitions)
                    } else {
                        GroupEvent::Revoked(partitions)
                    });
                }
            }
        }
    }

    fn acknowledge_assigned(
        &mut self,
        starts: &[(TopicPartition, StartPosition)],
    ) -> Result<(), TopicsError> {
        let Some(Change::Assigned(partitions)) = &self.pending else {
            return Err(misuse("acknowledge_assigned", "no partitions were assigned"));
        };
        let named = |partition: &TopicPartition| starts.iter().any(|(start, _)| start == partition);
        if starts.len() != partitions.len() || !partitions.iter().all(named) {
            return Err(misuse("acknowledge_assigned", "not all and only the assigned partitions are named"));
        }
        let fetcher = self.open("acknowledge_assigned")?;
        let mut places = Vec::with_capacity(starts.len());
        for (partition, start) in starts {
            let position = fetcher.lookup().resolve(partition, *start)?;
            places.push(Place { partition: partition.clone(), position, paused: false });
        }
        let native = list_at(places.iter().map(|place| (&place.partition, place.position)))?;
        fetcher
            .consumer
            .incremental_assign(&native)
            .map_err(|error| self.about("taking partitions on").of(&error))?;
        self.pending = None;
        self.open_mut("acknowledge_assigned")?.places.extend(places);
        Ok(())
    }

    fn acknowledge_revoked(&mut self) -> Result<(), TopicsError> {
        let Some(Change::Gone(partitions)) = &self.pending else {
            return Err(misuse("acknowledge_revoked", "no partitions were revoked"));
        };
        let partitions = partitions.clone();
        let outcome = self.open("acknowledge_revoked")?.consumer.incremental_unassign(&list(&partitions));
        outcome.map_err(|error| self.about("letting partitions go").of(&error))?;
        self.pending = None;
        let fetcher = self.open_mut("acknowledge_revoked")?;
        fetcher.forget(&partitions);
        fetcher.places.retain(|place| !partitions.contains(&place.partition));
        Ok(())
    }

    fn assignment(&self) -> Vec<TopicPartition> {
        let places = self.fetcher.iter().flat_map(|fetcher| &fetcher.places);
        places.map(|place| place.partition.clone()).collect()
    }

    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), TopicsError> {
        self.open_mut("pause")?.set_paused("pause", partitions, true)
    }

    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), TopicsError> {
        self.open_mut("resume")?.set_paused("resume", partitions, false)
    }

    fn seek(&mut self, partition: &TopicPartition, offset: Offset) -> Result<(), TopicsError> {
        self.open_mut("seek")?.seek("seek", partition, offset)
    }

    fn position(&self, partition: &TopicPartition) -> Option<Offset> {
        self.fetcher.as_ref()?.place(partition).map(|place| place.position)
    }

    fn known_end(&self, partition: &TopicPartition) -> Option<Offset> {
        let fetcher = self.fetcher.as_ref()?;
        fetcher.place(partition)?;
        native::known_end(fetcher.consumer.client().native_ptr(), partition.topic(), number(partition))
    }

    fn committed(
        &mut self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<CommittedOffset>>, TopicsError> {
        self.open("committed")?.lookup().committed(&self.group, partitions)
    }

    fn commit(&mut self, offsets: &[OffsetCommit]) -> Result<(), TopicsError> {
        crate::group::check_metadata(offsets)?;
        if offsets.is_empty() {
            return Ok(());
        }
        let outcome = self.open("commit")?.consumer.commit(&list_of_commits(offsets)?, CommitMode::Sync);
        outcome.map_err(|error| self.about("committing offsets").of(&error))
    }

    fn group_metadata(&self) -> Result<GroupMetadata, TopicsError> {
        let consumer = &self.open("group_metadata")?.consumer;
        let metadata = consumer.group_metadata();
        let generation = native::generation(consumer.client().native_ptr());
        let (Some(metadata), Some((generation, member))) = (metadata, generation) else {
            return Err(TopicsError::Fatal { reason: "a consumer without a group".into() });
        };
        Ok(GroupMetadata::new(self.group.as_str(), member, generation).with_native(Arc::new(metadata)))
    }

    fn close(&mut self) -> Result<(), TopicsError> {
        self.fetcher = None;
        Ok(())
    }
}
