//! The [`GroupReader`] over Kafka.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{CommitMode, Consumer};

use super::errors::About;
use super::fetcher::{Fetched, Fetcher, Place};
use super::leaving::leave;
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
    /// Everything is gone, and so is our membership. librdkafka may still wait for an answer.
    Expelled(Option<Answer>),
}

/// What librdkafka waits for before it lets a client go.
enum Answer {
    Assign,
    Unassign(Vec<TopicPartition>),
}

/// A member of a group.
///
/// librdkafka may rejoin under a new member id after the group has expelled us (we did not poll, or were stopped) and
/// keep partitions that others have had in between, as if nothing had happened. So the member id is remembered under
/// which partitions were taken on; once it has changed, all of them are lost, and a new client starts over.
pub(super) struct KafkaGroupReader {
    /// `None` once closed.
    fetcher: Option<Fetcher>,
    pending: Option<Change>,
    group: String,
    settings: KafkaSettings,
    options: GroupOptions,
    /// Our id in the group when the first of our partitions was taken on.
    member: String,
    /// Seen by a question that could not tell it as an event.
    expelled: Cell<bool>,
}

impl KafkaGroupReader {
    pub fn new(settings: &KafkaSettings, options: &GroupOptions) -> Result<Self, TopicsError> {
        Ok(Self {
            fetcher: Some(subscribed(settings, options)?),
            pending: None,
            group: options.group.clone(),
            settings: settings.clone(),
            options: options.clone(),
            member: String::new(),
            expelled: Cell::new(false),
        })
    }

    /// Whether partitions are ours only in our own belief.
    fn is_expelled(&self) -> bool {
        let Some(fetcher) = &self.fetcher else { return false };
        if fetcher.places.is_empty() {
            return false;
        }
        let member = native::generation(fetcher.consumer.client().native_ptr()).map(|(_, member)| member);
        self.expelled.get() || member.as_deref() != Some(self.member.as_str())
    }

    fn open(&self, operation: &'static str) -> Result<&Fetcher, TopicsError> {
        self.fetcher.as_ref().ok_or_else(|| misuse(operation, "the reader is closed"))
    }

    fn open_mut(&mut self, operation: &'static str) -> Result<&mut Fetcher, TopicsError> {
        self.fetcher.as_mut().ok_or_else(|| misuse(operation, "the reader is closed"))
    }

    /// Gives librdkafka the answer that it waits for: a client without it never leaves, and its group waits for it.
    fn settle(&mut self) {
        let (Some(fetcher), Some(change)) = (&self.fetcher, self.pending.take()) else { return };
        let outcome = match change {
            Change::Expelled(None) => Ok(()),
            Change::Assigned(_) | Change::Expelled(Some(Answer::Assign)) => {
                fetcher.consumer.incremental_assign(&list(&[]))
            }
            Change::Gone(partitions) | Change::Expelled(Some(Answer::Unassign(partitions))) => {
                fetcher.consumer.incremental_unassign(&list(&partitions))
            }
        };
        if let Err(error) = outcome {
            tracing::debug!(target: "librdkafka", "leaving a group: {error}");
        }
    }

    fn leave(&mut self) {
        if let Some(fetcher) = self.fetcher.take() {
            leave(fetcher);
        }
    }

    fn lose_everything(&mut self, answer: Option<Answer>) -> GroupEvent {
        self.pending = Some(Change::Expelled(answer));
        GroupEvent::Lost(self.assignment())
    }

    fn about<'a>(&'a self, doing: &'a str) -> About<'a> {
        About { doing, group: Some(&self.group), permission: "Read", ..About::default() }
    }
}

/// A client that has asked to be in the group.
fn subscribed(settings: &KafkaSettings, options: &GroupOptions) -> Result<Fetcher, TopicsError> {
    let config = settings::group_reader(settings, options)?;
    let reader = options.reader.clone();
    let fetcher = Fetcher::new(&config, reader, settings.request_timeout, &options.group, &options.topics)?;
    let topics: Vec<&str> = options.topics.iter().map(String::as_str).collect();
    let about = About { doing: "subscribing", group: Some(&options.group), ..About::default() };
    fetcher.consumer.subscribe(&topics).map_err(|error| about.of(&error))?;
    Ok(fetcher)
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
        if self.expelled.get() {
            return Ok(self.lose_everything(None));
        }
        let deadline = Instant::now() + timeout.min(Duration::from_secs(3600));
        loop {
            let remaining = deadline.saturating_duration_since(Instant::now());
            let fetched = self.open_mut("poll")?.poll(remaining, batch)?;
            match fetched {
                Fetched::Assign(_) if self.is_expelled() => {
                    return Ok(self.lose_everything(Some(Answer::Assign)));
                }
                Fetched::Revoke(partitions) if self.is_expelled() => {
                    return Ok(self.lose_everything(Some(Answer::Unassign(partitions))));
                }
                Fetched::Batch => return Ok(GroupEvent::Batch),
                Fetched::End(_) => {}
                Fetched::Nothing => return Ok(GroupEvent::Nothing),
                Fetched::Assign(partitions) => {
                    self.pending = Some(Change::Assigned(partitions.clone()));
                    return Ok(GroupEvent::Assigned(partitions));
                }
                Fetched::Revoke(partitions) => {
                    let lost = self.open("poll")?.consumer.assignment_lost();
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
        let fetcher = self.open_mut("acknowledge_assigned")?;
        let first = fetcher.places.is_empty();
        fetcher.places.extend(places);
        if first {
            let member =
                native::generation(self.open("acknowledge_assigned")?.consumer.client().native_ptr());
            self.member = member.map(|(_, member)| member).unwrap_or_default();
        }
        Ok(())
    }

    fn acknowledge_revoked(&mut self) -> Result<(), TopicsError> {
        let partitions = match &self.pending {
            Some(Change::Gone(partitions)) => partitions.clone(),
            Some(Change::Expelled(_)) => {
                self.open("acknowledge_revoked")?;
                self.settle();
                // The old client leaves before the new one joins, so that the group waits for neither.
                self.leave();
                self.fetcher = Some(subscribed(&self.settings, &self.options)?);
                self.expelled.set(false);
                return Ok(());
            }
            _ => return Err(misuse("acknowledge_revoked", "no partitions were revoked")),
        };
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
        // An id never comes back, so what was asked for first is not older than what is compared here. Without an id
        // the broker would take offsets from us unseen.
        if !self.open("group_metadata")?.places.is_empty() && member != self.member {
            self.expelled.set(true);
            return Err(TopicsError::StaleGeneration { group: self.group.clone(), generation });
        }
        Ok(GroupMetadata::new(self.group.as_str(), member, generation).with_native(Arc::new(metadata)))
    }

    fn close(&mut self) -> Result<(), TopicsError> {
        self.settle();
        self.leave();
        Ok(())
    }
}

impl Drop for KafkaGroupReader {
    fn drop(&mut self) {
        self.settle();
        self.leave();
    }
}
