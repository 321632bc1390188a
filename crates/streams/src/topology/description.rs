//! A topology for people, in the manner of Kafka Streams' `TopologyDescription`.

use std::fmt;

use super::Topology;
use super::node::{Node, NodeKind};

/// What a topology consists of. `Display` writes it in the manner of Kafka Streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopologyDescription {
    text: String,
}

impl TopologyDescription {
    pub(super) fn new(topology: &Topology) -> Self {
        let mut lines = vec!["Topologies:".to_owned()];
        for (number, sub_topology) in topology.sub_topologies.iter().enumerate() {
            lines.push(format!("   Sub-topology: {number}"));
            for &index in &sub_topology.nodes {
                describe_node(topology, &topology.nodes[index], &mut lines);
            }
        }
        for broadcast in &topology.broadcasts {
            lines.push(format!("   Broadcast: {} (topic: {})", broadcast.name, broadcast.topic));
        }
        Self { text: lines.join("\n") }
    }
}

fn describe_node(topology: &Topology, node: &Node, lines: &mut Vec<String>) {
    let name = &node.name;
    lines.push(match &node.kind {
        NodeKind::Source { topic } => format!("    Source: {name} (topics: [{topic}])"),
        NodeKind::Processor { stores, .. } => {
            let stores: Vec<&str> = stores.iter().map(|&store| topology.stores[store].name()).collect();
            format!("    Processor: {name} (stores: [{}])", stores.join(", "))
        }
        NodeKind::Select { .. } | NodeKind::MapValues { .. } => {
            format!("    Processor: {name} (stores: [])")
        }
        NodeKind::Sink(sink) => format!("    Sink: {name} (topic: {})", sink.topic),
    });
    if !node.outputs.is_empty() {
        let children = node.outputs.iter().flat_map(|output| {
            output.children.iter().map(|&child| {
                let child = &topology.nodes[child].name;
                if output.name.is_empty() { child.to_string() } else { format!("{child} [{}]", output.name) }
            })
        });
        let children: Vec<String> = children.collect();
        let children = if children.is_empty() { "none".to_owned() } else { children.join(", ") };
        lines.push(format!("      --> {children}"));
    }
    if !node.parents.is_empty() {
        let parents: Vec<&str> =
            node.parents.iter().map(|&(parent, _)| &*topology.nodes[parent].name).collect();
        lines.push(format!("      <-- {}", parents.join(", ")));
    }
}

impl fmt::Display for TopologyDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
