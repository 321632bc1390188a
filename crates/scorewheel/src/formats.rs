//! Which model formats exist.

use std::sync::Arc;

use scorewheel_model::{Format, Limits, Mapping, Model, ModelError, ModelErrorKind, ModelType};
use scorewheel_pmml::PmmlFormat;
use scorewheel_runtimes::onnxruntime::OnnxRuntimeSettings;
use scorewheel_runtimes::tensorflow::TensorFlowSettings;
use scorewheel_runtimes::{OnnxRuntime, TensorFlow};
use scorewheel_tensor::run_time::{RunTime, RunTimes};

use crate::config::Config;

/// The model formats that this build knows, in the order in which they are asked.
///
/// A format is one line in [`Formats::with`].
pub struct Formats {
    formats: Vec<Arc<dyn Format>>,
}

impl Formats {
    /// All formats of this build, evaluated by its own engines.
    #[must_use]
    pub fn all() -> Self {
        Self::with(&RunTimes::default())
    }

    /// All formats of this build; graphs may be handed to these run times.
    #[must_use]
    pub fn with(run_times: &RunTimes) -> Self {
        let mut formats: Vec<Arc<dyn Format>> = vec![Arc::new(PmmlFormat)];
        formats.extend(scorewheel_tensor::formats_with(run_times).into_iter().map(Arc::from));
        Self::new(formats)
    }

    /// All formats of this build; graphs may be handed to the run times that the configuration enables.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self::with(&run_times(config))
    }

    /// Only these formats.
    #[must_use]
    pub fn new(formats: Vec<Arc<dyn Format>>) -> Self {
        Self { formats }
    }

    /// The formats, in the order in which they are asked.
    #[must_use]
    pub fn list(&self) -> &[Arc<dyn Format>] {
        &self.formats
    }

    /// The format of these bytes: the one that `claimed` promises, if it recognises them; else the first that does.
    ///
    /// A descriptor's type is looked at, not believed.
    ///
    /// # Errors
    /// [`ModelErrorKind::UnknownFormat`] if no format recognises the bytes.
    pub fn find(&self, bytes: &[u8], claimed: Option<ModelType>) -> Result<&Arc<dyn Format>, ModelError> {
        let promised =
            claimed.and_then(|claimed| self.formats.iter().find(|f| f.model_types().contains(&claimed)));
        let found = promised
            .filter(|f| f.recognises(bytes))
            .or_else(|| self.formats.iter().find(|f| f.recognises(bytes)));
        found.ok_or_else(|| {
            let names: Vec<&str> = self.formats.iter().map(|format| format.name()).collect();
            let what = if bytes.is_empty() {
                "the model is empty"
            } else {
                "the bytes are of no known model format"
            };
            ModelError::new(ModelErrorKind::UnknownFormat, format!("{what}; known are {}", names.join(", ")))
        })
    }

    /// Finds the format and loads the model.
    ///
    /// # Errors
    /// [`ModelError`] if no format knows the bytes, or the one that does refuses them.
    pub fn load(
        &self,
        bytes: &[u8],
        claimed: Option<ModelType>,
        mapping: &Mapping,
        limits: &Limits,
    ) -> Result<Arc<dyn Model>, ModelError> {
        if bytes.len() > limits.bytes {
            let message =
                format!("the model has {} bytes, more than the limit of {}", bytes.len(), limits.bytes);
            return Err(ModelError::new(ModelErrorKind::TooLarge, message));
        }
        self.find(bytes, claimed)?.load(bytes, mapping, limits)
    }
}

/// The run times whose libraries the configuration names. Nothing is loaded before a model asks for it.
fn run_times(config: &Config) -> RunTimes {
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let mut run_times: Vec<Arc<dyn RunTime>> = Vec::new();
    if let Some(library) = &config.onnxruntime.library {
        let settings = OnnxRuntimeSettings {
            threads: count(config.onnxruntime.threads),
            sessions: count(config.onnxruntime.sessions.unwrap_or(config.engine.threads)),
        };
        run_times.push(Arc::new(OnnxRuntime::new(library, settings)));
    }
    if let Some(library) = &config.tensorflow.library {
        let settings = TensorFlowSettings { threads: count(config.tensorflow.threads) };
        run_times.push(Arc::new(TensorFlow::new(library, settings)));
    }
    RunTimes::new(run_times)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Named(&'static str, &'static [ModelType], u8);

    impl Format for Named {
        fn name(&self) -> &'static str {
            self.0
        }

        fn model_types(&self) -> &'static [ModelType] {
            self.1
        }

        fn recognises(&self, bytes: &[u8]) -> bool {
            bytes.first() == Some(&self.2) || bytes == b"both"
        }

        fn load(&self, _: &[u8], _: &Mapping, _: &Limits) -> Result<Arc<dyn Model>, ModelError> {
            Err(ModelError::new(ModelErrorKind::Malformed, self.0))
        }
    }

    #[test]
    fn the_bytes_decide_and_the_claim_breaks_ties() {
        let formats = Formats::new(vec![
            Arc::new(Named("A", &[ModelType::Pmml], b'a')),
            Arc::new(Named("B", &[ModelType::Onnx], b'b')),
        ]);
        let name = |bytes: &[u8], claimed| formats.find(bytes, claimed).map(|format| format.name());
        assert_eq!(name(b"a", None), Ok("A"));
        assert_eq!(name(b"a", Some(ModelType::Onnx)), Ok("A"));
        assert_eq!(name(b"both", Some(ModelType::Onnx)), Ok("B"));
        assert_eq!(name(b"both", Some(ModelType::TensorFlow)), Ok("A"));
        let error = name(b"", None).unwrap_err();
        assert_eq!(
            (error.kind, &*error.message),
            (ModelErrorKind::UnknownFormat, "the model is empty; known are A, B")
        );
        let limits = Limits { bytes: 3, ..Limits::default() };
        let error = formats.load(b"both", None, &Mapping::default(), &limits).unwrap_err();
        assert_eq!(error.kind, ModelErrorKind::TooLarge);
    }
}
