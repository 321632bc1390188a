//! The [`AssignedReader`] over Kafka.

use std::time::Duration;

use rdkafka::consumer::Consumer;

use super::errors::About;
use super::fetcher::{Fetched, Fetcher, Place};
use super::lookup::list_at;
use super::settings::{self, KafkaSettings};
use crate::batch::RecordBatch;
use crate::error::TopicsError;
use crate::options::ReaderOptions;
use crate::partition::{Offset, StartPosition, TopicPartition};
use crate::reader::{AssignedReader, ReaderEvent};

pub(super) struct KafkaReader {
    fetcher: Fetcher,
}

impl KafkaReader {
    pub fn new(settings: &KafkaSettings, options: &ReaderOptions) -> Result<Self, TopicsError> {
        let config = settings::reader(settings, options)?;
        let fetcher = Fetcher::new(&config, options.clone(), settings.request_timeout, "", &[])?;
        Ok(Self { fetcher })
    }
}

impl AssignedReader for KafkaReader {
    fn assign(&mut self, partitions: &[(TopicPartition, StartPosition)]) -> Result<(), TopicsError> {
        let mut places = Vec::with_capacity(partitions.len());
        for (partition, start) in partitions {
            let position = self.fetcher.lookup().resolve(partition, *start)?;
            places.push(Place { partition: partition.clone(), position, paused: false });
        }
        let native = list_at(places.iter().map(|place| (&place.partition, place.position)))?;
        let old: Vec<_> = self.fetcher.places.iter().map(|place| place.partition.clone()).collect();
        // Assigning a partition that is assigned already would not move it.
        let about = About { doing: "assigning partitions", ..About::default() };
        self.fetcher.consumer.unassign().map_err(|error| about.of(&error))?;
        self.fetcher.forget(&old);
        self.fetcher.consumer.assign(&native).map_err(|error| about.of(&error))?;
        self.fetcher.places = places;
        Ok(())
    }

    fn poll(&mut self, timeout: Duration, batch: &mut RecordBatch) -> Result<ReaderEvent, TopicsError> {
        batch.reset(TopicPartition::default());
        Ok(match self.fetcher.poll(timeout, batch)? {
            Fetched::Batch => ReaderEvent::Batch,
            Fetched::End(partition) => ReaderEvent::EndOfPartition(partition),
            Fetched::Assign(_) | Fetched::Revoke(_) | Fetched::Nothing => ReaderEvent::Nothing,
        })
    }

    fn seek(&mut self, partition: &TopicPartition, position: StartPosition) -> Result<(), TopicsError> {
        self.fetcher.place_mut("seek", partition)?;
        let offset = self.fetcher.lookup().resolve(partition, position)?;
        self.fetcher.seek("seek", partition, offset)
    }

    fn position(&self, partition: &TopicPartition) -> Option<Offset> {
        self.fetcher.place(partition).map(|place| place.position)
    }

    fn end_offset(&mut self, partition: &TopicPartition) -> Result<Offset, TopicsError> {
        Ok(self.fetcher.lookup().range(partition)?.1)
    }
}
