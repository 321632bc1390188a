//! The models of `conformance`, with what the libraries answered.
#![allow(dead_code, clippy::unwrap_used, reason = "helpers of tests; each uses a part")]

use std::path::Path;

use base64::Engine as _;
use serde_json::Value as Json;

/// A model, records, and the library's answers.
pub struct Case {
    pub name: String,
    pub model: Vec<u8>,
    pub tolerance: f64,
    pub inputs: Json,
    pub outputs: Json,
}

/// The cases of a family.
pub fn cases(family: &str) -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/conformance/{family}.jsonl"));
    let text = std::fs::read_to_string(path).unwrap();
    let read = |line: &str| {
        let mut json: Json = serde_json::from_str(line).unwrap();
        let packed =
            base64::engine::general_purpose::STANDARD.decode(json["model"].as_str().unwrap()).unwrap();
        Case {
            name: json["name"].as_str().unwrap().to_owned(),
            model: miniz_oxide::inflate::decompress_to_vec_zlib(&packed).unwrap(),
            tolerance: json["tolerance"].as_f64().unwrap_or(1e-5),
            inputs: json["inputs"].take(),
            outputs: json["outputs"].take(),
        }
    };
    text.lines().map(read).collect()
}

/// The model of a case.
pub fn model_of(family: &str, name: &str) -> Vec<u8> {
    cases(family).into_iter().find(|case| case.name == name).unwrap().model
}
