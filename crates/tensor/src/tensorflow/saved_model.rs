//! SavedModels: `saved_model.pb`, its variables and assets, as the files of an archive.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use scorewheel_model::{Limits, Mapping, ModelError};
use smol_str::SmolStr;

use crate::archive::Files;
use crate::error::{invalid, malformed};
use crate::graph::order::order;
use crate::graph::{Graph, GraphFile, Name, Node, Resource};
use crate::protobuf::{Budget, Reader};
use crate::tensor::Tensor;
use crate::tensorflow::bundle::Bundle;
use crate::tensorflow::frozen::graph_between;
use crate::tensorflow::graph_def::{GraphDef, read_graph_def};
use crate::tensorflow::resources::Frames;
use crate::tensorflow::signature::{Signature, choose, read_signature};
use crate::tensorflow::slices::TensorSlice;

/// The file by which a SavedModel is known.
pub(crate) const SAVED_MODEL: &str = "saved_model.pb";

/// A `MetaGraphDef`.
#[derive(Default)]
struct MetaGraph {
    tags: Vec<String>,
    version: String,
    graph: GraphDef,
    signatures: Vec<Signature>,
    /// Names of nodes and of the files that they stand for.
    assets: HashMap<String, String>,
}

/// Reads the SavedModel among `files`; gives the tags of its graph as well.
pub(crate) fn read_saved_model(
    files: &Files<'_>,
    mapping: &Mapping,
    limits: &Limits,
) -> Result<(GraphFile, Vec<String>), ModelError> {
    let folder = files.folder_of(SAVED_MODEL).unwrap_or_default();
    let file = |name: &str| files.get(&format!("{folder}{name}"));
    let bytes = file(SAVED_MODEL).ok_or_else(|| invalid(format!("the archive has no {SAVED_MODEL}")))?;
    let mut budget = Budget::new(limits);
    let meta = read_meta_graph(chosen_graph(bytes, &mut budget)?, &mut budget, true)?;
    let signature = choose(meta.signatures, mapping.signature.as_deref())?;
    let GraphDef { nodes, library } = meta.graph;

    let (saved_names, tables) = {
        let frames = Frames::new(&nodes, &library)?;
        let asset = |node: &str| file(&format!("assets/{}", meta.assets.get(node)?));
        (frames.saved_names(), frames.tables(asset)?)
    };
    let format = format!("TensorFlow SavedModel, signature {}", signature.name);
    let graph = graph_between(nodes, Some(signature.inputs), signature.outputs)?;
    let mut resources: HashMap<Name, Resource> =
        tables.into_iter().map(|(name, table)| (name, Resource::Table(table))).collect();
    let variables = variables_of(&graph)?;
    if !variables.is_empty() {
        let index = file("variables/variables.index").ok_or_else(|| {
            invalid("the file variables/variables.index did not come with the model; send the whole folder")
        })?;
        let bundle = Bundle::read(index, &mut budget)?;
        let mut loaded: HashMap<SmolStr, Arc<Tensor>> = HashMap::new();
        for node in variables {
            for (name, slice) in names_of(node, &saved_names) {
                let known = match loaded.get(&name) {
                    Some(tensor) => Some(Arc::clone(tensor)),
                    None => {
                        let shard = |end: &str| file(&format!("variables/variables.{end}"));
                        bundle.tensor(&name, &mut budget, shard)?.map(Arc::new)
                    }
                };
                let Some(tensor) = known else { continue };
                loaded.insert(name, Arc::clone(&tensor));
                let tensor = match TensorSlice::of_text(&slice)? {
                    Some(slice) => Arc::new(slice.cut(&tensor).map_err(|error| error.at(node.describe()))?),
                    None => tensor,
                };
                resources.insert(node.name.clone(), Resource::Variable(tensor));
                break;
            }
        }
    }
    let producer = (!meta.version.is_empty()).then(|| format!("TensorFlow {}", meta.version));
    Ok((GraphFile { graph, library, resources, format, producer, beyond: None }, meta.tags))
}

/// The variables that the outputs need; those inside functions come as arguments.
fn variables_of(graph: &Graph) -> Result<Vec<&Node>, ModelError> {
    let order = order(graph)?;
    let mut seen = HashSet::new();
    let nodes = order.into_iter().filter(|index| seen.insert(*index)).map(|index| &graph.nodes[index]);
    Ok(nodes.filter(|node| matches!(&*node.operator, "VarHandleOp" | "VariableV2" | "Variable")).collect())
}

/// The names by which a variable may have been saved, the likeliest first, and which part of that it is.
fn names_of(node: &Node, saved_names: &HashMap<Name, (SmolStr, SmolStr)>) -> Vec<(SmolStr, SmolStr)> {
    if let Some(saved) = saved_names.get(&node.name) {
        return vec![saved.clone()];
    }
    let mut names: Vec<SmolStr> = vec![(&*node.name).into()];
    if let Ok(Some(shared)) = node.attributes.text("shared_name") {
        names.push((&**shared).into());
    }
    names.into_iter().map(|name| (name, SmolStr::default())).collect()
}

/// The `MetaGraphDef` that is tagged `serve`, else the first.
pub(crate) fn chosen_graph<'a>(bytes: &'a [u8], budget: &mut Budget) -> Result<&'a [u8], ModelError> {
    let mut graphs = Vec::new();
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        if number == 2 {
            graphs.push(value.bytes()?);
        }
    }
    let first = graphs.first().copied();
    let mut serving = None;
    for graph in graphs {
        if read_meta_graph(graph, budget, false)?.tags.iter().any(|tag| tag == "serve") {
            serving = Some(graph);
            break;
        }
    }
    serving.or(first).ok_or_else(|| malformed("not a SavedModel: it has no graph"))
}

fn read_meta_graph(bytes: &[u8], budget: &mut Budget, whole: bool) -> Result<MetaGraph, ModelError> {
    let mut meta = MetaGraph::default();
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        match number {
            1 => {
                let mut info = Reader::new(value.bytes()?);
                while let Some((number, value)) = info.next_field()? {
                    match number {
                        4 => meta.tags.push(value.text()?.to_owned()),
                        5 => meta.version = value.text()?.to_owned(),
                        _ => {}
                    }
                }
            }
            2 if whole => meta.graph = read_graph_def(value.bytes()?, budget)?,
            5 if whole => meta.signatures.push(read_signature(value.bytes()?, budget)?),
            4 if whole => {
                for asset in old_assets(value.bytes()?)? {
                    let (node, file) = read_asset(asset)?;
                    meta.assets.insert(node, file);
                }
            }
            6 if whole => {
                let (node, file) = read_asset(value.bytes()?)?;
                meta.assets.insert(node, file);
            }
            _ => {}
        }
    }
    Ok(meta)
}

/// The `AssetFileDef`s of an entry of the map of collections, where version 1 keeps them.
fn old_assets(entry: &[u8]) -> Result<Vec<&[u8]>, ModelError> {
    let (mut key, mut collection): (&[u8], &[u8]) = (&[], &[]);
    let mut reader = Reader::new(entry);
    while let Some((number, value)) = reader.next_field()? {
        match number {
            1 => key = value.bytes()?,
            2 => collection = value.bytes()?,
            _ => {}
        }
    }
    if key != b"saved_model_assets" {
        return Ok(Vec::new());
    }
    let mut assets = Vec::new();
    // A list of messages of any type, each with its type's name.
    for list in fields(collection, 5)? {
        for any in fields(list, 1)? {
            assets.extend(fields(any, 2)?);
        }
    }
    Ok(assets)
}

/// The messages in a field of this number.
fn fields(bytes: &[u8], wanted: u32) -> Result<Vec<&[u8]>, ModelError> {
    let mut found = Vec::new();
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        if number == wanted {
            found.push(value.bytes()?);
        }
    }
    Ok(found)
}

/// Reads an `AssetFileDef`: the node that names the file, and the file's name.
fn read_asset(bytes: &[u8]) -> Result<(String, String), ModelError> {
    let (mut node, mut file) = (String::new(), String::new());
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        match number {
            1 => {
                let mut info = Reader::new(value.bytes()?);
                while let Some((number, value)) = info.next_field()? {
                    if number == 1 {
                        node = value.text()?.split(':').next().unwrap_or_default().to_owned();
                    }
                }
            }
            2 => file = value.text()?.to_owned(),
            _ => {}
        }
    }
    Ok((node, file))
}
