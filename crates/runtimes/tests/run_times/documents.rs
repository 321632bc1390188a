//! Small models of the project's own, written by hand.

use scorewheel_demo_make::protobuf::Message;

/// `DT_FLOAT`, `DT_STRING` of TensorFlow; ONNX's `FLOAT` is 1 as well.
pub const FLOAT: u64 = 1;
pub const TF_STRING: u64 = 7;
/// ONNX's `STRING` and `INT64`.
pub const ONNX_STRING: u64 = 8;
pub const ONNX_INT64: u64 = 7;

/// A field that is a name.
fn text(field: u32, value: &str) -> Message {
    Message::new().bytes(field, value)
}

/// A `NodeDef`: inputs may be control edges; each attribute is a name and an `AttrValue`.
pub fn tf_node(name: &str, operator: &str, inputs: &[&str], attributes: &[(&str, Message)]) -> Message {
    let node = inputs.iter().fold(text(1, name).bytes(2, operator), |node, input| node.bytes(3, input));
    let entry = |node: Message, (name, value): &(&str, Message)| {
        node.message(5, text(1, name).message(2, value.clone()))
    };
    attributes.iter().fold(node, entry)
}

/// An attribute that is a type.
pub fn tf_type(number: u64) -> Message {
    Message::new().number(6, number)
}

fn tf_shape(dimensions: &[i64]) -> Message {
    dimensions
        .iter()
        .fold(Message::new(), |shape, length| shape.message(2, Message::new().number(1, *length as u64)))
}

/// A placeholder.
pub fn tf_placeholder(name: &str, data_type: u64, dimensions: &[i64]) -> Message {
    let shape = Message::new().message(7, tf_shape(dimensions));
    tf_node(name, "Placeholder", &[], &[("dtype", tf_type(data_type)), ("shape", shape)])
}

/// A constant that is one string.
pub fn tf_string(name: &str, value: &str) -> Message {
    let tensor = Message::new().number(1, TF_STRING).message(2, Message::new()).bytes(8, value);
    let value = Message::new().message(8, tensor);
    tf_node(name, "Const", &[], &[("dtype", tf_type(TF_STRING)), ("value", value)])
}

/// A `GraphDef`.
pub fn graph_def(nodes: &[Message]) -> Message {
    nodes.iter().fold(Message::new(), |graph, node| graph.message(1, node.clone()))
}

fn tensor_info(name: &str, data_type: u64, dimensions: &[i64]) -> Message {
    text(1, name).number(2, data_type).message(3, tf_shape(dimensions))
}

/// Parts of a `MetaGraphDef` beside graph and signature.
#[derive(Clone, Default)]
pub struct Further {
    /// `SaverDef`.
    pub saver: Option<Message>,
    /// Entries of the map of signatures.
    pub signatures: Vec<Message>,
    /// Names of asset files.
    pub assets: Vec<&'static str>,
}

/// A SavedModel of a graph with one input and one output of floats, as one archive.
pub fn saved_model(
    graph: Message,
    input: (&str, &[i64]),
    output: (&str, &[i64]),
    further: &Further,
) -> Vec<u8> {
    let entry = |name: &str, info: Message| text(1, name).message(2, info);
    let reference = |name: &str| format!("{name}:0");
    let signature = Message::new()
        .message(1, entry(input.0, tensor_info(&reference(input.0), FLOAT, input.1)))
        .message(2, entry("answer", tensor_info(&reference(output.0), FLOAT, output.1)))
        .bytes(3, "tensorflow/serving/predict");
    let mut meta = Message::new()
        .message(1, text(4, "serve").bytes(5, "2.16.1"))
        .message(2, graph)
        .message(5, entry("serving_default", signature));
    if let Some(saver) = &further.saver {
        meta = meta.message(3, saver.clone());
    }
    for signature in &further.signatures {
        meta = meta.message(5, signature.clone());
    }
    for asset in &further.assets {
        meta = meta.message(6, Message::new().message(1, text(1, "asset:0")).bytes(2, asset));
    }
    let bytes = Message::new().number(1, 1).message(2, meta).into_bytes();
    scorewheel_tensor::pack([("model/saved_model.pb", bytes.as_slice())])
}

/// A node of ONNX.
pub fn onnx_node(domain: &str, operator: &str, inputs: &[&str], outputs: &[&str]) -> Message {
    let node = inputs.iter().fold(Message::new(), |node, input| node.bytes(1, input));
    let node = outputs.iter().fold(node, |node, output| node.bytes(2, output));
    node.bytes(3, outputs[0]).bytes(4, operator).bytes(7, domain)
}

/// The same node with an attribute that is a list of strings.
pub fn onnx_strings(node: Message, name: &str, values: &[&str]) -> Message {
    let attribute = values.iter().fold(text(1, name), |attribute, value| attribute.bytes(9, value));
    node.message(5, attribute.number(20, 8))
}

/// The same node with an attribute that is a list of integers.
pub fn onnx_integers(node: Message, name: &str, values: &[u64]) -> Message {
    let attribute = values.iter().fold(text(1, name), |attribute, value| attribute.number(8, *value));
    node.message(5, attribute.number(20, 7))
}

/// The same node with an attribute that is a list of floats.
pub fn onnx_floats(node: Message, name: &str, values: &[f64]) -> Message {
    let packed = scorewheel_demo_make::protobuf::floats(values);
    node.message(5, text(1, name).bytes(7, packed).number(20, 6))
}

/// An input or output with an open dimension of rows.
pub fn onnx_value(name: &str, data_type: u64, dimensions: &[u64]) -> Message {
    let rows = Message::new().message(1, text(2, "rows"));
    let shape =
        dimensions.iter().fold(rows, |shape, length| shape.message(1, Message::new().number(1, *length)));
    let tensor = Message::new().number(1, data_type).message(2, shape);
    text(1, name).message(2, Message::new().message(1, tensor))
}

/// A `TypeProto` of a list of maps from strings to floats.
pub fn onnx_map(name: &str) -> Message {
    let float = Message::new().message(1, Message::new().number(1, FLOAT));
    let map = Message::new().number(1, ONNX_STRING).message(2, float);
    let sequence = Message::new().message(1, Message::new().message(5, map));
    text(1, name).message(2, Message::new().message(4, sequence))
}

/// An ONNX model with these operator sets.
pub fn onnx_model(graph: Message, sets: &[(&str, u64)]) -> Vec<u8> {
    let model = Message::new().number(1, 8).message(7, graph.bytes(2, "graph"));
    let set = |model: Message, (domain, version): &(&str, u64)| {
        model.message(8, text(1, domain).number(2, *version))
    };
    sets.iter().fold(model, set).into_bytes()
}
