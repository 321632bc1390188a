//! `TextIndex`: how often a term occurs in a text.
//!
//! | file | what it holds |
//! |---|---|
//! | [`compile`] | the element with its term and its tokenizer |
//! | [`tokenizer`] | [`Tokenizer`]: a text to words |
//! | [`count`] | hits of a term, and what they count for |

pub mod compile;
pub mod count;
pub mod tokenizer;

pub use compile::{TermPlan, compile};
pub use tokenizer::{TokenCache, Tokenizer};
