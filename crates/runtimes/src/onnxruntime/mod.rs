//! ONNX Runtime, by the crate `ort`.
//!
//! | file | what it holds |
//! |---|---|
//! | [`mod@self`] | [`OnnxRuntime`]: the library, loaded when the first model asks for it |
//! | `session` | a model in a pool of sessions |
//! | `values` | tensors to and from the library's values |
//! | `version` | the version of a library, before anything of it is used |

mod session;
mod values;
mod version;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;
use ort::logging::LogLevel;
use scorewheel_model::{ModelError, RunTimeChoice};
use scorewheel_tensor::run_time::{Handover, RunTime, Session};

use crate::library::Lazy;
use session::PooledSession;

/// ONNX Runtime, as the operator has it.
#[derive(Debug)]
pub struct OnnxRuntime {
    library: Lazy<Loaded>,
    settings: OnnxRuntimeSettings,
}

/// How ONNX Runtime is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnnxRuntimeSettings {
    /// Threads that one session computes with; with 1 it computes on the thread that calls.
    pub threads: usize,
    /// Sessions of a model: as many records are scored at the same time. Each has its own copy of the weights.
    pub sessions: usize,
}

impl Default for OnnxRuntimeSettings {
    fn default() -> Self {
        Self { threads: 1, sessions: 1 }
    }
}

#[derive(Clone, Debug)]
struct Loaded {
    environment: Environment,
    version: String,
}

/// The library of this process: `ort` can have one, and one environment of it.
static OF_PROCESS: Mutex<Option<(PathBuf, Loaded)>> = Mutex::new(None);

impl OnnxRuntime {
    /// The library at this path, 1.17 or newer. It is looked at when a model asks for it.
    #[must_use]
    pub fn new(library: impl Into<PathBuf>, settings: OnnxRuntimeSettings) -> Self {
        Self { library: Lazy::new(library), settings }
    }
}

fn load(path: &Path) -> Result<Loaded, String> {
    let mut process = OF_PROCESS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((known, loaded)) = &*process {
        return match known == path {
            true => Ok(loaded.clone()),
            false => Err(format!("this process has already loaded {}", known.display())),
        };
    }
    let version = version::of_library(path)?;
    let builder = ort::init_from(path).map_err(|error| error.to_string())?;
    let builder = builder.with_name("scorewheel").with_telemetry(false);
    let environment = builder.build().map_err(|error| error.to_string())?;
    // What goes wrong comes back as an error; warnings about models are nothing that an operator can act on.
    environment.set_log_level(LogLevel::Fatal);
    let loaded = Loaded { environment, version };
    *process = Some((path.to_owned(), loaded.clone()));
    Ok(loaded)
}

impl RunTime for OnnxRuntime {
    fn choice(&self) -> RunTimeChoice {
        RunTimeChoice::OnnxRuntime
    }

    fn describe(&self) -> String {
        match self.library.loaded() {
            Some(loaded) => format!("ONNX Runtime {}", loaded.version),
            None => "ONNX Runtime".to_owned(),
        }
    }

    fn open(&self, model: &Handover<'_>) -> Result<Box<dyn Session>, ModelError> {
        let loaded = self.library.get("ONNX Runtime", load)?;
        Ok(Box::new(PooledSession::open(&loaded.environment, self.settings, model)?))
    }
}
