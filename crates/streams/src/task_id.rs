//! Which task: a sub-topology and an input partition.

use std::fmt;
use std::str::FromStr;

/// A task: one sub-topology working on one input partition. Written `0_3`, as Kafka Streams does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId {
    /// Number of the sub-topology, from 0 in the order of the sources.
    pub sub_topology: u32,
    /// The input partition.
    pub partition: u32,
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.sub_topology, self.partition)
    }
}

impl From<u32> for TaskId {
    /// The task of this partition in the first sub-topology.
    fn from(partition: u32) -> Self {
        Self { sub_topology: 0, partition }
    }
}

/// A text that is no task id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a task id is two numbers joined by `_`, such as `0_3`")]
pub struct NoTaskId;

impl FromStr for TaskId {
    type Err = NoTaskId;

    fn from_str(text: &str) -> Result<Self, NoTaskId> {
        let (sub_topology, partition) = text.split_once('_').ok_or(NoTaskId)?;
        Ok(Self {
            sub_topology: sub_topology.parse().map_err(|_| NoTaskId)?,
            partition: partition.parse().map_err(|_| NoTaskId)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_id_is_read_as_it_is_written() {
        let task = TaskId { sub_topology: 1, partition: 23 };
        assert_eq!(task.to_string().parse(), Ok(task));
        for bad in ["", "1", "1_", "_1", "a_1", "1_2_3"] {
            assert_eq!(bad.parse::<TaskId>(), Err(NoTaskId), "{bad}");
        }
    }
}
