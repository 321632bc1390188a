//! From a graph to a model: shapes of inputs, the engine, and what is told to people.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use scorewheel_columns::{DataType, Label, Labels, TensorElement};
use scorewheel_model::{InputField, Limits, Mapping, ModelError, ModelErrorKind, RunTimeChoice, Summary};

use crate::answers::{Answer, Answers};
use crate::data::Data;
use crate::element::ElementType;
use crate::engine::Engine;
use crate::engine::blocks::{BLOCK, Blocks, WIDE_BLOCK};
use crate::engine::fuse::fuse;
use crate::engine::program::Program;
use crate::engine::rows::RowPlan;
use crate::engine::trace::{Origin, Trace, Traced, trace};
use crate::error::{invalid, unsupported};
use crate::graph::{Dimension, Domain, Graph, GraphFile, GraphInput, Name};
use crate::maps::{MapInput, resolve_maps};
use crate::model::TensorModel;
use crate::onnx::nearest_imputation;
use crate::operators::ml::encoding::zip_map_labels;
use crate::records::{Missing, Port};
use crate::run_time::load::load_session;
use crate::run_time::{Document, RunTimes, how_to_enable};
use crate::tensor::{TensorType, element_count};

/// Makes a model of a graph, evaluated by what the mapping says: the engines here, or a run time.
///
/// # Errors
/// Whatever is wrong with the graph or does not agree with the mapping; that a run time is not there.
pub(crate) fn load_graph(
    file: &GraphFile,
    document: &Document<'_>,
    mapping: &Mapping,
    limits: &Limits,
    run_times: &RunTimes,
) -> Result<TensorModel, ModelError> {
    let hand_over = |choice| load_session(file, document, choice, run_times, mapping, limits);
    match mapping.run_time {
        RunTimeChoice::Embedded => load_embedded(file, mapping, limits),
        RunTimeChoice::Auto => match load_embedded(file, mapping, limits) {
            Err(mut lacking) if lacking.kind == ModelErrorKind::Unsupported => {
                let choice = document.run_time();
                if run_times.find(choice).is_some() {
                    return match hand_over(choice) {
                        Ok(model) => Ok(model.with_detail("the embedded engine lacks", lacking.to_string())),
                        Err(mut error) => {
                            error.message = format!("{}; the embedded engine: {lacking}", error.message);
                            Err(error)
                        }
                    };
                }
                lacking.message = format!(
                    "{}; another run time may evaluate it: {}",
                    lacking.message,
                    how_to_enable(choice)
                );
                Err(lacking)
            }
            other => other,
        },
        choice => hand_over(choice),
    }
}

/// Makes a model of a graph that the engines here evaluate.
fn load_embedded(file: &GraphFile, mapping: &Mapping, limits: &Limits) -> Result<TensorModel, ModelError> {
    if let Some(beyond) = &file.beyond {
        return Err(beyond.clone());
    }
    let with_vectors = resolve_maps(file, mapping)?;
    let file = with_vectors.as_ref().unwrap_or(file);
    let rewritten = nearest_imputation::rewrite(file);
    let file = rewritten.as_ref().unwrap_or(file);
    let graph = &file.graph;
    let inputs =
        graph.inputs.iter().map(|input| row_of(graph, input, mapping)).collect::<Result<Vec<_>, _>>()?;
    let types: Vec<TensorType> = inputs.iter().map(|input| input.tensor_type.clone()).collect();
    let mut trace = trace(file, &types, limits)?;
    fuse(&mut trace);
    let batched = inputs.iter().any(|input| input.batched);
    let answers: Vec<Answer> = trace
        .origins
        .iter()
        .zip(&trace.outputs)
        .map(|(origin, value)| answer(graph, *origin, value, batched, &trace))
        .collect::<Result<_, _>>()?;
    distinct(&answers)?;
    let answers = Answers::new(&answers, mapping)?;
    let details = vec![
        ("nodes".to_owned(), graph.nodes.len().to_string()),
        ("computed at load".to_owned(), trace.folded.to_string()),
        ("steps a row".to_owned(), trace.steps.len().to_string()),
        ("on native".to_owned(), operator_counts(trace.steps.iter().map(|step| &*step.operator))),
    ];
    let (engine, kind): (Box<dyn Engine>, &str) = match RowPlan::of(&trace) {
        Some(plan) => (Box::new(plan), "dense layers"),
        None => {
            let of_rows = |rows| {
                let block = Blocks::trace(file, &types, &trace, rows, limits)?;
                Program::of_rows(block, rows, limits).ok()
            };
            let many = of_rows(BLOCK);
            let worth_it = many.is_some() && Blocks::gains_from_width(&trace);
            let wide = if worth_it { of_rows(WIDE_BLOCK) } else { None };
            let one = Program::new(trace, limits)?;
            match many {
                Some(many) => (Box::new(Blocks::new(one, many, wide)), "graph of rows"),
                None => (Box::new(one), "graph"),
            }
        }
    };
    let summary = Summary {
        format: file.format.clone(),
        kind: kind.to_owned(),
        producer: file.producer.clone(),
        engine: "native".to_owned(),
        details,
    };
    let maps = graph.inputs.iter().filter(|input| input.map.is_some());
    let maps = maps.map(|input| input.name.as_ref().into()).collect();
    Ok(TensorModel::new(summary, ports_of(inputs), answers, engine, mapping.clone()).with_maps(maps))
}

/// Each input with the place of its elements: one slot an input. A map has an input an entry.
pub(crate) fn ports_of(inputs: Vec<RowInput>) -> Vec<(InputField, Port)> {
    inputs
        .into_iter()
        .enumerate()
        .flat_map(|(slot, input)| {
            let field = |name: &Name, data_type: &DataType, missing| InputField {
                name: name.as_ref().into(),
                data_type: data_type.clone(),
                required: missing == Missing::Error,
            };
            let Some(map) = &input.map else {
                let width = element_count(&input.row_shape);
                let port = Port { slot, offset: 0, width, missing: Missing::Error, categories: None };
                return vec![(field(&input.name, &input.data_type, Missing::Error), port)];
            };
            let entries = map.keys.iter().enumerate().map(|(offset, (_, name))| {
                let port = Port { slot, offset, width: 1, missing: map.missing, categories: None };
                (field(name, &input.data_type, map.missing), port)
            });
            entries.collect()
        })
        .collect()
}

/// How often each operator occurs, for people.
pub(crate) fn operator_counts<'a>(operators: impl Iterator<Item = &'a str>) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for name in operators {
        match counts.iter_mut().find(|(operator, _)| *operator == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    counts.sort_by_key(|(operator, count)| (std::cmp::Reverse(*count), *operator));
    let texts: Vec<String> = counts.iter().map(|(operator, count)| format!("{operator} {count}")).collect();
    texts.join(", ")
}

/// An input as one row of it.
pub(crate) struct RowInput {
    pub name: Name,
    /// What the graph takes for one row.
    pub tensor_type: TensorType,
    /// The same without the dimension of rows.
    pub row_shape: Vec<usize>,
    pub data_type: DataType,
    /// True if the first dimension is that of rows.
    pub batched: bool,
    /// Its entries, if it is a map; `data_type` is then that of each.
    pub map: Option<MapInput>,
}

/// One row of an input: its type, and its shape with whatever the mapping adds to what the file tells.
///
/// # Errors
/// A dimension whose length nothing tells.
pub(crate) fn row_of(graph: &Graph, input: &GraphInput, mapping: &Mapping) -> Result<RowInput, ModelError> {
    let element =
        input.element.ok_or_else(|| unsupported("an input that is no tensor").at(input.name.as_ref()))?;
    if input.map.as_ref().is_some_and(|map| map.keys.is_empty()) {
        return Err(unsupported("an input that is a map").at(input.name.as_ref()));
    }
    let mapped = mapping.fields_of(&input.name).map(<[_]>::len).filter(|fields| *fields > 1);
    let shape = match &input.shape {
        Some(shape) => shape.clone(),
        None => {
            let width = match mapped {
                Some(fields) => Some(fields),
                None => width_by_use(graph, &input.value),
            };
            let width = width.ok_or_else(|| {
                invalid("the graph does not say how long this input is; map a list of fields to it")
                    .at(input.name.as_ref())
            })?;
            vec![Dimension::Open(None), Dimension::Fixed(width)]
        }
    };
    let batched = matches!(shape.as_slice(), [Dimension::Open(_), ..] | [Dimension::Fixed(1), _, ..]);
    let rest = if batched { &shape[1..] } else { &shape[..] };
    let open = rest.iter().filter(|dimension| matches!(dimension, Dimension::Open(_))).count();
    let known: Vec<usize> = rest
        .iter()
        .filter_map(|dimension| match dimension {
            Dimension::Fixed(length) => Some(*length),
            Dimension::Open(_) => None,
        })
        .collect();
    let filler = match (open, mapped) {
        (0, _) => 1,
        (1, Some(fields)) if element_count(&known) > 0 && fields % element_count(&known) == 0 => {
            fields / element_count(&known)
        }
        _ => {
            let message = format!(
                "the shape {} has a dimension, beside that of rows, whose length only records tell; \
                 map a list of fields to it, or export the model with fixed lengths",
                shape_text(&shape)
            );
            return Err(unsupported(message).at(input.name.as_ref()));
        }
    };
    let row_shape: Vec<usize> = rest
        .iter()
        .map(|dimension| match dimension {
            Dimension::Fixed(length) => *length,
            Dimension::Open(_) => filler,
        })
        .collect();
    let mut traced = row_shape.clone();
    if batched {
        traced.insert(0, 1);
    }
    let single = if input.map.is_some() { &[][..] } else { &row_shape };
    Ok(RowInput {
        name: input.name.clone(),
        data_type: data_type(element, single),
        map: input.map.clone(),
        tensor_type: TensorType::new(element, traced),
        row_shape,
        batched,
    })
}

fn shape_text(shape: &[Dimension]) -> String {
    let texts: Vec<String> = shape
        .iter()
        .map(|dimension| match dimension {
            Dimension::Fixed(length) => length.to_string(),
            Dimension::Open(Some(name)) => name.to_string(),
            Dimension::Open(None) => "?".to_owned(),
        })
        .collect();
    format!("[{}]", texts.join(", "))
}

/// The type in which records carry a row of an input.
fn data_type(element: ElementType, row_shape: &[usize]) -> DataType {
    let tensor = |element| DataType::Tensor { element, shape: row_shape.into() };
    let single = row_shape.is_empty() || row_shape == [1];
    match (element, single) {
        (ElementType::F32 | ElementType::F16 | ElementType::BF16, true) => DataType::F32,
        (ElementType::F64, true) => DataType::F64,
        (ElementType::Bool, true) => DataType::Bool,
        (ElementType::Text, true) => DataType::Text,
        (_, true) => DataType::I64,
        (ElementType::F32 | ElementType::F16 | ElementType::BF16, false) => tensor(TensorElement::F32),
        (ElementType::F64, false) => tensor(TensorElement::F64),
        (ElementType::Text, false) => tensor(TensorElement::Text),
        (_, false) => tensor(TensorElement::I64),
    }
}

/// The length of a row of an input without a declared shape, as the first matrix that it meets tells.
fn width_by_use(graph: &Graph, input: &Name) -> Option<usize> {
    let constant_shape = |name: &Name| -> Option<Vec<usize>> {
        if let Some(tensor) = graph.constants.get(name) {
            return Some(tensor.shape.clone());
        }
        let node = graph.nodes.iter().find(|node| node.outputs.contains(name))?;
        match (&*node.operator, node.attributes.tensor("value")) {
            ("Const" | "Constant", Ok(Some(tensor))) => Some(tensor.shape.clone()),
            ("Identity", _) => {
                let source = node.inputs.first()?;
                graph.constants.get(source).map(|tensor| tensor.shape.clone()).or_else(|| {
                    let node = graph.nodes.iter().find(|node| node.outputs.contains(source))?;
                    node.attributes.tensor("value").ok().flatten().map(|tensor| tensor.shape.clone())
                })
            }
            _ => None,
        }
    };
    let mut users: HashMap<&Name, Vec<usize>> = HashMap::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        for name in &node.inputs {
            users.entry(name).or_default().push(index);
        }
    }
    let mut names = vec![input];
    let mut seen = 0;
    while let Some(name) = names.get(seen).copied() {
        seen += 1;
        for index in users.get(name).into_iter().flatten() {
            let node = &graph.nodes[*index];
            match &*node.operator {
                "MatMul" | "Gemm" if node.inputs.first() == Some(name) => {
                    let shape = constant_shape(node.inputs.get(1)?)?;
                    let turned = node.attributes.flag_or("transpose_b", false).ok()?
                        || node.attributes.flag_or("transB", false).ok()?;
                    if shape.len() == 2 {
                        return Some(if turned { shape[1] } else { shape[0] });
                    }
                }
                "Identity" | "Cast" | "Sub" | "Add" | "AddV2" | "Mul" | "RealDiv" | "Div" | "Maximum"
                | "Minimum" | "ClipByValue" | "Neg" | "Sqrt" | "Log" => {
                    let vector = node.inputs.iter().filter(|other| *other != name).find_map(constant_shape);
                    if let Some(width) = vector.and_then(|shape| shape.last().copied().filter(|w| *w > 1)) {
                        return Some(width);
                    }
                    if names.len() < 64 {
                        names.extend(node.outputs.first().filter(|output| !names.contains(output)));
                    }
                }
                _ => {}
            }
        }
    }
    None
}

/// An output as it is for one row.
fn answer(
    graph: &Graph,
    origin: Origin,
    value: &Traced,
    batched: bool,
    trace: &Trace,
) -> Result<Answer, ModelError> {
    let output = &graph.outputs[origin.output];
    let tensor_type = match value {
        Traced::Constant(tensor) => tensor.tensor_type(),
        Traced::Runtime(operand) => operand.tensor_type.clone(),
        Traced::Resource(_) | Traced::Dead => {
            return Err(unsupported("an output that is no tensor").at(output.name.as_ref()));
        }
    };
    let shape = row_shape(&tensor_type, batched);
    let keys = keys_of(graph, &output.value)?;
    if let Some(keys) = keys.as_ref().filter(|keys| keys.len() != element_count(&shape)) {
        let message = format!("{} class labels for {} numbers", keys.len(), element_count(&shape));
        return Err(invalid(message).at(output.name.as_ref()));
    }
    Ok(Answer {
        name: match origin.entry {
            None => output.name.as_ref().into(),
            Some(entry) => format!("{}.{entry}", output.name).into(),
        },
        element: tensor_type.element,
        shape,
        over_classes: matches!(trace.producer(value), Some("Softmax" | "Sigmoid")),
        keys,
    })
}

/// Refuses outputs of one name, as the entry of a sequence and another output may have.
fn distinct(answers: &[Answer]) -> Result<(), ModelError> {
    let mut names = HashSet::new();
    match answers.iter().find(|answer| !names.insert(&*answer.name)) {
        None => Ok(()),
        Some(twice) => Err(invalid(format!("two outputs have the name {:?}; rename one", twice.name))),
    }
}

/// The shape of an output without the dimension of rows.
pub(crate) fn row_shape(tensor_type: &TensorType, batched: bool) -> Vec<usize> {
    match tensor_type.shape.as_slice() {
        [1, rest @ ..] if batched => rest.to_vec(),
        shape => shape.to_vec(),
    }
}

/// The keys of an output that is a map.
pub(crate) fn keys_of(graph: &Graph, value: &Name) -> Result<Option<Arc<Labels>>, ModelError> {
    let node = graph.nodes.iter().find(|node| node.outputs.contains(value));
    let Some(node) = node.filter(|node| node.domain == Domain::OnnxMl && &*node.operator == "ZipMap") else {
        return Ok(None);
    };
    let labels = zip_map_labels(&node.attributes).map_err(|error| error.at(node.describe()))?;
    let label = |index: usize| match &labels.data {
        Data::Text(texts) => {
            Label { value: texts[index].as_str().into(), text: texts[index].as_str().into() }
        }
        data => {
            let number = data.i64().get(index).copied().unwrap_or_default();
            Label { value: number.into(), text: number.to_string().into() }
        }
    };
    Ok(Some(Arc::new(Labels::new((0..labels.data.len()).map(label).collect()))))
}
