//! Structs by serde: any `Serialize` as a record, any `Deserialize` as an answer.
//!
//! | file | what it holds |
//! |---|---|
//! | `record` | a struct or map → the cells of one row |
//! | `cell` | a value → one cell |
//! | `element` | a value → one element of a list |
//! | `methods` | what serializers have in common |
//! | `key` | a key of a map → a name |
//! | [`answer`] | [`AnswerReader`]: one row of scores → a struct, a map or a single value |
//! | `value` | one answer → whatever is asked for |

pub mod answer;
mod cell;
mod element;
mod key;
mod methods;
mod record;
mod value;

pub use answer::{AnswerError, AnswerReader};
