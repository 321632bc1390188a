//! A model on disk: a file or a directory, and the side file that maps its inputs and outputs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use scorewheel_model::{
    FieldCodes, InputMapping, LabelRule, Limits, Mapping, ModelErrorKind, OutputMapping, RunTimeChoice,
};
use serde::Deserialize;

use crate::config::Config;
use crate::config::suggest::{closest, did_you_mean};
use crate::exit_code::{ExitCode, Failure};
use crate::folder::pack_folder;
use crate::references::{fetch, location_of, places};

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
    /// Field of strings → its strings; the first is 0, the next 1, and so on.
    codes: BTreeMap<String, Vec<String>>,
    output: SideOutput,
    /// Signature of a SavedModel that has several.
    signature: Option<String>,
    /// What evaluates the model: `auto`, `embedded`, `onnxruntime`, `tensorflow`.
    runtime: Option<String>,
}

/// The keys of a side file, and of its `output`.
const KEYS: [&str; 5] = ["inputs", "codes", "output", "signature", "runtime"];
const OUTPUT_KEYS: [&str; 3] = ["score", "classes", "label"];

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "an input takes the name of a field, or a list of such names")]
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
    /// How the score becomes a label: `model`, `largest`, `above-half`, `above-zero`, `none`.
    label: Option<String>,
}

/// The file that makes a directory one model.
pub const SAVED_MODEL: &str = "saved_model.pb";

impl ModelFile {
    /// Reads the model that an argument names: a path, or a location in a place that the configuration allows.
    ///
    /// # Errors
    /// As [`ModelFile::read`] and [`fetch`].
    pub fn open(argument: &Path, config: &Config) -> Result<Self, Failure> {
        let Some(location) = location_of(argument) else { return Self::read(argument) };
        let mut bytes = Vec::new();
        fetch(&places(config, None)?, location, &mut bytes)?;
        Ok(Self { bytes, mapping: Mapping::default() })
    }

    /// Reads the model at `path`, and `<path>.toml` if it exists.
    ///
    /// # Errors
    /// [`ExitCode::FileNotFound`] if the model cannot be read, [`ExitCode::ModelRefused`] for a directory that is none,
    /// [`ExitCode::Configuration`] if the side file is wrong.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let missing = |error: std::io::Error| {
            Failure::new(ExitCode::FileNotFound, format!("cannot read the model {}: {error}", path.display()))
        };
        let bytes = if path.is_dir() {
            // Any other directory may hold anything, and much of it.
            if !is_model(path).map_err(missing)? {
                let message = format!(
                    "model {} refused ({}): it is a directory without {SAVED_MODEL} or a file .onnx",
                    path.display(),
                    ModelErrorKind::UnknownFormat
                );
                return Err(Failure::new(ExitCode::ModelRefused, message));
            }
            pack_folder(path, Limits::default().unpacked_bytes).map_err(missing)?
        } else {
            std::fs::read(path).map_err(missing)?
        };
        Ok(Self { bytes, mapping: read_mapping(&side_file_of(path))? })
    }
}

/// Whether a directory holds what makes it one model.
fn is_model(directory: &Path) -> std::io::Result<bool> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let is_onnx = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx"));
        if path.ends_with(SAVED_MODEL) || is_onnx {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Where the side file of the model at `path` would be.
#[must_use]
pub fn side_file_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".toml");
    path.with_file_name(name)
}

/// Reads a side file; without one there is nothing to map.
pub(crate) fn read_mapping(path: &Path) -> Result<Mapping, Failure> {
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

fn parse_mapping(text: &str) -> Result<Mapping, String> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    check_keys(&table, "", &KEYS)?;
    if let Some(output) = table.get("output").and_then(toml::Value::as_table) {
        check_keys(output, "output.", &OUTPUT_KEYS)?;
    }
    let side: SideFile = toml::from_str(text).map_err(|error| error.to_string())?;
    let boxed = |names: Vec<String>| names.into_iter().map(Into::into).collect();
    let inputs = side.inputs.into_iter().map(|(input, fields)| InputMapping {
        input: input.into(),
        fields: match fields {
            Fields::One(field) => vec![field.into()],
            Fields::Several(fields) => boxed(fields),
        },
    });
    let codes = side.codes.into_iter();
    let codes = codes.map(|(field, strings)| FieldCodes { field: field.into(), strings: boxed(strings) });
    let label = named("output.label", side.output.label, &LabelRule::ALL, LabelRule::as_str)?;
    let run_time = named("runtime", side.runtime, &RunTimeChoice::ALL, RunTimeChoice::as_str)?;
    Ok(Mapping {
        inputs: inputs.collect(),
        codes: codes.collect(),
        output: OutputMapping {
            score: side.output.score.map(Into::into),
            classes: boxed(side.output.classes),
            label,
        },
        signature: side.signature.map(Into::into),
        run_time,
    })
}

/// Refuses a key that a table of the side file does not have.
fn check_keys(table: &toml::Table, prefix: &str, known: &[&str]) -> Result<(), String> {
    let Some(key) = table.keys().find(|key| !known.contains(&key.as_str())) else { return Ok(()) };
    let hint = match closest(key, known.iter().copied()) {
        Some(meant) => format!("did you mean `{prefix}{meant}`?"),
        None => format!("known are {}", known.join(", ")),
    };
    Err(format!("there is no `{prefix}{key}`; {hint}"))
}

/// The value that is written by one of several names; the default where nothing is written.
fn named<T: Copy + Default>(
    key: &str,
    written: Option<String>,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<T, String> {
    let Some(written) = written else { return Ok(T::default()) };
    all.iter().copied().find(|value| name(*value) == written).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|value| name(*value)).collect();
        let hint = did_you_mean(&written, names.iter().copied()).map(|hint| format!("; {hint}"));
        format!("`{key}` is {written:?}; known are {}{}", names.join(", "), hint.unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_side_file_maps_inputs_and_outputs() {
        let text = r#"
            signature = "predict"
            runtime = "onnxruntime"
            [inputs]
            x = ["alcohol", "pH"]
            y = "colour"
            [codes]
            colour = ["red", "white"]
            [output]
            score = "p"
            label = "largest"
        "#;
        let mapping = parse_mapping(text).unwrap();
        assert_eq!(mapping.fields_of("x"), Some(&["alcohol".into(), "pH".into()][..]));
        assert_eq!(mapping.fields_of("y"), Some(&["colour".into()][..]));
        assert_eq!(mapping.codes_of("colour"), Some(&["red".into(), "white".into()][..]));
        assert_eq!(mapping.output.score.as_deref(), Some("p"));
        assert_eq!(mapping.output.label, LabelRule::Largest);
        assert_eq!(mapping.signature.as_deref(), Some("predict"));
        assert_eq!(mapping.run_time, RunTimeChoice::OnnxRuntime);
        assert_eq!(parse_mapping("").unwrap(), Mapping::default());
    }

    #[test]
    fn what_no_side_file_has_says_what_was_meant() {
        for (text, wanted) in [
            ("input = {}", "there is no `input`; did you mean `inputs`?"),
            ("[output]\nclases = []", "there is no `output.clases`; did you mean `output.classes`?"),
            ("wheels = 4", "there is no `wheels`; known are inputs, codes, output, signature, runtime"),
            ("runtime = \"onnx-runtime\"", "did you mean `onnxruntime`?"),
            ("runtime = \"tpu\"", "known are auto, embedded, onnxruntime, tensorflow"),
            ("[output]\nlabel = \"larges\"", "did you mean `largest`?"),
            ("[inputs]\nx = 3", "an input takes the name of a field, or a list of such names"),
            ("[codes]\ncolour = \"red\"", "invalid type"),
            ("signature = [", "TOML parse error"),
        ] {
            let error = parse_mapping(text).unwrap_err();
            assert!(error.contains(wanted), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_missing_or_broken_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("model.pmml");
        assert_eq!(ModelFile::read(&model).unwrap_err().code, ExitCode::FileNotFound);
        let error = ModelFile::read(folder.path()).unwrap_err();
        assert_eq!(error.code, ExitCode::ModelRefused);
        assert!(error.message.contains("a directory without saved_model.pb"), "{error}");
        std::fs::write(&model, "<PMML/>").unwrap();
        assert_eq!(ModelFile::read(&model).unwrap().mapping, Mapping::default());
        std::fs::write(folder.path().join("model.pmml.toml"), "inputs = 3").unwrap();
        assert_eq!(ModelFile::read(&model).unwrap_err().code, ExitCode::Configuration);
    }
}
