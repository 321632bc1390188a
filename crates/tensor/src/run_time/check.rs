//! What must not be in a graph that is handed over.
//!
//! TensorFlow runs more of a file than what the outputs read: whatever a control edge leads to, whatever its functions
//! contain, what restores variables and fills tables. So its files are followed here as TensorFlow itself follows them,
//! on the bytes that it will get.

use std::collections::{HashMap, HashSet};

use scorewheel_model::{Limits, ModelError};

use super::Document;
use super::refused_operators::{refuse_onnx, refuse_tensorflow};
use crate::error::{invalid, unsupported};
use crate::graph::{Attribute, Domain, Graph, GraphFile, Node};
use crate::protobuf::{Budget, Reader};
use crate::tensorflow::saved_model::{SAVED_MODEL, chosen_graph};

/// Refuses a document whose evaluation would reach outside it.
///
/// # Errors
/// [`scorewheel_model::ModelErrorKind::Unsupported`] with the node's name.
pub(crate) fn check(document: &Document<'_>, file: &GraphFile, limits: &Limits) -> Result<(), ModelError> {
    let outputs = || file.graph.outputs.iter().map(|output| node_of(&output.value));
    match document {
        Document::Onnx { .. } => {
            check_onnx(&file.graph)?;
            file.library.values().try_for_each(|function| check_onnx(&function.graph))
        }
        Document::FrozenGraph(bytes) => {
            let mut graph = RawGraph::default();
            graph.read(bytes, &mut Budget::new(limits))?;
            graph.check(outputs(), &[])
        }
        Document::SavedModel { files, .. } => {
            let bytes = files.iter().find(|(name, _)| *name == SAVED_MODEL).map(|(_, bytes)| *bytes);
            let meta = chosen_graph(bytes.unwrap_or_default(), &mut Budget::new(limits))?;
            let saved = RawSavedModel::read(meta, &mut Budget::new(limits))?;
            saved.check(outputs(), files)
        }
    }
}

fn check_onnx(graph: &Graph) -> Result<(), ModelError> {
    for node in &graph.nodes {
        let checked = match node.domain {
            Domain::Onnx | Domain::OnnxMl => refuse_onnx("", &node.operator),
            Domain::Other => {
                let (domain, operator) = node.operator.rsplit_once(':').unwrap_or(("", &node.operator));
                refuse_onnx(domain, operator)
            }
            Domain::TensorFlow | Domain::Function | Domain::Rewritten => Ok(()),
        };
        checked.map_err(|error| error.at(node.describe()))?;
        check_subgraphs(node)?;
    }
    Ok(())
}

fn check_subgraphs(node: &Node) -> Result<(), ModelError> {
    for (_, attribute) in node.attributes.iter() {
        if let Attribute::Graph(graph) = attribute {
            check_onnx(graph)?;
        }
    }
    Ok(())
}

/// The node of a reference: `^node`, `node`, `node:1`, `node:argument:1`.
fn node_of(reference: &str) -> &str {
    let reference = reference.strip_prefix('^').unwrap_or(reference);
    reference.split(':').next().unwrap_or(reference)
}

/// A node with everything that TensorFlow follows from it.
struct RawNode<'a> {
    name: &'a str,
    operator: &'a str,
    /// As written, control edges included.
    inputs: Vec<&'a str>,
    /// Functions that an attribute names.
    functions: Vec<&'a str>,
}

struct RawFunction<'a> {
    arguments: Vec<&'a str>,
    nodes: Vec<RawNode<'a>>,
}

/// A `GraphDef`.
#[derive(Default)]
struct RawGraph<'a> {
    nodes: Vec<RawNode<'a>>,
    library: HashMap<&'a str, RawFunction<'a>>,
}

/// Looks at a node, and at the function that it lies in.
type Look<'l, 'a> = dyn FnMut(&RawNode<'a>, Option<&RawFunction<'a>>) -> Result<(), ModelError> + 'l;

impl<'a> RawGraph<'a> {
    /// Adds what `bytes` hold: a message that is written in two parts is the sum of both.
    fn read(&mut self, bytes: &'a [u8], budget: &mut Budget) -> Result<(), ModelError> {
        let mut reader = Reader::new(bytes);
        while let Some((number, value)) = reader.next_field()? {
            match number {
                1 => self.nodes.push(RawNode::read(value.bytes()?, budget)?),
                2 => {
                    let mut library = Reader::new(value.bytes()?);
                    while let Some((number, value)) = library.next_field()? {
                        if number == 1 {
                            let (name, function) = RawFunction::read(value.bytes()?, budget)?;
                            self.library.insert(name, function);
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Refuses operators, but for `allowed`, among all that runs when `roots` are asked for.
    fn check<'r>(
        &self,
        roots: impl IntoIterator<Item = &'r str>,
        allowed: &[&str],
    ) -> Result<(), ModelError> {
        self.visit(roots, &mut |node, _| {
            refuse_tensorflow(node.operator, allowed)
                .map_err(|error| error.at(format!("{} {:?}", node.operator, node.name)))
        })
    }

    /// Calls `look` for every node that runs when `roots` are asked for, with the function that it lies in.
    fn visit<'r>(
        &self,
        roots: impl IntoIterator<Item = &'r str>,
        look: &mut Look<'_, 'a>,
    ) -> Result<(), ModelError> {
        let by_name: HashMap<&str, &RawNode<'a>> = self.nodes.iter().map(|node| (node.name, node)).collect();
        let mut seen: HashSet<&str> = HashSet::new();
        let mut called: Vec<&'a str> = Vec::new();
        let mut open: Vec<&RawNode<'a>> =
            roots.into_iter().filter_map(|root| by_name.get(root).copied()).collect();
        while let Some(node) = open.pop() {
            if !seen.insert(node.name) {
                continue;
            }
            look(node, None)?;
            called.extend(node.callees(&self.library));
            open.extend(node.inputs.iter().filter_map(|input| by_name.get(node_of(input)).copied()));
        }
        let mut known: HashSet<&str> = HashSet::new();
        while let Some(name) = called.pop() {
            let Some(function) = self.library.get(name).filter(|_| known.insert(name)) else { continue };
            for node in &function.nodes {
                look(node, Some(function))?;
                called.extend(node.callees(&self.library));
            }
        }
        Ok(())
    }
}

impl<'a> RawNode<'a> {
    fn read(bytes: &'a [u8], budget: &mut Budget) -> Result<Self, ModelError> {
        budget.take_nodes(1)?;
        let mut node = Self { name: "", operator: "", inputs: Vec::new(), functions: Vec::new() };
        let mut reader = Reader::new(bytes);
        while let Some((number, value)) = reader.next_field()? {
            match number {
                1 => node.name = value.text()?,
                2 => node.operator = value.text()?,
                3 => {
                    budget.take_nodes(1)?;
                    node.inputs.push(value.text()?);
                }
                5 => {
                    let mut entry = Reader::new(value.bytes()?);
                    while let Some((number, value)) = entry.next_field()? {
                        if number == 2 {
                            functions_of(value.bytes()?, &mut node.functions)?;
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(node)
    }

    /// The functions that it calls: those that attributes name, and the one that its operator may be.
    fn callees<'b>(
        &'b self,
        library: &'b HashMap<&'a str, RawFunction<'a>>,
    ) -> impl Iterator<Item = &'a str> {
        let own = library.get_key_value(self.operator).map(|(name, _)| *name);
        self.functions.iter().copied().chain(own)
    }
}

/// The functions that an `AttrValue` names: one, or a list.
fn functions_of<'a>(bytes: &'a [u8], functions: &mut Vec<&'a str>) -> Result<(), ModelError> {
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        match number {
            10 => functions.extend(function_name(value.bytes()?)?),
            1 => {
                let mut list = Reader::new(value.bytes()?);
                while let Some((number, value)) = list.next_field()? {
                    if number == 9 {
                        functions.extend(function_name(value.bytes()?)?);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn function_name(bytes: &[u8]) -> Result<Option<&str>, ModelError> {
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        if number == 1 {
            return Ok(Some(value.text()?));
        }
    }
    Ok(None)
}

impl<'a> RawFunction<'a> {
    fn read(bytes: &'a [u8], budget: &mut Budget) -> Result<(&'a str, Self), ModelError> {
        let mut name = "";
        let mut function = Self { arguments: Vec::new(), nodes: Vec::new() };
        let mut reader = Reader::new(bytes);
        while let Some((number, value)) = reader.next_field()? {
            match number {
                1 => {
                    let mut signature = Reader::new(value.bytes()?);
                    while let Some((number, value)) = signature.next_field()? {
                        match number {
                            1 => name = value.text()?,
                            2 => function.arguments.extend(function_name(value.bytes()?)?),
                            _ => {}
                        }
                    }
                }
                3 => function.nodes.push(RawNode::read(value.bytes()?, budget)?),
                _ => {}
            }
        }
        Ok((name, function))
    }
}

/// What may run while a SavedModel is loaded, and only then.
const RESTORES: &[&str] = &["RestoreV2"];
const FILLS: &[&str] = &["InitializeTableFromTextFile", "InitializeTableFromTextFileV2"];

/// The parts of a `MetaGraphDef` that say what TensorFlow runs.
struct RawSavedModel<'a> {
    graph: RawGraph<'a>,
    /// The node that is fed with where the variables lie.
    variables_path: &'a str,
    restore: &'a str,
    /// Nodes that run once, after the variables are there.
    initialisers: Vec<&'a str>,
    /// Files below `assets/`.
    assets: Vec<&'a str>,
}

impl<'a> RawSavedModel<'a> {
    fn read(bytes: &'a [u8], budget: &mut Budget) -> Result<Self, ModelError> {
        let mut graph = RawGraph::default();
        let (mut variables_path, mut restore) = ("", "");
        let (mut initialisers, mut assets) = (Vec::new(), Vec::new());
        let mut reader = Reader::new(bytes);
        while let Some((number, value)) = reader.next_field()? {
            let bytes = match number {
                2..=6 => value.bytes()?,
                _ => continue,
            };
            match number {
                2 => graph.read(bytes, budget)?,
                3 => {
                    let mut saver = Reader::new(bytes);
                    while let Some((number, value)) = saver.next_field()? {
                        match number {
                            1 => variables_path = node_of(value.text()?),
                            3 => restore = node_of(value.text()?),
                            _ => {}
                        }
                    }
                }
                4 => read_collection(bytes, &mut initialisers)?,
                5 => read_initialiser(bytes, &mut initialisers)?,
                _ => assets.extend(read_asset_name(bytes)?),
            }
        }
        Ok(Self { graph, variables_path, restore, initialisers, assets })
    }

    fn check<'r>(
        &self,
        outputs: impl IntoIterator<Item = &'r str>,
        files: &[(&str, &[u8])],
    ) -> Result<(), ModelError> {
        for asset in &self.assets {
            let path = format!("assets/{asset}");
            if !files.iter().any(|(name, _)| *name == path) {
                return Err(invalid(format!("the file {path:?} did not come with the model")));
            }
        }
        self.graph.check(outputs, &[])?;
        self.graph.check(self.initialisers.iter().copied(), FILLS)?;
        self.graph.check([self.restore], RESTORES)?;
        // What is restored may come from nowhere but the model's own variables.
        self.graph.visit([self.restore], &mut |node, function| {
            let first = node.inputs.first().map(|input| node_of(input)).unwrap_or_default();
            let own = match function {
                None => first == self.variables_path,
                Some(function) => function.arguments.contains(&first),
            };
            let restores = RESTORES.contains(&node.operator)
                || (function.is_none() && node.callees(&self.graph.library).next().is_some());
            let nested = function.is_some() && node.callees(&self.graph.library).next().is_some();
            if (restores && !own) || nested {
                return Err(unsupported("variables are restored in a way that is not known")
                    .at(format!("{} {:?}", node.operator, node.name)));
            }
            Ok(())
        })
    }
}

/// The nodes that an older file runs once: collections of their names.
fn read_collection<'a>(bytes: &'a [u8], nodes: &mut Vec<&'a str>) -> Result<(), ModelError> {
    let mut key = "";
    let mut found = Vec::new();
    let mut entry = Reader::new(bytes);
    while let Some((number, value)) = entry.next_field()? {
        match number {
            1 => key = value.text()?,
            2 => {
                let mut collection = Reader::new(value.bytes()?);
                while let Some((number, value)) = collection.next_field()? {
                    if number != 1 {
                        continue;
                    }
                    let mut list = Reader::new(value.bytes()?);
                    while let Some((number, value)) = list.next_field()? {
                        if number == 1 {
                            found.push(node_of(value.text()?));
                        }
                    }
                }
            }
            _ => {}
        }
    }
    if matches!(key, "saved_model_main_op" | "legacy_init_op") {
        nodes.append(&mut found);
    }
    Ok(())
}

/// The node that a newer file runs once: a signature of a certain name.
fn read_initialiser<'a>(bytes: &'a [u8], nodes: &mut Vec<&'a str>) -> Result<(), ModelError> {
    let mut key = "";
    let mut found = Vec::new();
    let mut entry = Reader::new(bytes);
    while let Some((number, value)) = entry.next_field()? {
        match number {
            1 => key = value.text()?,
            2 => {
                let mut signature = Reader::new(value.bytes()?);
                while let Some((number, value)) = signature.next_field()? {
                    if number == 2 {
                        let mut output = Reader::new(value.bytes()?);
                        while let Some((number, value)) = output.next_field()? {
                            if number == 2 {
                                found.extend(function_name(value.bytes()?)?.map(node_of));
                            }
                        }
                    }
                }
            }
            _ => {}
        }
    }
    if key == "__saved_model_init_op" {
        nodes.append(&mut found);
    }
    Ok(())
}

/// The file's name of an `AssetFileDef`.
fn read_asset_name(bytes: &[u8]) -> Result<Option<&str>, ModelError> {
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        if number == 2 {
            return Ok(Some(value.text()?));
        }
    }
    Ok(None)
}
