//! A library that is loaded once, by the first model that asks.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use scorewheel_model::{ModelError, ModelErrorKind};

/// A library, loaded or not. It is never unloaded: what it has started in the process stays.
#[derive(Debug)]
pub(crate) struct Lazy<T> {
    path: PathBuf,
    loaded: OnceLock<Result<T, String>>,
}

impl<T> Lazy<T> {
    /// The library at `path`, not yet loaded.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), loaded: OnceLock::new() }
    }

    /// The library; `load` is called the first time, and its failure is remembered.
    ///
    /// # Errors
    /// [`ModelErrorKind::MissingRuntime`]: a model that needs it is refused.
    pub fn get(&self, name: &str, load: impl FnOnce(&Path) -> Result<T, String>) -> Result<&T, ModelError> {
        let load = || {
            if self.path.is_file() { load(&self.path) } else { Err("there is no such file".to_owned()) }
        };
        self.loaded.get_or_init(load).as_ref().map_err(|error| {
            let message = format!("{name} cannot be loaded from {}: {error}", self.path.display());
            ModelError::new(ModelErrorKind::MissingRuntime, message)
        })
    }

    /// The library, if it is loaded.
    pub fn loaded(&self) -> Option<&T> {
        self.loaded.get().and_then(|loaded| loaded.as_ref().ok())
    }
}
