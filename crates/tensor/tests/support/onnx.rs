//! Small ONNX files, written by hand.

/// A protobuf field that is a message or a string.
pub fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 128 {
        out.push(length as u8 | 128);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(content);
    out
}

/// A node of ONNX: inputs, outputs, operator, domain.
pub fn node(inputs: &[&str], outputs: &[&str], operator: &str, domain: &str) -> Vec<u8> {
    let mut out: Vec<u8> = inputs.iter().flat_map(|name| field(1, name.as_bytes())).collect();
    out.extend(outputs.iter().flat_map(|name| field(2, name.as_bytes())));
    out.extend(field(4, operator.as_bytes()));
    out.extend(field(7, domain.as_bytes()));
    out
}

/// A vector of three f32 numbers a row.
pub fn value(name: &str) -> Vec<u8> {
    let shape: Vec<u8> = [field(1, &field(2, b"N")), field(1, &[0x08, 3])].concat();
    let tensor = [vec![0x08, 1], field(2, &shape)].concat();
    [field(1, name.as_bytes()), field(2, &field(1, &tensor))].concat()
}

/// An ONNX file with the input `x` and the output `y`.
pub fn onnx(nodes: &[Vec<u8>], version: u8) -> Vec<u8> {
    let mut graph: Vec<u8> = nodes.iter().flat_map(|node| field(1, node)).collect();
    graph.extend(field(11, &value("x")));
    graph.extend(field(12, &value("y")));
    [vec![0x08, 8], field(7, &graph), field(8, &[0x10, version])].concat()
}
