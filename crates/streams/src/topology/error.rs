//! What can be wrong with a topology: mistakes of whoever wrote it.

/// A mistake in the making of a topology.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TopologyError {
    /// A name cannot be used.
    #[error("`{name}` is no name: use 1 to 249 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`")]
    BadName {
        /// The name.
        name: String,
    },
    /// Two nodes, stores or broadcast sources have one name.
    #[error("the name `{name}` is taken twice")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// A node reads one that is not there, or not added yet.
    #[error("`{node}` reads `{parent}`, which is not there; add it before")]
    UnknownParent {
        /// The node.
        node: String,
        /// What it reads.
        parent: String,
    },
    /// A node reads one that has no output, or an output that it cannot have.
    #[error(
        "`{node}` cannot read output `{output}` of `{parent}`; only processors have named outputs, sinks have none"
    )]
    NoOutput {
        /// The node.
        node: String,
        /// What it reads.
        parent: String,
        /// The output.
        output: String,
    },
    /// A node reads nothing.
    #[error("`{node}` reads nothing; name the node that it reads")]
    NoParent {
        /// The node.
        node: String,
    },
    /// A store is connected that is not there.
    #[error("`{node}` uses store `{store}`, which is not there; add it before")]
    UnknownStore {
        /// The node.
        node: String,
        /// The store.
        store: String,
    },
    /// A store is used by nobody, or from two sub-topologies.
    #[error("store `{store}` has to be used by processors of exactly one sub-topology")]
    UnconnectedStore {
        /// The store.
        store: String,
    },
    /// Nodes of two sources are connected.
    #[error("`{node}` reads from topics `{first}` and `{second}`; a sub-topology has one source")]
    TwoSources {
        /// The node that joins them.
        node: String,
        /// One topic.
        first: String,
        /// The other.
        second: String,
    },
    /// One topic is read by two sources.
    #[error("topic `{topic}` is read twice; let two nodes read one source")]
    TopicTaken {
        /// The topic.
        topic: String,
    },
    /// There is no source.
    #[error("the topology has no source")]
    Empty,
}
