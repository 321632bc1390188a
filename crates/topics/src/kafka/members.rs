//! What a member of a group owns, as it stands in the group's description.

use crate::partition::TopicPartition;

/// Reads an assignment of Kafka's consumer protocol (`ConsumerProtocolAssignment.json`, any version): version (i16),
/// then an array of topic name and an array of partition numbers; user data follows. What does not parse is empty.
pub(super) fn partitions(assignment: &[u8]) -> Vec<TopicPartition> {
    parse(assignment).unwrap_or_default()
}

fn parse(bytes: &[u8]) -> Option<Vec<TopicPartition>> {
    let (_, mut rest) = bytes.split_first_chunk::<2>()?;
    let mut found = Vec::new();
    for _ in 0..int(&mut rest)? {
        let (length, tail) = rest.split_first_chunk::<2>()?;
        let (name, tail) = tail.split_at_checked(usize::try_from(i16::from_be_bytes(*length)).ok()?)?;
        rest = tail;
        let topic: std::sync::Arc<str> = std::str::from_utf8(name).ok()?.into();
        for _ in 0..int(&mut rest)? {
            found.push(TopicPartition::new(topic.clone(), u32::try_from(int(&mut rest)?).ok()?));
        }
    }
    Some(found)
}

fn int(rest: &mut &[u8]) -> Option<i32> {
    let (number, tail) = rest.split_first_chunk::<4>()?;
    *rest = tail;
    Some(i32::from_be_bytes(*number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_are_read() {
        let mut bytes = vec![0, 1, 0, 0, 0, 2];
        bytes.extend_from_slice(
            b"\0\x01a\0\0\0\x02\0\0\0\x00\0\0\0\x05\0\x02bc\0\0\0\x01\0\0\0\x01\xff\xff\xff\xff",
        );
        let wanted =
            [("a", 0), ("a", 5), ("bc", 1)].map(|(topic, number)| TopicPartition::new(topic, number));
        assert_eq!(partitions(&bytes), wanted);
        for cut in 0..bytes.len() - 4 {
            assert_eq!(partitions(&bytes[..cut]), [], "cut at {cut}");
        }
    }
}
