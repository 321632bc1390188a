//! The parts of a topology.

use std::error::Error;
use std::sync::Arc;

use scorewheel_topics::RecordView;

use super::sink::Sink;
use crate::broadcast::ErasedHandler;
use crate::processor::Processor;
use crate::task_id::TaskId;

pub(crate) type ProcessorSupplier = dyn Fn(TaskId) -> Box<dyn Processor> + Send + Sync;
pub(crate) type Predicate = dyn Fn(RecordView<'_>) -> bool + Send + Sync;
/// Appends the new value; false makes it null.
pub(crate) type MapValues = dyn Fn(RecordView<'_>, &mut Vec<u8>) -> bool + Send + Sync;
pub(crate) type HandlerSupplier =
    dyn Fn() -> Result<Box<dyn ErasedHandler>, Box<dyn Error + Send + Sync>> + Send + Sync;

pub(crate) enum NodeKind {
    Source {
        topic: Arc<str>,
    },
    Processor {
        supplier: Arc<ProcessorSupplier>,
        stores: Vec<usize>,
    },
    /// Each record goes to the output of the first predicate that holds, else nowhere. Output 0 is the first's.
    Select {
        predicates: Vec<Arc<Predicate>>,
    },
    MapValues {
        map: Arc<MapValues>,
    },
    Sink(Sink),
}

pub(crate) struct Node {
    pub name: Arc<str>,
    pub kind: NodeKind,
    /// Node and output.
    pub parents: Vec<(usize, usize)>,
    /// The first is the main output of a node that has any.
    pub outputs: Vec<NodeOutput>,
    pub sub_topology: usize,
}

pub(crate) struct NodeOutput {
    pub name: Arc<str>,
    pub children: Vec<usize>,
}

pub(crate) struct SubTopology {
    /// The input topic.
    pub topic: Arc<str>,
    pub source: usize,
    /// In the order in which they were added: parents before children.
    pub nodes: Vec<usize>,
    pub stores: Vec<usize>,
}

pub(crate) struct BroadcastSpec {
    pub name: Arc<str>,
    pub topic: Arc<str>,
    pub supplier: Arc<HandlerSupplier>,
}
