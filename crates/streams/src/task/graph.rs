//! A batch on its way through the nodes of a task.

use std::sync::Arc;

use scorewheel_topics::{Clock, Headers, RecordBatch, TopicPartition, TopicsError, partition_for_key};

use super::Lender;
use super::node::{NodeInstance, Operator, SinkInstance, instantiate};
use crate::batch_view::BatchView;
use crate::broadcast::Generation;
use crate::error::{ErrorKind, StreamsError};
use crate::processor::{
    CommitContext, CutOver, Flow, InitContext, Output, Outputs, Port, Processor, ProcessorContext,
    ProcessorError, Snapshots, Stores,
};
use crate::store::TaskStore;
use crate::task_id::TaskId;
use crate::topology::{Partitioning, Topology};

/// What nodes work with.
pub(super) struct Environment<'a> {
    pub task: TaskId,
    pub input: &'a TopicPartition,
    pub clock: &'a dyn Clock,
    pub pins: &'a [Arc<Generation>],
    pub stores: &'a mut [TaskStore],
    pub lender: &'a mut dyn Lender,
}

/// How far a batch came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// All of it is done.
    Done,
    /// The records before `index` of the fetched batch are done, and the partition is to pause.
    Paused { index: usize, reason: String },
    /// As `Paused`, but earlier nodes have worked on records from `index` on already: undo the transaction and run
    /// again without them.
    TooFar { index: usize, reason: String },
}

/// The nodes of a task.
pub(super) struct Graph {
    nodes: Vec<NodeInstance>,
    /// Input records from here on are not delivered any more.
    limit: usize,
    pause: Option<String>,
    too_far: Option<(usize, String)>,
    /// One past the last input record that a node with an effect has worked on in this batch.
    touched: usize,
}

impl Graph {
    pub fn new(topology: &Topology, task: TaskId, sink_partitions: &dyn Fn(&str) -> u32) -> Self {
        Self {
            nodes: instantiate(topology, task, sink_partitions),
            limit: 0,
            pause: None,
            too_far: None,
            touched: 0,
        }
    }

    pub fn init(&mut self, environment: &mut Environment<'_>) -> Result<(), StreamsError> {
        for node in &mut self.nodes {
            if let Operator::Processor(processor) = &mut node.operator {
                let mut context = InitContext {
                    task: environment.task,
                    input: environment.input,
                    clock: environment.clock,
                    stores: Stores::new(environment.stores, &node.stores),
                    node: &node.name,
                    ports: &node.ports,
                };
                processor.init(&mut context).map_err(|error| StreamsError::processor(&node.name, error))?;
            }
        }
        Ok(())
    }

    /// Runs the records from `start` to before `end` of a batch through all nodes.
    pub fn run(
        &mut self,
        batch: &RecordBatch,
        start: usize,
        end: usize,
        environment: &mut Environment<'_>,
    ) -> Result<Progress, StreamsError> {
        self.limit = end;
        self.pause = None;
        self.too_far = None;
        self.touched = start;
        self.deliver(0, BatchView::new(batch).slice(start..end), environment)?;
        Ok(match (self.too_far.take(), self.pause.take()) {
            (Some((index, reason)), _) => Progress::TooFar { index, reason },
            (None, Some(reason)) => Progress::Paused { index: self.limit, reason },
            (None, None) => Progress::Done,
        })
    }

    /// Tells all processors that the snapshot of a broadcast source has changed with record `start` of a batch.
    pub fn cut_over(
        &mut self,
        batch: &RecordBatch,
        start: usize,
        cut_over: &CutOver<'_>,
        environment: &mut Environment<'_>,
    ) -> Result<(), StreamsError> {
        let first = BatchView::new(batch).slice(start..start + 1);
        for index in 0..self.nodes.len() {
            if matches!(self.nodes[index].operator, Operator::Processor(_)) {
                self.with_ports(index, first, environment, |processor, context| {
                    processor.cut_over(cut_over, context).map(|()| Flow::Continue)
                })?;
            }
        }
        Ok(())
    }

    pub fn before_commit(&mut self, environment: &mut Environment<'_>) -> Result<(), StreamsError> {
        self.each_processor(environment, |processor, context| processor.before_commit(context))
    }

    pub fn committed(&mut self) {
        for node in &mut self.nodes {
            if let Operator::Processor(processor) = &mut node.operator {
                processor.committed();
            }
        }
    }

    pub fn rolled_back(&mut self, environment: &mut Environment<'_>) -> Result<(), StreamsError> {
        self.nodes.iter_mut().flat_map(|node| &mut node.ports).for_each(Port::clear);
        self.each_processor(environment, |processor, context| processor.rolled_back(context))
    }

    pub fn close(&mut self) {
        for node in &mut self.nodes {
            if let Operator::Processor(processor) = &mut node.operator {
                processor.close();
            }
        }
    }

    fn each_processor(
        &mut self,
        environment: &mut Environment<'_>,
        call: impl Fn(&mut dyn Processor, &mut CommitContext<'_>) -> Result<(), ProcessorError>,
    ) -> Result<(), StreamsError> {
        for node in &mut self.nodes {
            if let Operator::Processor(processor) = &mut node.operator {
                let mut context = CommitContext {
                    task: environment.task,
                    input: environment.input,
                    clock: environment.clock,
                    stores: Stores::new(environment.stores, &node.stores),
                };
                call(&mut **processor, &mut context)
                    .map_err(|error| StreamsError::processor(&node.name, error))?;
            }
        }
        Ok(())
    }

    fn deliver(
        &mut self,
        index: usize,
        view: BatchView<'_>,
        environment: &mut Environment<'_>,
    ) -> Result<(), StreamsError> {
        // A sibling before may have paused the partition within this batch.
        let view = view.before_input(self.limit);
        let Some(last) = view.len().checked_sub(1) else { return Ok(()) };
        match &mut self.nodes[index].operator {
            Operator::Source => self.deliver_to_children(index, 0, view, environment),
            Operator::Select(_) => self.select(index, view, environment),
            Operator::MapValues { .. } => self.map_values(index, view, environment),
            Operator::Processor(_) => {
                let touched_before = self.touched;
                let flow = self.with_ports(index, view, environment, |processor, context| {
                    processor.process(view, context)
                })?;
                self.touched = self.touched.max(view.input_index(last) + 1);
                if let Flow::PauseAt { record, reason } = flow {
                    self.pause_at(record, reason, view, touched_before);
                }
                Ok(())
            }
            Operator::Sink(sink) => {
                self.touched = self.touched.max(view.input_index(last) + 1);
                write_to_sink(sink, view, environment.lender)
            }
        }
    }

    fn deliver_to_children(
        &mut self,
        index: usize,
        output: usize,
        view: BatchView<'_>,
        environment: &mut Environment<'_>,
    ) -> Result<(), StreamsError> {
        for child in 0..self.nodes[index].edges[output].children.len() {
            let child = self.nodes[index].edges[output].children[child];
            self.deliver(child, view, environment)?;
        }
        Ok(())
    }

    fn pause_at(&mut self, record: usize, reason: String, view: BatchView<'_>, touched_before: usize) {
        if record >= view.len() {
            self.pause.get_or_insert(reason);
            return;
        }
        let input = view.input_index(record);
        // Another record made from the same input record may be done already.
        let split = record > 0 && view.input_index(record - 1) == input;
        if touched_before > input || split {
            if self.too_far.as_ref().is_none_or(|(earlier, _)| *earlier > input) {
                self.too_far = Some((input, reason));
            }
        } else {
            self.limit = self.limit.min(input);
            self.pause = Some(reason);
        }
    }

    fn select(
        &mut self,
        index: usize,
        view: BatchView<'_>,
        environment: &mut Environment<'_>,
    ) -> Result<(), StreamsError> {
        let mut selections = std::mem::take(&mut self.nodes[index].selections);
        selections.iter_mut().for_each(Vec::clear);
        if let Operator::Select(predicates) = &self.nodes[index].operator {
            for (at, record) in view.iter().enumerate() {
                if let Some(output) = predicates.iter().position(|predicate| predicate(record)) {
                    // A batch has less than 2³² records.
                    selections[output].push(u32::try_from(view.base_index(at)).unwrap_or(u32::MAX));
                }
            }
        }
        let mut result = Ok(());
        for (output, selection) in selections.iter().enumerate() {
            result = result.and_then(|()| {
                self.deliver_to_children(index, output, view.with_selection(selection), environment)
            });
        }
        self.nodes[index].selections = selections;
        result
    }

    fn map_values(
        &mut self,
        index: usize,
        view: BatchView<'_>,
        environment: &mut Environment<'_>,
    ) -> Result<(), StreamsError> {
        let mut ports = self.open_ports(index, environment.lender)?;
        let node = &mut self.nodes[index];
        let mut result = Ok(());
        if let Operator::MapValues { map, value } = &mut node.operator {
            let mut outputs = Outputs::new(&mut ports);
            result = map_records(&mut outputs.main(), view, &**map, value)
                .map_err(|error| StreamsError::processor(&node.name, error));
        }
        self.close_ports(index, ports, view, result, environment)
    }

    /// Calls a processor with its outputs open, then delivers what it wrote.
    fn with_ports(
        &mut self,
        index: usize,
        view: BatchView<'_>,
        environment: &mut Environment<'_>,
        call: impl FnOnce(&mut dyn Processor, &mut ProcessorContext<'_>) -> Result<Flow, ProcessorError>,
    ) -> Result<Flow, StreamsError> {
        let mut ports = self.open_ports(index, environment.lender)?;
        let node = &mut self.nodes[index];
        let mut flow = Ok(Flow::Continue);
        if let Operator::Processor(processor) = &mut node.operator {
            let mut context = ProcessorContext {
                task: environment.task,
                input: environment.input,
                clock: environment.clock,
                snapshots: Snapshots::new(environment.pins),
                stores: Stores::new(environment.stores, &node.stores),
                outputs: Outputs::new(&mut ports),
            };
            flow = call(&mut **processor, &mut context)
                .map_err(|error| StreamsError::processor(&node.name, error));
        }
        let (flow, result) = match flow {
            Ok(flow) => (flow, Ok(())),
            Err(error) => (Flow::Continue, Err(error)),
        };
        self.close_ports(index, ports, view, result, environment)?;
        Ok(flow)
    }

    /// The outputs of a node; those that only a sink reads are the writer's own buffers.
    fn open_ports(&mut self, index: usize, lender: &mut dyn Lender) -> Result<Vec<Port>, StreamsError> {
        // Asked first, so that nothing is half open if one of them cannot be had.
        for edge in &self.nodes[index].edges {
            if let Some(partition) = &edge.direct {
                lender.lend(partition).map_err(|error| sink_error(partition, error))?;
            }
        }
        let mut ports = std::mem::take(&mut self.nodes[index].ports);
        for (port, edge) in ports.iter_mut().zip(&self.nodes[index].edges) {
            if let Some(partition) = &edge.direct
                && let Ok(buffer) = lender.lend(partition)
            {
                port.buffer = std::mem::take(buffer);
            }
        }
        Ok(ports)
    }

    /// Gives buffers back to the writer and delivers the rest to the children.
    fn close_ports(
        &mut self,
        index: usize,
        mut ports: Vec<Port>,
        view: BatchView<'_>,
        mut result: Result<(), StreamsError>,
        environment: &mut Environment<'_>,
    ) -> Result<(), StreamsError> {
        for (port, edge) in ports.iter_mut().zip(&self.nodes[index].edges) {
            if let Some(partition) = &edge.direct {
                match environment.lender.lend(partition) {
                    Ok(buffer) => *buffer = std::mem::take(&mut port.buffer),
                    Err(error) => result = result.and(Err(sink_error(partition, error))),
                }
            }
        }
        for (output, port) in ports.iter_mut().enumerate() {
            if self.nodes[index].edges[output].direct.is_some() {
                continue;
            }
            port.settle(view);
            if result.is_ok() && !port.buffer.is_empty() {
                let derived = BatchView::derived(view.input(), &port.buffer, &port.origins);
                result = self.deliver_to_children(index, output, derived, environment);
            }
            port.clear();
        }
        self.nodes[index].ports = ports;
        result
    }
}

fn map_records(
    output: &mut Output<'_>,
    view: BatchView<'_>,
    map: &crate::topology::MapValues,
    value: &mut Vec<u8>,
) -> Result<(), ProcessorError> {
    for (index, record) in view.iter().enumerate() {
        value.clear();
        let has_value = map(record, value);
        let mut mapped = output.record(index, record.timestamp, record.key);
        mapped.headers(Headers::from_encoded(record.headers.encoded()));
        if has_value {
            mapped.value().extend_from_slice(value);
        }
        mapped.finish()?;
    }
    Ok(())
}

fn write_to_sink(
    sink: &SinkInstance,
    view: BatchView<'_>,
    lender: &mut dyn Lender,
) -> Result<(), StreamsError> {
    let too_large = |error| StreamsError::from(TopicsError::too_large(&sink.topic, error));
    if sink.partitioning != Partitioning::Key {
        let buffer = lender.lend(&sink.partition).map_err(|error| sink_error(&sink.partition, error))?;
        return view.iter().try_for_each(|record| buffer.copy(&record).map_err(too_large));
    }
    for record in view.iter() {
        let partition = match record.key {
            Some(key) => partition_for_key(key, sink.partitions),
            None => sink.partition.partition() % sink.partitions.max(1),
        };
        let partition = TopicPartition::new(sink.topic.clone(), partition);
        lender
            .lend(&partition)
            .map_err(|error| sink_error(&partition, error))?
            .copy(&record)
            .map_err(too_large)?;
    }
    Ok(())
}

/// A partition that is not there is said in the words of the sink.
fn sink_error(partition: &TopicPartition, error: TopicsError) -> StreamsError {
    match error {
        TopicsError::UnknownPartition { .. } => {
            ErrorKind::NoSinkPartition { topic: partition.topic().into(), partition: partition.partition() }
                .into()
        }
        error => error.into(),
    }
}
