//! `ModelProto`, `GraphProto`, `NodeProto`, `AttributeProto` and `FunctionProto`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use scorewheel_model::{Limits, ModelError};

use crate::error::{invalid, malformed, too_large, unsupported};
use crate::graph::{
    Attribute, Attributes, Domain, Function, Graph, GraphFile, GraphInput, GraphOutput, Library, Name, Node,
};
use crate::maps::MapInput;
use crate::onnx::tensor_proto::{SideFiles, element_type, read_map_type, read_tensor, read_type};
use crate::protobuf::{Budget, Reader};
use crate::records::Missing;

/// The newest operator sets that are known.
const NEWEST: [(Domain, i64); 2] = [(Domain::Onnx, 25), (Domain::OnnxMl, 5)];
/// The oldest one of ONNX's own: before it, shapes were stretched by another rule.
const OLDEST: i64 = 7;
/// Graphs within graphs.
const DEPTH: usize = 32;

/// Reads an ONNX model.
pub(crate) fn read_model(
    bytes: &[u8],
    side_files: &dyn SideFiles,
    limits: &Limits,
) -> Result<GraphFile, ModelError> {
    let mut graph_bytes = None;
    let mut functions = Vec::new();
    let mut versions = Versions::default();
    let (mut producer, mut producer_version) = (String::new(), String::new());
    let mut ir_version = 0;
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        match number {
            1 => ir_version = value.integer()?,
            2 => producer = value.text()?.to_owned(),
            3 => producer_version = value.text()?.to_owned(),
            // A message in two parts would be their sum to others.
            7 if graph_bytes.is_some() => return Err(malformed("an ONNX model with two graphs")),
            7 => graph_bytes = Some(value.bytes()?),
            8 => versions.read(value.bytes()?)?,
            25 => functions.push(value.bytes()?),
            _ => {}
        }
    }
    let graph_bytes = graph_bytes.ok_or_else(|| malformed("not an ONNX model: it has no graph"))?;
    if ir_version <= 0 {
        return Err(malformed("not an ONNX model: it has no IR version"));
    }
    let mut beyond = versions.check().err();
    let budget = Budget::new(limits);
    let names = functions.iter().map(|bytes| function_name(bytes)).collect::<Result<HashSet<_>, _>>()?;
    let mut front = FrontEnd { budget, side_files, versions: &versions, functions: &names, depth: 0 };
    let graph = front.graph(graph_bytes)?;
    let mut library = Library::new();
    for bytes in functions {
        let (name, function) = front.function(bytes, &mut beyond)?;
        if library.insert(name.clone(), Arc::new(function)).is_some() {
            return Err(invalid(format!("the function {name:?} is defined twice")));
        }
    }
    let format = format!("ONNX, operator set {}", versions.describe());
    let producer = format!("{producer} {producer_version}").trim().to_owned();
    Ok(GraphFile {
        graph,
        library,
        resources: HashMap::new(),
        format,
        producer: (!producer.is_empty()).then_some(producer),
        beyond,
    })
}

/// Versions of operator sets, by domain as written.
#[derive(Clone, Debug, Default)]
struct Versions(Vec<(Name, i64)>);

impl Versions {
    fn read(&mut self, bytes: &[u8]) -> Result<(), ModelError> {
        let (mut domain, mut version): (Name, i64) = ("".into(), 0);
        let mut reader = Reader::new(bytes);
        while let Some((number, value)) = reader.next_field()? {
            match number {
                1 => domain = value.text()?.into(),
                2 => version = value.integer()?,
                _ => {}
            }
        }
        self.0.push((domain, version));
        Ok(())
    }

    fn of(&self, domain: Domain) -> i64 {
        let matches = |name: &str| known_domain(name) == Some(domain);
        let default = if domain == Domain::Onnx { OLDEST } else { 1 };
        self.0.iter().filter(|(name, _)| matches(name)).map(|(_, version)| *version).max().unwrap_or(default)
    }

    fn check(&self) -> Result<(), ModelError> {
        for (name, version) in &self.0 {
            let Some(domain) = known_domain(name) else { continue };
            let newest = NEWEST.iter().find(|(known, _)| *known == domain).map_or(0, |(_, newest)| *newest);
            if *version > newest {
                return Err(unsupported(format!(
                    "version {version} of the operator set {domain} is newer than {newest}, the newest that is known; \
                     export the model for an older one"
                )));
            }
        }
        Ok(())
    }

    fn describe(&self) -> String {
        let texts: Vec<String> = self
            .0
            .iter()
            .map(
                |(name, version)| {
                    if name.is_empty() { version.to_string() } else { format!("{name} {version}") }
                },
            )
            .collect();
        texts.join(", ")
    }
}

fn known_domain(name: &str) -> Option<Domain> {
    match name {
        "" | "ai.onnx" => Some(Domain::Onnx),
        "ai.onnx.ml" => Some(Domain::OnnxMl),
        _ => None,
    }
}

fn function_key(domain: &str, name: &str, overload: &str) -> Name {
    if overload.is_empty() {
        format!("{domain}:{name}").into()
    } else {
        format!("{domain}:{name}:{overload}").into()
    }
}

fn function_name(bytes: &[u8]) -> Result<Name, ModelError> {
    let (mut name, mut domain, mut overload) = ("", "", "");
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        match number {
            1 => name = value.text()?,
            10 => domain = value.text()?,
            13 => overload = value.text()?,
            _ => {}
        }
    }
    Ok(function_key(domain, name, overload))
}

struct FrontEnd<'a> {
    budget: Budget,
    side_files: &'a dyn SideFiles,
    versions: &'a Versions,
    /// Names of the model's own functions.
    functions: &'a HashSet<Name>,
    depth: usize,
}

impl FrontEnd<'_> {
    fn graph(&mut self, bytes: &[u8]) -> Result<Graph, ModelError> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(too_large(format!("graphs are nested more than {DEPTH} deep")));
        }
        let mut graph = Graph::default();
        let mut reader = Reader::new(bytes);
        while let Some((number, value)) = reader.next_field()? {
            match number {
                1 => graph.nodes.push(self.node(value.bytes()?, self.versions)?),
                5 => {
                    let (name, tensor) = read_tensor(value.bytes()?, &mut self.budget, self.side_files)?;
                    graph.constants.insert(name, Arc::new(tensor));
                }
                11 => graph.inputs.push(read_input(value.bytes()?)?),
                12 => {
                    let name = read_input(value.bytes()?)?.name;
                    graph.outputs.push(GraphOutput { name: name.clone(), value: name });
                }
                15 => return Err(unsupported("sparse constants")),
                _ => {}
            }
        }
        // Older files list constants among the inputs as well.
        let Graph { inputs, constants, .. } = &mut graph;
        inputs.retain(|input| !constants.contains_key(&input.name));
        let unnamed = graph.nodes.iter_mut().enumerate().filter(|(_, node)| node.name.is_empty());
        for (index, node) in unnamed {
            let output = node.outputs.iter().find(|output| !output.is_empty()).cloned();
            node.name = output.unwrap_or_else(|| format!("node {index}").into());
        }
        self.depth -= 1;
        Ok(graph)
    }

    fn node(&mut self, bytes: &[u8], versions: &Versions) -> Result<Node, ModelError> {
        self.budget.take_nodes(1)?;
        let (mut name, mut operator, mut domain, mut overload) = ("", "", "", "");
        let (mut inputs, mut outputs): (Vec<Name>, Vec<Name>) = (Vec::new(), Vec::new());
        let mut attributes = Attributes::default();
        let mut reader = Reader::new(bytes);
        while let Some((number, value)) = reader.next_field()? {
            match number {
                1 => inputs.push(value.text()?.into()),
                2 => outputs.push(value.text()?.into()),
                3 => name = value.text()?,
                4 => operator = value.text()?,
                5 => {
                    let (key, attribute) = self.attribute(value.bytes()?)?;
                    attributes.push(key, attribute);
                }
                7 => domain = value.text()?,
                8 => overload = value.text()?,
                _ => {}
            }
        }
        self.budget.take_nodes(inputs.len() + outputs.len())?;
        let described = || if name.is_empty() { operator.to_owned() } else { format!("{operator} {name:?}") };
        let key = function_key(domain, operator, overload);
        let (domain, operator, version) = match known_domain(domain) {
            _ if self.functions.contains(&key) => (Domain::Function, key, 0),
            Some(known) => (known, operator.into(), versions.of(known)),
            None => (Domain::Other, format!("{domain}:{operator}").into(), 0),
        };
        if domain == Domain::Onnx && version < OLDEST {
            let message =
                format!("version {version} of the operator set; {OLDEST} is the oldest that is known");
            return Err(unsupported(message).at(described()));
        }
        Ok(Node { name: name.into(), domain, operator, version, inputs, outputs, attributes })
    }

    fn attribute(&mut self, bytes: &[u8]) -> Result<(Name, Attribute), ModelError> {
        self.budget.take_nodes(1)?;
        let mut name: Name = "".into();
        let mut kind = 0;
        let mut reference: Option<Name> = None;
        let mut single: Option<Attribute> = None;
        let (mut floats, mut integers) = (Vec::new(), Vec::new());
        let mut texts: Vec<Name> = Vec::new();
        let lossy = |bytes: &[u8]| -> Name { String::from_utf8_lossy(bytes).as_ref().into() };
        let mut reader = Reader::new(bytes);
        while let Some((number, value)) = reader.next_field()? {
            match number {
                1 => name = value.text()?.into(),
                2 => single = Some(Attribute::Float(value.float()?)),
                3 => single = Some(Attribute::Integer(value.integer()?)),
                4 => single = Some(Attribute::Text(lossy(value.bytes()?))),
                5 => {
                    let (_, tensor) = read_tensor(value.bytes()?, &mut self.budget, self.side_files)?;
                    single = Some(Attribute::Tensor(Arc::new(tensor)));
                }
                6 => single = Some(Attribute::Graph(Arc::new(self.graph(value.bytes()?)?))),
                7 => value.floats(&mut floats)?,
                8 => value.integers(&mut integers)?,
                9 => {
                    self.budget.take_nodes(1)?;
                    texts.push(lossy(value.bytes()?));
                }
                20 => kind = value.integer()?,
                21 => reference = Some(value.text()?.into()),
                10 | 11 | 22 | 23 => {
                    return Err(unsupported(format!("attribute {name:?} is a list of tensors or graphs")));
                }
                _ => {}
            }
        }
        if let Some(reference) = reference.filter(|reference| !reference.is_empty()) {
            return Ok((name, Attribute::Reference(reference)));
        }
        // A value equal to its type's default may be left out of the file; the kind still says what it is.
        let attribute = match (kind, single) {
            (_, Some(single)) => single,
            (1, None) => Attribute::Float(0.0),
            (2, None) => Attribute::Integer(0),
            (3, None) => Attribute::Text("".into()),
            (6, None) => Attribute::Floats(floats),
            (7, None) => Attribute::Integers(integers),
            (8, None) => Attribute::Texts(texts),
            (0, None) if !floats.is_empty() => Attribute::Floats(floats),
            (0, None) if !texts.is_empty() => Attribute::Texts(texts),
            (0, None) => Attribute::Integers(integers),
            _ => return Err(malformed(format!("attribute {name:?} of kind {kind} has no value"))),
        };
        let is_type = matches!(&*name, "to" | "dtype") || (&*name == "output_dtype");
        let attribute = match attribute {
            Attribute::Integer(number) if is_type => Attribute::Element(element_type(number)),
            other => other,
        };
        Ok((name, attribute))
    }

    fn function(
        &mut self,
        bytes: &[u8],
        beyond: &mut Option<ModelError>,
    ) -> Result<(Name, Function), ModelError> {
        let name = function_name(bytes)?;
        let mut versions = Versions::default();
        let mut graph = Graph { constants: HashMap::new(), ..Graph::default() };
        let mut default_attributes = Attributes::default();
        let mut nodes = Vec::new();
        let mut reader = Reader::new(bytes);
        while let Some((number, value)) = reader.next_field()? {
            match number {
                4 => {
                    let name: Name = value.text()?.into();
                    graph.inputs.push(GraphInput {
                        value: name.clone(),
                        name,
                        element: None,
                        shape: None,
                        map: None,
                    });
                }
                5 => {
                    let output: Name = value.text()?.into();
                    graph.outputs.push(GraphOutput { name: output.clone(), value: output });
                }
                7 => nodes.push(value.bytes()?),
                9 => versions.read(value.bytes()?)?,
                11 => {
                    let (key, attribute) = self.attribute(value.bytes()?)?;
                    default_attributes.push(key, attribute);
                }
                _ => {}
            }
        }
        if let Err(error) = versions.check() {
            beyond.get_or_insert(error.at(&*name));
        }
        for node in nodes {
            let node = self.node(node, &versions).map_err(|error| error.at(&*name))?;
            graph.nodes.push(node);
        }
        for (index, node) in graph.nodes.iter_mut().enumerate().filter(|(_, node)| node.name.is_empty()) {
            node.name = format!("{name} {index}").into();
        }
        Ok((name, Function { graph, default_attributes }))
    }
}

/// Reads a `ValueInfoProto`.
fn read_input(bytes: &[u8]) -> Result<GraphInput, ModelError> {
    let mut input = GraphInput { name: "".into(), value: "".into(), element: None, shape: None, map: None };
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        match number {
            1 => {
                input.name = value.text()?.into();
                input.value = input.name.clone();
            }
            2 => {
                if let Some((element, shape)) = read_type(value.bytes()?)? {
                    input.element = element;
                    input.shape = shape;
                } else if let Some((text_keys, element)) = read_map_type(value.bytes()?)? {
                    input.element = Some(element);
                    input.map = Some(MapInput { text_keys, keys: Vec::new(), missing: Missing::Zero });
                }
            }
            _ => {}
        }
    }
    Ok(input)
}
