//! What the tests of Scorewheel as a whole share.
//!
//! | test | what it holds |
//! |---|---|
//! | `repository` | documents, the graph of crates, walls between them, notices |
//!
//! | module | what it is |
//! |---|---|
//! | [`verifier`] | holds what lies on the topics against what the product promises |

pub mod verifier;
