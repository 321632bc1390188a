//! Rows of a file on their way through a model.
//!
//! | file | what it holds |
//! |---|---|
//! | [`source`] | [`RowSource`]: rows of JSON lines or CSV, into a batch |
//! | [`schema`] | the schema of such rows, from the model's inputs and the first row |
//! | [`engine`] | [`Engine`]: a model bound to that schema, scoring batches; a panic of it stays inside |
//! | [`expect`] | [`Expectations`]: scores from elsewhere, row by row |

pub mod engine;
pub mod expect;
pub mod schema;
pub mod source;

pub use engine::Engine;
pub use expect::Expectations;
pub use schema::schema_of;
pub use source::{FirstRow, RowFormat, RowSource, Sample};
