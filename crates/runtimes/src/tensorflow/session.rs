//! A graph or SavedModel in a session.

use std::fmt;
use std::sync::Arc;

use scorewheel_model::{ModelError, ModelErrorKind};
use scorewheel_tensor::run_time::{Document, Handover, Session};
use scorewheel_tensor::tensor::Tensor;

use super::TensorFlowSettings;
use super::interface::{self, Interface, Output};
use super::values::{input_value, output_tensor};
use crate::directory;

/// A model, ready. TensorFlow's sessions may be run from several threads at once.
pub(super) struct GraphSession {
    session: interface::Session,
    inputs: Vec<Output>,
    outputs: Vec<Output>,
}

impl GraphSession {
    pub fn open(
        interface: &Arc<Interface>,
        settings: TensorFlowSettings,
        model: &Handover<'_>,
    ) -> Result<Self, ModelError> {
        let refused = |error: String| {
            ModelError::new(ModelErrorKind::Unsupported, format!("TensorFlow refuses the model: {error}"))
        };
        let config = config(settings.threads);
        let session = match model.document {
            Document::FrozenGraph(bytes) => {
                interface::Session::of_graph(interface, bytes, &config).map_err(refused)?
            }
            Document::SavedModel { files, tags } => {
                let needed = files.iter().copied().filter(|(name, _)| is_needed(name));
                // Everything is read while it is loaded; the directory is gone afterwards.
                let directory = directory::write(needed)?;
                interface::Session::of_saved_model(interface, directory.path(), tags, &config)
                    .map_err(refused)?
            }
            Document::Onnx { .. } => {
                let message = "TensorFlow evaluates no ONNX; \"onnxruntime\" does";
                return Err(ModelError::new(ModelErrorKind::Unsupported, message));
            }
        };
        let find = |value: &str| {
            let (name, index) = match value.rsplit_once(':') {
                Some((name, index)) => (name, index.parse().unwrap_or(usize::MAX)),
                None => (value, 0),
            };
            session.output(name, index).map_err(refused)
        };
        let inputs = model.inputs.iter().map(|(name, _)| find(name)).collect::<Result<_, _>>()?;
        let outputs = model.outputs.iter().map(|wanted| find(&wanted.value)).collect::<Result<_, _>>()?;
        Ok(Self { session, inputs, outputs })
    }
}

/// The files that TensorFlow itself reads of a SavedModel.
fn is_needed(name: &str) -> bool {
    name == "saved_model.pb" || name.starts_with("variables/") || name.starts_with("assets/")
}

/// A serialised `ConfigProto`: so many threads within an operator (field 2), and operators one after another on the
/// thread that calls (field 5: −1).
fn config(threads: usize) -> Vec<u8> {
    let mut bytes = vec![0x10, threads.clamp(1, 127) as u8, 0x28];
    bytes.extend([0xff; 9]);
    bytes.push(0x01);
    bytes
}

impl Session for GraphSession {
    fn run(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>, String> {
        let interface = self.session.interface();
        let values = inputs.iter().map(|tensor| input_value(interface, tensor));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        let found = self.session.run(&self.inputs, &values, &self.outputs)?;
        found.iter().map(output_tensor).collect()
    }
}

impl fmt::Debug for GraphSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphSession").field("outputs", &self.outputs.len()).finish_non_exhaustive()
    }
}
