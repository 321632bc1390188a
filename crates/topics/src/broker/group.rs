//! The coordinator of one group: members, generations, cooperative rebalance, committed offsets.
//!
//! A change of the membership or of the topics computes a new target. Each member moves towards it when it polls:
//! first it lets go of what is no longer its, then it takes what nobody holds any more. So a partition has at most
//! one owner, and those that do not move keep flowing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::assignor::{Candidate, assign};
use crate::error::TopicsError;
use crate::group::{CommittedOffset, GroupMetadata};
use crate::partition::TopicPartition;

/// What a member is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Assigned(Vec<TopicPartition>),
    Revoked(Vec<TopicPartition>),
    Lost(Vec<TopicPartition>),
}

/// Who joins.
#[derive(Clone, Debug)]
pub(super) struct Joining {
    pub client_id: String,
    pub instance_id: Option<String>,
    pub topics: BTreeSet<String>,
    pub max_poll_interval: Duration,
}

#[derive(Debug)]
struct Member {
    joining: Joining,
    last_poll: Duration,
    /// The generation that it has heard of.
    generation: i32,
    /// Taken on, or told to take on: nobody else's.
    owned: BTreeSet<TopicPartition>,
    /// Told to let go and not acknowledged.
    letting_go: BTreeSet<TopicPartition>,
    target: BTreeSet<TopicPartition>,
}

#[derive(Debug, Default)]
pub(super) struct Group {
    generation: i32,
    next_member: u64,
    members: BTreeMap<String, Member>,
    /// The topics' partitions that the targets were made for.
    partitions: BTreeSet<TopicPartition>,
    /// Turned by a forced rebalance, so that partitions really move.
    rotation: usize,
    pub offsets: BTreeMap<TopicPartition, CommittedOffset>,
}

impl Group {
    /// A member joins and gets its id. A static member gets its predecessor's partitions, which is fenced.
    pub fn join(&mut self, joining: Joining, now: Duration) -> String {
        self.next_member += 1;
        let name = format!("{}-{}", joining.client_id, self.next_member);
        let predecessor = joining.instance_id.as_ref().and_then(|instance| {
            let has_it = |member: &&Member| member.joining.instance_id.as_ref() == Some(instance);
            self.members.iter().find(|(_, member)| has_it(member)).map(|(name, _)| name.clone())
        });
        let predecessor = predecessor.and_then(|name| self.members.remove(&name));
        let takes_over = predecessor.as_ref().is_some_and(|old| old.joining.topics == joining.topics);
        let target = predecessor.map(|old| old.target).unwrap_or_default();
        let member = Member {
            joining,
            last_poll: now,
            generation: -1,
            owned: BTreeSet::new(),
            letting_go: BTreeSet::new(),
            target,
        };
        self.members.insert(name.clone(), member);
        if !takes_over {
            self.rebalance();
        }
        name
    }

    /// A member leaves of its own will.
    pub fn leave(&mut self, member: &str) {
        if self.members.remove(member).is_some() {
            self.rebalance();
        }
    }

    /// Removes members that have not polled for too long; true if there was one.
    pub fn expire(&mut self, now: Duration) -> bool {
        let before = self.members.len();
        self.members.retain(|_, member| now <= member.last_poll + member.joining.max_poll_interval);
        let changed = self.members.len() != before;
        if changed {
            self.rebalance();
        }
        changed
    }

    /// When the next member would expire.
    pub fn next_expiry(&self) -> Option<Duration> {
        self.members.values().map(|member| member.last_poll + member.joining.max_poll_interval).min()
    }

    /// The topics that anybody reads.
    pub fn topics(&self) -> BTreeSet<String> {
        self.members.values().flat_map(|member| member.joining.topics.iter().cloned()).collect()
    }

    /// Says which partitions there are; a change rebalances.
    pub fn set_partitions(&mut self, partitions: BTreeSet<TopicPartition>) {
        if partitions != self.partitions {
            self.partitions = partitions;
            self.rebalance();
        }
    }

    /// A new generation without a reason from outside; partitions move where they can.
    pub fn force_rebalance(&mut self) {
        self.rotation += 1;
        self.rebalance();
        let rotation = self.rotation;
        let shares: Vec<_> = self.members.values().map(|member| member.target.clone()).collect();
        for (index, member) in self.members.values_mut().enumerate() {
            if let Some(share) = shares.get((index + rotation) % shares.len().max(1)) {
                member.target.clone_from(share);
            }
        }
    }

    fn rebalance(&mut self) {
        self.generation += 1;
        let candidate = |member: &Member| Candidate {
            topics: member.joining.topics.clone(),
            owned: member.owned.difference(&member.letting_go).cloned().collect(),
        };
        let members = self.members.iter().map(|(name, member)| (name.clone(), candidate(member))).collect();
        let mut shares = assign(&members, &self.partitions);
        for (name, member) in &mut self.members {
            member.target = shares.remove(name).unwrap_or_default();
        }
    }

    /// A member polls: it is alive, hears of the generation, and is told its next step. `None` for the outer option:
    /// it is no member any more.
    pub fn poll(&mut self, name: &str, now: Duration) -> Option<Option<Change>> {
        let generation = self.generation;
        let held: BTreeSet<_> = self
            .members
            .iter()
            .filter(|(other, _)| *other != name)
            .flat_map(|(_, member)| member.owned.iter().cloned())
            .collect();
        let member = self.members.get_mut(name)?;
        member.last_poll = now;
        let heard_of_it = member.generation == generation;
        member.generation = generation;
        let gone: Vec<_> = member.owned.difference(&member.target).cloned().collect();
        if !gone.is_empty() {
            member.letting_go = gone.iter().cloned().collect();
            return Some(Some(Change::Revoked(gone)));
        }
        let wanted = member.target.difference(&member.owned);
        let new: Vec<_> = wanted.filter(|partition| !held.contains(*partition)).cloned().collect();
        if new.is_empty() && heard_of_it {
            return Some(None);
        }
        member.owned.extend(new.iter().cloned());
        Some(Some(Change::Assigned(new)))
    }

    /// A member was alive at this time.
    pub fn touch(&mut self, name: &str, now: Duration) {
        if let Some(member) = self.members.get_mut(name) {
            member.last_poll = now;
        }
    }

    /// A member has let go of what it was told to.
    pub fn acknowledge_revoked(&mut self, name: &str) {
        if let Some(member) = self.members.get_mut(name) {
            let gone = std::mem::take(&mut member.letting_go);
            member.owned.retain(|partition| !gone.contains(partition));
        }
    }

    /// True if a member with this instance id, other than `name`, has taken over.
    pub fn is_fenced(&self, name: &str, instance_id: Option<&String>) -> bool {
        instance_id.is_some()
            && self
                .members
                .iter()
                .any(|(other, member)| other != name && member.joining.instance_id.as_ref() == instance_id)
    }

    /// Refuses commits by those who are not members of the present generation.
    pub fn check(&self, metadata: &GroupMetadata) -> Result<(), TopicsError> {
        match self.members.get(metadata.member()) {
            Some(member) if member.generation == metadata.generation() && member.generation >= 0 => Ok(()),
            _ => Err(TopicsError::StaleGeneration {
                group: metadata.group().to_owned(),
                generation: metadata.generation(),
            }),
        }
    }

    /// The generation that a member has heard of.
    pub fn member_generation(&self, name: &str) -> i32 {
        self.members.get(name).map_or(-1, |member| member.generation)
    }

    /// Members with what they own: id, client id, partitions.
    pub fn members(&self) -> impl Iterator<Item = (&str, &str, &BTreeSet<TopicPartition>)> {
        self.members
            .iter()
            .map(|(name, member)| (name.as_str(), member.joining.client_id.as_str(), &member.owned))
    }

    pub fn has_members(&self) -> bool {
        !self.members.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joining(client_id: &str) -> Joining {
        Joining {
            client_id: client_id.into(),
            instance_id: None,
            topics: ["t".to_owned()].into(),
            max_poll_interval: Duration::from_secs(5),
        }
    }

    fn group(partitions: u32) -> Group {
        let mut group = Group::default();
        group.set_partitions((0..partitions).map(|partition| TopicPartition::new("t", partition)).collect());
        group
    }

    fn names(change: Option<Option<Change>>) -> (char, Vec<u32>) {
        let numbers =
            |partitions: Vec<TopicPartition>| partitions.iter().map(TopicPartition::partition).collect();
        match change.unwrap() {
            None => ('-', vec![]),
            Some(Change::Assigned(partitions)) => ('+', numbers(partitions)),
            Some(Change::Revoked(partitions)) => ('R', numbers(partitions)),
            Some(Change::Lost(partitions)) => ('L', numbers(partitions)),
        }
    }

    #[test]
    fn partitions_move_only_after_they_were_let_go() {
        let now = Duration::ZERO;
        let mut group = group(4);
        let a = group.join(joining("a"), now);
        assert_eq!(names(group.poll(&a, now)), ('+', vec![0, 1, 2, 3]));
        assert_eq!(names(group.poll(&a, now)), ('-', vec![]));
        let b = group.join(joining("b"), now);
        assert_eq!(names(group.poll(&b, now)), ('+', vec![]), "b hears of its generation, nothing is free");
        assert_eq!(names(group.poll(&a, now)), ('R', vec![2, 3]));
        assert_eq!(names(group.poll(&b, now)), ('-', vec![]), "a has not acknowledged");
        group.acknowledge_revoked(&a);
        assert_eq!(names(group.poll(&b, now)), ('+', vec![2, 3]));
        assert_eq!(names(group.poll(&a, now)), ('-', vec![]));
    }

    #[test]
    fn a_silent_member_is_replaced_and_refused() {
        let mut group = group(2);
        let a = group.join(joining("a"), Duration::ZERO);
        group.poll(&a, Duration::ZERO);
        let metadata = GroupMetadata::new("g", a.clone(), group.member_generation(&a));
        assert_eq!(group.check(&metadata), Ok(()));
        let b = group.join(joining("b"), Duration::from_secs(3));
        assert!(!group.expire(Duration::from_secs(5)));
        assert!(group.expire(Duration::from_secs(6)));
        assert!(group.check(&metadata).is_err());
        assert_eq!(group.poll(&a, Duration::from_secs(6)), None);
        assert_eq!(names(group.poll(&b, Duration::from_secs(6))), ('+', vec![0, 1]));
    }

    #[test]
    fn a_static_member_comes_back_to_its_partitions() {
        let now = Duration::ZERO;
        let instance = |client: &str| Joining { instance_id: Some(client.into()), ..joining(client) };
        let mut group = group(4);
        let (a, b) = (group.join(instance("a"), now), group.join(instance("b"), now));
        let share = names(group.poll(&a, now));
        assert_eq!(share.1.len(), 2);
        group.poll(&b, now);
        let generation = group.generation;
        let again = group.join(instance("a"), now);
        assert!(group.is_fenced(&a, Some(&"a".to_owned())));
        assert_eq!(names(group.poll(&again, now)), share);
        assert_eq!((group.generation, names(group.poll(&b, now))), (generation, ('-', vec![])));
    }

    #[test]
    fn a_forced_rebalance_moves_partitions_once() {
        let now = Duration::ZERO;
        let mut group = group(2);
        let (a, b) = (group.join(joining("a"), now), group.join(joining("b"), now));
        assert_eq!(
            (names(group.poll(&a, now)), names(group.poll(&b, now))),
            (('+', vec![0]), ('+', vec![1]))
        );
        group.force_rebalance();
        assert_eq!(names(group.poll(&a, now)), ('R', vec![0]));
        assert_eq!(names(group.poll(&b, now)), ('R', vec![1]));
        group.acknowledge_revoked(&a);
        group.acknowledge_revoked(&b);
        assert_eq!(
            (names(group.poll(&a, now)), names(group.poll(&b, now))),
            (('+', vec![1]), ('+', vec![0]))
        );
    }
}
