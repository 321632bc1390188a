//! The DSL: a topology as a chain of calls.

use std::cell::RefCell;
use std::error::Error;

use scorewheel_topics::RecordView;

use super::Topology;
use super::builder::{Parent, TopologyBuilder};
use super::error::TopologyError;
use super::node::Predicate;
use super::sink::Sink;
use crate::broadcast::{Broadcast, BroadcastHandler};
use crate::processor::Processor;
use crate::store::StoreSpec;
use crate::task_id::TaskId;

/// Makes a [`Topology`] as a chain of calls.
///
/// ```
/// use scorewheel_streams::StreamsBuilder;
///
/// let builder = StreamsBuilder::new();
/// let scores = builder.stream("scores");
/// scores.filter(|record| record.value.is_some_and(|value| value.starts_with(b"7"))).to("good_wines");
/// scores
///     .map_values(|record, value| {
///         value.extend(record.value.unwrap_or_default().iter().rev());
///         true
///     })
///     .to("reversed");
/// let topology = builder.build()?;
/// assert_eq!(topology.source_topics().collect::<Vec<_>>(), ["scores"]);
/// # Ok::<(), scorewheel_streams::TopologyError>(())
/// ```
#[derive(Default)]
pub struct StreamsBuilder {
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    builder: TopologyBuilder,
    numbered: usize,
}

impl State {
    /// A name for a node that the user did not name: role and number, as Kafka Streams does.
    fn name(&mut self, role: &str) -> String {
        self.numbered += 1;
        format!("{role}-{:010}", self.numbered - 1)
    }
}

/// A stream of records on its way through the topology: one output of one node.
#[derive(Clone)]
pub struct Stream<'b> {
    builder: &'b StreamsBuilder,
    parent: Parent,
}

impl StreamsBuilder {
    /// An empty topology.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The records of a topic.
    pub fn stream(&self, topic: &str) -> Stream<'_> {
        self.add("source", |builder, name| {
            builder.source(name, topic);
        })
    }

    /// See [`TopologyBuilder::broadcast`].
    pub fn broadcast<H: BroadcastHandler>(
        &self,
        name: &str,
        topic: &str,
        supplier: impl Fn() -> Result<H, Box<dyn Error + Send + Sync>> + Send + Sync + 'static,
    ) -> Broadcast<H::Snapshot> {
        self.state.borrow_mut().builder.broadcast(name, topic, supplier)
    }

    /// Adds a store; [`Stream::process`] connects it by name.
    pub fn store(&self, store: StoreSpec) -> &Self {
        self.state.borrow_mut().builder.store(store);
        self
    }

    /// The finished topology.
    ///
    /// # Errors
    /// The first mistake that was made.
    pub fn build(self) -> Result<Topology, TopologyError> {
        self.state.into_inner().builder.build()
    }

    fn add(&self, role: &str, add: impl FnOnce(&mut TopologyBuilder, &str)) -> Stream<'_> {
        let mut state = self.state.borrow_mut();
        let name = state.name(role);
        add(&mut state.builder, &name);
        Stream { builder: self, parent: Parent::from(name.as_str()) }
    }
}

impl<'b> Stream<'b> {
    /// The records for which `keep` holds.
    #[must_use = "a stream that nobody reads does nothing"]
    pub fn filter(&self, keep: impl Fn(RecordView<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.builder.add("filter", |builder, name| {
            builder.filter(name, keep, std::slice::from_ref(&self.parent));
        })
    }

    /// The records with another value, which `map` appends to what it is lent; false makes it null.
    #[must_use = "a stream that nobody reads does nothing"]
    pub fn map_values(
        &self,
        map: impl Fn(RecordView<'_>, &mut Vec<u8>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.builder.add("map-values", |builder, name| {
            builder.map_values(name, map, std::slice::from_ref(&self.parent));
        })
    }

    /// What a processor writes to its main output; its other outputs are read with [`Self::output`].
    pub fn process<P: Processor + 'static>(
        &self,
        name: &str,
        supplier: impl Fn(TaskId) -> P + Send + Sync + 'static,
        stores: &[&str],
    ) -> Self {
        let mut state = self.builder.state.borrow_mut();
        state.builder.processor(name, supplier, std::slice::from_ref(&self.parent), stores);
        Stream { builder: self.builder, parent: Parent::from(name) }
    }

    /// Another output of the processor that this stream comes from.
    #[must_use = "a stream that nobody reads does nothing"]
    pub fn output(&self, name: &str) -> Self {
        Stream { builder: self.builder, parent: Parent::output(&self.parent.node, name) }
    }

    /// Splits the stream: each record goes to the first branch whose predicate holds, and to none if none does.
    #[must_use = "a stream that nobody reads does nothing"]
    pub fn branch<const N: usize>(&self, predicates: [Box<Predicate>; N]) -> [Self; N] {
        let outputs: [String; N] = std::array::from_fn(|index| format!("branch-{index}"));
        let split = self.builder.add("branch", |builder, name| {
            let branches = outputs.iter().map(String::as_str).zip(predicates).collect();
            builder.branch(name, branches, std::slice::from_ref(&self.parent));
        });
        outputs.map(|output| split.output(&output))
    }

    /// Writes the records to a topic.
    pub fn to(&self, sink: impl Into<Sink>) {
        self.builder.add("sink", |builder, name| {
            builder.sink(name, sink, std::slice::from_ref(&self.parent));
        });
    }

    /// Writes the records to a topic by a node of this name.
    pub fn to_named(&self, name: &str, sink: impl Into<Sink>) {
        self.builder.state.borrow_mut().builder.sink(name, sink, std::slice::from_ref(&self.parent));
    }
}
