//! A model on disk: a file or a directory, and the side file that maps its inputs and outputs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use scorewheel_model::{InputMapping, Limits, Mapping, OutputMapping};
use serde::Deserialize;

use crate::exit_code::{ExitCode, Failure};
use crate::folder::pack_folder;

/// A model as it lies on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFile {
    /// The bytes; those of a directory are packed into one archive.
    pub bytes: Vec<u8>,
    /// What the side file says, if there is one.
    pub mapping: Mapping,
}

/// The side file `<model>.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SideFile {
    /// Input of the model → the field, or the fields of a vector in order.
    inputs: BTreeMap<String, Fields>,
    output: SideOutput,
    /// Signature of a SavedModel that has several.
    signature: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Fields {
    One(String),
    Several(Vec<String>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SideOutput {
    /// The output that is the score.
    score: Option<String>,
    /// Names of the classes, if the score is a vector over classes.
    classes: Vec<String>,
}

impl ModelFile {
    /// Reads the model at `path`, and `<path>.toml` if it exists.
    ///
    /// # Errors
    /// [`ExitCode::FileNotFound`] if the model cannot be read, [`ExitCode::Configuration`] if the side file is wrong.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let missing = |error: std::io::Error| {
            Failure::new(ExitCode::FileNotFound, format!("cannot read the model {}: {error}", path.display()))
        };
        let bytes = if path.is_dir() {
            pack_folder(path, Limits::default().unpacked_bytes).map_err(missing)?
        } else {
            std::fs::read(path).map_err(missing)?
        };
        Ok(Self { bytes, mapping: read_mapping(&side_file_of(path))? })
    }
}

/// Where the side file of the model at `path` would be.
#[must_use]
pub fn side_file_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".toml");
    path.with_file_name(name)
}

fn read_mapping(path: &Path) -> Result<Mapping, Failure> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Mapping::default()),
        Err(error) => {
            let message = format!("cannot read the side file {}: {error}", path.display());
            return Err(Failure::new(ExitCode::FileNotFound, message));
        }
    };
    parse_mapping(&text).map_err(|error| {
        Failure::new(ExitCode::Configuration, format!("the side file {} is wrong: {error}", path.display()))
    })
}

fn parse_mapping(text: &str) -> Result<Mapping, toml::de::Error> {
    let side: SideFile = toml::from_str(text)?;
    let boxed = |names: Vec<String>| names.into_iter().map(Into::into).collect();
    let inputs = side.inputs.into_iter().map(|(input, fields)| InputMapping {
        input: input.into(),
        fields: match fields {
            Fields::One(field) => vec![field.into()],
            Fields::Several(fields) => boxed(fields),
        },
    });
    Ok(Mapping {
        inputs: inputs.collect(),
        output: OutputMapping {
            score: side.output.score.map(Into::into),
            classes: boxed(side.output.classes),
        },
        signature: side.signature.map(Into::into),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_side_file_maps_inputs_and_outputs() {
        let text = "signature = \"predict\"\n[inputs]\nx = [\"alcohol\", \"pH\"]\ny = \"colour\"\n[output]\nscore = \"p\"\n";
        let mapping = parse_mapping(text).unwrap();
        assert_eq!(mapping.fields_of("x"), Some(&["alcohol".into(), "pH".into()][..]));
        assert_eq!(mapping.fields_of("y"), Some(&["colour".into()][..]));
        assert_eq!(mapping.output.score.as_deref(), Some("p"));
        assert_eq!(mapping.signature.as_deref(), Some("predict"));
        let error = parse_mapping("[output]\nclases = []").unwrap_err();
        assert!(error.to_string().contains("unknown field `clases`"), "{error}");
    }

    #[test]
    fn what_is_missing_or_broken_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("model.pmml");
        assert_eq!(ModelFile::read(&model).unwrap_err().code, ExitCode::FileNotFound);
        std::fs::write(&model, "<PMML/>").unwrap();
        assert_eq!(ModelFile::read(&model).unwrap().mapping, Mapping::default());
        std::fs::write(folder.path().join("model.pmml.toml"), "inputs = 3").unwrap();
        assert_eq!(ModelFile::read(&model).unwrap_err().code, ExitCode::Configuration);
    }
}
