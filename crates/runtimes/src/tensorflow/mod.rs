//! TensorFlow, by its C API. No Python.
//!
//! | file | what it holds |
//! |---|---|
//! | [`mod@self`] | [`TensorFlow`]: the library, loaded when the first model asks for it |
//! | `interface` | the functions of the C API that are used: the only unsafe code, behind safe types |
//! | `session` | a graph or SavedModel in a session |
//! | `values` | tensors to and from the library's own |

mod interface;
mod session;
mod values;

use std::path::PathBuf;
use std::sync::Arc;

use scorewheel_model::{ModelError, RunTimeChoice};
use scorewheel_tensor::run_time::{Handover, RunTime, Session};

use crate::library::Lazy;
use interface::Interface;
use session::GraphSession;

/// TensorFlow, as the operator has it.
#[derive(Debug)]
pub struct TensorFlow {
    library: Lazy<Arc<Interface>>,
    settings: TensorFlowSettings,
}

/// How TensorFlow is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TensorFlowSettings {
    /// Threads that one operator computes with. The library takes this from the first model that it opens.
    pub threads: usize,
}

impl Default for TensorFlowSettings {
    fn default() -> Self {
        Self { threads: 1 }
    }
}

impl TensorFlow {
    /// The library at this path: `libtensorflow.so`, or `libtensorflow_cc.so.2` of the Python package, 2.x. It is looked
    /// at when a model asks for it.
    #[must_use]
    pub fn new(library: impl Into<PathBuf>, settings: TensorFlowSettings) -> Self {
        Self { library: Lazy::new(library), settings }
    }
}

impl RunTime for TensorFlow {
    fn choice(&self) -> RunTimeChoice {
        RunTimeChoice::TensorFlow
    }

    fn describe(&self) -> String {
        match self.library.loaded() {
            Some(interface) => format!("TensorFlow {}", interface.version()),
            None => "TensorFlow".to_owned(),
        }
    }

    fn open(&self, model: &Handover<'_>) -> Result<Box<dyn Session>, ModelError> {
        let interface = self.library.get("TensorFlow", |path| Interface::load(path).map(Arc::new))?;
        Ok(Box::new(GraphSession::open(interface, self.settings, model)?))
    }
}
