//! The answers of several instances as one state, which says whose each part is and what is missing.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::announcement::Announcement;
use super::client::PeerTrouble;
use super::gather::Members;
use crate::snapshot::{Readiness, Revision, Snapshot, Task, TaskState};

/// Cut-overs and rejections that are shown.
const SHOWN: usize = 1000;

/// One instance's part.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it says of itself.
    pub announcement: Announcement,
    /// Since it said so; `None` for the instance that asks.
    pub lease_age: Option<Duration>,
    /// What it answered.
    pub answer: Result<Snapshot, PeerTrouble>,
    /// How long that took.
    pub took: Duration,
}

/// Who gave which part of a state, and what is missing.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    /// True if every partition was given by an instance.
    pub complete: bool,
    /// Why it is not known who belongs to the cluster, or how many partitions there are.
    pub trouble: Option<String>,
    /// The instances, by name; the one that was asked first.
    pub instances: Vec<InstanceReport>,
    /// Each partition that was given, by topic and number.
    pub partitions: Vec<PartitionReport>,
    /// Each that was not.
    pub missing: Vec<MissingPartition>,
}

/// An instance and what became of the question to it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InstanceReport {
    /// Its name.
    pub instance: String,
    /// Host of its HTTP listener.
    pub host: String,
    /// Port of it.
    pub port: u16,
    /// Process id on its machine.
    pub process: u32,
    /// Version of the program.
    pub version: String,
    /// `answered`, or the kind of trouble: `unreachable`, `timedOut`, `otherVersion`, `unreadable`, `replaced`.
    pub state: &'static str,
    /// The trouble in words.
    pub reason: Option<String>,
    /// Milliseconds since its last announcement; `null` for the instance that was asked.
    pub lease_age_ms: Option<u64>,
    /// Milliseconds that its answer took.
    pub took_ms: u64,
    /// Whether it scores; `null` without an answer.
    pub readiness: Option<Readiness>,
    /// The revision that it has ready; `null` without an answer.
    pub revision: Option<Revision>,
    /// Control messages that it has not folded yet.
    pub control_lag: Option<u64>,
    /// Partitions: those of its answer, else those that it announced.
    pub partitions: Vec<u32>,
}

/// A partition, whose figures they are, and what they are as of.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PartitionReport {
    /// Input topic.
    pub topic: String,
    /// Input partition.
    pub partition: u32,
    /// Who gave them.
    pub instance: String,
    /// Committed input offset that they are as of.
    pub offset: i64,
    /// The revision that the offset carries.
    pub revision: Revision,
    /// Milliseconds since that commit, by the clock of the instance that made it; `null` before the first.
    pub age_ms: Option<u64>,
    /// End of the input partition as last seen, less the offset.
    pub lag: Option<u64>,
    /// What the task is doing.
    pub state: TaskState,
    /// Others that still say they have it, with an older state: it was moved a moment ago.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
}

/// A partition that nobody gave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MissingPartition {
    /// Input topic.
    pub topic: String,
    /// Input partition.
    pub partition: u32,
    /// Why, for people.
    pub reason: String,
}

/// Joins the parts, the own one first. `expected` is the input topic and its number of partitions.
#[must_use]
pub fn merge(parts: &[Part], members: &Members) -> (Snapshot, Coverage) {
    let answered: Vec<(&str, &Snapshot)> = parts
        .iter()
        .filter_map(|part| Some((part.announcement.instance.as_str(), part.answer.as_ref().ok()?)))
        .collect();
    let mut best: BTreeMap<(&str, u32), (&str, &Task, Vec<String>)> = BTreeMap::new();
    for (instance, task) in answered
        .iter()
        .flat_map(|(instance, snapshot)| snapshot.tasks.iter().map(move |task| (*instance, task)))
    {
        let place = (task.topic.as_str(), task.partition);
        match best.get_mut(&place) {
            None => _ = best.insert(place, (instance, task, Vec::new())),
            Some((known, known_task, also)) if rank(task) > rank(known_task) => {
                also.push(std::mem::replace(known, instance).to_owned());
                *known_task = task;
            }
            Some((_, _, also)) => also.push(instance.to_owned()),
        }
    }
    let missing = missing(parts, members, &best);
    let reports = best.iter().map(|((topic, partition), (instance, task, also))| PartitionReport {
        topic: (*topic).to_owned(),
        partition: *partition,
        instance: (*instance).to_owned(),
        offset: task.offset,
        revision: task.revision.clone(),
        age_ms: task.age_ms,
        lag: task.lag,
        state: task.state.clone(),
        also: also.clone(),
    });
    let trouble = members.trouble.clone().or_else(|| {
        let unknown = "the number of partitions of the records topic is not known yet".to_owned();
        members.expected.is_none().then_some(unknown)
    });
    let unread = members.unreadable.iter().map(|(instance, reason)| InstanceReport {
        instance: instance.clone(),
        state: "unreadable",
        reason: Some(format!("its announcement cannot be read: {reason}")),
        ..InstanceReport::default()
    });
    let coverage = Coverage {
        complete: missing.is_empty() && trouble.is_none(),
        trouble,
        instances: parts.iter().map(report).chain(unread).collect(),
        partitions: reports.collect(),
        missing,
    };
    let tasks = best.into_values().map(|(_, task, _)| task.clone()).collect();
    (join(parts, &answered, tasks), coverage)
}

/// Of two states of a partition the one to believe: one that is whole, then the one that has come further.
fn rank(task: &Task) -> (bool, i64, bool) {
    let whole = !matches!(task.state, TaskState::Restoring { .. });
    (whole, task.offset, task.state == TaskState::Running)
}

fn report(part: &Part) -> InstanceReport {
    let milliseconds = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let announcement = &part.announcement;
    let answer = part.answer.as_ref();
    let snapshot = answer.ok();
    let trouble = answer.err();
    InstanceReport {
        instance: announcement.instance.clone(),
        host: announcement.host.clone(),
        port: announcement.port,
        process: announcement.process,
        version: announcement.version.clone(),
        state: trouble.map_or("answered", PeerTrouble::kind),
        reason: trouble.map(ToString::to_string),
        lease_age_ms: part.lease_age.map(milliseconds),
        took_ms: milliseconds(part.took),
        readiness: snapshot.map(|snapshot| snapshot.readiness.clone()),
        revision: snapshot.map(|snapshot| snapshot.revision.clone()),
        control_lag: snapshot.and_then(|snapshot| snapshot.control_lag),
        partitions: match snapshot {
            Some(snapshot) => snapshot.tasks.iter().map(|task| task.partition).collect(),
            None => announcement.tasks.iter().map(|task| task.partition).collect(),
        },
    }
}

fn missing(
    parts: &[Part],
    members: &Members,
    given: &BTreeMap<(&str, u32), (&str, &Task, Vec<String>)>,
) -> Vec<MissingPartition> {
    let Some((topic, partitions)) = &members.expected else { return Vec::new() };
    let silent = |partition: u32| {
        parts.iter().find_map(|part| {
            let trouble = part.answer.as_ref().err()?;
            let had = part
                .announcement
                .tasks
                .iter()
                .any(|task| task.topic == *topic && task.partition == partition);
            had.then(|| format!("instance {} had it last: {trouble}", part.announcement.instance))
        })
    };
    (0..*partitions)
        .filter(|partition| !given.contains_key(&(topic.as_str(), *partition)))
        .map(|partition| MissingPartition {
            topic: topic.clone(),
            partition,
            reason: silent(partition)
                .unwrap_or_else(|| "no instance has it: it is being moved, or nobody is left".to_owned()),
        })
        .collect()
}

/// What is one for all instances comes from the one with the newest revision.
fn join(parts: &[Part], answered: &[(&str, &Snapshot)], tasks: Vec<Task>) -> Snapshot {
    let snapshots = || answered.iter().map(|(_, snapshot)| *snapshot);
    // Of equal ones the first, which is the own one.
    let newest = snapshots().rev().max_by_key(|snapshot| snapshot.revision.control_offset);
    let mut joined = newest.cloned().unwrap_or_default();
    joined.tasks = tasks;
    joined.control_lag = snapshots().filter_map(|snapshot| snapshot.control_lag).max();
    joined.readiness.reasons = answered
        .iter()
        .flat_map(|(instance, snapshot)| {
            snapshot.readiness.reasons.iter().map(move |reason| format!("{instance}: {reason}"))
        })
        .collect();
    joined.readiness.ready = snapshots().all(|snapshot| snapshot.readiness.ready);
    let mut cutovers: Vec<_> = snapshots().flat_map(|snapshot| snapshot.cutovers.iter().cloned()).collect();
    cutovers.sort_by_key(|entry| (-entry.revision.control_offset, entry.partition, -entry.offset));
    cutovers.dedup();
    cutovers.truncate(SHOWN);
    joined.cutovers = cutovers;
    let mut rejections: Vec<_> =
        snapshots().flat_map(|snapshot| snapshot.rejections.iter().cloned()).collect();
    rejections.sort_by_key(|rejection| std::cmp::Reverse(rejection.control_offset));
    rejections.dedup_by_key(|rejection| rejection.control_offset);
    rejections.truncate(SHOWN);
    joined.rejections = rejections;
    let holders = parts.iter().map(|part| &part.announcement).filter(|one| !one.stores.is_empty());
    joined.instances = holders.map(Announcement::as_instance).collect();
    joined
}
