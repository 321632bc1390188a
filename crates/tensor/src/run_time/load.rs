//! From a graph to a model that a session evaluates.

use scorewheel_model::{Limits, Mapping, ModelError, RunTimeChoice, Summary};

use super::check::check;
use super::engine::{SessionEngine, zeros};
use super::{Document, Handover, RunTime, RunTimes, WantedOutput, how_to_enable};
use crate::answers::{Answer, Answers};
use crate::error::{invalid, missing_run_time, unsupported};
use crate::graph::{Attribute, Domain, Graph, GraphFile, Name};
use crate::loading::{keys_of, operator_counts, ports_of, row_of, row_shape};
use crate::model::TensorModel;
use crate::tensor::TensorType;

/// Makes a model that the run time of this choice evaluates.
///
/// # Errors
/// The run time is not there or does not evaluate such documents, the graph must not be handed over, or the library
/// does not take it.
pub(crate) fn load_session(
    file: &GraphFile,
    document: &Document<'_>,
    choice: RunTimeChoice,
    run_times: &RunTimes,
    mapping: &Mapping,
    limits: &Limits,
) -> Result<TensorModel, ModelError> {
    if document.run_time() != choice {
        return Err(unsupported(format!(
            "the run time {:?} evaluates no {}; {:?} does",
            choice.as_str(),
            file.format,
            document.run_time().as_str()
        )));
    }
    check(document, file, limits)?;
    let run_time = run_times.find(choice).ok_or_else(|| missing_run_time(how_to_enable(choice)))?;
    hand_over(file, document, run_time, mapping)
}

fn hand_over(
    file: &GraphFile,
    document: &Document<'_>,
    run_time: &dyn RunTime,
    mapping: &Mapping,
) -> Result<TensorModel, ModelError> {
    let graph = &file.graph;
    let inputs =
        graph.inputs.iter().map(|input| row_of(graph, input, mapping)).collect::<Result<Vec<_>, _>>()?;
    let types: Vec<TensorType> = inputs.iter().map(|input| input.tensor_type.clone()).collect();
    let keys =
        graph.outputs.iter().map(|output| keys_of(graph, &output.value)).collect::<Result<Vec<_>, _>>()?;
    let names = graph.inputs.iter().map(|input| input.value.to_string());
    let values = graph.outputs.iter().map(|output| output.value.to_string());
    let handover = Handover {
        document,
        inputs: names.zip(types.iter().cloned()).collect(),
        outputs: values.zip(&keys).map(|(value, keys)| WantedOutput { value, keys: keys.clone() }).collect(),
    };
    let session = run_time.open(&handover)?;
    let engine = run_time.describe();

    // The library tells shapes only by an answer.
    let refused = |message: String| {
        invalid(format!(
            "{engine} does not evaluate a record of zeros, by which its outputs are learnt: {message}"
        ))
    };
    let found = session.run(&zeros(&types)).map_err(refused)?;
    if found.len() != graph.outputs.len() {
        return Err(refused(format!("{} outputs instead of {}", found.len(), graph.outputs.len())));
    }
    let found: Vec<TensorType> = found.iter().map(|tensor| tensor.tensor_type()).collect();
    let batched = inputs.iter().any(|input| input.batched);
    let answers: Vec<Answer> = graph
        .outputs
        .iter()
        .zip(&found)
        .zip(keys)
        .map(|((output, tensor_type), keys)| Answer {
            name: output.name.as_ref().into(),
            element: tensor_type.element,
            shape: row_shape(tensor_type, batched),
            over_classes: is_over_classes(file, graph, &output.value, 0),
            keys,
        })
        .collect();
    let answers = Answers::new(&answers, mapping)?;
    let counts = operator_counts(graph.nodes.iter().map(|node| &*node.operator));
    let summary = Summary {
        format: file.format.clone(),
        kind: "graph".to_owned(),
        producer: file.producer.clone(),
        engine: engine.clone(),
        details: vec![
            ("nodes".to_owned(), graph.nodes.len().to_string()),
            (format!("on {engine}"), format!("all nodes: {counts}")),
        ],
    };
    let engine = Box::new(SessionEngine::new(session, types, found));
    Ok(TensorModel::new(summary, ports_of(inputs), answers, engine, mapping.clone()))
}

/// Operators that hand on what they get.
const PASSING: &[&str] =
    &["Identity", "Reshape", "Squeeze", "Flatten", "Cast", "StopGradient", "EnsureShape"];
/// Functions within one another, and nodes after one another, that are looked through.
const DEPTH: usize = 64;

/// Whether softmax or sigmoid makes this value, seen through what hands it on and through functions.
fn is_over_classes(file: &GraphFile, graph: &Graph, value: &Name, depth: usize) -> bool {
    let Some(node) = graph.nodes.iter().find(|node| node.outputs.contains(value)) else { return false };
    if depth > DEPTH {
        return false;
    }
    let function = match node.domain {
        Domain::Function => file.library.get(&node.operator),
        _ if node.operator.ends_with("PartitionedCall") => match node.attributes.get("f") {
            Some(Attribute::Function(name)) => file.library.get(name),
            _ => None,
        },
        _ => None,
    };
    if let Some(function) = function {
        let index = node.outputs.iter().position(|output| output == value);
        let inner = index.and_then(|index| function.graph.outputs.get(index));
        return inner.is_some_and(|inner| is_over_classes(file, &function.graph, &inner.value, depth + 1));
    }
    match &*node.operator {
        "Softmax" | "Sigmoid" => true,
        passing if PASSING.contains(&passing) => {
            node.inputs.first().is_some_and(|input| is_over_classes(file, graph, input, depth + 1))
        }
        _ => false,
    }
}
