//! The broker's [`GroupReader`].

use std::sync::Arc;
use std::time::Duration;

use super::cursor::{Cursor, Cursors, Found};
use super::faults::{Client, Operation};
use super::group::{Change, Group, Joining};
use super::shared::{Shared, State};
use crate::batch::RecordBatch;
use crate::error::TopicsError;
use crate::group::{CommittedOffset, GroupMetadata, OffsetCommit, check_metadata};
use crate::group_reader::{GroupEvent, GroupReader};
use crate::options::GroupOptions;
use crate::partition::{Isolation, Offset, StartPosition, TopicPartition};

pub(super) struct LocalGroupReader {
    shared: Arc<Shared>,
    client: Client,
    options: GroupOptions,
    /// The member's id; `None` before the first poll and after it was thrown out.
    member: Option<String>,
    /// What waits for its acknowledgement.
    pending: Option<Change>,
    cursors: Cursors,
    closed: bool,
}

impl LocalGroupReader {
    pub fn new(shared: Arc<Shared>, options: GroupOptions) -> Self {
        let client = shared.faults.client(&options.reader.client_id);
        Self {
            shared,
            client,
            options,
            member: None,
            pending: None,
            cursors: Cursors::default(),
            closed: false,
        }
    }

    fn join(&self, state: &mut State) -> String {
        let group = state.groups.entry(self.options.group.clone()).or_default();
        let joining = Joining {
            client_id: self.options.reader.client_id.clone(),
            instance_id: self.options.instance_id.clone(),
            topics: self.options.topics.iter().cloned().collect(),
            max_poll_interval: self.options.max_poll_interval,
        };
        let member = group.join(joining, self.shared.clock.monotonic());
        state.refresh_group(&self.options.group);
        member
    }

    /// The member's next step in its group, if there is one. `until`: how long it counts as alive from here.
    fn next_change(&mut self, state: &mut State, until: Duration) -> Result<Option<Change>, TopicsError> {
        let member = match &self.member {
            Some(member) => member.clone(),
            None => self.member.insert(self.join(state)).clone(),
        };
        let group = state.groups.entry(self.options.group.clone()).or_default();
        if let Some(change) = group.poll(&member, until) {
            return Ok(change);
        }
        if group.is_fenced(&member, self.options.instance_id.as_ref()) {
            let instance = self.options.instance_id.as_deref().unwrap_or_default();
            return Err(TopicsError::Fenced { what: format!("instance id `{instance}`") });
        }
        self.member = None;
        if self.cursors.all.is_empty() {
            return self.next_change(state, until);
        }
        Ok(Some(Change::Lost(self.assignment())))
    }

    fn event(&mut self, change: Change) -> GroupEvent {
        self.pending = Some(change.clone());
        match change {
            Change::Assigned(partitions) => GroupEvent::Assigned(partitions),
            Change::Revoked(partitions) => GroupEvent::Revoked(partitions),
            Change::Lost(partitions) => GroupEvent::Lost(partitions),
        }
    }

    /// What a poll ends with that has found nothing: the topics that are missing, if any.
    fn nothing(&self, state: &State) -> Result<GroupEvent, TopicsError> {
        match self.options.topics.iter().find(|topic| !state.topics.contains_key(*topic)) {
            Some(topic) => Err(TopicsError::UnknownTopic { topic: topic.clone() }),
            None => Ok(GroupEvent::Nothing),
        }
    }

    fn check_open(&self, operation: &'static str) -> Result<(), TopicsError> {
        self.client.check()?;
        if self.closed {
            return Err(TopicsError::Misuse { operation, reason: "the reader is closed".into() });
        }
        Ok(())
    }

    fn misuse(operation: &'static str, reason: &str) -> TopicsError {
        TopicsError::Misuse { operation, reason: reason.to_owned() }
    }

    fn set_paused(
        &mut self,
        operation: &'static str,
        partitions: &[TopicPartition],
        paused: bool,
    ) -> Result<(), TopicsError> {
        self.check_open(operation)?;
        for partition in partitions {
            self.cursors.get_mut(operation, partition)?.paused = paused;
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.closed = true;
        self.cursors.all.clear();
        let Some(member) = self.member.take() else { return };
        // A static member's place is kept until it has been silent for too long.
        if self.options.instance_id.is_none() && self.client.is_alive() {
            if let Some(group) = self.shared.lock().groups.get_mut(&self.options.group) {
                group.leave(&member);
            }
            self.shared.notify();
        }
    }
}

impl GroupReader for LocalGroupReader {
    fn poll(&mut self, timeout: Duration, batch: &mut RecordBatch) -> Result<GroupEvent, TopicsError> {
        batch.reset(TopicPartition::default());
        self.check_open("poll")?;
        if self.pending.is_some() {
            return Err(Self::misuse("poll", "the last change of the assignment is not acknowledged"));
        }
        let shared = self.shared.clone();
        let after = shared.meet_fault(Operation::Poll, &self.client)?;
        let deadline = shared.clock.monotonic().saturating_add(timeout);
        let mut state = shared.lock();
        state.expire(shared.clock.monotonic());
        let event = loop {
            if let Some(failure) = state.storage.failure() {
                return Err(failure);
            }
            // A member that waits in a poll is alive until the poll ends.
            let until = if shared.clock.runs() { deadline } else { shared.clock.monotonic() };
            if let Some(change) = self.next_change(&mut state, until)? {
                break self.event(change);
            }
            match self.cursors.read(&state, &self.options.reader, batch)? {
                Found::Batch => break GroupEvent::Batch,
                Found::End(_) => continue,
                Found::Nothing => {}
            }
            let waited;
            (state, waited) = shared.wait(state, deadline);
            if !waited {
                break self.nothing(&state)?;
            }
        };
        if let (Some(member), Some(group)) = (&self.member, state.groups.get_mut(&self.options.group)) {
            group.touch(member, shared.clock.monotonic());
        }
        drop(state);
        // A member that has joined may be what another waits for.
        if event != GroupEvent::Batch {
            batch.reset(TopicPartition::default());
            shared.notify();
        }
        after.map_or(Ok(event), |after| Err(shared.lost_answer(after, &self.client)))
    }

    fn acknowledge_assigned(
        &mut self,
        starts: &[(TopicPartition, StartPosition)],
    ) -> Result<(), TopicsError> {
        self.check_open("acknowledge_assigned")?;
        let Some(Change::Assigned(partitions)) = &self.pending else {
            return Err(Self::misuse("acknowledge_assigned", "no partitions were assigned"));
        };
        let named = |partition: &TopicPartition| starts.iter().any(|(start, _)| start == partition);
        if starts.len() != partitions.len() || !partitions.iter().all(named) {
            return Err(Self::misuse(
                "acknowledge_assigned",
                "not all and only the assigned partitions are named",
            ));
        }
        let isolation = self.options.reader.isolation;
        let cursors = self.shared.operate(Operation::AcknowledgeAssigned, &self.client, |state| {
            let cursor = |(partition, start): &(TopicPartition, StartPosition)| {
                Ok(Cursor::new(partition.clone(), state.resolve(partition, *start, isolation)?))
            };
            starts.iter().map(cursor).collect::<Result<Vec<_>, TopicsError>>()
        })?;
        self.pending = None;
        self.cursors.all.extend(cursors);
        Ok(())
    }

    fn acknowledge_revoked(&mut self) -> Result<(), TopicsError> {
        self.check_open("acknowledge_revoked")?;
        let Some(Change::Revoked(partitions) | Change::Lost(partitions)) = self.pending.clone() else {
            return Err(Self::misuse("acknowledge_revoked", "no partitions were revoked"));
        };
        self.pending = None;
        let (group, member) = (&self.options.group, self.member.clone());
        self.cursors.all.retain(|cursor| !partitions.contains(&cursor.partition));
        self.shared.operate(Operation::AcknowledgeRevoked, &self.client, |state| {
            if let (Some(member), Some(group)) = (member, state.groups.get_mut(group)) {
                group.acknowledge_revoked(&member);
            }
            Ok(())
        })
    }

    fn assignment(&self) -> Vec<TopicPartition> {
        self.cursors.all.iter().map(|cursor| cursor.partition.clone()).collect()
    }

    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), TopicsError> {
        self.set_paused("pause", partitions, true)
    }

    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), TopicsError> {
        self.set_paused("resume", partitions, false)
    }

    fn seek(&mut self, partition: &TopicPartition, offset: Offset) -> Result<(), TopicsError> {
        self.check_open("seek")?;
        self.cursors.get_mut("seek", partition)?.seek(offset);
        Ok(())
    }

    fn position(&self, partition: &TopicPartition) -> Option<Offset> {
        self.cursors.get(partition).map(|cursor| cursor.position)
    }

    fn known_end(&self, partition: &TopicPartition) -> Option<Offset> {
        self.cursors.get(partition)?;
        let state = self.shared.lock();
        state.log(partition).ok().map(|log| log.visible_end(Isolation::Committed))
    }

    fn committed(
        &mut self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<CommittedOffset>>, TopicsError> {
        self.check_open("committed")?;
        let group = &self.options.group;
        let after = self.shared.meet_fault(Operation::FetchOffsets, &self.client)?;
        let deadline = self.shared.clock.monotonic().saturating_add(self.options.session_timeout);
        let mut state = self.shared.lock();
        state.expire(self.shared.clock.monotonic());
        while state.transactions.holds_offsets(group, partitions) {
            let waited;
            (state, waited) = self.shared.wait(state, deadline);
            if !waited {
                let reason = format!("a transaction holds offsets of group `{group}`");
                return Err(TopicsError::Busy { reason });
            }
        }
        let offsets = state.groups.get(group).map(|group| &group.offsets);
        let found = partitions.iter().map(|partition| offsets?.get(partition).cloned()).collect();
        drop(state);
        after.map_or(Ok(found), |after| Err(self.shared.lost_answer(after, &self.client)))
    }

    fn commit(&mut self, offsets: &[OffsetCommit]) -> Result<(), TopicsError> {
        self.check_open("commit")?;
        check_metadata(offsets)?;
        let metadata = self.group_metadata()?;
        self.shared.operate(Operation::CommitOffsets, &self.client, |state| {
            state.groups.entry(metadata.group().to_owned()).or_default().check(&metadata)?;
            state.commit_offsets(metadata.group(), offsets)
        })
    }

    fn group_metadata(&self) -> Result<GroupMetadata, TopicsError> {
        let member = self.member.clone().unwrap_or_default();
        let state = self.shared.lock();
        let group = state.groups.get(&self.options.group);
        let generation = group.map_or(-1, |group: &Group| group.member_generation(&member));
        Ok(GroupMetadata::new(self.options.group.as_str(), member, generation))
    }

    fn close(&mut self) -> Result<(), TopicsError> {
        self.leave();
        Ok(())
    }
}

impl Drop for LocalGroupReader {
    fn drop(&mut self) {
        if !self.closed {
            self.leave();
        }
    }
}
