//! The formats of this crate, as the rest of Scorewheel sees them.

use std::sync::Arc;

use scorewheel_model::{Format, Limits, Mapping, Model, ModelError, ModelType};

use crate::archive::{Files, is_archive, open};
use crate::error::{invalid, too_large};
use crate::lightgbm::LightGbmFormat;
use crate::loading::load_graph;
use crate::onnx::model_proto::read_model;
use crate::onnx::tensor_proto::{NoSideFiles, SideFiles};
use crate::protobuf::{Reader, Wire};
use crate::refused::RefusedFormats;
use crate::run_time::{Document, RunTimes};
use crate::tensorflow::frozen::read_frozen_graph;
use crate::tensorflow::saved_model::{SAVED_MODEL, read_saved_model};
use crate::xgboost::XgBoostFormat;

/// All formats of this crate, evaluated by its own engines.
#[must_use]
pub fn formats() -> Vec<Box<dyn Format>> {
    formats_with(&RunTimes::default())
}

/// All formats of this crate; graphs may be handed to these run times.
#[must_use]
pub fn formats_with(run_times: &RunTimes) -> Vec<Box<dyn Format>> {
    let run_times = || run_times.clone();
    vec![
        Box::new(Served { format: OnnxFormat, run_times: run_times() }),
        Box::new(Served { format: FrozenGraphFormat, run_times: run_times() }),
        Box::new(XgBoostFormat),
        Box::new(LightGbmFormat),
        // Before archives: some of what is refused comes as one.
        Box::new(RefusedFormats),
        Box::new(Served { format: ArchiveFormat, run_times: run_times() }),
    ]
}

/// A format of graphs: how a model of it is loaded if there are these run times.
trait GraphFormat: Format {
    fn load_with(
        &self,
        bytes: &[u8],
        mapping: &Mapping,
        limits: &Limits,
        run_times: &RunTimes,
    ) -> Result<Arc<dyn Model>, ModelError>;
}

/// A format of graphs, with run times.
struct Served<F> {
    format: F,
    run_times: RunTimes,
}

impl<F: GraphFormat> Format for Served<F> {
    fn name(&self) -> &'static str {
        self.format.name()
    }

    fn model_types(&self) -> &'static [ModelType] {
        self.format.model_types()
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        self.format.recognises(bytes)
    }

    fn load(&self, bytes: &[u8], mapping: &Mapping, limits: &Limits) -> Result<Arc<dyn Model>, ModelError> {
        self.format.load_with(bytes, mapping, limits, &self.run_times)
    }
}

pub(crate) fn check_size(bytes: &[u8], limits: &Limits) -> Result<(), ModelError> {
    if bytes.len() > limits.bytes {
        return Err(too_large(format!("{} bytes are more than the limit of {}", bytes.len(), limits.bytes)));
    }
    Ok(())
}

/// TensorFlow's frozen graphs (`GraphDef`).
#[derive(Clone, Copy, Debug, Default)]
pub struct FrozenGraphFormat;

impl Format for FrozenGraphFormat {
    fn name(&self) -> &'static str {
        "TensorFlow frozen graph"
    }

    fn model_types(&self) -> &'static [ModelType] {
        &[ModelType::TensorFlow]
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        // The first field is a node, whose first field is its name.
        match Reader::new(bytes).next_field() {
            Ok(Some((1, Wire::Bytes(node)))) => node.first() == Some(&0x0a),
            _ => false,
        }
    }

    fn load(&self, bytes: &[u8], mapping: &Mapping, limits: &Limits) -> Result<Arc<dyn Model>, ModelError> {
        self.load_with(bytes, mapping, limits, &RunTimes::default())
    }
}

impl GraphFormat for FrozenGraphFormat {
    fn load_with(
        &self,
        bytes: &[u8],
        mapping: &Mapping,
        limits: &Limits,
        run_times: &RunTimes,
    ) -> Result<Arc<dyn Model>, ModelError> {
        check_size(bytes, limits)?;
        let file = read_frozen_graph(bytes, mapping, limits)?;
        Ok(Arc::new(load_graph(&file, &Document::FrozenGraph(bytes), mapping, limits, run_times)?))
    }
}

/// ONNX, as one file without side files.
#[derive(Clone, Copy, Debug, Default)]
pub struct OnnxFormat;

impl Format for OnnxFormat {
    fn name(&self) -> &'static str {
        "ONNX"
    }

    fn model_types(&self) -> &'static [ModelType] {
        &[ModelType::Onnx]
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        // The IR version, then anything but the graphs that follow the version of a SavedModel.
        let mut reader = Reader::new(bytes);
        match reader.next_field() {
            Ok(Some((1, Wire::Varint(version)))) if version <= 64 => {
                !matches!(reader.next_field(), Ok(Some((2, Wire::Bytes(first)))) if first.first() == Some(&0x0a))
            }
            _ => false,
        }
    }

    fn load(&self, bytes: &[u8], mapping: &Mapping, limits: &Limits) -> Result<Arc<dyn Model>, ModelError> {
        self.load_with(bytes, mapping, limits, &RunTimes::default())
    }
}

impl GraphFormat for OnnxFormat {
    fn load_with(
        &self,
        bytes: &[u8],
        mapping: &Mapping,
        limits: &Limits,
        run_times: &RunTimes,
    ) -> Result<Arc<dyn Model>, ModelError> {
        check_size(bytes, limits)?;
        let file = read_model(bytes, &NoSideFiles, limits)?;
        let document = Document::Onnx { bytes, side_files: Vec::new() };
        Ok(Arc::new(load_graph(&file, &document, mapping, limits, run_times)?))
    }
}

/// What comes as several files: a SavedModel, or ONNX with side files, as `.zip`, `.tar` or `.tar.gz`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ArchiveFormat;

impl Format for ArchiveFormat {
    fn name(&self) -> &'static str {
        "TensorFlow SavedModel"
    }

    fn model_types(&self) -> &'static [ModelType] {
        &[ModelType::TensorFlowSaved]
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        is_archive(bytes)
    }

    fn load(&self, bytes: &[u8], mapping: &Mapping, limits: &Limits) -> Result<Arc<dyn Model>, ModelError> {
        self.load_with(bytes, mapping, limits, &RunTimes::default())
    }
}

impl GraphFormat for ArchiveFormat {
    fn load_with(
        &self,
        bytes: &[u8],
        mapping: &Mapping,
        limits: &Limits,
        run_times: &RunTimes,
    ) -> Result<Arc<dyn Model>, ModelError> {
        check_size(bytes, limits)?;
        let files = open(bytes, limits)?;
        if let Some(folder) = files.folder_of(SAVED_MODEL) {
            let (file, tags) = read_saved_model(&files, mapping, limits)?;
            let document = Document::SavedModel { files: files.within(folder).collect(), tags };
            return Ok(Arc::new(load_graph(&file, &document, mapping, limits, run_times)?));
        }
        let mut models = files.names().filter(|name| name.ends_with(".onnx"));
        let (Some(name), None) = (models.next(), models.next()) else {
            return Err(invalid("the archive holds neither saved_model.pb nor exactly one file .onnx"));
        };
        let folder = &name[..name.rfind('/').map_or(0, |slash| slash + 1)];
        let side_files = ArchiveSideFiles { files: &files, folder };
        let bytes = files.get(name).unwrap_or_default();
        let file = read_model(bytes, &side_files, limits)?;
        let side_files = files.within(folder).filter(|(path, _)| *path != &name[folder.len()..]).collect();
        let document = Document::Onnx { bytes, side_files };
        Ok(Arc::new(load_graph(&file, &document, mapping, limits, run_times)?))
    }
}

/// The files beside a model in its archive.
struct ArchiveSideFiles<'a> {
    files: &'a Files<'a>,
    folder: &'a str,
}

impl SideFiles for ArchiveSideFiles<'_> {
    fn file(&self, name: &str) -> Option<&[u8]> {
        // Names with `..` or a root are in no archive, and so find nothing.
        self.files.get(&format!("{}{}", self.folder, name.trim_start_matches("./")))
    }
}
