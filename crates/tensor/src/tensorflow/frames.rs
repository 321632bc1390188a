//! Loops of TensorFlow 1: `Enter`, `Merge`, `LoopCond`, `Switch`, `NextIteration` and `Exit` of one frame become one
//! `While` with two functions, as version 2 states loops.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use scorewheel_model::ModelError;

use crate::error::{invalid, too_large, unsupported};
use crate::graph::{
    Attribute, Attributes, Domain, Function, Graph, GraphInput, GraphOutput, Library, Name, Node,
};
use crate::tensorflow::frozen::name_outputs;
use crate::tensorflow::graph_def::value_name;

/// Most loops of a graph.
const MOST_FRAMES: usize = 256;

/// Replaces every frame, inner ones first.
///
/// # Errors
/// Frames that are no loops as `tf.while_loop` writes them.
pub(crate) fn raise_loops(nodes: &mut Vec<Node>, library: &mut Library) -> Result<(), ModelError> {
    let mut gone = HashSet::new();
    loop {
        let (mut frames, mut seen) = (Vec::new(), HashSet::new());
        for node in nodes.iter().filter(|node| &*node.operator == "Enter") {
            let frame = frame_of(node)?;
            if seen.insert(Arc::clone(&frame)) {
                frames.push(frame);
            }
        }
        // Each of them is looked for in the whole graph, and again after each that is raised.
        if frames.len() > MOST_FRAMES {
            return Err(too_large(format!("{} loops; {MOST_FRAMES} is the limit", frames.len())));
        }
        let Some(first) = frames.first().cloned() else {
            remove_readers(nodes, gone);
            return Ok(());
        };
        let mut raised = false;
        for frame in frames {
            if let Some(loop_) = Loop::find(nodes, &frame)? {
                loop_.raise(nodes, library, &frame, &mut gone)?;
                raised = true;
                break;
            }
        }
        if !raised {
            return Err(unsupported(format!("the loop {first:?} is none that TensorFlow writes")));
        }
    }
}

/// Takes away what reads nodes that are gone: ends within loops that nothing outside needs.
fn remove_readers(nodes: &mut Vec<Node>, mut gone: HashSet<Name>) {
    let mut before = usize::MAX;
    while !gone.is_empty() && before != nodes.len() {
        before = nodes.len();
        nodes.retain(|node| {
            let reads = node.inputs.iter().any(|input| gone.contains(source(input).0));
            if reads {
                gone.insert(node.name.clone());
            }
            !reads
        });
    }
}

fn frame_of(node: &Node) -> Result<Name, ModelError> {
    let frame = node.attributes.text("frame_name")?;
    frame.cloned().ok_or_else(|| invalid("a loop without a name").at(node.describe()))
}

/// The node that a value is an output of, and which one.
fn source(value: &str) -> (&str, usize) {
    match value.rsplit_once(':') {
        Some((node, index)) => match index.parse() {
            Ok(index) => (node, index),
            Err(_) => (value, 0),
        },
        None => (value, 0),
    }
}

/// Nodes by their operator and what they take first.
type Readers<'a> = HashMap<(&'a str, &'a str), Vec<&'a Node>>;

fn read_by<'a>(readers: &'a Readers<'a>, operator: &'a str, value: &'a str) -> &'a [&'a Node] {
    readers.get(&(operator, value)).map(Vec::as_slice).unwrap_or_default()
}

/// What is carried from one turn to the next.
struct Carried {
    merge: Name,
    switch: Name,
    /// Its value before the first turn, and after each.
    start: Name,
    next: Name,
}

/// One frame.
struct Loop {
    carried: Vec<Carried>,
    /// Values from outside that stay the same: the `Enter` and what it takes.
    kept: Vec<(Name, Name)>,
    condition: Name,
    /// Nodes of the condition and of the body.
    in_condition: HashSet<Name>,
    in_body: HashSet<Name>,
    /// Nodes that only hold the frame together.
    frame: HashSet<Name>,
    /// Each `Exit` with the number of what it hands on.
    exits: HashMap<Name, usize>,
}

impl Loop {
    /// The loop of a frame; `None` if another loop lies within it.
    fn find(nodes: &[Node], frame: &Name) -> Result<Option<Self>, ModelError> {
        let by_name: HashMap<&str, &Node> = nodes.iter().map(|node| (&*node.name, node)).collect();
        let node = |value: &str| by_name.get(source(value).0).copied();
        let wrong = |what: &str| unsupported(format!("the loop {frame:?}: {what}"));
        let mut found = Self {
            carried: Vec::new(),
            kept: Vec::new(),
            condition: "".into(),
            in_condition: HashSet::new(),
            in_body: HashSet::new(),
            frame: HashSet::new(),
            exits: HashMap::new(),
        };
        let mut enters: Vec<&Node> = Vec::new();
        for node in nodes.iter().filter(|node| &*node.operator == "Enter") {
            if frame_of(node)? == *frame {
                enters.push(node);
            }
        }
        // Nodes of the frame by their kind and what they take first.
        let mut readers = Readers::new();
        for node in nodes.iter().filter(|node| matches!(&*node.operator, "Merge" | "Switch" | "Exit")) {
            if let Some(first) = node.inputs.first() {
                readers.entry((&*node.operator, &**first)).or_default().push(node);
            }
        }
        for enter in enters {
            let start = enter.inputs.first().cloned().ok_or_else(|| wrong("an Enter of nothing"))?;
            found.frame.insert(enter.name.clone());
            let Some(merge) = read_by(&readers, "Merge", &enter.name).first() else {
                found.kept.push((enter.name.clone(), start));
                continue;
            };
            let switch = read_by(&readers, "Switch", &merge.name).first();
            let switch = *switch.ok_or_else(|| wrong("a Merge without a Switch"))?;
            let turn = merge.inputs.get(1).and_then(|value| node(value));
            let turn = turn.filter(|turn| &*turn.operator == "NextIteration");
            let turn = turn.ok_or_else(|| wrong("a Merge without a NextIteration"))?;
            let next = turn.inputs.first().cloned().ok_or_else(|| wrong("a NextIteration of nothing"))?;
            let steering = switch.inputs.get(1).and_then(|value| node(value));
            let steering = steering.filter(|steering| &*steering.operator == "LoopCond");
            let steering = steering.ok_or_else(|| wrong("a Switch without a LoopCond"))?;
            let condition = steering.inputs.first().cloned().ok_or_else(|| wrong("a LoopCond of nothing"))?;
            if !found.condition.is_empty() && found.condition != condition {
                return Err(wrong("two conditions"));
            }
            found.condition = condition;
            for node in [merge, switch, turn, steering] {
                found.frame.insert(node.name.clone());
            }
            let number = found.carried.len();
            for exit in read_by(&readers, "Exit", &switch.name) {
                found.exits.insert(exit.name.clone(), number);
            }
            let (merge, switch) = (merge.name.clone(), switch.name.clone());
            found.carried.push(Carried { merge, switch, start, next });
        }
        if found.carried.is_empty() {
            return Err(wrong("nothing is carried from turn to turn"));
        }
        let from = |values: Vec<&Name>| -> Option<HashSet<Name>> {
            let mut seen = HashSet::new();
            let mut waiting = values;
            while let Some(value) = waiting.pop() {
                let Some(node) = node(value).filter(|node| !found.frame.contains(&node.name)) else {
                    continue;
                };
                // A loop within this one comes first.
                if matches!(&*node.operator, "Exit" | "Enter") {
                    return None;
                }
                if seen.insert(node.name.clone()) {
                    waiting.extend(&node.inputs);
                }
            }
            Some(seen)
        };
        let in_condition = from(vec![&found.condition]);
        let in_body = from(found.carried.iter().map(|carried| &carried.next).collect());
        let (Some(in_condition), Some(in_body)) = (in_condition, in_body) else { return Ok(None) };
        (found.in_condition, found.in_body) = (in_condition, in_body);
        Ok(Some(found))
    }

    fn raise(
        self,
        nodes: &mut Vec<Node>,
        library: &mut Library,
        frame: &Name,
        gone: &mut HashSet<Name>,
    ) -> Result<(), ModelError> {
        let input =
            |value: Name| GraphInput { name: value.clone(), value, element: None, shape: None, map: None };
        let output = |value: Name| GraphOutput { name: value.clone(), value };
        let kept = || self.kept.iter().map(|(enter, _)| enter.clone());
        let mut function = |kind: &str, within: &HashSet<Name>, inputs: Vec<Name>, outputs: Vec<Name>| {
            let outputs: Vec<GraphOutput> = outputs.into_iter().map(output).collect();
            let mut inner: Vec<Node> =
                nodes.iter().filter(|node| within.contains(&node.name)).cloned().collect();
            name_outputs(&mut inner, &outputs)?;
            let inputs = inputs.into_iter().map(input).collect();
            let graph = Graph { inputs, outputs, nodes: inner, constants: HashMap::new() };
            let mut name = format!("{frame}/{kind}");
            while library.contains_key(name.as_str()) {
                name.push('\'');
            }
            let name: Name = name.into();
            let made = Function { graph, default_attributes: Attributes::default() };
            library.insert(name.clone(), Arc::new(made));
            Ok::<Name, ModelError>(name)
        };
        let merges = self.carried.iter().map(|carried| carried.merge.clone()).chain(kept()).collect();
        let condition = function("condition", &self.in_condition, merges, vec![self.condition.clone()])?;
        let switches =
            self.carried.iter().map(|carried| value_name(&carried.switch, 1)).chain(kept()).collect();
        let nexts = self.carried.iter().map(|carried| carried.next.clone()).chain(kept()).collect();
        let body = function("body", &self.in_body, switches, nexts)?;
        let mut attributes = Attributes::default();
        attributes.push("cond".into(), Attribute::Function(condition));
        attributes.push("body".into(), Attribute::Function(body));
        let mut name = format!("{frame}/While");
        while nodes.iter().any(|node| *node.name == *name) {
            name.push('\'');
        }
        let inputs = self.carried.iter().map(|carried| carried.start.clone());
        let inputs = inputs.chain(self.kept.iter().map(|(_, start)| start.clone())).collect();
        let whole = Node {
            name: name.as_str().into(),
            domain: Domain::TensorFlow,
            operator: "While".into(),
            version: 0,
            inputs,
            outputs: Vec::new(),
            attributes,
        };
        // Constants may be read from elsewhere too; what else lies within the frame is not.
        nodes.retain(|node| {
            let within = self.in_condition.contains(&node.name) || self.in_body.contains(&node.name);
            let stays = !self.frame.contains(&node.name) && (!within || &*node.operator == "Const");
            if !stays {
                gone.insert(node.name.clone());
            }
            stays
        });
        for node in nodes.iter_mut() {
            if let Some(number) = self.exits.get(&node.name) {
                node.operator = "Identity".into();
                node.inputs = vec![value_name(&name, *number)];
                node.attributes = Attributes::default();
            }
        }
        nodes.push(whole);
        Ok(())
    }
}
