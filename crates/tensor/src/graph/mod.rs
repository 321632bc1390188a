//! What every front end reads its file into: a graph of named values.
//!
//! | file | what it holds |
//! |---|---|
//! | [`mod@self`] | [`Graph`], [`Node`], [`Function`], [`Library`] |
//! | [`attribute`] | [`Attribute`], [`Attributes`]: constants of a node |
//! | [`order`] | the order in which nodes can be computed; cycles and missing values are refused |

pub(crate) mod attribute;
pub(crate) mod order;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use scorewheel_model::ModelError;

pub(crate) use attribute::{Attribute, Attributes};

use crate::element::ElementType;
use crate::maps::MapInput;
use crate::tensor::Tensor;

/// Name of a value, a node or a function.
pub(crate) type Name = Arc<str>;

/// Whose operators a node's name is looked up among.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Domain {
    /// ONNX's own.
    Onnx,
    /// `ai.onnx.ml`: classical models.
    OnnxMl,
    /// TensorFlow.
    TensorFlow,
    /// The file's own functions.
    Function,
    /// What a front end makes of several nodes; no file names these.
    Rewritten,
    /// A domain that is none of these; the operator is `domain:name`.
    Other,
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Onnx => "ai.onnx",
            Self::OnnxMl => "ai.onnx.ml",
            Self::TensorFlow => "tensorflow",
            Self::Function => "the model's functions",
            Self::Rewritten => "rewritten nodes",
            Self::Other => "an unknown domain",
        })
    }
}

/// One dimension of a declared shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Dimension {
    /// Always this long.
    Fixed(usize),
    /// Not known before the records are; dimensions of one name are equally long.
    Open(Option<Name>),
}

/// An input of a graph: the name it is shown by, and the value that it feeds.
#[derive(Clone, Debug)]
pub(crate) struct GraphInput {
    pub name: Name,
    pub value: Name,
    pub element: Option<ElementType>,
    /// `None` if the file does not state it.
    pub shape: Option<Vec<Dimension>>,
    /// What the entries belong to, if it is a map; `element` is then that of its values.
    pub map: Option<MapInput>,
}

/// An output of a graph: the name it is shown by, and the value it is.
#[derive(Clone, Debug)]
pub(crate) struct GraphOutput {
    pub name: Name,
    pub value: Name,
}

/// One operation.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Shown in messages.
    pub name: Name,
    pub domain: Domain,
    pub operator: Name,
    /// Version of the operator set; 0 where there is none.
    pub version: i64,
    /// Values, by name; empty for one left out.
    pub inputs: Vec<Name>,
    /// Names of what it computes; empty for one that nobody reads.
    pub outputs: Vec<Name>,
    pub attributes: Attributes,
}

impl Node {
    /// `operator "name"`, for messages.
    pub fn describe(&self) -> String {
        format!("{} {:?}", self.operator, self.name)
    }
}

/// Nodes between inputs and outputs. Names of values not defined inside belong to the graph around it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    pub inputs: Vec<GraphInput>,
    pub outputs: Vec<GraphOutput>,
    pub nodes: Vec<Node>,
    pub constants: HashMap<Name, Arc<Tensor>>,
}

/// A graph that nodes call by name.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub graph: Graph,
    /// What attributes of the body stand for that name one of the caller.
    pub default_attributes: Attributes,
}

/// The functions of a file, by name; ONNX names are `domain:name`.
pub(crate) type Library = HashMap<Name, Arc<Function>>;

/// What a node hands on that is no tensor.
#[derive(Clone, Debug)]
pub(crate) enum Resource {
    /// A variable with the value that it was saved with.
    Variable(Arc<Tensor>),
    /// A lookup table.
    Table(Arc<Table>),
    /// A list of values, by its number among those of the trace.
    List(usize),
    /// A table of which some columns are known, by the number of a list of these.
    Columns(usize),
    /// A variable or table that the file gives no content.
    Empty,
}

/// Values by key.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub keys: Tensor,
    pub values: Tensor,
}

/// What a front end makes of a file.
#[derive(Clone, Debug)]
pub(crate) struct GraphFile {
    pub graph: Graph,
    pub library: Library,
    /// Content of variables and tables, by the node that makes them.
    pub resources: HashMap<Name, Resource>,
    /// Format and version, for people.
    pub format: String,
    /// What wrote it, if it says so.
    pub producer: Option<String>,
    /// Why the engines here do not evaluate it, if the file alone tells.
    pub beyond: Option<ModelError>,
}
