//! Values as the plan knows them: typed, 16 bytes, copied.
//!
//! | file | what it holds |
//! |---|---|
//! | [`missing`] | the mark of a missing value in a column |
//! | [`kind`] | [`Kind`]: the type of a value |
//! | [`datum`] | [`Datum`]: a value; how it becomes another type |
//! | [`texts`] | [`Texts`]: strings by code |
//! | [`parsing`] | text to values, as the reference reads it |
//! | [`writing`] | values to text, as the reference writes it |

pub mod datum;
pub mod kind;
pub mod missing;
pub mod parsing;
pub mod texts;
pub mod writing;

pub use datum::Datum;
pub use kind::Kind;
pub use texts::Texts;
