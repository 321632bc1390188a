//! Groups: sharing, moving and losing partitions; committed offsets; generations.

use std::collections::BTreeSet;
use std::time::Duration;

use scorewheel_topics::{
    GroupEvent, GroupOptions, Remedy, StartPosition, TopicPartition, TopicSpec, TopicsError,
};

use super::support::{
    Harness, Member, create, drive, offset, put, read, topic, transactional, values, write,
};

fn partitions(topic: &str, count: u32) -> Vec<TopicPartition> {
    (0..count).map(|number| TopicPartition::new(topic, number)).collect()
}

/// Every partition has one owner, and shares differ by one at most.
fn balanced(members: &[&mut Member], count: u32) -> bool {
    let sizes: Vec<_> = members.iter().map(|member| member.assignment().len()).collect();
    let all: BTreeSet<_> = members.iter().flat_map(|member| member.assignment()).collect();
    all.len() == count as usize
        && sizes.iter().sum::<usize>() == count as usize
        && sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1
}

pub fn committed_offsets_keep_their_metadata(harness: &dyn Harness) {
    let topic = topic(harness, "metadata", 3);
    let group = harness.unique("group");
    let all = partitions(&topic, 3);
    let mut member = Member::new(harness, "reader", &group, &[&topic]);
    drive(harness, &mut [&mut member], |members| members[0].assignment().len() == 3);
    assert_eq!(member.reader.committed(&all).unwrap(), [None, None, None]);
    member.reader.commit(&[offset(&all[0], 0, "v1 41 0a1b"), offset(&all[2], 0, "")]).unwrap();
    for committed in [
        member.reader.committed(&all).unwrap(),
        harness.backend().admin().unwrap().committed_offsets(&group, &all).unwrap(),
    ] {
        let metadata: Vec<_> = committed.iter().map(|c| c.as_ref().map(|c| c.metadata.as_slice())).collect();
        assert_eq!(metadata, [Some(&b"v1 41 0a1b"[..]), None, Some(&b""[..])]);
    }
    let admin = harness.backend().admin().unwrap();
    assert_eq!(
        admin.delete_group(&group).map_err(|error| error.remedy()),
        Err(Remedy::Retry),
        "it has a member"
    );
    member.reader.close().unwrap();
    admin.delete_group(&group).unwrap();
    assert_eq!(admin.committed_offsets(&group, &all).unwrap(), [None, None, None]);
    admin.delete_group(&group).unwrap();
}

pub fn one_member_gets_all(harness: &dyn Harness) {
    let topic = topic(harness, "one", 3);
    for partition in partitions(&topic, 3) {
        write(harness, &partition, &["a", "b"]);
    }
    let mut member = Member::new(harness, "one", &harness.unique("group"), &[&topic]);
    drive(harness, &mut [&mut member], |members| members[0].records.len() == 6);
    assert_eq!(member.assigned.len(), 3);
    let mut offsets: Vec<_> = member.records.iter().map(|(p, r)| (p.partition(), r.offset)).collect();
    offsets.sort_unstable();
    assert_eq!(offsets, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]);
    let partition = TopicPartition::new(topic.as_str(), 0);
    assert_eq!(member.reader.known_end(&partition), Some(2));
}

pub fn two_members_share(harness: &dyn Harness) {
    share(harness, 2);
}

pub fn three_members_share(harness: &dyn Harness) {
    share(harness, 3);
}

/// Members come one after the other and leave again; partitions that need not move never stop, and every record is
/// read by exactly one of them.
fn share(harness: &dyn Harness, count: usize) {
    let topic = topic(harness, "share", 6);
    let group = harness.unique("group");
    let mut written = 0;
    let mut write_all = || {
        for partition in partitions(&topic, 6) {
            write(harness, &partition, &[&written.to_string()]);
        }
        written += 1;
    };
    let mut members: Vec<Member> = Vec::new();
    for number in 0..count {
        members.push(Member::new(harness, &format!("member-{number}"), &group, &[&topic]));
        write_all();
        drive(harness, &mut members.iter_mut().collect::<Vec<_>>(), |members| balanced(members, 6));
        if number == 1 {
            assert_eq!(members[0].revoked.len(), 3, "only the newcomer's share has moved");
            assert_eq!(members[0].assigned.len(), 6);
        }
    }
    // Time for the last round of the rebalance, in which nothing may move any more.
    write_all();
    let read = |members: &[&mut Member]| members.iter().map(|member| member.records.len()).sum::<usize>();
    let wanted = 6 * (count + 1);
    drive(harness, &mut members.iter_mut().collect::<Vec<_>>(), |members| read(members) >= wanted);
    assert!(balanced(&members.iter_mut().collect::<Vec<_>>(), 6));

    let mut gone = Vec::new();
    while members.len() > 1 {
        let mut leaving = members.remove(0);
        let offsets: Vec<_> = leaving
            .reader
            .assignment()
            .iter()
            .map(|partition| offset(partition, leaving.reader.position(partition).unwrap(), ""))
            .collect();
        leaving.reader.commit(&offsets).unwrap();
        leaving.reader.close().unwrap();
        gone.append(&mut leaving.records);
        write_all();
        drive(harness, &mut members.iter_mut().collect::<Vec<_>>(), |members| balanced(members, 6));
    }
    let wanted = 6 * (2 * count);
    drive(harness, &mut [&mut members[0]], |members| gone.len() + members[0].records.len() >= wanted);
    gone.append(&mut members[0].records);
    let mut all: Vec<_> =
        gone.iter().map(|(partition, record)| (partition.partition(), record.offset)).collect();
    all.sort_unstable();
    let expected: Vec<_> =
        (0..6).flat_map(|partition| (0..2 * count as i64).map(move |offset| (partition, offset))).collect();
    assert_eq!(all, expected, "every record once");
    assert!(members[0].lost.is_empty());
}

/// What is done when a revocation comes can still be committed, in a transaction.
pub fn a_revoked_partition_can_be_committed(harness: &dyn Harness) {
    let topic = topic(harness, "revoked", 2);
    let (group, id) = (harness.unique("group"), harness.unique("writer"));
    let output = TopicPartition::new(super::support::topic(harness, "output", 1), 0);
    for partition in partitions(&topic, 2) {
        write(harness, &partition, &["a"]);
    }
    let mut first = Member::new(harness, "first", &group, &[&topic]);
    drive(harness, &mut [&mut first], |members| members[0].records.len() == 2);
    let mut writer = transactional(harness, &id);
    writer.begin().unwrap();
    put(writer.as_mut(), &output, &["done"]);
    let mut second = Member::new(harness, "second", &group, &[&topic]);
    let revoked = loop {
        second.step(harness);
        match first.reader.poll(harness.poll_time(), &mut first.batch).unwrap() {
            GroupEvent::Revoked(partitions) => break partitions,
            event => first.react(harness, &event),
        }
    };
    assert_eq!(revoked.len(), 1);
    let offsets: Vec<_> = partitions(&topic, 2).iter().map(|p| offset(p, 1, "m")).collect();
    writer.send_offsets(&offsets, &first.reader.group_metadata().unwrap()).unwrap();
    writer.commit().unwrap();
    first.reader.acknowledge_revoked().unwrap();
    drive(harness, &mut [&mut first, &mut second], |members| members[1].assignment().len() == 1);
    write(harness, &revoked[0], &["b"]);
    drive(harness, &mut [&mut first, &mut second], |members| !members[1].records.is_empty());
    assert_eq!(second.records[0].1.offset, 1, "the second goes on where the first has stopped");
}

pub fn a_stale_generation_is_refused(harness: &dyn Harness) {
    let topic = topic(harness, "stale", 2);
    let (group, id) = (harness.unique("group"), harness.unique("writer"));
    let output = TopicPartition::new(super::support::topic(harness, "output", 1), 0);
    let mut first = Member::new(harness, "first", &group, &[&topic]);
    first.commits = false;
    drive(harness, &mut [&mut first], |members| members[0].assignment().len() == 2);
    let before = first.reader.group_metadata().unwrap();
    let mut second = Member::new(harness, "second", &group, &[&topic]);
    drive(harness, &mut [&mut first, &mut second], |members| balanced(members, 2));

    let mut writer = transactional(harness, &id);
    writer.begin().unwrap();
    put(writer.as_mut(), &output, &["stale"]);
    let partition = TopicPartition::new(topic.as_str(), 0);
    let error = writer.send_offsets(&[offset(&partition, 1, "")], &before).unwrap_err();
    assert!(matches!(&error, TopicsError::StaleGeneration { group: of, .. } if *of == group), "{error:?}");
    assert_eq!(error.remedy(), Remedy::Rejoin);
    let error = writer.commit().unwrap_err();
    assert_eq!(error.remedy(), Remedy::AbortTransaction, "{error}");
    writer.abort().unwrap();
    assert!(read(harness, &output).is_empty());
    assert_eq!(first.reader.committed(std::slice::from_ref(&partition)).unwrap(), [None]);

    writer.begin().unwrap();
    put(writer.as_mut(), &output, &["fresh"]);
    writer.send_offsets(&[offset(&partition, 1, "")], &first.reader.group_metadata().unwrap()).unwrap();
    writer.commit().unwrap();
    assert_eq!(values(&read(harness, &output)), ["fresh"]);
}

/// A member that does not poll is taken for dead; when it comes back its partitions are lost, not revoked, and its
/// commits are refused.
pub fn a_silent_member_loses_its_partitions(harness: &dyn Harness) {
    let topic = topic(harness, "silent", 2);
    let (group, id) = (harness.unique("group"), harness.unique("writer"));
    let options = |client: &str| {
        let mut options = GroupOptions::new(group.as_str(), &[&topic]);
        options.reader.client_id = client.to_owned();
        options.session_timeout = Duration::from_secs(6);
        options.heartbeat_interval = Duration::from_millis(500);
        options.max_poll_interval = Duration::from_secs(6);
        options
    };
    let mut silent = Member::with_options(harness, &options("silent"));
    drive(harness, &mut [&mut silent], |members| members[0].assignment().len() == 2);
    let metadata = silent.reader.group_metadata().unwrap();
    let mut heir = Member::with_options(harness, &options("heir"));
    let mut waited = 0;
    while heir.assignment().len() < 2 {
        heir.step(harness);
        harness.pass(Duration::from_millis(50));
        waited += 1;
        assert!(waited < 1000, "the heir has never got the partitions");
    }
    let mut writer = transactional(harness, &id);
    writer.begin().unwrap();
    let partition = TopicPartition::new(topic.as_str(), 0);
    let error = writer.send_offsets(&[offset(&partition, 1, "")], &metadata).unwrap_err();
    assert_eq!(error.remedy(), Remedy::Rejoin, "{error}");
    writer.abort().unwrap();

    drive(harness, &mut [&mut silent, &mut heir], |members| balanced(members, 2));
    assert_eq!(silent.lost.len(), 2);
    assert!(silent.revoked.is_empty());
}

pub fn pause_resume_and_seek(harness: &dyn Harness) {
    let topic = topic(harness, "pause", 2);
    let all = partitions(&topic, 2);
    let mut member = Member::new(harness, "one", &harness.unique("group"), &[&topic]);
    let event = loop {
        match member.reader.poll(harness.poll_time(), &mut member.batch).unwrap() {
            GroupEvent::Assigned(assigned) if !assigned.is_empty() => break assigned,
            event => member.react(harness, &event),
        }
    };
    assert_eq!(event.len(), 2);
    let starts: Vec<_> = event.into_iter().map(|partition| (partition, StartPosition::Earliest)).collect();
    member.reader.acknowledge_assigned(&starts).unwrap();
    // Paused before the first poll: not a record gets through.
    member.reader.pause(&all[..1]).unwrap();
    for partition in &all {
        write(harness, partition, &["a", "b", "c"]);
    }
    drive(harness, &mut [&mut member], |members| members[0].records.len() == 3);
    for _ in 0..5 {
        member.step(harness);
    }
    assert!(member.records.iter().all(|(partition, _)| partition.partition() == 1));

    // A paused partition can be sent elsewhere and stays paused.
    member.reader.seek(&all[0], 1).unwrap();
    for _ in 0..5 {
        assert_eq!(member.step(harness), GroupEvent::Nothing);
    }
    member.records.clear();
    member.reader.resume(&all[..1]).unwrap();
    drive(harness, &mut [&mut member], |members| members[0].records.len() == 2);
    assert_eq!(member.records.iter().map(|(_, record)| record.offset).collect::<Vec<_>>(), [1, 2]);

    // Rewound, as after an abort.
    member.records.clear();
    member.reader.seek(&all[1], 0).unwrap();
    assert_eq!(member.reader.position(&all[1]), Some(0));
    drive(harness, &mut [&mut member], |members| members[0].records.len() == 3);
    assert_eq!(member.records.iter().map(|(_, record)| record.offset).collect::<Vec<_>>(), [0, 1, 2]);

    let other = TopicPartition::new(topic.as_str(), 9);
    assert!(matches!(member.reader.pause(std::slice::from_ref(&other)), Err(TopicsError::Misuse { .. })));
    assert!(matches!(member.reader.seek(&other, 0), Err(TopicsError::Misuse { .. })));
}

pub fn members_are_listed(harness: &dyn Harness) {
    let topic = topic(harness, "members", 2);
    let group = harness.unique("group");
    let admin = harness.backend().admin().unwrap();
    assert_eq!(admin.group_members(&group).unwrap(), []);
    let mut first = Member::new(harness, "host-a:8888", &group, &[&topic]);
    let mut second = Member::new(harness, "host-b:8888", &group, &[&topic]);
    drive(harness, &mut [&mut first, &mut second], |members| balanced(members, 2));
    let mut found = Vec::new();
    // The broker's view follows the members' within a rebalance.
    drive(harness, &mut [&mut first, &mut second], |_| {
        found = admin.group_members(&group).unwrap();
        found.len() == 2 && found.iter().all(|member| member.partitions.len() == 1)
    });
    let mut clients: Vec<_> = found.iter().map(|member| member.client_id.as_str()).collect();
    clients.sort_unstable();
    assert_eq!(clients, ["host-a:8888", "host-b:8888"]);
    let mut owned: Vec<_> = found.iter().flat_map(|member| member.partitions.clone()).collect();
    owned.sort();
    assert_eq!(owned, partitions(&topic, 2));
}

/// A group can wait for its topic: polling says that it is missing, and goes on when it has come.
pub fn a_missing_topic_may_come(harness: &dyn Harness) {
    let name = harness.unique("coming");
    let mut member = Member::new(harness, "waiting", &harness.unique("group"), &[&name]);
    let mut missing = false;
    for _ in 0..200 {
        match member.reader.poll(harness.poll_time(), &mut member.batch) {
            Err(TopicsError::UnknownTopic { topic }) => {
                assert_eq!(topic, name);
                missing = true;
                break;
            }
            Err(error) => panic!("{error}"),
            Ok(event) => member.react(harness, &event),
        }
        harness.pass(Duration::from_millis(10));
    }
    assert!(missing, "nobody said that the topic is missing");
    create(harness, &TopicSpec::new(name.as_str(), 1).keep_for_ever());
    write(harness, &TopicPartition::new(name.as_str(), 0), &["a"]);
    for _ in 0..600 {
        match member.reader.poll(harness.poll_time(), &mut member.batch) {
            Err(TopicsError::UnknownTopic { .. }) => harness.pass(Duration::from_millis(10)),
            Err(error) => panic!("{error}"),
            Ok(event) => member.react(harness, &event),
        }
        if !member.records.is_empty() {
            return;
        }
    }
    panic!("the topic has come and nothing of it was read");
}

pub fn a_static_member_keeps_its_place(harness: &dyn Harness) {
    let topic = topic(harness, "static", 4);
    let group = harness.unique("group");
    let options = |instance: &str| {
        let mut options = GroupOptions::new(group.as_str(), &[&topic]);
        options.instance_id = Some(instance.to_owned());
        options
    };
    let mut staying = Member::with_options(harness, &options("staying"));
    let mut restarting = Member::with_options(harness, &options("restarting"));
    drive(harness, &mut [&mut staying, &mut restarting], |members| balanced(members, 4));
    let share = restarting.assignment();
    let (assigned, revoked) = (staying.assigned.len(), staying.revoked.len());
    restarting.reader.close().unwrap();
    drop(restarting);
    let mut again = Member::with_options(harness, &options("restarting"));
    drive(harness, &mut [&mut staying, &mut again], |members| balanced(members, 4));
    assert_eq!(again.assignment(), share);
    assert_eq!(
        (staying.assigned.len(), staying.revoked.len()),
        (assigned, revoked),
        "nobody else has noticed"
    );
}

pub fn polling_waits_for_the_acknowledgement(harness: &dyn Harness) {
    let topic = topic(harness, "acknowledge", 2);
    let mut member = Member::new(harness, "one", &harness.unique("group"), &[&topic]);
    assert!(matches!(member.reader.acknowledge_revoked(), Err(TopicsError::Misuse { .. })));
    let assigned = loop {
        match member.reader.poll(harness.poll_time(), &mut member.batch).unwrap() {
            GroupEvent::Assigned(assigned) if !assigned.is_empty() => break assigned,
            event => member.react(harness, &event),
        }
    };
    let misuse = |outcome: Result<(), TopicsError>| {
        assert!(matches!(outcome, Err(TopicsError::Misuse { .. })), "{outcome:?}");
    };
    misuse(member.reader.poll(Duration::ZERO, &mut member.batch).map(drop));
    misuse(member.reader.acknowledge_revoked());
    misuse(member.reader.acknowledge_assigned(&[(assigned[0].clone(), StartPosition::Earliest)]));
    assert!(member.reader.assignment().is_empty());
    member.take_on(&assigned);
    assert_eq!(member.assignment().len(), 2);
}

pub fn new_partitions_are_handed_out(harness: &dyn Harness) {
    let topic = topic(harness, "grows", 1);
    let mut member = Member::new(harness, "one", &harness.unique("group"), &[&topic]);
    drive(harness, &mut [&mut member], |members| members[0].assignment().len() == 1);
    harness.backend().admin().unwrap().add_partitions(&topic, 3).unwrap();
    drive(harness, &mut [&mut member], |members| members[0].assignment().len() == 3);
    assert!(member.revoked.is_empty(), "the first partition stays");
    write(harness, &TopicPartition::new(topic.as_str(), 2), &["a"]);
    drive(harness, &mut [&mut member], |members| members[0].records.len() == 1);
}
