//! Records and answers as other programs have them: maps, structs, Arrow.
//!
//! | file | what it holds |
//! |---|---|
//! | [`record`] | [`RecordWriter`]: names and values → one row of a batch |
//! | [`names`] | which field a name stands for |
//! | [`coerce`] | how a value becomes a cell of its field's type |
//! | [`list`] | how a list becomes a cell |
//! | [`answers`] | [`AnswerNames`], [`Answer`]: what an answer is called, and one answer without its column |
//! | `structs` (feature `serde`) | `Serialize` → one row, one row of scores → `Deserialize` |
//! | `arrow` (feature `arrow`) | record batches ↔ batches and scores |
//!
//! The rules are those of JSON records. A name stands for the field of exactly this name, else for the one whose name
//! is the same but for case, `_`, `-` and space; what is nested stands for dotted names. A field that is not given is
//! missing; a value that does not fit is a fault of its cell, which the model judges.
//!
//! The scoring path of streams does not come by here: codecs write columns in place.

pub mod answers;
#[cfg(feature = "arrow")]
pub mod arrow;
pub mod coerce;
pub mod list;
pub mod names;
pub mod record;
#[cfg(feature = "serde")]
pub mod structs;

pub use answers::{Answer, AnswerNames};
pub use record::{RecordWriter, WriteError};
#[cfg(feature = "serde")]
pub use structs::{AnswerError, AnswerReader};
