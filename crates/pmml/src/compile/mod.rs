//! From a typed document to a plan: names become slots, categories codes, constants values.
//!
//! | file | what it holds |
//! |---|---|
//! | [`compiler`] | [`Compiler`]: the plan under construction |
//! | [`scope`] | which name means which slot, model within model |
//! | [`field`] | data fields with their treatments |
//! | [`expression`] | expressions and functions of the document |
//! | [`predicate`] | predicates |
//! | [`hopeless`] | documents that fail for every record |
//! | [`model`] | [`ModelContext`]: what an element's `compile` works with; targets |
//! | [`output`] | output fields |
//! | [`answer`] | the columns of the answer |

pub mod answer;
pub mod compiler;
pub mod expression;
pub mod field;
pub mod hopeless;
pub mod model;
pub mod output;
pub mod predicate;
pub mod scope;

pub use compiler::{Compiler, compile};
pub use model::{Compiled, ModelContext};
pub use scope::ScopeId;
