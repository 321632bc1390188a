//! A model in a pool of sessions.

use std::borrow::Cow;

use ort::environment::Environment;
use ort::session::{Session as OrtSession, SessionInputValue};
use scorewheel_model::{ModelError, ModelErrorKind};
use scorewheel_tensor::run_time::{Document, Handover, Session, WantedOutput};
use scorewheel_tensor::tensor::Tensor;

use super::OnnxRuntimeSettings;
use super::values::{input_value, output_tensor};
use crate::directory;
use crate::pool::Pool;

/// A model, ready in several sessions.
#[derive(Debug)]
pub(super) struct PooledSession {
    sessions: Pool<OrtSession>,
    inputs: Vec<String>,
    outputs: Vec<WantedOutput>,
}

/// The name under which a model with side files is written.
const MODEL: &str = "scorewheel-model.onnx";

impl PooledSession {
    pub fn open(
        environment: &Environment,
        settings: OnnxRuntimeSettings,
        model: &Handover<'_>,
    ) -> Result<Self, ModelError> {
        let Document::Onnx { bytes, side_files } = model.document else {
            return Err(ModelError::new(ModelErrorKind::Unsupported, "ONNX Runtime evaluates ONNX alone"));
        };
        // Side files are found beside the file alone; without them nothing is written.
        let directory = match side_files.is_empty() {
            true => None,
            false => {
                let model = (MODEL, *bytes);
                Some(directory::write(side_files.iter().copied().chain([model]))?)
            }
        };
        let refused = |error: String| {
            ModelError::new(ModelErrorKind::Unsupported, format!("ONNX Runtime refuses the model: {error}"))
        };
        let open = || -> Result<OrtSession, String> {
            let mut builder = OrtSession::builder(environment)
                .map_err(text)?
                .with_intra_threads(settings.threads.max(1))
                .map_err(text)?
                .with_inter_threads(1)
                .map_err(text)?
                .with_intra_op_spinning(false)
                .map_err(text)?;
            match &directory {
                Some(directory) => builder.commit_from_file(directory.path().join(MODEL)),
                None => builder.commit_from_memory(bytes),
            }
            .map_err(text)
        };
        let sessions = (0..settings.sessions.max(1)).map(|_| open()).collect::<Result<Vec<_>, _>>();
        Ok(Self {
            sessions: Pool::new(sessions.map_err(refused)?),
            inputs: model.inputs.iter().map(|(name, _)| name.clone()).collect(),
            outputs: model.outputs.clone(),
        })
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

impl Session for PooledSession {
    fn run(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>, String> {
        let values = self
            .inputs
            .iter()
            .zip(inputs)
            .map(|(name, tensor)| Ok((Cow::from(name.as_str()), input_value(tensor)?)))
            .collect::<Result<Vec<(Cow<'_, str>, SessionInputValue<'_>)>, String>>()?;
        let mut lent = self.sessions.lend().ok_or("the model has no session")?;
        let session = lent.get().ok_or("the model has no session")?;
        let found = session.run(values).map_err(text)?;
        self.outputs
            .iter()
            .map(|wanted| {
                let value = found.get(&wanted.value).ok_or("an output is missing")?;
                output_tensor(value, wanted.keys.as_deref())
            })
            .collect()
    }
}
