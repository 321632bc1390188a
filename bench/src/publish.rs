//! Model messages that are made ready before the clock runs.

use std::error::Error;
use std::path::Path;

use scorewheel_model::{Content, Mapping, ModelDescriptor, ModelType, TypeNumbering};

/// A document as a message of the control log: key and value. `version` tells two messages of one document apart.
pub fn message(document: &Path, version: u64) -> Result<(String, Vec<u8>), Box<dyn Error>> {
    let name = document.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let descriptor = ModelDescriptor {
        description: "of the benchmark".to_owned(),
        data_type: "wine".to_owned(),
        model_type: ModelType::Pmml,
        content: Content::Data(std::fs::read(document)?.into()),
        version: Some(version.to_string()),
        effective_from: None,
        sha256: None,
        mapping: Mapping::default(),
        golden_rows: Vec::new(),
        name,
    };
    Ok((format!("wine/{}", descriptor.name), descriptor.encode(TypeNumbering::Original)))
}
