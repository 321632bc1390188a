//! From bytes to a model.

use std::sync::Arc;

use crate::contract::Model;
use crate::descriptor::ModelType;
use crate::error::ModelError;
use crate::mapping::Mapping;

/// Bounds on what a reader accepts. Part of the verdict on a model, and so the same on every instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the model as it arrives.
    pub bytes: usize,
    /// Nesting of elements, groups, messages or directories.
    pub depth: usize,
    /// Elements, nodes or tensors, all together.
    pub nodes: usize,
    /// Bytes after decompression, all entries of an archive together.
    pub unpacked_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 20, depth: 512, nodes: 20_000_000, unpacked_bytes: 512 << 20 }
    }
}

/// A file format of models: recognises its bytes and loads them.
pub trait Format: Send + Sync {
    /// Name for people: `PMML`, `ONNX`.
    fn name(&self) -> &'static str;

    /// The descriptor types that promise this format.
    fn model_types(&self) -> &'static [ModelType];

    /// Whether the first bytes look like this format. Cheap; a wrong `true` is refused by [`Format::load`].
    fn recognises(&self, bytes: &[u8]) -> bool;

    /// Reads, checks and compiles a model. Called off the scoring threads.
    ///
    /// # Errors
    /// [`ModelError`] if the model is bad; the same bytes, mapping and limits always give the same verdict.
    fn load(&self, bytes: &[u8], mapping: &Mapping, limits: &Limits) -> Result<Arc<dyn Model>, ModelError>;
}
