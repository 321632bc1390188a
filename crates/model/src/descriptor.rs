//! The message that carries a model: `proto/model_descriptor.proto`.
//!
//! Fields 1–6 are the original's; ours have numbers from 100 up.

use prost::Message;
use prost::bytes::Bytes;

use crate::digest::Digest;
use crate::identity::{DataTypeName, ModelKey, ModelName, NameError, to_name};
use crate::mapping::{FieldCodes, InputMapping, LabelRule, Mapping, OutputMapping, RunTimeChoice};

/// What a descriptor says its content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ModelType {
    /// A frozen TensorFlow graph; also what a descriptor without a type reads as, so it is looked at, not believed.
    TensorFlow,
    /// PMML.
    Pmml,
    /// ONNX.
    Onnx,
    /// An XGBoost model file.
    XgBoost,
    /// A LightGBM model file.
    LightGbm,
    /// A TensorFlow SavedModel, archived.
    TensorFlowSaved,
}

/// Which numbers the original's types have on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TypeNumbering {
    /// TENSORFLOW 0, PMML 1.
    #[default]
    Original,
    /// The successor project's: TENSORFLOW 0, TENSORFLOWSAVED 1, PMML 2.
    Successor,
}

impl ModelType {
    /// The name of the enum value, as `GET /stats` shows it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TensorFlow => "TENSORFLOW",
            Self::Pmml => "PMML",
            Self::Onnx => "ONNX",
            Self::XgBoost => "XGBOOST",
            Self::LightGbm => "LIGHTGBM",
            Self::TensorFlowSaved => "TENSORFLOW_SAVED",
        }
    }

    fn from_number(number: i32, numbering: TypeNumbering) -> Option<Self> {
        match (number, numbering) {
            (0, _) => Some(Self::TensorFlow),
            (1, TypeNumbering::Original) | (2, TypeNumbering::Successor) => Some(Self::Pmml),
            (1, TypeNumbering::Successor) | (103, _) => Some(Self::TensorFlowSaved),
            (100, _) => Some(Self::Onnx),
            (101, _) => Some(Self::XgBoost),
            (102, _) => Some(Self::LightGbm),
            _ => None,
        }
    }

    fn number(self, numbering: TypeNumbering) -> i32 {
        match (self, numbering) {
            (Self::TensorFlow, _) => 0,
            (Self::Pmml, TypeNumbering::Original) | (Self::TensorFlowSaved, TypeNumbering::Successor) => 1,
            (Self::Pmml, TypeNumbering::Successor) => 2,
            (Self::TensorFlowSaved, TypeNumbering::Original) => 103,
            (Self::Onnx, _) => 100,
            (Self::XgBoost, _) => 101,
            (Self::LightGbm, _) => 102,
        }
    }
}

/// Where the model is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// In the message.
    Data(Bytes),
    /// Elsewhere.
    Location(String),
}

/// A record and the answer that the model must give for it, both as JSON objects, checked before it is installed.
#[derive(Clone, PartialEq, Message)]
pub struct GoldenRow {
    /// The record: field → value.
    #[prost(string, tag = "1")]
    pub record: String,
    /// The answer: field → value, as `out` of the command `score`.
    #[prost(string, tag = "2")]
    pub expected: String,
    /// Largest relative difference of a number; 1e-6 if 0.
    #[prost(double, tag = "3")]
    pub tolerance: f64,
}

/// A decoded model message.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelDescriptor {
    /// Name as written; see [`ModelDescriptor::key`].
    pub name: String,
    /// For people.
    pub description: String,
    /// Data type as written: the route.
    pub data_type: String,
    /// What the content claims to be.
    pub model_type: ModelType,
    /// The model itself, or where it is.
    pub content: Content,
    /// Version; `None` stands for `@<control offset>`.
    pub version: Option<String>,
    /// When it takes over, in event time, milliseconds since the epoch.
    pub effective_from: Option<i64>,
    /// What the digest of the data must be.
    pub sha256: Option<Digest>,
    /// Inputs and outputs, where names do not tell.
    pub mapping: Mapping,
    /// Rows that must be reproduced.
    pub golden_rows: Vec<GoldenRow>,
}

/// Why bytes are not a usable descriptor.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DescriptorError {
    /// Not a protobuf message of this kind.
    #[error("not a ModelDescriptor: {0}")]
    Undecodable(String),
    /// A type number that neither numbering has.
    #[error(
        "model type {0} is not known; known are TENSORFLOW, PMML, ONNX, XGBOOST, LIGHTGBM, TENSORFLOW_SAVED"
    )]
    UnknownType(i32),
    /// Neither data nor location.
    #[error("the descriptor carries neither data nor a location")]
    NoContent,
    /// A rule by which the score becomes a label that this version does not know.
    #[error("the output mapping says label {0:?}; known are model, largest, above-half, above-zero, none")]
    UnknownLabelRule(String),
    /// A run time that this version does not know.
    #[error("the run time {0:?} is not known; known are auto, embedded, onnxruntime, tensorflow")]
    UnknownRunTime(String),
    /// Field 102 is not 32 bytes long.
    #[error("the field sha256 has {0} bytes instead of 32")]
    BadDigestLength(usize),
    /// Name or data type cannot be an identity.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The record's key names another model than its fields do.
    #[error("the key {key:?} disagrees with the descriptor, which is {fields}")]
    KeyDisagrees {
        /// The key of the record.
        key: String,
        /// `dataType/name` of the descriptor.
        fields: String,
    },
}

impl ModelDescriptor {
    /// Reads a descriptor. Data is not copied: it stays a part of `bytes`.
    ///
    /// # Errors
    /// [`DescriptorError`], for everything but names, which [`ModelDescriptor::key`] checks.
    pub fn decode(bytes: Bytes, numbering: TypeNumbering) -> Result<Self, DescriptorError> {
        let wire =
            wire::Descriptor::decode(bytes).map_err(|e| DescriptorError::Undecodable(e.to_string()))?;
        let model_type = ModelType::from_number(wire.model_type, numbering)
            .ok_or(DescriptorError::UnknownType(wire.model_type))?;
        let content = match wire.content {
            Some(wire::Content::Data(data)) => Content::Data(data),
            Some(wire::Content::Location(location)) => Content::Location(location),
            None => return Err(DescriptorError::NoContent),
        };
        let sha256 = match wire.sha256.len() {
            0 => None,
            32 => <[u8; 32]>::try_from(&*wire.sha256).ok().map(Digest::from_bytes),
            other => return Err(DescriptorError::BadDigestLength(other)),
        };
        let output = wire.output.unwrap_or_default();
        let label = match text(output.label) {
            Some(name) => LabelRule::parse(&name).ok_or(DescriptorError::UnknownLabelRule(name))?,
            None => LabelRule::default(),
        };
        let run_time = match text(wire.run_time) {
            Some(name) => RunTimeChoice::parse(&name).ok_or(DescriptorError::UnknownRunTime(name))?,
            None => RunTimeChoice::default(),
        };
        let mapping = Mapping {
            inputs: wire
                .inputs
                .into_iter()
                .map(|m| InputMapping { input: m.input.into(), fields: boxed(m.fields) })
                .collect(),
            codes: wire
                .codes
                .into_iter()
                .map(|m| FieldCodes { field: m.field.into(), strings: boxed(m.strings) })
                .collect(),
            output: OutputMapping {
                score: text(output.score).map(Into::into),
                classes: boxed(output.classes),
                label,
            },
            signature: text(output.signature).map(Into::into),
            run_time,
        };
        Ok(Self {
            name: wire.name,
            description: wire.description,
            data_type: wire.data_type,
            model_type,
            content,
            version: text(wire.version),
            effective_from: (wire.effective_from != 0).then_some(wire.effective_from),
            sha256,
            mapping,
            golden_rows: wire.golden_rows,
        })
    }

    /// The descriptor as bytes. The original's fields come out as the original writes them.
    #[must_use]
    pub fn encode(&self, numbering: TypeNumbering) -> Vec<u8> {
        let mapping = &self.mapping;
        let output = wire::OutputMapping {
            score: mapping.output.score.as_deref().unwrap_or_default().to_owned(),
            classes: texts(&mapping.output.classes),
            label: match mapping.output.label {
                LabelRule::Model => String::new(),
                rule => rule.as_str().to_owned(),
            },
            signature: mapping.signature.as_deref().unwrap_or_default().to_owned(),
        };
        let wire = wire::Descriptor {
            name: self.name.clone(),
            description: self.description.clone(),
            data_type: self.data_type.clone(),
            model_type: self.model_type.number(numbering),
            content: Some(match &self.content {
                Content::Data(data) => wire::Content::Data(data.clone()),
                Content::Location(location) => wire::Content::Location(location.clone()),
            }),
            version: self.version.clone().unwrap_or_default(),
            effective_from: self.effective_from.unwrap_or_default(),
            sha256: self.sha256.map(|digest| digest.as_bytes().to_vec()).unwrap_or_default(),
            inputs: mapping
                .inputs
                .iter()
                .map(|m| wire::InputMapping { input: m.input.to_string(), fields: texts(&m.fields) })
                .collect(),
            output: (output != wire::OutputMapping::default()).then_some(output),
            golden_rows: self.golden_rows.clone(),
            codes: mapping
                .codes
                .iter()
                .map(|m| wire::FieldCodes { field: m.field.to_string(), strings: texts(&m.strings) })
                .collect(),
            run_time: match mapping.run_time {
                RunTimeChoice::Auto => String::new(),
                choice => choice.as_str().to_owned(),
            },
        };
        wire.encode_to_vec()
    }

    /// The identity of the model on the control log.
    ///
    /// With a record key the key is the identity, and must agree with the fields. Without one the fields are, with
    /// characters outside `[A-Za-z0-9._-]` turned into `-`.
    ///
    /// # Errors
    /// [`DescriptorError::Name`] or [`DescriptorError::KeyDisagrees`].
    pub fn key(&self, record_key: Option<&[u8]>) -> Result<ModelKey, DescriptorError> {
        let fields = ModelKey {
            data_type: DataTypeName::new(&to_name(&self.data_type))?,
            name: ModelName::new(&to_name(&self.name))?,
        };
        let Some(key) = record_key else { return Ok(fields) };
        let text = String::from_utf8_lossy(key);
        let parsed = ModelKey::parse(&text)?;
        if parsed == fields {
            Ok(parsed)
        } else {
            Err(DescriptorError::KeyDisagrees { key: text.into_owned(), fields: fields.to_string() })
        }
    }

    /// The digest of the data; `None` for a model by reference.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        match &self.content {
            Content::Data(data) => Some(Digest::of(data)),
            Content::Location(_) => None,
        }
    }
}

fn text(value: String) -> Option<String> {
    (!value.is_empty()).then_some(value)
}

fn boxed(names: Vec<String>) -> Vec<Box<str>> {
    names.into_iter().map(Into::into).collect()
}

fn texts(names: &[Box<str>]) -> Vec<String> {
    names.iter().map(|name| name.to_string()).collect()
}

/// The message as it lies on the wire.
mod wire {
    use super::{Bytes, GoldenRow, Message};

    #[derive(Clone, PartialEq, Message)]
    pub struct Descriptor {
        #[prost(string, tag = "1")]
        pub name: String,
        #[prost(string, tag = "2")]
        pub description: String,
        #[prost(string, tag = "3")]
        pub data_type: String,
        #[prost(int32, tag = "4")]
        pub model_type: i32,
        #[prost(oneof = "Content", tags = "5, 6")]
        pub content: Option<Content>,
        #[prost(string, tag = "100")]
        pub version: String,
        #[prost(int64, tag = "101")]
        pub effective_from: i64,
        #[prost(bytes = "vec", tag = "102")]
        pub sha256: Vec<u8>,
        #[prost(message, repeated, tag = "103")]
        pub inputs: Vec<InputMapping>,
        #[prost(message, optional, tag = "104")]
        pub output: Option<OutputMapping>,
        #[prost(message, repeated, tag = "105")]
        pub golden_rows: Vec<GoldenRow>,
        #[prost(message, repeated, tag = "106")]
        pub codes: Vec<FieldCodes>,
        #[prost(string, tag = "107")]
        pub run_time: String,
    }

    #[derive(Clone, PartialEq, prost::Oneof)]
    pub enum Content {
        #[prost(bytes = "bytes", tag = "5")]
        Data(Bytes),
        #[prost(string, tag = "6")]
        Location(String),
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct InputMapping {
        #[prost(string, tag = "1")]
        pub input: String,
        #[prost(string, repeated, tag = "2")]
        pub fields: Vec<String>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct OutputMapping {
        #[prost(string, tag = "1")]
        pub score: String,
        #[prost(string, repeated, tag = "2")]
        pub classes: Vec<String>,
        #[prost(string, tag = "3")]
        pub signature: String,
        #[prost(string, tag = "4")]
        pub label: String,
    }

    #[derive(Clone, PartialEq, Message)]
    pub struct FieldCodes {
        #[prost(string, tag = "1")]
        pub field: String,
        #[prost(string, repeated, tag = "2")]
        pub strings: Vec<String>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor() -> ModelDescriptor {
        ModelDescriptor {
            name: "forest".into(),
            description: "generated from SparkML".into(),
            data_type: "wine".into(),
            model_type: ModelType::Pmml,
            content: Content::Data(Bytes::from_static(b"<PMML/>")),
            version: None,
            effective_from: None,
            sha256: None,
            mapping: Mapping::default(),
            golden_rows: Vec::new(),
        }
    }

    #[test]
    fn the_original_fields_lie_on_the_wire_as_the_original_writes_them() {
        let expected = b"\x0a\x06forest\x12\x16generated from SparkML\x1a\x04wine\x20\x01\x2a\x07<PMML/>";
        assert_eq!(descriptor().encode(TypeNumbering::Original), expected);
        let read = ModelDescriptor::decode(Bytes::from_static(expected), TypeNumbering::Original).unwrap();
        assert_eq!(read, descriptor());
    }

    #[test]
    fn our_fields_survive_the_journey() {
        let full = ModelDescriptor {
            version: Some("7".into()),
            effective_from: Some(1_700_000_000_000),
            sha256: Some(Digest::of(b"<PMML/>")),
            mapping: Mapping {
                inputs: vec![InputMapping { input: "x".into(), fields: vec!["a".into(), "b".into()] }],
                codes: vec![FieldCodes { field: "b".into(), strings: vec!["red".into(), "white".into()] }],
                output: OutputMapping {
                    score: Some("p".into()),
                    classes: vec!["no".into(), "yes".into()],
                    label: LabelRule::AboveHalf,
                },
                signature: Some("predict".into()),
                run_time: RunTimeChoice::TensorFlow,
            },
            golden_rows: vec![GoldenRow { record: "{}".into(), expected: "{}".into(), tolerance: 1e-9 }],
            model_type: ModelType::Onnx,
            content: Content::Location("s3://models/forest".into()),
            ..descriptor()
        };
        for numbering in [TypeNumbering::Original, TypeNumbering::Successor] {
            let bytes = Bytes::from(full.encode(numbering));
            assert_eq!(ModelDescriptor::decode(bytes, numbering).unwrap(), full);
        }
    }

    #[test]
    fn the_successor_numbers_pmml_two() {
        let bytes = Bytes::from(descriptor().encode(TypeNumbering::Successor));
        assert_eq!(
            ModelDescriptor::decode(bytes.clone(), TypeNumbering::Successor).unwrap().model_type,
            ModelType::Pmml
        );
        let error = ModelDescriptor::decode(bytes, TypeNumbering::Original).unwrap_err();
        assert_eq!(error, DescriptorError::UnknownType(2));
    }

    #[test]
    fn the_key_must_agree_with_the_fields() {
        let descriptor = ModelDescriptor { name: "data/optimized_WineQuality".into(), ..descriptor() };
        assert_eq!(descriptor.key(None).unwrap().to_string(), "wine/data-optimized_WineQuality");
        assert!(descriptor.key(Some(b"wine/data-optimized_WineQuality")).is_ok());
        assert!(matches!(descriptor.key(Some(b"wine/other")), Err(DescriptorError::KeyDisagrees { .. })));
        assert!(matches!(descriptor.key(Some(b"\xff/x")), Err(DescriptorError::Name(_))));
    }

    #[test]
    fn bad_bytes_are_an_error() {
        for bytes in [&b"\x0a\xff"[..], b"not protobuf at all", b"\x2a"] {
            let read = ModelDescriptor::decode(Bytes::copy_from_slice(bytes), TypeNumbering::Original);
            assert!(matches!(read, Err(DescriptorError::Undecodable(_))), "{bytes:?}");
        }
        // Field 107, and the label of field 104.
        let unknown = b"\x2a\x01x\xda\x06\x04tvmx";
        let read = ModelDescriptor::decode(Bytes::from_static(unknown), TypeNumbering::Original);
        assert_eq!(read, Err(DescriptorError::UnknownRunTime("tvmx".into())));
        let unknown = b"\x2a\x01x\xc2\x06\x05\x22\x03max";
        let read = ModelDescriptor::decode(Bytes::from_static(unknown), TypeNumbering::Original);
        assert_eq!(read, Err(DescriptorError::UnknownLabelRule("max".into())));
        let empty = ModelDescriptor::decode(Bytes::new(), TypeNumbering::Original);
        assert_eq!(empty, Err(DescriptorError::NoContent));
    }
}
