//! A node of the topology in one task.

use std::sync::Arc;

use scorewheel_topics::TopicPartition;

use crate::processor::{Port, Processor};
use crate::task_id::TaskId;
use crate::topology::{MapValues, NodeKind, Partitioning, Predicate, Topology};

pub(super) enum Operator {
    Source,
    Processor(Box<dyn Processor>),
    Select(Vec<Arc<Predicate>>),
    MapValues { map: Arc<MapValues>, value: Vec<u8> },
    Sink(SinkInstance),
}

pub(super) struct SinkInstance {
    pub topic: Arc<str>,
    pub partitioning: Partitioning,
    /// Where records go that no key sends elsewhere.
    pub partition: TopicPartition,
    /// Number of partitions of the topic; asked only by [`Partitioning::Key`].
    pub partitions: u32,
}

pub(super) struct NodeInstance {
    pub name: Arc<str>,
    pub operator: Operator,
    /// Indexes into the task's stores.
    pub stores: Vec<usize>,
    pub ports: Vec<Port>,
    pub edges: Vec<Edge>,
    /// For each output the records selected for it, reused.
    pub selections: Vec<Vec<u32>>,
}

/// Where an output leads.
pub(super) struct Edge {
    /// Indexes into the graph.
    pub children: Vec<usize>,
    /// The partition whose buffer the output is, if its only reader is a sink that sends everything there.
    pub direct: Option<TopicPartition>,
}

/// The nodes of a task's sub-topology, the source first.
pub(super) fn instantiate(
    topology: &Topology,
    task: TaskId,
    sink_partitions: &dyn Fn(&str) -> u32,
) -> Vec<NodeInstance> {
    let sub_topology = &topology.sub_topologies[task.sub_topology as usize];
    let local = |node: usize| sub_topology.nodes.iter().position(|&other| other == node).unwrap_or_default();
    let store =
        |store: &usize| sub_topology.stores.iter().position(|other| other == store).unwrap_or_default();
    let sink_partition = |node: usize| match &topology.nodes[node].kind {
        NodeKind::Sink(sink) => match sink.partitioning {
            Partitioning::Input => Some(TopicPartition::new(sink.topic.clone(), task.partition)),
            Partitioning::Fixed(partition) => Some(TopicPartition::new(sink.topic.clone(), partition)),
            Partitioning::Key => None,
        },
        _ => None,
    };
    let instance = |&index: &usize| {
        let node = &topology.nodes[index];
        let mut stores = Vec::new();
        let operator = match &node.kind {
            NodeKind::Source { .. } => Operator::Source,
            NodeKind::Processor { supplier, stores: connected } => {
                stores = connected.iter().map(store).collect();
                Operator::Processor(supplier(task))
            }
            NodeKind::Select { predicates } => Operator::Select(predicates.clone()),
            NodeKind::MapValues { map } => Operator::MapValues { map: map.clone(), value: Vec::new() },
            NodeKind::Sink(sink) => {
                let partition = sink_partition(index);
                Operator::Sink(SinkInstance {
                    topic: sink.topic.clone(),
                    partitioning: sink.partitioning,
                    partition: partition
                        .unwrap_or_else(|| TopicPartition::new(sink.topic.clone(), task.partition)),
                    partitions: sink_partitions(&sink.topic),
                })
            }
        };
        let edges: Vec<Edge> = node
            .outputs
            .iter()
            .map(|output| Edge {
                children: output.children.iter().map(|&child| local(child)).collect(),
                direct: match output.children[..] {
                    [only] => sink_partition(only),
                    _ => None,
                },
            })
            .collect();
        let writes = matches!(operator, Operator::Processor(_) | Operator::MapValues { .. });
        let ports = node.outputs.iter().zip(&edges).filter(|_| writes);
        NodeInstance {
            name: node.name.clone(),
            operator,
            stores,
            ports: ports
                .map(|(output, edge)| Port::new(output.name.clone(), edge.direct.is_none()))
                .collect(),
            selections: edges.iter().map(|_| Vec::new()).collect(),
            edges,
        }
    };
    sub_topology.nodes.iter().map(instance).collect()
}
