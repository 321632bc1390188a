//! A store begins empty while its application keeps its place in the input.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use scorewheel_topics::{
    Admin, Backend, CleanupPolicy, CommittedOffset, GroupEvent, GroupOptions, GroupReader, OffsetCommit,
    RecordBatch, Remedy, StartPosition, TopicPartition, TopicSpec, TopicsError,
};

use crate::error::StreamsError;
use crate::task::{Metadata, OffsetMetadata};

/// How long a broker may take to delete a topic, and a group to give us its partitions.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The store that is to begin empty.
#[derive(Clone, Debug)]
pub struct EmptyStore<'a> {
    /// Its name.
    pub store: &'a str,
    /// Its changelog topic.
    pub changelog: &'a str,
    /// The input topic of its tasks.
    pub input: &'a str,
    /// The application's consumer group.
    pub group: &'a str,
    /// Copies of each partition of the changelog; `None` is the broker's default.
    pub replication: Option<u16>,
}

impl EmptyStore<'_> {
    /// Makes the changelog anew, as wide as the input, and lets the committed offsets know nothing of the old one. The
    /// offsets stay; local copies of the store are the caller's to remove. Done again, it does no harm.
    ///
    /// # Errors
    /// [`TopicsError::Busy`] while instances run, [`TopicsError::UnknownTopic`] if the input is not there, and those of
    /// the calls.
    pub fn begin(&self, backend: &dyn Backend) -> Result<(), StreamsError> {
        let admin = backend.admin()?;
        if !admin.group_members(self.group)?.is_empty() {
            return Err(self.busy("has members: stop all instances first").into());
        }
        let Some(input) = admin.describe_topic(self.input)? else {
            return Err(TopicsError::UnknownTopic { topic: self.input.into() }.into());
        };
        if admin.describe_topic(self.changelog)?.is_some() {
            admin.delete_topic(self.changelog)?;
        }
        self.create_changelog(&*admin, input.partitions)?;
        let inputs: Vec<_> =
            (0..input.partitions).map(|partition| TopicPartition::new(self.input, partition)).collect();
        let committed = admin.committed_offsets(self.group, &inputs)?;
        let stale = inputs.into_iter().zip(committed);
        let stale: BTreeMap<_, _> =
            stale.filter_map(|(input, committed)| Some((input, self.forgetting(committed?)?))).collect();
        if !stale.is_empty() {
            self.commit(backend, stale)?;
        }
        Ok(())
    }

    fn busy(&self, reason: &str) -> TopicsError {
        TopicsError::Busy { reason: format!("group {} {reason}", self.group) }
    }

    /// A broker deletes a topic some time after it has agreed to.
    fn create_changelog(&self, admin: &dyn Admin, partitions: u32) -> Result<(), TopicsError> {
        let spec = TopicSpec::new(self.changelog, partitions)
            .replication(self.replication)
            .cleanup(CleanupPolicy::Compact);
        let deadline = Instant::now() + PATIENCE;
        loop {
            match admin.create_topic(&spec) {
                Err(error)
                    if Instant::now() < deadline
                        && (matches!(error, TopicsError::TopicExists { .. })
                            || error.remedy() == Remedy::Retry) => {}
                created => return created,
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// The committed offset without what it knows of the changelog; `None` if it knows nothing.
    fn forgetting(&self, committed: CommittedOffset) -> Option<(i64, String)> {
        let Metadata::Ours(metadata) = Metadata::decode(&committed.metadata) else { return None };
        let OffsetMetadata { snapshots, mut changelogs } = metadata;
        let before = changelogs.len();
        changelogs.retain(|(store, _)| store != self.store);
        let shorter = changelogs.len() < before;
        shorter.then(|| (committed.offset, OffsetMetadata { snapshots, changelogs }.encode()))
    }

    /// Only a member of a group may commit for it.
    fn commit(
        &self,
        backend: &dyn Backend,
        stale: BTreeMap<TopicPartition, (i64, String)>,
    ) -> Result<(), TopicsError> {
        let mut reader = backend.group_reader(&GroupOptions::new(self.group, &[self.input]))?;
        let deadline = Instant::now() + PATIENCE;
        let mut batch = RecordBatch::new();
        while !stale.keys().all(|input| reader.assignment().contains(input)) {
            if Instant::now() >= deadline {
                return Err(self.busy("does not give all its partitions: stop all instances first"));
            }
            match reader.poll(LOOK_AGAIN, &mut batch) {
                Ok(event) => take_on(&mut *reader, event, &stale)?,
                Err(error) if error.remedy() == Remedy::Retry => std::thread::sleep(LOOK_AGAIN),
                Err(error) => return Err(error),
            }
        }
        let offsets = stale.into_iter().map(|(partition, (offset, metadata))| OffsetCommit {
            partition,
            offset,
            metadata,
        });
        reader.commit(&offsets.collect::<Vec<_>>())?;
        reader.close()
    }
}

/// Takes partitions on where they are committed; nothing is read from them.
fn take_on(
    reader: &mut dyn GroupReader,
    event: GroupEvent,
    stale: &BTreeMap<TopicPartition, (i64, String)>,
) -> Result<(), TopicsError> {
    match event {
        GroupEvent::Assigned(partitions) => {
            let start = |input: &TopicPartition| {
                let offset = stale.get(input).map(|(offset, _)| StartPosition::Offset(*offset));
                (input.clone(), offset.unwrap_or(StartPosition::Earliest))
            };
            reader.acknowledge_assigned(&partitions.iter().map(start).collect::<Vec<_>>())?;
            reader.pause(&partitions)
        }
        GroupEvent::Revoked(_) | GroupEvent::Lost(_) => reader.acknowledge_revoked(),
        GroupEvent::Batch | GroupEvent::Nothing => Ok(()),
    }
}
