//! Who gets which partition: balanced, and moving as few as possible.

use std::collections::{BTreeMap, BTreeSet};

use crate::partition::TopicPartition;

/// What the assignor knows of a member.
#[derive(Clone, Debug, Default)]
pub(super) struct Candidate {
    pub topics: BTreeSet<String>,
    pub owned: BTreeSet<TopicPartition>,
}

/// Shares `partitions` among `members`: counts differ by one at most where all read the same topics; a member keeps
/// what it has as far as that allows. The same input gives the same answer.
pub(super) fn assign(
    members: &BTreeMap<String, Candidate>,
    partitions: &BTreeSet<TopicPartition>,
) -> BTreeMap<String, BTreeSet<TopicPartition>> {
    let mut shares: BTreeMap<String, BTreeSet<TopicPartition>> =
        members.keys().map(|member| (member.clone(), BTreeSet::new())).collect();
    if members.is_empty() {
        return shares;
    }
    let (base, extra) = (partitions.len() / members.len(), partitions.len() % members.len());
    let mut free = partitions.clone();

    // Those who have most may keep the odd ones.
    let mut by_owned: Vec<_> = members.iter().collect();
    by_owned.sort_by_key(|(name, member)| (std::cmp::Reverse(member.owned.len()), (*name).clone()));
    for (rank, (name, member)) in by_owned.iter().enumerate() {
        let quota = base + usize::from(rank < extra);
        let keeps = member.owned.iter().filter(|partition| member.topics.contains(partition.topic()));
        for partition in keeps.take(quota) {
            if free.remove(partition)
                && let Some(share) = shares.get_mut(*name)
            {
                share.insert(partition.clone());
            }
        }
    }
    for partition in free {
        let eligible = members.iter().filter(|(_, member)| member.topics.contains(partition.topic()));
        let poorest = eligible.map(|(name, _)| name).min_by_key(|name| shares.get(*name).map(BTreeSet::len));
        if let Some(share) = poorest.and_then(|name| shares.get_mut(name)) {
            share.insert(partition);
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partitions(count: u32) -> BTreeSet<TopicPartition> {
        (0..count).map(|partition| TopicPartition::new("t", partition)).collect()
    }

    fn member(owned: BTreeSet<TopicPartition>) -> Candidate {
        Candidate { topics: ["t".to_owned()].into(), owned }
    }

    #[test]
    fn shares_are_balanced_and_complete() {
        for count in 0..12 {
            for members in 1..6 {
                let members: BTreeMap<_, _> =
                    (0..members).map(|n| (format!("m{n}"), member(BTreeSet::new()))).collect();
                let shares = assign(&members, &partitions(count));
                let all: BTreeSet<_> = shares.values().flatten().cloned().collect();
                assert_eq!(all, partitions(count));
                let sizes: Vec<_> = shares.values().map(BTreeSet::len).collect();
                assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1, "{sizes:?}");
            }
        }
    }

    #[test]
    fn a_newcomer_moves_no_more_than_its_share() {
        let owned: Vec<BTreeSet<_>> = [[0, 1, 2], [3, 4, 5]]
            .map(|share| share.map(|partition| TopicPartition::new("t", partition)).into())
            .into();
        let members = BTreeMap::from([
            ("a".to_owned(), member(owned[0].clone())),
            ("b".to_owned(), member(owned[1].clone())),
            ("c".to_owned(), member(BTreeSet::new())),
        ]);
        let shares = assign(&members, &partitions(6));
        assert!(shares["a"].is_subset(&owned[0]) && shares["b"].is_subset(&owned[1]));
        assert_eq!(shares["c"].len(), 2);
    }

    #[test]
    fn only_readers_of_a_topic_get_its_partitions() {
        let members = BTreeMap::from([
            ("a".to_owned(), member(BTreeSet::new())),
            ("b".to_owned(), Candidate { topics: ["u".to_owned()].into(), owned: BTreeSet::new() }),
        ]);
        let shares = assign(&members, &partitions(4));
        assert_eq!((shares["a"].len(), shares["b"].len()), (4, 0));
    }
}
