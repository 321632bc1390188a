//! Records and answers as other programs have them: maps, structs, Arrow.
//!
//! | file | what it holds |
//! |---|---|
//! | [`answers`] | [`AnswerNames`], [`Answer`]: what an answer is called, and one answer without its column |
//! | `structs` (feature `serde`) | `Serialize` → one row, one row of scores → `Deserialize` |
//! | `arrow` (feature `arrow`) | record batches ↔ batches and scores |
//!
//! Records are written by [`RecordWriter`](crate::record::RecordWriter), as those of JSON are: a name stands for the field
//! of exactly this name, else for the one whose name is the same but for case, `_`, `-` and space; what is nested stands
//! for dotted names. A field that is not given is missing; a value that does not fit is a fault of its cell, which the
//! model judges.

pub mod answers;
#[cfg(feature = "arrow")]
pub mod arrow;
#[cfg(feature = "serde")]
pub mod structs;

pub use answers::{Answer, AnswerNames};
#[cfg(feature = "serde")]
pub use structs::{AnswerError, AnswerReader};
