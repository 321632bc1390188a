//! Making a topology node by node.

use std::collections::HashSet;
use std::error::Error;
use std::sync::Arc;

use scorewheel_topics::RecordView;

use super::Topology;
use super::error::TopologyError;
use super::node::{BroadcastSpec, Node, NodeKind, NodeOutput, Predicate, SubTopology};
use super::sink::Sink;
use crate::broadcast::{Broadcast, BroadcastHandler, ErasedHandler, Typed};
use crate::processor::Processor;
use crate::store::StoreSpec;
use crate::task_id::TaskId;

/// Name of a processor's main output.
const MAIN: &str = "";

/// What a node reads: another node's main output, or one of its named outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    pub(crate) node: String,
    pub(crate) output: String,
}

impl Parent {
    /// A named output of a processor.
    #[must_use]
    pub fn output(node: &str, output: &str) -> Self {
        Self { node: node.into(), output: output.into() }
    }
}

impl From<&str> for Parent {
    fn from(node: &str) -> Self {
        Self::output(node, MAIN)
    }
}

/// Makes a [`Topology`] node by node. Parents are added before children. Mistakes are told by [`Self::build`], the
/// first one first.
///
/// ```
/// use scorewheel_streams::{BatchView, Flow, Parent, Processor, ProcessorContext, ProcessorError, TopologyBuilder};
///
/// struct Copy;
///
/// impl Processor for Copy {
///     fn process(
///         &mut self,
///         batch: BatchView<'_>,
///         context: &mut ProcessorContext<'_>,
///     ) -> Result<Flow, ProcessorError> {
///         for (index, record) in batch.iter().enumerate() {
///             context.outputs.main().copy(index, &record)?;
///         }
///         Ok(Flow::Continue)
///     }
/// }
///
/// let mut builder = TopologyBuilder::new();
/// builder.source("records", "models_data");
/// builder.processor("copy", |_task| Copy, &[Parent::from("records")], &[]);
/// builder.sink("results", "models_results", &[Parent::from("copy")]);
/// let topology = builder.build()?;
/// assert!(topology.describe().to_string().contains("Sink: results (topic: models_results)"));
/// # Ok::<(), scorewheel_streams::TopologyError>(())
/// ```
#[derive(Default)]
pub struct TopologyBuilder {
    nodes: Vec<Node>,
    stores: Vec<StoreSpec>,
    broadcasts: Vec<BroadcastSpec>,
    names: HashSet<Arc<str>>,
    error: Option<TopologyError>,
}

impl TopologyBuilder {
    /// An empty topology.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a topic: a task for each of its partitions.
    pub fn source(&mut self, name: &str, topic: &str) -> &mut Self {
        let taken = self
            .nodes
            .iter()
            .any(|node| matches!(&node.kind, NodeKind::Source { topic: other } if **other == *topic));
        if taken {
            self.fail(TopologyError::TopicTaken { topic: topic.into() });
        }
        self.check_name(topic);
        self.add(name, NodeKind::Source { topic: topic.into() }, &[], &[MAIN]);
        self
    }

    /// Reads a topic of one partition in every instance, from its beginning, and folds it into snapshots that every
    /// task works with. `supplier` makes the handler when the application starts.
    pub fn broadcast<H: BroadcastHandler>(
        &mut self,
        name: &str,
        topic: &str,
        supplier: impl Fn() -> Result<H, Box<dyn Error + Send + Sync>> + Send + Sync + 'static,
    ) -> Broadcast<H::Snapshot> {
        self.check_name(topic);
        self.take_name(name);
        let supplier = move || -> Result<Box<dyn ErasedHandler>, Box<dyn Error + Send + Sync>> {
            Ok(Box::new(Typed(supplier()?)))
        };
        self.broadcasts.push(BroadcastSpec {
            name: name.into(),
            topic: topic.into(),
            supplier: Arc::new(supplier),
        });
        Broadcast::new(self.broadcasts.len() - 1)
    }

    /// Adds a store; processors are connected to it by name.
    pub fn store(&mut self, store: StoreSpec) -> &mut Self {
        let name = store.name().to_owned();
        self.take_name(&name);
        self.stores.push(store);
        self
    }

    /// Adds a processor; `supplier` makes one a task.
    pub fn processor<P: Processor + 'static>(
        &mut self,
        name: &str,
        supplier: impl Fn(TaskId) -> P + Send + Sync + 'static,
        parents: &[Parent],
        stores: &[&str],
    ) -> &mut Self {
        let mut connected = Vec::new();
        for &store in stores {
            match self.stores.iter().position(|spec| spec.name() == store) {
                Some(index) => connected.push(index),
                None => self.fail(TopologyError::UnknownStore { node: name.into(), store: store.into() }),
            }
        }
        let supplier = move |task| -> Box<dyn Processor> { Box::new(supplier(task)) };
        let kind = NodeKind::Processor { supplier: Arc::new(supplier), stores: connected };
        self.add(name, kind, parents, &[MAIN]);
        self
    }

    /// Lets through the records for which `keep` holds. Nothing is copied.
    pub fn filter(
        &mut self,
        name: &str,
        keep: impl Fn(RecordView<'_>) -> bool + Send + Sync + 'static,
        parents: &[Parent],
    ) -> &mut Self {
        self.add(name, NodeKind::Select { predicates: vec![Arc::new(keep)] }, parents, &[MAIN]);
        self
    }

    /// Sends each record to the output of the first predicate that holds for it, and nowhere if none does. Outputs
    /// are read as [`Parent::output`] of the names given. Nothing is copied.
    pub fn branch(
        &mut self,
        name: &str,
        branches: Vec<(&str, Box<Predicate>)>,
        parents: &[Parent],
    ) -> &mut Self {
        let (outputs, predicates): (Vec<_>, Vec<_>) =
            branches.into_iter().map(|(output, predicate)| (output, Arc::from(predicate))).unzip();
        self.add(name, NodeKind::Select { predicates }, parents, &outputs);
        self
    }

    /// Gives each record another value, which `map` appends to what it is lent; false makes the value null. Key,
    /// headers and timestamp stay.
    pub fn map_values(
        &mut self,
        name: &str,
        map: impl Fn(RecordView<'_>, &mut Vec<u8>) -> bool + Send + Sync + 'static,
        parents: &[Parent],
    ) -> &mut Self {
        self.add(name, NodeKind::MapValues { map: Arc::new(map) }, parents, &[MAIN]);
        self
    }

    /// Writes records to a topic.
    pub fn sink(&mut self, name: &str, sink: impl Into<Sink>, parents: &[Parent]) -> &mut Self {
        let sink = sink.into();
        self.check_name(&sink.topic);
        self.add(name, NodeKind::Sink(sink), parents, &[]);
        self
    }

    /// The finished topology.
    ///
    /// # Errors
    /// The first mistake that was made.
    pub fn build(self) -> Result<Topology, TopologyError> {
        let Self { nodes, stores, broadcasts, error, .. } = self;
        if let Some(error) = error {
            return Err(error);
        }
        let mut sub_topologies = Vec::new();
        for (source, node) in nodes.iter().enumerate() {
            if let NodeKind::Source { topic } = &node.kind {
                let members = nodes.iter().enumerate().filter(|(_, node)| node.sub_topology == source);
                sub_topologies.push(SubTopology {
                    topic: topic.clone(),
                    source,
                    nodes: members.map(|(index, _)| index).collect(),
                    stores: Vec::new(),
                });
            }
        }
        if sub_topologies.is_empty() {
            return Err(TopologyError::Empty);
        }
        let mut users: Vec<Option<usize>> = vec![None; stores.len()];
        for (number, sub_topology) in sub_topologies.iter_mut().enumerate() {
            for &node in &sub_topology.nodes {
                let NodeKind::Processor { stores: connected, .. } = &nodes[node].kind else { continue };
                for &store in connected {
                    if users[store].is_some_and(|user| user != number) {
                        return Err(TopologyError::UnconnectedStore { store: stores[store].name().into() });
                    }
                    if users[store].replace(number).is_none() {
                        sub_topology.stores.push(store);
                    }
                }
            }
        }
        if let Some(unused) = users.iter().position(Option::is_none) {
            return Err(TopologyError::UnconnectedStore { store: stores[unused].name().into() });
        }
        let mut nodes = nodes;
        for node in &mut nodes {
            let number = sub_topologies.iter().position(|sub| sub.source == node.sub_topology);
            node.sub_topology = number.unwrap_or_default();
        }
        Ok(Topology { nodes, stores, broadcasts, sub_topologies })
    }

    /// Adds a node; until `build` its sub-topology is the index of its source.
    fn add(&mut self, name: &str, kind: NodeKind, parents: &[Parent], outputs: &[&str]) {
        let index = self.nodes.len();
        let is_source = matches!(kind, NodeKind::Source { .. });
        self.take_name(name);
        let outputs =
            outputs.iter().map(|&name| NodeOutput { name: name.into(), children: Vec::new() }).collect();
        let mut node = Node { name: name.into(), kind, parents: Vec::new(), outputs, sub_topology: index };
        if parents.is_empty() && !is_source {
            self.fail(TopologyError::NoParent { node: name.into() });
        }
        for parent in parents {
            match self.find_output(name, parent) {
                Ok((parent, output)) => {
                    let source = self.nodes[parent].sub_topology;
                    if !node.parents.is_empty() && node.sub_topology != source {
                        let topic = |source: usize| match &self.nodes[source].kind {
                            NodeKind::Source { topic } => topic.to_string(),
                            _ => String::new(),
                        };
                        let (first, second) = (topic(node.sub_topology), topic(source));
                        self.fail(TopologyError::TwoSources { node: name.into(), first, second });
                    }
                    node.sub_topology = source;
                    node.parents.push((parent, output));
                    self.nodes[parent].outputs[output].children.push(index);
                }
                Err(error) => self.fail(error),
            }
        }
        self.nodes.push(node);
    }

    fn find_output(&mut self, node: &str, parent: &Parent) -> Result<(usize, usize), TopologyError> {
        let index = self.nodes.iter().position(|other| *other.name == *parent.node);
        let index = index
            .ok_or_else(|| TopologyError::UnknownParent { node: node.into(), parent: parent.node.clone() })?;
        let found = &mut self.nodes[index];
        if let Some(output) = found.outputs.iter().position(|output| *output.name == *parent.output) {
            return Ok((index, output));
        }
        if matches!(found.kind, NodeKind::Processor { .. }) {
            // A processor looks its outputs up when it is made; a name that none of them has comes to light there.
            found.outputs.push(NodeOutput { name: parent.output.as_str().into(), children: Vec::new() });
            return Ok((index, found.outputs.len() - 1));
        }
        Err(TopologyError::NoOutput {
            node: node.into(),
            parent: parent.node.clone(),
            output: parent.output.clone(),
        })
    }

    fn take_name(&mut self, name: &str) {
        self.check_name(name);
        if !self.names.insert(name.into()) {
            self.fail(TopologyError::NameTaken { name: name.into() });
        }
    }

    fn check_name(&mut self, name: &str) {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if name.is_empty() || name.len() > 249 || !name.bytes().all(allowed) {
            self.fail(TopologyError::BadName { name: name.into() });
        }
    }

    fn fail(&mut self, error: TopologyError) {
        self.error.get_or_insert(error);
    }
}
