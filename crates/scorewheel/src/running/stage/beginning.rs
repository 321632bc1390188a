//! Where a partition begins, of what its checkpoint and its group say.

use scorewheel_topics::TopicPartition;

/// Where a partition begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// The first offset to be read; `None`: neither knows.
    pub position: Option<i64>,
    /// The position of the checkpoint, if its figures are those of another one.
    pub figures: Option<i64>,
}

impl Beginning {
    /// The group's committed offset wins: what lies before it has results, of this instance or of another that had the
    /// partition meanwhile. A checkpoint only says where to begin if nothing is committed.
    #[must_use]
    pub fn of(checkpoint: Option<i64>, committed: Option<i64>) -> Self {
        let figures = checkpoint.filter(|position| committed.is_some_and(|committed| committed != *position));
        Self { position: committed.or(checkpoint), figures }
    }

    /// What the operator is told about figures that miss records, or count some again.
    #[must_use]
    pub fn told(&self, input: &TopicPartition) -> Option<String> {
        let (figures, position) = (self.figures?, self.position?);
        Some(if figures < position {
            format!(
                "{input} begins at the committed offset {position} and its checkpoint is of offset {figures}: the \
                 statistics miss the records between, up to {}",
                position - figures
            )
        } else {
            format!(
                "{input} begins at the committed offset {position} and its checkpoint is of offset {figures}: the \
                 statistics count the records between again, up to {}",
                figures - position
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_committed_wins_over_a_checkpoint_and_the_gap_is_told() {
        let input = TopicPartition::new("records", 3);
        for (checkpoint, committed, position, told) in [
            (None, None, None, None),
            (Some(7), None, Some(7), None),
            (None, Some(9), Some(9), None),
            (Some(9), Some(9), Some(9), None),
            (Some(7), Some(9), Some(9), Some("miss the records between, up to 2")),
            (Some(9), Some(4), Some(4), Some("count the records between again, up to 5")),
        ] {
            let beginning = Beginning::of(checkpoint, committed);
            assert_eq!(beginning.position, position, "{checkpoint:?} {committed:?}");
            let said = beginning.told(&input);
            assert_eq!(said.is_some(), told.is_some(), "{said:?}");
            assert!(
                told.is_none_or(|told| said.as_deref().is_some_and(|said| said.ends_with(told))),
                "{said:?}"
            );
        }
    }
}
