//! Before anything is read: are the topics there, and as they have to be?

use std::collections::BTreeMap;

use scorewheel_topics::{Admin, CleanupPolicy, Remedy, TopicPartition, TopicSpec, TopicsError};

use super::shared::Shared;
use crate::error::{ErrorKind, StreamsError};
use crate::listener::StreamsEvent;
use crate::topology::Partitioning;

/// Looks at all topics of the application, creates and widens its own where it may.
///
/// `Ok(false)`: not all is there yet, to be asked again.
pub(super) fn prepare(shared: &Shared) -> Result<bool, StreamsError> {
    match try_prepare(shared) {
        Err(error) if error.topics().is_some_and(|error| error.remedy() == Remedy::Retry) => {
            if let Some(error) = error.topics() {
                shared.retrying("look at the topics", error);
            }
            Ok(false)
        }
        prepared => prepared,
    }
}

fn try_prepare(shared: &Shared) -> Result<bool, StreamsError> {
    let admin = shared.environment.backend.admin()?;
    let mut missing = Vec::new();
    for input in shared.inputs() {
        match admin.describe_topic(input)? {
            Some(found) => shared.set_partitions(input, found.partitions),
            None => missing.push(input.to_owned()),
        }
    }
    for broadcast in &shared.topology.broadcasts {
        match admin.describe_topic(&broadcast.topic)? {
            // The order of its records is that of one log.
            Some(found) if found.partitions != 1 => {
                return Err(wrong_count(&broadcast.topic, found.partitions, 1));
            }
            Some(_) => {}
            None => missing.push(broadcast.topic.to_string()),
        }
    }
    if missing.is_empty() {
        for input in shared.inputs() {
            prepare_owned(shared, &*admin, input)?;
        }
        find_foreign(shared, &*admin, &mut missing)?;
    }
    let complete = missing.is_empty();
    if !complete {
        shared.event(&StreamsEvent::WaitingForTopics { topics: &missing });
    }
    shared.status.change(|status| status.missing_topics = missing);
    Ok(complete)
}

/// The application's own topics that go with an input topic: looked at, created, widened.
fn prepare_owned(shared: &Shared, admin: &dyn Admin, input: &str) -> Result<(), StreamsError> {
    let partitions = shared.partitions(input);
    let create = shared.config.create_topics;
    for (sink_input, sink) in shared.topology.sinks() {
        let Some(settings) = sink.settings().filter(|_| sink_input == input) else { continue };
        let needed = match sink.partitioning() {
            Partitioning::Fixed(partition) => partition + 1,
            Partitioning::Input | Partitioning::Key => partitions,
        };
        let found = admin.describe_topic(sink.topic())?.map(|found| found.partitions);
        let count = match found {
            None if create => create_topic(shared, admin, sink.topic(), needed, settings)?,
            None => continue,
            // A reader of the results finds a key where it was as long as nothing is written twice as wide; what the
            // partition is named after does not move.
            Some(found) if found < needed && sink.partitioning() == Partitioning::Input && create => {
                widen(shared, admin, sink.topic(), needed)?
            }
            Some(found) if found != needed && sink.partitioning() == Partitioning::Input => {
                return Err(wrong_count(sink.topic(), found, needed));
            }
            Some(found) => found,
        };
        shared.set_partitions(sink.topic(), count);
    }
    let stores = shared.topology.sub_topologies.iter().filter(|sub_topology| *sub_topology.topic == *input);
    for store in stores.flat_map(|sub_topology| &sub_topology.stores) {
        let store = &shared.topology.stores[*store];
        if store.has_changelog() {
            let topic = store.changelog_topic(&shared.config.application_id);
            prepare_changelog(shared, admin, store.name(), &topic, input, partitions)?;
        }
    }
    Ok(())
}

fn prepare_changelog(
    shared: &Shared,
    admin: &dyn Admin,
    store: &str,
    topic: &str,
    input: &str,
    partitions: u32,
) -> Result<(), StreamsError> {
    let found = match admin.describe_topic(topic)? {
        Some(found) => found.partitions,
        None => {
            let inputs: Vec<_> =
                (0..partitions).map(|partition| TopicPartition::new(input, partition)).collect();
            let committed = admin.committed_offsets(shared.config.group(), &inputs)?;
            if committed.iter().any(Option::is_some) {
                return Err(ErrorKind::ChangelogMissing { store: store.into(), topic: topic.into() }.into());
            }
            if !shared.config.create_topics {
                return Err(TopicsError::UnknownTopic { topic: topic.into() }.into());
            }
            let settings = [("cleanup.policy".to_owned(), CleanupPolicy::Compact.as_str().to_owned())];
            create_topic(shared, admin, topic, partitions, &settings.into())?
        }
    };
    if found < partitions && shared.partitions(topic) == found && shared.config.create_topics {
        // The input was widened while we run: new partitions begin with empty stores.
        widen(shared, admin, topic, partitions)?;
    } else if found != partitions {
        return Err(wrong_count(topic, found, partitions));
    }
    shared.set_partitions(topic, partitions);
    Ok(())
}

/// Topics that others own and we write to.
fn find_foreign(shared: &Shared, admin: &dyn Admin, missing: &mut Vec<String>) -> Result<(), StreamsError> {
    for (input, sink) in shared.topology.sinks() {
        if shared.partitions(sink.topic()) > 0 && sink.settings().is_some() {
            continue;
        }
        match admin.describe_topic(sink.topic())? {
            None if !missing.iter().any(|topic| topic == sink.topic()) => {
                missing.push(sink.topic().to_owned());
            }
            None => {}
            Some(found) => {
                let needed = shared.partitions(input);
                if sink.partitioning() == Partitioning::Input && found.partitions != needed {
                    return Err(wrong_count(sink.topic(), found.partitions, needed));
                }
                shared.set_partitions(sink.topic(), found.partitions);
            }
        }
    }
    Ok(())
}

fn create_topic(
    shared: &Shared,
    admin: &dyn Admin,
    topic: &str,
    partitions: u32,
    settings: &BTreeMap<String, String>,
) -> Result<u32, StreamsError> {
    let mut spec = TopicSpec::new(topic, partitions).replication(shared.config.replication);
    for (name, value) in settings {
        spec = spec.setting(name, value);
    }
    match admin.create_topic(&spec) {
        Ok(()) => {
            shared.event(&StreamsEvent::TopicCreated { topic, partitions });
            Ok(partitions)
        }
        // Another instance was faster.
        Err(TopicsError::TopicExists { .. }) => {
            Ok(admin.describe_topic(topic)?.map_or(partitions, |found| found.partitions))
        }
        Err(error) => Err(error.into()),
    }
}

fn widen(shared: &Shared, admin: &dyn Admin, topic: &str, partitions: u32) -> Result<u32, StreamsError> {
    match admin.add_partitions(topic, partitions) {
        Ok(()) => shared.event(&StreamsEvent::TopicWidened { topic, partitions }),
        Err(error @ TopicsError::Configuration { .. }) => {
            // Another instance was faster, or something else is wrong.
            let found = admin.describe_topic(topic)?.map_or(0, |found| found.partitions);
            if found != partitions {
                return Err(error.into());
            }
        }
        Err(error) => return Err(error.into()),
    }
    Ok(partitions)
}

fn wrong_count(topic: &str, found: u32, needed: u32) -> StreamsError {
    TopicsError::WrongPartitionCount { topic: topic.into(), found, needed }.into()
}
