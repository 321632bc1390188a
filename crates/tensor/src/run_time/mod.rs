//! Run times outside this crate: ONNX Runtime and TensorFlow, where the operator has named their libraries.
//!
//! This crate reads a file, checks it, finds its inputs and outputs, and then either evaluates the graph itself or
//! hands it over. Whoever has a library implements [`RunTime`]; nothing here loads one.
//!
//! | file | what it holds |
//! |---|---|
//! | [`mod@self`] | [`RunTime`], [`Session`], [`Handover`]: the contract; [`RunTimes`]: those that there are |
//! | `check` | what must not be in a graph that is handed over |
//! | `refused_operators` | operators that read or write files, open sockets, run code or draw lots |
//! | `engine` | a session as an engine |
//! | `load` | from a graph to a model that a session evaluates |

pub(crate) mod check;
pub(crate) mod engine;
pub(crate) mod load;
pub(crate) mod refused_operators;

use std::fmt;
use std::sync::Arc;

use scorewheel_columns::Labels;
use scorewheel_model::{ModelError, RunTimeChoice};

use crate::tensor::{Tensor, TensorType};

/// A library that evaluates graphs.
pub trait RunTime: Send + Sync + fmt::Debug {
    /// The choice that means it.
    fn choice(&self) -> RunTimeChoice;

    /// Name and version, once a model was opened: `ONNX Runtime 1.22.0`.
    fn describe(&self) -> String;

    /// Makes a model ready. Called off the scoring threads.
    ///
    /// # Errors
    /// [`scorewheel_model::ModelErrorKind::MissingRuntime`] if the library cannot be used, else what it says of the
    /// model.
    fn open(&self, model: &Handover<'_>) -> Result<Box<dyn Session>, ModelError>;
}

/// A model that is ready. Shared by all scoring threads.
pub trait Session: Send + Sync + fmt::Debug {
    /// Computes the outputs of [`Handover::outputs`] from inputs in the order of [`Handover::inputs`].
    ///
    /// # Errors
    /// What the library says.
    fn run(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>, String>;
}

/// A model as it is handed over: read, bounded and checked, but not changed.
#[derive(Debug)]
pub struct Handover<'a> {
    /// The file or files.
    pub document: &'a Document<'a>,
    /// Each input, by the library's name for it, with the type and shape that [`Session::run`] will be given.
    pub inputs: Vec<(String, TensorType)>,
    /// Each output that is wanted.
    pub outputs: Vec<WantedOutput>,
}

/// An output that is wanted.
#[derive(Clone, Debug)]
pub struct WantedOutput {
    /// The library's name for it. TensorFlow's are `node` or `node:index`.
    pub value: String,
    /// If it is a map: its keys, in the order in which the numbers are wanted.
    pub keys: Option<Arc<Labels>>,
}

/// A model's file or files.
#[derive(Debug)]
pub enum Document<'a> {
    /// An ONNX file; with side files, which lie beside it, if it came as an archive.
    Onnx {
        /// The file.
        bytes: &'a [u8],
        /// Names, checked to stay within one folder, and contents.
        side_files: Vec<(&'a str, &'a [u8])>,
    },
    /// TensorFlow's `GraphDef`.
    FrozenGraph(&'a [u8]),
    /// A SavedModel.
    SavedModel {
        /// Names, relative to the model's folder and checked to stay within it, and contents.
        files: Vec<(&'a str, &'a [u8])>,
        /// Tags of the graph that was chosen.
        tags: Vec<String>,
    },
}

impl Document<'_> {
    /// The run time that evaluates such documents.
    #[must_use]
    pub fn run_time(&self) -> RunTimeChoice {
        match self {
            Self::Onnx { .. } => RunTimeChoice::OnnxRuntime,
            Self::FrozenGraph(_) | Self::SavedModel { .. } => RunTimeChoice::TensorFlow,
        }
    }
}

/// The run times that there are.
#[derive(Clone, Debug, Default)]
pub struct RunTimes(Vec<Arc<dyn RunTime>>);

impl RunTimes {
    /// These.
    #[must_use]
    pub fn new(run_times: Vec<Arc<dyn RunTime>>) -> Self {
        Self(run_times)
    }

    /// The one of this choice.
    #[must_use]
    pub fn find(&self, choice: RunTimeChoice) -> Option<&dyn RunTime> {
        self.0.iter().find(|run_time| run_time.choice() == choice).map(|run_time| &**run_time)
    }
}

/// How a run time is enabled, for messages.
pub(crate) fn how_to_enable(choice: RunTimeChoice) -> String {
    let name = choice.as_str();
    format!(
        "the run time {name:?} is not enabled: the operator must name its library, `library` in the section `[{name}]`"
    )
}
