//! `KNNImputer` as skl2onnx writes it, rewritten so that every length is known.
//!
//! skl2onnx picks the rows that lack a number (`NonZero`), computes their distances to the rows that were learned, and
//! calls a function of the model a column, which puts a number into the rows that lack it. How many rows are picked
//! depends on the records. Here distances are computed for all rows, and each call becomes one operator,
//! [`COLUMN`], that looks at the rows by itself.
//!
//! The functions are told by what they compute, node by node, not by their names: [`Told`].

use std::collections::{HashMap, HashSet};
use std::fmt::{self, Write};

use crate::element::Storage;
use crate::graph::order::reads;
use crate::graph::{Attribute, Attributes, Domain, Graph, GraphFile, Library, Name, Node};
use crate::operators::buckets_by_hash;
use crate::tensor::Tensor;

/// Puts numbers into one column. Inputs: the rows, which of their numbers are missing, the distances to the rows that
/// were learned, which of those rows' numbers are missing, those rows, how many neighbours, which column.
pub(crate) const COLUMN: &str = "KNNImputerColumn";

/// What skl2onnx 1.20 writes for one column, for the distances, and for where a row stands among those picked.
const COLUMN_FUNCTION: u64 = 0x9f07_6860_8d9c_3137;
const DISTANCE_FUNCTION: u64 = 0xc6f1_3c82_ec19_4543;
const PLACE_FUNCTION: u64 = 0xd6e4_8dfd_7851_f8ac;

/// Inputs of the function of a column; the other two have 2.
const COLUMN_INPUTS: usize = 10;

/// Functions and graphs within one another that are looked into.
const DEPTH: usize = 8;

/// Bytes that the functions of one file are told in: a hundred times what the three have. A file may hold very many,
/// and each may call the same long one.
const LONGEST: usize = 1 << 20;

/// The file with its calls rewritten; `None` if there are none, or if something else is made of them.
pub(crate) fn rewrite(file: &GraphFile) -> Option<GraphFile> {
    let graph = &file.graph;
    let parts = Parts::of(file)?;
    let mut calls = Vec::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        if parts.is(node, COLUMN_FUNCTION) {
            calls.push((index, Call::of(&parts, node)?));
        }
    }
    // Distances of all rows are no longer what anything else would read.
    let is_call: HashSet<usize> = calls.iter().map(|(index, _)| *index).collect();
    let distances: HashSet<usize> = calls.iter().map(|(_, call)| call.distance).collect();
    let is_distance = |name: &Name| parts.makers.get(name).is_some_and(|maker| distances.contains(maker));
    let others = (0..graph.nodes.len()).filter(|index| !is_call.contains(index));
    let mut read_elsewhere = others.flat_map(|index| reads(graph, index));
    if read_elsewhere.any(is_distance) || graph.outputs.iter().any(|output| is_distance(&output.value)) {
        return None;
    }
    let mut file = file.clone();
    let nodes = &mut file.graph.nodes;
    for (index, Call { distance, records, inputs }) in calls {
        nodes[distance].inputs[0] = records;
        let node = &mut nodes[index];
        (node.domain, node.operator, node.version) = (Domain::Rewritten, COLUMN.into(), 0);
        node.inputs = inputs;
        node.attributes = Attributes::default();
    }
    Some(file)
}

/// What a graph is made of.
struct Parts<'a> {
    graph: &'a Graph,
    /// The node that makes a value.
    makers: HashMap<&'a Name, usize>,
    /// Fingerprints of the functions that may be looked for.
    functions: HashMap<&'a Name, u64>,
}

impl<'a> Parts<'a> {
    /// The parts of a graph that calls the function of a column.
    fn of(file: &'a GraphFile) -> Option<Self> {
        let GraphFile { graph, library, .. } = file;
        let mut told = Told::new(library);
        let mut seen = HashSet::new();
        let mut functions = HashMap::new();
        // In the order of the file, so that the same ones are told each time.
        for node in graph.nodes.iter().filter(|node| node.domain == Domain::Function) {
            let inputs = library.get(&node.operator).map_or(0, |function| function.graph.inputs.len());
            if matches!(inputs, 2 | COLUMN_INPUTS) && seen.insert(&node.operator) {
                functions.extend(told.fingerprint(&node.operator).map(|found| (&node.operator, found)));
            }
        }
        if functions.values().all(|function| *function != COLUMN_FUNCTION) {
            return None;
        }
        let made = graph.nodes.iter().enumerate();
        let made = made.flat_map(|(index, node)| node.outputs.iter().map(move |output| (output, index)));
        let makers = made.filter(|(output, _)| !output.is_empty()).collect();
        Some(Self { graph, makers, functions })
    }

    fn is(&self, node: &Node, function: u64) -> bool {
        node.domain == Domain::Function && self.functions.get(&node.operator) == Some(&function)
    }

    fn maker(&self, value: &Name) -> Option<&'a Node> {
        self.makers.get(value).map(|index| &self.graph.nodes[*index])
    }

    /// The node that makes a value, if it is one of ONNX's operator.
    fn made_by(&self, value: &Name, operator: &str) -> Option<&'a Node> {
        let node = self.maker(value)?;
        (node.domain == Domain::Onnx && &*node.operator == operator).then_some(node)
    }

    fn constant(&self, value: &Name) -> Option<&'a Tensor> {
        self.graph.constants.get(value).map(|tensor| &**tensor)
    }

    /// The one whole number that a value is.
    fn number(&self, value: &Name) -> Option<i64> {
        match self.constant(value)?.data.i64() {
            [number] => Some(*number),
            _ => None,
        }
    }

    /// Truth values and their shape.
    fn truths(&self, value: &Name) -> Option<(&'a [usize], &'a [bool])> {
        let tensor = self.constant(value)?;
        (tensor.data.storage() == Storage::Bool).then(|| (tensor.shape.as_slice(), tensor.data.bool()))
    }

    /// True if one value is everywhere what the other is not.
    fn are_opposite(&self, present: &Name, missing: &Name) -> bool {
        match (self.truths(present), self.truths(missing)) {
            (Some(present), Some(missing)) => {
                let opposite = |(present, missing): (&bool, &bool)| present != missing;
                present.0 == missing.0 && present.1.iter().zip(missing.1).all(opposite)
            }
            _ => self.made_by(present, "Not").and_then(|not| not.inputs.first()) == Some(missing),
        }
    }

    /// True if all rows where `mask` says that a number of the column is missing are among those picked.
    fn are_picked(&self, picked: &Name, mask: &Name, column: i64) -> Option<bool> {
        let mut value = picked;
        for operator in ["Reshape", "NonZero", "Reshape", "Cast", "ReduceMax", "Cast", "Compress"] {
            let node = self.made_by(value, operator)?;
            let along_columns = match operator {
                // Which columns count; those that do not are dropped in the end.
                "Compress" => {
                    let (_, counts) = self.truths(node.inputs.get(1)?)?;
                    let counts = counts.get(usize::try_from(column).ok()?)?;
                    *counts && node.attributes.integer("axis").ok()? == Some(1)
                }
                "ReduceMax" => self.number(node.inputs.get(1)?)? == 1,
                _ => true,
            };
            if !along_columns {
                return None;
            }
            value = node.inputs.first()?;
        }
        Some(value == mask)
    }
}

/// A call of the function of a column.
struct Call {
    /// The node of the distances, and the rows that it is to take in place of those that were picked.
    distance: usize,
    records: Name,
    /// Inputs of the operator that takes its place.
    inputs: Vec<Name>,
}

impl Call {
    /// The call of a node, if all around it is as skl2onnx writes it.
    fn of(parts: &Parts<'_>, node: &Node) -> Option<Self> {
        let [column, rows, distance, present, missing, place, mask, picked, learned, neighbours] =
            node.inputs.as_slice()
        else {
            return None;
        };
        let at = *parts.makers.get(distance)?;
        let distance_node = &parts.graph.nodes[at];
        let [from, to] = distance_node.inputs.as_slice() else { return None };
        // Distances of rows that were picked by the same indices.
        let gather = parts.made_by(from, "Gather")?;
        let [records, by] = gather.inputs.as_slice() else { return None };
        let place_node = parts.maker(place)?;
        let is_known = parts.is(distance_node, DISTANCE_FUNCTION)
            && to == learned
            && gather.attributes.integer_or("axis", 0).ok()? == 0
            && by == picked
            && parts.is(place_node, PLACE_FUNCTION)
            && place_node.inputs.as_slice() == [records.clone(), picked.clone()]
            && parts.made_by(mask, "IsNaN")?.inputs.first() == Some(records)
            && parts.are_picked(picked, mask, parts.number(column)?)?
            && parts.are_opposite(present, missing)
            && [missing, learned, neighbours].into_iter().all(|value| parts.constant(value).is_some());
        let inputs = [rows, mask, distance, missing, learned, neighbours, column].map(Name::clone).to_vec();
        is_known.then(|| Self { distance: at, records: records.clone(), inputs })
    }
}

/// What functions compute, as text that two have in common if they compute the same: operators, attributes, constants
/// and who reads what, in order, those of the functions and graphs within them included; names do not matter.
struct Told<'a> {
    library: &'a Library,
    text: String,
    /// Bytes that may still be written or read.
    left: usize,
}

impl Write for Told<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.spend(text.len()).ok_or(fmt::Error)?;
        self.text.push_str(text);
        Ok(())
    }
}

impl<'a> Told<'a> {
    fn new(library: &'a Library) -> Self {
        Self { library, text: String::new(), left: LONGEST }
    }

    /// A number that stands for what a function computes; `None` where none of those that are looked for does so.
    fn fingerprint(&mut self, name: &Name) -> Option<u64> {
        self.text.clear();
        self.function(name, DEPTH)?;
        Some(buckets_by_hash::fingerprint(self.text.as_bytes()))
    }

    fn spend(&mut self, bytes: usize) -> Option<()> {
        self.left = self.left.checked_sub(bytes)?;
        Some(())
    }

    fn function(&mut self, name: &Name, depth: usize) -> Option<()> {
        self.spend(name.len())?;
        let function = self.library.get(name)?;
        self.graph(&function.graph, &mut HashMap::new(), depth.checked_sub(1)?)
    }

    fn graph(&mut self, graph: &Graph, numbers: &mut HashMap<Name, usize>, depth: usize) -> Option<()> {
        if !graph.constants.is_empty() {
            return None;
        }
        self.write_str("{").ok()?;
        graph.inputs.iter().try_for_each(|input| self.value(&input.value, numbers))?;
        for node in &graph.nodes {
            self.write_str("\n").ok()?;
            match node.domain {
                Domain::Onnx => self.word(&node.operator)?,
                Domain::Function => self.function(&node.operator, depth)?,
                _ => return None,
            }
            node.inputs.iter().try_for_each(|input| self.value(input, numbers))?;
            for (key, attribute) in node.attributes.iter() {
                self.write_str(" ").ok()?;
                self.word(key)?;
                match attribute {
                    Attribute::Integer(number) => self.show(number)?,
                    Attribute::Integers(numbers) => self.show(numbers)?,
                    Attribute::Float(number) => self.show(number)?,
                    Attribute::Text(text) => self.word(text)?,
                    Attribute::Element(element) => self.show(element)?,
                    Attribute::Tensor(tensor) => self.tensor(tensor)?,
                    Attribute::Graph(graph) => self.graph(graph, numbers, depth.checked_sub(1)?)?,
                    _ => return None,
                }
            }
            self.write_str(" ->").ok()?;
            node.outputs.iter().try_for_each(|output| self.value(output, numbers))?;
        }
        self.write_str("\n").ok()?;
        graph.outputs.iter().try_for_each(|output| self.value(&output.value, numbers))?;
        self.write_str("}").ok()
    }

    fn show(&mut self, value: &impl fmt::Debug) -> Option<()> {
        write!(self, "={value:?}").ok()
    }

    /// A text with its length, so that nothing in it can pass for what follows.
    fn word(&mut self, text: &str) -> Option<()> {
        write!(self, "{}:{text}", text.len()).ok()
    }

    fn tensor(&mut self, tensor: &Tensor) -> Option<()> {
        let Tensor { element, shape, data } = tensor;
        // What is learned is handed over; the functions themselves hold single numbers.
        let is_small = data.len() <= 16 && data.storage() != Storage::Text;
        is_small.then(|| self.show(&(element, shape, data)))?
    }

    /// Values are numbered in the order in which they turn up.
    fn value(&mut self, name: &Name, numbers: &mut HashMap<Name, usize>) -> Option<()> {
        self.spend(name.len())?;
        let next = numbers.len();
        let number = *numbers.entry(name.clone()).or_insert(next);
        write!(self, " {number}").ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use base64::Engine as _;
    use scorewheel_model::Limits;

    use super::*;
    use crate::data::Data;
    use crate::element::ElementType;
    use crate::graph::order::order;
    use crate::graph::{Function, GraphInput, GraphOutput};
    use crate::onnx::model_proto::read_model;
    use crate::onnx::tensor_proto::NoSideFiles;

    /// The models that skl2onnx wrote.
    fn files() -> impl Iterator<Item = GraphFile> {
        let text = include_str!("../../tests/conformance/imputation.jsonl");
        text.lines().map(|line| {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let packed = base64::engine::general_purpose::STANDARD.decode(case["model"].as_str().unwrap());
            let bytes = miniz_oxide::inflate::decompress_to_vec_zlib(&packed.unwrap()).unwrap();
            read_model(&bytes, &NoSideFiles, &Limits::default()).unwrap()
        })
    }

    #[test]
    fn the_functions_are_known() {
        for file in files() {
            let mut told = Told::new(&file.library);
            let found = ["knn_imputer_column", "dist_nan_euclidean", "dict_idx_map"]
                .map(|name| told.fingerprint(&format!("local_domain:{name}").as_str().into()));
            let known = [COLUMN_FUNCTION, DISTANCE_FUNCTION, PLACE_FUNCTION].map(Some);
            assert_eq!(found, known, "{found:x?}");
            assert!((LONGEST - told.left) * 50 < LONGEST, "{} bytes are left", told.left);
            let rewritten = rewrite(&file).unwrap().graph;
            let computed: Vec<&Node> =
                order(&rewritten).unwrap().into_iter().map(|index| &rewritten.nodes[index]).collect();
            assert!(computed.iter().any(|node| node.domain == Domain::Rewritten));
            assert!(computed.iter().all(|node| &*node.operator != "NonZero"));
        }
    }

    /// What a call is made of, and what no longer is that.
    #[test]
    fn what_is_made_of_something_else_stays_as_it_is() {
        let file = files().next().unwrap();
        let is_rewritten = |change: &dyn Fn(&mut GraphFile)| {
            let mut file = file.clone();
            change(&mut file);
            rewrite(&file).is_some()
        };
        let call = file.graph.nodes.iter().find(|node| &*node.operator == "local_domain:knn_imputer_column");
        let inputs = &call.unwrap().inputs;
        let (column, present, missing) = (&inputs[0], &inputs[3], &inputs[4]);
        let other = |operator: &'static str, at: usize, value: Name| {
            move |file: &mut GraphFile| {
                let node = file.graph.nodes.iter_mut().find(|node| &*node.operator == operator);
                node.unwrap().inputs[at] = value.clone();
            }
        };
        assert!(is_rewritten(&|_| {}));
        assert!(!is_rewritten(&other("NonZero", 0, "isnan".into())));
        assert!(!is_rewritten(&other("IsNaN", 0, missing.clone())));
        assert!(!is_rewritten(&other("Not", 0, present.clone())));
        assert!(!is_rewritten(&other("local_domain:dict_idx_map", 0, "isnan".into())));
        assert!(!is_rewritten(&other("ReduceMax", 1, column.clone())));
        let truths = |file: &mut GraphFile, name: &Name, change: &dyn Fn(&mut Vec<bool>)| {
            let mut tensor = Tensor::clone(&file.graph.constants[name]);
            let Data::Bool(truths) = &mut tensor.data else { panic!("{name} holds no truth values") };
            change(truths);
            file.graph.constants.insert(name.clone(), Arc::new(tensor));
        };
        // A column that does not count when rows are picked.
        let compress = file.graph.nodes.iter().find(|node| &*node.operator == "Compress").unwrap();
        assert!(!is_rewritten(&|file| truths(file, &compress.inputs[1], &|counts| counts[0] = false)));
        // A constant where skl2onnx writes `Not`.
        let constant = |change: &dyn Fn(&mut Vec<bool>)| {
            is_rewritten(&|file| {
                file.graph.nodes.retain(|node| !node.outputs.contains(present));
                let tensor = Arc::clone(&file.graph.constants[missing]);
                file.graph.constants.insert(present.clone(), tensor);
                truths(file, present, change);
            })
        };
        assert!(constant(&|truths| truths.iter_mut().for_each(|truth| *truth = !*truth)));
        assert!(!constant(&|_| {}));
    }

    #[test]
    fn what_functions_are_told_in_is_bounded() {
        let value = |name: &str| GraphInput {
            name: name.into(),
            value: name.into(),
            element: None,
            shape: None,
            map: None,
        };
        let long = Graph { inputs: vec![value(&"x".repeat(LONGEST / 10)); 3], ..Graph::default() };
        let function = |graph| Arc::new(Function { graph, default_attributes: Attributes::default() });
        let library: Library = [("f".into(), function(long))].into_iter().collect();
        let mut told = Told::new(&library);
        let found = (0..10).filter(|_| told.fingerprint(&"f".into()).is_some()).count();
        assert_eq!(found, 3);
    }

    #[test]
    fn other_functions_have_another_fingerprint() {
        let node = |operator: &str, inputs: [&str; 2]| Node {
            name: "n".into(),
            domain: Domain::Onnx,
            operator: operator.into(),
            version: 21,
            inputs: inputs.map(Name::from).to_vec(),
            outputs: vec!["y".into()],
            attributes: Attributes::default(),
        };
        let told = |graph: Graph| {
            let function = Function { graph, default_attributes: Attributes::default() };
            let library: Library = [("f".into(), Arc::new(function))].into_iter().collect();
            Told::new(&library).fingerprint(&"f".into())
        };
        let of = |node: Node| told(Graph { nodes: vec![node], ..Graph::default() });
        let plain = of(node("Add", ["a", "b"]));
        // Names do not matter, operators and who reads what do.
        assert!(plain.is_some());
        assert_eq!(plain, of(node("Add", ["c", "d"])));
        assert_ne!(plain, of(node("Add", ["a", "a"])));
        assert_ne!(plain, of(node("Sub", ["a", "b"])));
        // Neither the operators of others nor constants within are told.
        assert_eq!(of(Node { domain: Domain::OnnxMl, ..node("Add", ["a", "b"]) }), None);
        let tensor = Tensor { element: ElementType::F32, shape: vec![], data: Data::F32(vec![1.0]) };
        let within = Graph {
            nodes: vec![node("Add", ["a", "b"])],
            outputs: vec![GraphOutput { name: "y".into(), value: "y".into() }],
            constants: [("b".into(), Arc::new(tensor))].into_iter().collect(),
            ..Graph::default()
        };
        let mut branch = node("If", ["a", "b"]);
        branch.attributes.push("then_branch".into(), Attribute::Graph(Arc::new(within)));
        assert_eq!(of(branch), None);
    }
}
