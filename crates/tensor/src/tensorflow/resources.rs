//! Which variable has which name in the files of variables, and what lookup tables hold.
//!
//! Both are said by nodes that TensorFlow would run once, before the first call: those that restore the variables,
//! and those that fill the tables. They are not run here but read: each is followed, through the functions that it
//! lies in, to the constants it starts from.

use std::collections::HashMap;
use std::sync::Arc;

use scorewheel_model::ModelError;
use smol_str::SmolStr;

use crate::data::Data;
use crate::element::ElementType;
use crate::error::{invalid, malformed, too_large, unsupported};
use crate::graph::{Attribute, Library, Name, Node, Table};
use crate::tensor::Tensor;

/// Most calls of functions that are looked into.
const FRAMES: usize = 1 << 14;
/// Functions within one another.
const DEPTH: usize = 16;
/// Most steps from a value to where it comes from.
const STEPS: usize = 256;

/// The nodes of the graph or of one call of a function.
struct Frame<'a> {
    nodes: HashMap<&'a str, &'a Node>,
    /// What the caller gave for an argument.
    arguments: HashMap<&'a str, (usize, &'a Name)>,
}

impl<'a> Frame<'a> {
    /// What a variable is set to at first.
    fn assigned(&self, variable: &Name) -> Option<&'a Name> {
        let assigns =
            |node: &&&Node| &*node.operator == "AssignVariableOp" && node.inputs.first() == Some(variable);
        self.nodes.values().find(assigns).and_then(|node| node.inputs.get(1))
    }
}

/// The graph and all calls in it.
pub(crate) struct Frames<'a> {
    frames: Vec<Frame<'a>>,
}

/// Where a value comes from.
struct Origin<'a> {
    frame: usize,
    node: &'a Node,
    output: usize,
}

impl<'a> Frames<'a> {
    /// Looks into every call of a function.
    pub fn new(nodes: &'a [Node], library: &'a Library) -> Result<Self, ModelError> {
        let mut frames = Self { frames: Vec::new() };
        frames.add(nodes, HashMap::new(), library, 0)?;
        Ok(frames)
    }

    fn add(
        &mut self,
        nodes: &'a [Node],
        arguments: HashMap<&'a str, (usize, &'a Name)>,
        library: &'a Library,
        depth: usize,
    ) -> Result<(), ModelError> {
        let index = self.frames.len();
        if index >= FRAMES {
            return Err(too_large(format!("functions are called in more than {FRAMES} places")));
        }
        let by_name = nodes.iter().map(|node| (&*node.name, node)).collect();
        self.frames.push(Frame { nodes: by_name, arguments });
        if depth >= DEPTH {
            return Ok(());
        }
        for node in nodes {
            let function = match node.attributes.get("f") {
                Some(Attribute::Function(name)) if node.operator.ends_with("PartitionedCall") => name,
                _ => continue,
            };
            let Some(function) = library.get(function) else { continue };
            let given = function.graph.inputs.iter().zip(&node.inputs);
            let arguments = given.map(|(input, value)| (&*input.value, (index, value))).collect();
            self.add(&function.graph.nodes, arguments, library, depth + 1)?;
        }
        Ok(())
    }

    fn origin(&self, mut frame: usize, mut value: &'a Name) -> Option<Origin<'a>> {
        for _ in 0..STEPS {
            let here = &self.frames[frame];
            if let Some((outer, given)) = here.arguments.get(&**value) {
                (frame, value) = (*outer, *given);
                continue;
            }
            let (name, output) = match value.rsplit_once(':') {
                Some((name, output)) => (name, output.parse().ok()?),
                None => (&**value, 0),
            };
            let node = *here.nodes.get(name)?;
            if matches!(&*node.operator, "Identity" | "EnsureShape") {
                value = node.inputs.first()?;
                continue;
            }
            // The path of a file may be kept in a variable.
            if &*node.operator == "ReadVariableOp"
                && let Some(assigned) = here.assigned(node.inputs.first()?)
            {
                value = assigned;
                continue;
            }
            return Some(Origin { frame, node, output });
        }
        None
    }

    /// The constant that a value is.
    fn constant(&self, frame: usize, value: &'a Name) -> Option<&'a Arc<Tensor>> {
        let origin = self.origin(frame, value)?;
        if &*origin.node.operator != "Const" {
            return None;
        }
        origin.node.attributes.tensor("value").ok().flatten()
    }

    fn nodes(&self) -> impl Iterator<Item = (usize, &'a Node)> {
        self.frames
            .iter()
            .enumerate()
            .flat_map(|(at, frame)| frame.nodes.values().map(move |node| (at, *node)))
    }

    /// The name by which each variable was saved, and which part of what was saved it is: `""` for all.
    pub fn saved_names(&self) -> HashMap<Name, (SmolStr, SmolStr)> {
        let mut names = HashMap::new();
        for (frame, node) in self.nodes() {
            if !matches!(&*node.operator, "AssignVariableOp" | "Assign") {
                continue;
            }
            let [variable, value, ..] = node.inputs.as_slice() else { continue };
            let Some(restore) = self.origin(frame, value) else { continue };
            if !matches!(&*restore.node.operator, "RestoreV2" | "Restore") {
                continue;
            }
            let text_of = |input: usize| {
                let texts = restore.node.inputs.get(input);
                let texts = texts.and_then(|texts| self.constant(restore.frame, texts));
                texts.and_then(|texts| texts.data.text().get(restore.output)).cloned()
            };
            if let (Some(variable), Some(saved)) = (self.origin(frame, variable), text_of(1)) {
                names.insert(variable.node.name.clone(), (saved, text_of(2).unwrap_or_default()));
            }
        }
        names
    }

    /// What every lookup table is filled with, by the node that makes the table. `assets` gives the bytes of the file
    /// that a node of the graph names.
    pub fn tables<'b>(
        &self,
        assets: impl Fn(&str) -> Option<&'b [u8]>,
    ) -> Result<HashMap<Name, Arc<Table>>, ModelError> {
        let mut tables = HashMap::new();
        for (frame, node) in self.nodes() {
            let from_file = match &*node.operator {
                "InitializeTableV2" | "InitializeTable" | "LookupTableImportV2" | "LookupTableImport" => {
                    false
                }
                "InitializeTableFromTextFileV2" | "InitializeTableFromTextFile" => true,
                _ => continue,
            };
            let [handle, keys, ..] = node.inputs.as_slice() else { continue };
            let Some(table) = self.origin(frame, handle) else { continue };
            let content = if from_file {
                let file = self.origin(frame, keys).and_then(|origin| assets(&origin.node.name));
                let file = file.ok_or_else(|| {
                    invalid("the file of a lookup table did not come with the model").at(node.describe())
                })?;
                read_lines(file, node, table.node).map_err(|error| error.at(node.describe()))?
            } else {
                let values = node.inputs.get(2).and_then(|values| self.constant(frame, values));
                let (Some(keys), Some(values)) = (self.constant(frame, keys), values) else { continue };
                if keys.data.len() != values.data.len() {
                    return Err(invalid("a lookup table with more keys than values").at(node.describe()));
                }
                Table { keys: Tensor::clone(keys), values: Tensor::clone(values) }
            };
            tables.insert(table.node.name.clone(), Arc::new(content));
        }
        Ok(tables)
    }
}

/// A table of a text file with an entry a line: its keys and values are the whole line, its number, or a column.
fn read_lines(bytes: &[u8], node: &Node, table: &Node) -> Result<Table, ModelError> {
    let text =
        std::str::from_utf8(bytes).map_err(|_| malformed("the file of a lookup table is not UTF-8"))?;
    let delimiter = node.attributes.text("delimiter")?.map_or("\t", |text| &**text);
    let size = node.attributes.integer_or("vocab_size", -1)?;
    let limit = usize::try_from(size).unwrap_or(usize::MAX);
    let column = |index: &str, element: &str, default: i64| -> Result<Tensor, ModelError> {
        let index = node.attributes.integer_or(index, default)?;
        let element = table.attributes.element(element)?.unwrap_or(ElementType::Text);
        let mut texts: Vec<SmolStr> = Vec::new();
        let mut integers = Vec::new();
        for (number, line) in text.lines().take(limit).enumerate() {
            let part = match index {
                -1 => {
                    integers.push(number as i64);
                    continue;
                }
                -2 => line,
                index => {
                    let index = usize::try_from(index).map_err(|_| unsupported("a column of a table"))?;
                    line.split(delimiter).nth(index).ok_or_else(|| invalid("a line with too few columns"))?
                }
            };
            match element {
                ElementType::Text => texts.push(part.into()),
                _ => integers
                    .push(part.trim().parse().map_err(|_| invalid(format!("{part:?} is no integer")))?),
            }
        }
        let data = if element == ElementType::Text { Data::Text(texts) } else { Data::I64(integers) };
        Ok(Tensor { element, shape: vec![data.len()], data })
    };
    let table = Table {
        keys: column("key_index", "key_dtype", -2)?,
        values: column("value_index", "value_dtype", -1)?,
    };
    if table.keys.data.len() != table.values.data.len() {
        return Err(invalid("a lookup table whose keys and values are of types that its file does not give"));
    }
    Ok(table)
}
