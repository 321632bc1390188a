//! `KNNImputer` as skl2onnx writes it, rewritten so that every length is known.
//!
//! skl2onnx picks the rows that lack a number (`NonZero`), computes their distances to the rows that were learned, and
//! calls a function of the model a column, which puts a number into the rows that lack it. How many rows are picked
//! depends on the records. Here distances are computed for all rows, and each call becomes one operator,
//! [`COLUMN`], that looks at the rows by itself.
//!
//! The functions are told by what they compute, node by node, not by their names: [`fingerprint`].

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use crate::graph::{Attribute, Attributes, Domain, Graph, GraphFile, Library, Name, Node};
use crate::tensor::Tensor;

/// Puts numbers into one column. Inputs: the rows, which of their numbers are missing, the distances to the rows that
/// were learned, which of those rows' numbers are missing, those rows, how many neighbours, which column.
pub(crate) const COLUMN: &str = "KNNImputerColumn";

/// What skl2onnx 1.20 writes for one column, and for the distances.
const COLUMN_FUNCTION: u64 = 0xc8b9_070e_8bf1_6779;
const DISTANCE_FUNCTION: u64 = 0xc2b9_85f9_262c_8a83;

/// Functions and graphs within one another that are looked into.
const DEPTH: usize = 8;

/// The file with its calls rewritten; `None` if there are none, or if something else is made of them.
pub(crate) fn rewrite(file: &GraphFile) -> Option<GraphFile> {
    let GraphFile { graph, library, .. } = file;
    let is = |wanted: u64| -> HashSet<Name> {
        let matches = |name: &&Name| fingerprint(name, library) == Some(wanted);
        library.keys().filter(matches).cloned().collect()
    };
    let columns = is(COLUMN_FUNCTION);
    if columns.is_empty() {
        return None;
    }
    let distances = is(DISTANCE_FUNCTION);
    let makers: HashMap<Name, usize> = graph
        .nodes
        .iter()
        .enumerate()
        .flat_map(|(index, node)| node.outputs.iter().map(move |output| (output.clone(), index)))
        .collect();
    let mut all_rows = Vec::new();
    let mut calls = Vec::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        if !columns.contains(&node.operator) {
            continue;
        }
        let call = Call::of(graph, node, &makers, &distances)?;
        all_rows.push((call.distance, call.records));
        calls.push((index, call.inputs));
    }
    // Distances of all rows are no longer what anything else would read.
    let is_call = |at: usize| calls.iter().any(|(index, _)| *index == at);
    for (distance, _) in &all_rows {
        let outputs = &graph.nodes[*distance].outputs;
        let mut read_elsewhere = graph.outputs.iter().any(|output| outputs.contains(&output.value));
        for (_, node) in graph.nodes.iter().enumerate().filter(|(index, _)| !is_call(*index)) {
            each_read(node, DEPTH, &mut |name| read_elsewhere |= outputs.contains(name));
        }
        if read_elsewhere {
            return None;
        }
    }
    let mut file = file.clone();
    let graph = &mut file.graph;
    for (index, records) in all_rows {
        graph.nodes[index].inputs[0] = records;
    }
    for (index, inputs) in calls {
        let node = &mut graph.nodes[index];
        (node.domain, node.operator, node.version) = (Domain::Rewritten, COLUMN.into(), 0);
        node.inputs = inputs;
        node.attributes = Attributes::default();
    }
    drop_unread(graph, &makers);
    Some(file)
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
    fn of(
        graph: &Graph,
        node: &Node,
        makers: &HashMap<Name, usize>,
        distances: &HashSet<Name>,
    ) -> Option<Self> {
        let [column, rows, distance, present, missing, _, mask, picked, learned, neighbours] =
            node.inputs.as_slice()
        else {
            return None;
        };
        let made_by = |value: &Name, operator: &str| {
            let node = &graph.nodes[*makers.get(value)?];
            (node.domain == Domain::Onnx && &*node.operator == operator).then_some(node)
        };
        let at = *makers.get(distance)?;
        let distance_node = &graph.nodes[at];
        let [from, to] = distance_node.inputs.as_slice() else { return None };
        // Distances of rows that were picked by the same indices, or already those of all rows.
        let records = match made_by(from, "Gather") {
            Some(gather) => {
                let along_rows = gather.attributes.integer_or("axis", 0).ok()? == 0;
                let is_pick = made_by(made_by(picked, "Reshape")?.inputs.first()?, "NonZero").is_some();
                let same = along_rows && is_pick && gather.inputs.get(1) == Some(picked);
                same.then(|| gather.inputs[0].clone())?
            }
            None => from.clone(),
        };
        let constant = |value: &Name| graph.constants.contains_key(value);
        let mask_of_records = made_by(mask, "IsNaN")?.inputs.first() == Some(&records);
        let present_or_missing =
            constant(present) || made_by(present, "Not")?.inputs.first() == Some(missing);
        let known = [column, missing, learned, neighbours].into_iter().all(constant);
        if !distances.contains(&distance_node.operator)
            || to != learned
            || !mask_of_records
            || !present_or_missing
            || !known
        {
            return None;
        }
        let inputs = [rows, mask, distance, missing, learned, neighbours, column].map(Name::clone).to_vec();
        Some(Self { distance: at, records, inputs })
    }
}

/// Drops nodes whose outputs nobody reads any more, from the last to the first.
fn drop_unread(graph: &mut Graph, makers: &HashMap<Name, usize>) {
    let mut readers = vec![0_usize; graph.nodes.len()];
    let mut count = |name: &Name| {
        if let Some(maker) = makers.get(name) {
            readers[*maker] += 1;
        }
    };
    graph.outputs.iter().for_each(|output| count(&output.value));
    for node in &graph.nodes {
        each_read(node, DEPTH, &mut count);
    }
    let mut waiting: Vec<usize> = (0..readers.len()).filter(|node| readers[*node] == 0).collect();
    let mut gone: HashSet<usize> = HashSet::new();
    while let Some(index) = waiting.pop() {
        gone.insert(index);
        each_read(&graph.nodes[index], DEPTH, &mut |name| {
            if let Some(maker) = makers.get(name) {
                readers[*maker] -= 1;
                if readers[*maker] == 0 {
                    waiting.push(*maker);
                }
            }
        });
    }
    let mut index = 0;
    graph.nodes.retain(|_| {
        index += 1;
        !gone.contains(&(index - 1))
    });
}

/// Tells each value that a node reads, those of graphs within it included.
fn each_read(node: &Node, depth: usize, read: &mut impl FnMut(&Name)) {
    node.inputs.iter().for_each(&mut *read);
    for (_, attribute) in node.attributes.iter() {
        if let (Attribute::Graph(graph), Some(depth)) = (attribute, depth.checked_sub(1)) {
            graph.outputs.iter().for_each(|output| read(&output.value));
            graph.nodes.iter().for_each(|node| each_read(node, depth, &mut *read));
        }
    }
}

/// A number that two functions have in common if they compute the same: operators, attributes, constants and who reads
/// what, in order, those of the functions and graphs within them included; names do not matter.
fn fingerprint(name: &Name, library: &Library) -> Option<u64> {
    let mut told = Told { text: String::new(), library };
    told.function(name, DEPTH)?;
    // FNV-1a.
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    Some(told.text.bytes().fold(0xcbf2_9ce4_8422_2325, mix))
}

/// What a function computes, as text.
struct Told<'a> {
    text: String,
    library: &'a Library,
}

impl Told<'_> {
    fn function(&mut self, name: &Name, depth: usize) -> Option<()> {
        let function = self.library.get(name)?;
        let mut numbers = HashMap::new();
        self.graph(&function.graph, &mut numbers, depth.checked_sub(1)?)
    }

    fn graph(&mut self, graph: &Graph, numbers: &mut HashMap<Name, usize>, depth: usize) -> Option<()> {
        // No function that is looked for is anywhere near as long.
        if self.text.len() > 1 << 16 {
            return None;
        }
        graph.inputs.iter().for_each(|input| self.value(&input.value, numbers));
        for node in &graph.nodes {
            self.text.push_str(if node.domain == Domain::Function { "(" } else { &node.operator });
            if node.domain == Domain::Function {
                self.function(&node.operator, depth)?;
            }
            node.inputs.iter().for_each(|input| self.value(input, numbers));
            for (key, attribute) in node.attributes.iter() {
                let _ = write!(self.text, " {key}=");
                match attribute {
                    Attribute::Integer(number) => self.show(number),
                    Attribute::Integers(numbers) => self.show(numbers),
                    Attribute::Float(number) => self.show(number),
                    Attribute::Text(text) => self.show(text),
                    Attribute::Element(element) => self.show(element),
                    Attribute::Tensor(tensor) => self.tensor(tensor)?,
                    Attribute::Graph(graph) => self.graph(graph, numbers, depth.checked_sub(1)?)?,
                    _ => return None,
                }
            }
            self.text.push_str(" ->");
            node.outputs.iter().for_each(|output| self.value(output, numbers));
            self.text.push('\n');
        }
        graph.outputs.iter().for_each(|output| self.value(&output.value, numbers));
        Some(())
    }

    fn show(&mut self, value: &impl std::fmt::Debug) {
        let _ = write!(self.text, "{value:?}");
    }

    fn tensor(&mut self, tensor: &Tensor) -> Option<()> {
        let Tensor { element, shape, data } = tensor;
        // What is learned is handed over; the functions themselves hold single numbers.
        (data.len() <= 16).then(|| self.show(&(element, shape, data)))
    }

    /// Values are numbered in the order in which they turn up.
    fn value(&mut self, name: &Name, numbers: &mut HashMap<Name, usize>) {
        let next = numbers.len();
        let number = *numbers.entry(name.clone()).or_insert(next);
        let _ = write!(self.text, " {number}");
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use scorewheel_model::Limits;

    use super::*;
    use crate::onnx::model_proto::read_model;
    use crate::onnx::tensor_proto::NoSideFiles;

    #[test]
    fn the_functions_are_known() {
        let text = include_str!("../../tests/conformance/imputation.jsonl");
        for line in text.lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let packed = base64::engine::general_purpose::STANDARD.decode(case["model"].as_str().unwrap());
            let bytes = miniz_oxide::inflate::decompress_to_vec_zlib(&packed.unwrap()).unwrap();
            let file = read_model(&bytes, &NoSideFiles, &Limits::default()).unwrap();
            let of = |name: &str| fingerprint(&format!("local_domain:{name}").as_str().into(), &file.library);
            let found = (of("knn_imputer_column"), of("dist_nan_euclidean"));
            let known = (Some(COLUMN_FUNCTION), Some(DISTANCE_FUNCTION));
            assert_eq!(found, known, "{} {found:x?}", case["name"]);
            let rewritten = rewrite(&file).unwrap().graph;
            let calls = rewritten.nodes.iter().filter(|node| node.domain == Domain::Rewritten);
            assert!(calls.count() > 0 && rewritten.nodes.iter().all(|node| &*node.operator != "NonZero"));
        }
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
        let told = |nodes: Vec<Node>| {
            let graph = Graph { nodes, ..Graph::default() };
            let function = crate::graph::Function { graph, default_attributes: Attributes::default() };
            let library: Library = [("f".into(), std::sync::Arc::new(function))].into_iter().collect();
            fingerprint(&"f".into(), &library)
        };
        let plain = told(vec![node("Add", ["a", "b"])]);
        // Names do not matter, operators and who reads what do.
        assert_eq!(plain, told(vec![node("Add", ["c", "d"])]));
        assert_ne!(plain, told(vec![node("Add", ["a", "a"])]));
        assert_ne!(plain, told(vec![node("Sub", ["a", "b"])]));
    }
}
