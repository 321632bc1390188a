//! ONNX files made by hand.
#![allow(dead_code, reason = "helpers of tests; each uses a part")]

/// A number of protobuf.
fn varint(mut number: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while number >= 128 {
        out.push(number as u8 | 128);
        number >>= 7;
    }
    out.push(number as u8);
    out
}

/// A protobuf field that is a message or a string.
pub fn field(number: u64, content: &[u8]) -> Vec<u8> {
    let mut out = varint(number << 3 | 2);
    out.extend(varint(content.len() as u64));
    out.extend_from_slice(content);
    out
}

/// A protobuf field that is a number.
pub fn integer(number: u64, value: i64) -> Vec<u8> {
    let mut out = varint(number << 3);
    out.extend(varint(value as u64));
    out
}

/// An attribute of a node.
pub enum Attribute {
    Integer(&'static str, i64),
    Integers(&'static str, Vec<i64>),
    Floats(&'static str, Vec<f32>),
    Texts(&'static str, Vec<&'static str>),
    /// Shape and numbers.
    Tensor(&'static str, Vec<i64>, Vec<f32>),
}

fn floats(number: u64, values: &[f32]) -> Vec<u8> {
    field(number, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())
}

impl Attribute {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Integer(name, _)
            | Self::Integers(name, _)
            | Self::Floats(name, _)
            | Self::Texts(name, _)
            | Self::Tensor(name, ..) => name,
        }
    }

    fn encode(&self) -> Vec<u8> {
        let (kind, content) = match self {
            Self::Integer(_, value) => (2, integer(3, *value)),
            Self::Integers(_, values) => {
                (7, field(8, &values.iter().flat_map(|value| varint(*value as u64)).collect::<Vec<u8>>()))
            }
            Self::Floats(_, values) => (6, floats(7, values)),
            Self::Texts(_, texts) => (8, texts.iter().flat_map(|text| field(9, text.as_bytes())).collect()),
            Self::Tensor(_, shape, values) => {
                let mut tensor: Vec<u8> = shape.iter().flat_map(|length| integer(1, *length)).collect();
                tensor.extend(integer(2, 1));
                tensor.extend(floats(4, values));
                (4, field(5, &tensor))
            }
        };
        [field(1, self.name().as_bytes()), content, integer(20, kind)].concat()
    }
}

/// A node: inputs, outputs, operator, domain.
pub fn node(inputs: &[&str], outputs: &[&str], operator: &str, domain: &str) -> Vec<u8> {
    node_with(inputs, outputs, operator, domain, &[])
}

/// A node: inputs, outputs, operator, domain, attributes.
pub fn node_with(
    inputs: &[&str],
    outputs: &[&str],
    operator: &str,
    domain: &str,
    attributes: &[Attribute],
) -> Vec<u8> {
    let mut out: Vec<u8> = inputs.iter().flat_map(|name| field(1, name.as_bytes())).collect();
    out.extend(outputs.iter().flat_map(|name| field(2, name.as_bytes())));
    out.extend(field(4, operator.as_bytes()));
    out.extend(attributes.iter().flat_map(|attribute| field(5, &attribute.encode())));
    out.extend(field(7, domain.as_bytes()));
    out
}

/// A vector of three f32 numbers a row.
pub fn value(name: &str) -> Vec<u8> {
    let shape: Vec<u8> = [field(1, &field(2, b"N")), field(1, &[0x08, 3])].concat();
    let tensor = [vec![0x08, 1], field(2, &shape)].concat();
    [field(1, name.as_bytes()), field(2, &field(1, &tensor))].concat()
}

/// A file with the input `x` and the output `y`, of this version of ONNX's operators and version 1 of ai.onnx.ml's.
pub fn onnx(nodes: &[Vec<u8>], version: u8) -> Vec<u8> {
    let mut graph: Vec<u8> = nodes.iter().flat_map(|node| field(1, node)).collect();
    graph.extend(field(11, &value("x")));
    graph.extend(field(12, &value("y")));
    let classical = [field(1, b"ai.onnx.ml"), vec![0x10, 1]].concat();
    [vec![0x08, 8], field(7, &graph), field(8, &[0x10, version]), field(8, &classical)].concat()
}
