//! `GraphDef`, `NodeDef`, `AttrValue` and `FunctionDef`.

use std::collections::HashMap;
use std::sync::Arc;

use scorewheel_model::ModelError;

use crate::error::{invalid, malformed};
use crate::graph::{
    Attribute, Attributes, Domain, Function, Graph, GraphInput, GraphOutput, Library, Name, Node,
};
use crate::protobuf::{Budget, Reader};
use crate::tensorflow::frames::raise_loops;
use crate::tensorflow::frozen::name_outputs;
use crate::tensorflow::tensor_proto::{element_type, read_shape, read_tensor};

/// A graph and its functions, as the file states them.
#[derive(Clone, Debug, Default)]
pub(crate) struct GraphDef {
    pub nodes: Vec<Node>,
    pub library: Library,
}

/// Reads a `GraphDef`. Control inputs are dropped: nothing here has side effects that they would order.
pub(crate) fn read_graph_def(bytes: &[u8], budget: &mut Budget) -> Result<GraphDef, ModelError> {
    let mut graph = GraphDef::default();
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        match number {
            1 => graph.nodes.push(read_node(value.bytes()?, budget, &reference)?),
            2 => read_library(value.bytes()?, budget, &mut graph.library)?,
            _ => {}
        }
    }
    raise_loops(&mut graph.nodes, &mut graph.library)?;
    Ok(graph)
}

/// A graph's reference to a value, `node:index`, as a name of a value; `None` for a control input.
pub(crate) fn reference(text: &str) -> Option<Name> {
    if text.starts_with('^') {
        return None;
    }
    Some(match text.rsplit_once(':') {
        Some((node, index)) => match index.parse() {
            Ok(index) => value_name(node, index),
            Err(_) => text.into(),
        },
        None => text.into(),
    })
}

/// The name of a node's `index`-th output.
pub(crate) fn value_name(node: &str, index: usize) -> Name {
    if index == 0 { node.into() } else { format!("{node}:{index}").into() }
}

fn read_node(
    bytes: &[u8],
    budget: &mut Budget,
    resolve: &dyn Fn(&str) -> Option<Name>,
) -> Result<Node, ModelError> {
    budget.take_nodes(1)?;
    let mut name: Name = "".into();
    let mut operator: Name = "".into();
    let mut inputs = Vec::new();
    let mut attributes = Attributes::default();
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        match number {
            1 => name = value.text()?.into(),
            2 => operator = value.text()?.into(),
            3 => {
                budget.take_nodes(1)?;
                inputs.extend(resolve(value.text()?));
            }
            5 => {
                let (key, attribute) =
                    read_map_entry(value.bytes()?, budget).map_err(|error| error.at(&*name))?;
                // Attributes that start with `_` say where and how TensorFlow itself would run the node.
                if let Some(attribute) = attribute.filter(|_| !key.starts_with('_')) {
                    attributes.push(key, attribute);
                }
            }
            _ => {}
        }
    }
    if name.is_empty() || operator.is_empty() {
        return Err(malformed("not a TensorFlow graph: a node without name or operator"));
    }
    Ok(Node {
        outputs: Vec::new(),
        name,
        domain: Domain::TensorFlow,
        operator,
        version: 0,
        inputs,
        attributes,
    })
}

fn read_map_entry(bytes: &[u8], budget: &mut Budget) -> Result<(Name, Option<Attribute>), ModelError> {
    let mut key: Name = "".into();
    let mut attribute = None;
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        match number {
            1 => key = value.text()?.into(),
            2 => attribute = read_attribute(value.bytes()?, budget)?,
            _ => {}
        }
    }
    Ok((key, attribute))
}

/// Bytes of a string attribute; those that are no text (serialised messages) are left out.
fn text(bytes: &[u8]) -> Option<Name> {
    std::str::from_utf8(bytes).ok().map(Into::into)
}

fn read_attribute(bytes: &[u8], budget: &mut Budget) -> Result<Option<Attribute>, ModelError> {
    budget.take_nodes(1)?;
    let mut reader = Reader::new(bytes);
    let mut attribute = None;
    while let Some((number, value)) = reader.next_field()? {
        attribute = match number {
            1 => read_list(value.bytes()?, budget)?,
            2 => text(value.bytes()?).map(Attribute::Text),
            3 | 5 => Some(Attribute::Integer(value.integer()?)),
            4 => Some(Attribute::Float(value.float()?)),
            6 => Some(Attribute::Element(element_type(value.integer()?))),
            7 => Some(Attribute::Shape(read_shape(value.bytes()?)?)),
            8 => Some(Attribute::Tensor(Arc::new(read_tensor(value.bytes()?, budget)?))),
            9 => Some(Attribute::Reference(value.text()?.into())),
            10 => Some(Attribute::Function(read_function_name(value.bytes()?)?)),
            _ => attribute,
        };
    }
    Ok(attribute)
}

fn read_function_name(bytes: &[u8]) -> Result<Name, ModelError> {
    let mut name: Name = "".into();
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        if number == 1 {
            name = value.text()?.into();
        }
    }
    Ok(name)
}

fn read_list(bytes: &[u8], budget: &mut Budget) -> Result<Option<Attribute>, ModelError> {
    let (mut texts, mut integers, mut floats) = (Vec::new(), Vec::new(), Vec::new());
    let mut untold = false;
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        budget.take_nodes(1)?;
        match number {
            2 => texts.extend(text(value.bytes()?)),
            3 | 5 => value.integers(&mut integers)?,
            4 => value.floats(&mut floats)?,
            // Lists of types and shapes tell nothing that the values do not.
            6 | 7 => untold = true,
            _ => {}
        }
    }
    Ok(Some(if !texts.is_empty() {
        Attribute::Texts(texts)
    } else if !floats.is_empty() {
        Attribute::Floats(floats)
    } else if untold {
        return Ok(None);
    } else {
        Attribute::Integers(integers)
    }))
}

fn read_library(bytes: &[u8], budget: &mut Budget, library: &mut Library) -> Result<(), ModelError> {
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        if number == 1 {
            let (name, function) = read_function(value.bytes()?, budget)?;
            if library.insert(name.clone(), Arc::new(function)).is_some() {
                return Err(invalid(format!("the function {name:?} is defined twice")));
            }
        }
    }
    Ok(())
}

/// Name and element type of an argument.
fn read_argument(bytes: &[u8]) -> Result<(Name, i64), ModelError> {
    let mut name: Name = "".into();
    let mut data_type = 0;
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        match number {
            1 => name = value.text()?.into(),
            3 => data_type = value.integer()?,
            _ => {}
        }
    }
    Ok((name, data_type))
}

fn read_function(bytes: &[u8], budget: &mut Budget) -> Result<(Name, Function), ModelError> {
    budget.take_nodes(1)?;
    let mut name: Name = "".into();
    let mut inputs = Vec::new();
    let mut outputs = Vec::new();
    let mut bodies = Vec::new();
    let mut returns: HashMap<Name, Name> = HashMap::new();
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        match number {
            1 => {
                let mut signature = Reader::new(value.bytes()?);
                while let Some((number, value)) = signature.next_field()? {
                    match number {
                        1 => name = value.text()?.into(),
                        2 => inputs.push(read_argument(value.bytes()?)?),
                        3 => outputs.push(read_argument(value.bytes()?)?),
                        _ => {}
                    }
                }
            }
            3 => bodies.push(value.bytes()?),
            4 => {
                let (mut output, mut value_of): (Name, Name) = ("".into(), "".into());
                let mut entry = Reader::new(value.bytes()?);
                while let Some((number, value)) = entry.next_field()? {
                    match number {
                        1 => output = value.text()?.into(),
                        2 => value_of = value.text()?.into(),
                        _ => {}
                    }
                }
                returns.insert(output, value_of);
            }
            _ => {}
        }
    }
    // A reference inside a function names the operator's output argument: its position needs the operator, which
    // is known once all nodes are read.
    let mut nodes = Vec::with_capacity(bodies.len());
    let mut operators: HashMap<Name, Name> = HashMap::new();
    for body in &bodies {
        let node = read_node(body, budget, &|text| (!text.starts_with('^')).then(|| text.into()))
            .map_err(|error| error.at(&*name))?;
        operators.insert(node.name.clone(), node.operator.clone());
        nodes.push(node);
    }
    for node in &mut nodes {
        for input in &mut node.inputs {
            *input = function_reference(input, &operators).map_err(|error| error.at(&*name))?;
        }
    }
    let outputs = outputs
        .into_iter()
        .map(|(output, _)| {
            let value = returns
                .get(&output)
                .ok_or_else(|| invalid(format!("the function returns no {output:?}")).at(&*name))?;
            Ok(GraphOutput { name: output, value: function_reference(value, &operators)? })
        })
        .collect::<Result<Vec<GraphOutput>, ModelError>>()?;
    let inputs = inputs
        .into_iter()
        .map(|(input, data_type)| GraphInput {
            value: input.clone(),
            name: input,
            element: element_type(data_type),
            shape: None,
            map: None,
        })
        .collect();
    name_outputs(&mut nodes, &outputs)?;
    let graph = Graph { inputs, outputs, nodes, constants: HashMap::new() };
    Ok((name, Function { graph, default_attributes: Attributes::default() }))
}

/// `argument` or `node:output argument:index` as a name of a value.
fn function_reference(text: &str, operators: &HashMap<Name, Name>) -> Result<Name, ModelError> {
    let mut parts = text.split(':');
    let (Some(node), Some(argument), index) = (parts.next(), parts.next(), parts.next()) else {
        return Ok(text.into());
    };
    let operator =
        operators.get(node).ok_or_else(|| invalid(format!("{text:?} names a node that is not there")))?;
    let index: usize = index
        .unwrap_or("0")
        .parse()
        .map_err(|_| malformed(format!("{text:?} is no reference to a value")))?;
    Ok(value_name(node, first_of_argument(operator, argument) + index))
}

/// Position of the first output that belongs to an output argument; most operators have only one argument.
fn first_of_argument(operator: &str, argument: &str) -> usize {
    let arguments: &[&str] = match operator {
        "TopKV2" | "TopK" => &["values", "indices"],
        "StringSplitV2" => &["indices", "values", "shape"],
        "Unique" | "UniqueV2" => &["y", "idx"],
        "UniqueWithCounts" | "UniqueWithCountsV2" => &["y", "idx", "count"],
        "FusedBatchNorm" | "FusedBatchNormV2" | "FusedBatchNormV3" => {
            &["y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2", "reserve_space_3"]
        }
        "Switch" => &["output_false", "output_true"],
        "Merge" => &["output", "value_index"],
        "LSTMBlockCell" => &["i", "cs", "f", "o", "ci", "co", "h"],
        "BlockLSTM" | "BlockLSTMV2" => &["i", "cs", "f", "o", "ci", "co", "h"],
        "GRUBlockCell" => &["r", "u", "c", "h"],
        "Moments" => &["mean", "variance"],
        "SparseFillEmptyRows" => {
            &["output_indices", "output_values", "empty_row_indicator", "reverse_index_map"]
        }
        "TensorArrayV3" => &["handle", "flow"],
        "LookupTableExportV2" => &["keys", "values"],
        "RaggedTensorToSparse" => &["sparse_indices", "sparse_values", "sparse_dense_shape"],
        "TensorListPopBack" => &["output_handle", "tensor"],
        "MaxPoolWithArgmax" => &["output", "argmax"],
        "ListDiff" => &["out", "idx"],
        _ => return 0,
    };
    arguments.iter().position(|name| *name == argument).unwrap_or(0)
}
