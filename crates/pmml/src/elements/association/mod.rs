//! `AssociationModel`: rules whose antecedent is in the basket.

mod compile;
mod read;
pub mod rules;
mod score;
#[cfg(test)]
mod tests;

pub use compile::{Plan, compile, is_basket};
pub use read::{Document, Item, Itemset, read, read_item, read_itemset};
