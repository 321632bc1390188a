//! The blueprint of an application: which nodes, what flows where.

mod builder;
mod description;
mod error;
mod node;
mod sink;
mod stream;

pub use builder::{Parent, TopologyBuilder};
pub use description::TopologyDescription;
pub use error::TopologyError;
pub use sink::{Partitioning, Sink};
pub use stream::{Stream, StreamsBuilder};

pub(crate) use node::{BroadcastSpec, MapValues, Node, NodeKind, Predicate, SubTopology};

use crate::store::StoreSpec;

/// The blueprint of an application: sources, processors, stores, sinks and broadcast sources, and how they are
/// connected. Immutable; built by a [`TopologyBuilder`] or a [`StreamsBuilder`]; run as often as wanted.
pub struct Topology {
    pub(crate) nodes: Vec<Node>,
    pub(crate) stores: Vec<StoreSpec>,
    pub(crate) broadcasts: Vec<BroadcastSpec>,
    pub(crate) sub_topologies: Vec<SubTopology>,
}

impl Topology {
    /// What it consists of, for people.
    #[must_use]
    pub fn describe(&self) -> TopologyDescription {
        TopologyDescription::new(self)
    }

    /// The input topics, one a sub-topology.
    pub fn source_topics(&self) -> impl Iterator<Item = &str> {
        self.sub_topologies.iter().map(|sub_topology| &*sub_topology.topic)
    }

    /// The topics of the broadcast sources.
    pub fn broadcast_topics(&self) -> impl Iterator<Item = &str> {
        self.broadcasts.iter().map(|broadcast| &*broadcast.topic)
    }

    /// The stores.
    #[must_use]
    pub fn stores(&self) -> &[StoreSpec] {
        &self.stores
    }

    /// The sinks with the input topic whose records reach them.
    pub fn sinks(&self) -> impl Iterator<Item = (&str, &Sink)> {
        self.nodes.iter().filter_map(|node| match &node.kind {
            NodeKind::Sink(sink) => Some((&*self.sub_topologies[node.sub_topology].topic, sink)),
            _ => None,
        })
    }
}

impl std::fmt::Debug for Topology {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.describe())
    }
}
