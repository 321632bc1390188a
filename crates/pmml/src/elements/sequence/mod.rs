//! `SequenceModel`: sequences of sets of items, and rules from one sequence to a later one.
//!
//! One row is the history of one group: the active field holds the list of its items, oldest first. If the record has the
//! field of usage `order` too, a list as long with the time of each item, items of one time are one transaction;
//! else every item is a transaction of its own. A sequence is in the history if its sets are found in transactions
//! one after another, as its delimiters say:
//!
//! | delimiter | gap | the next set lies |
//! |---|---|---|
//! | `sameTimeWindow` | any | in the same transaction |
//! | `acrossTimeWindows` | `false` | in the next transaction |
//! | `acrossTimeWindows` | `true` | later, with other transactions between |
//! | `acrossTimeWindows` | `unknown` | later |
//!
//! A rule applies if its antecedent is in the history; whether its consequent follows too tells apart what the algorithms of
//! outputs recommend. Outputs tell of rules as those of an `AssociationModel` do; antecedent and consequent are lists of
//! sets. Without an `Output`, which the schema does not even provide for, the answer is the id of the rule of the highest
//! confidence; of a model without rules that of the sequence of the highest support. `Constraints` and `Time` tell of
//! training, and have no part in scoring.
//!
//! A row costs at most as many comparisons as it has items, times the items in all sets of all rules, within the limit of
//! steps a record may take.

mod compile;
mod read;
mod score;
#[cfg(test)]
mod tests;

pub use compile::{Plan, compile};
pub use read::{Document, read};
