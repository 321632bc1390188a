//! ONNX Runtime and TensorFlow as optional run times: shared libraries that the operator names.
//!
//! Nothing of them is linked, and nothing is loaded before a model asks for it. `scorewheel-tensor` has read and checked
//! a model before it comes here.
//!
//! | file | what it holds |
//! |---|---|
//! | [`onnxruntime`] | ONNX Runtime, by the crate `ort` |
//! | [`tensorflow`] | TensorFlow, by its C API |
//! | `directory` | a private directory for a library that wants files |
//! | `pool` | sessions that one thread at a time may use |
//! | `library` | a library that is loaded once, by the first model that asks |

mod directory;
mod library;
pub mod onnxruntime;
mod pool;
pub mod tensorflow;

pub use onnxruntime::OnnxRuntime;
pub use tensorflow::TensorFlow;
