//! What the tests of Scorewheel as a whole share.
//!
//! | test | what it holds |
//! |---|---|
//! | `repository` | documents, the graph of crates, walls between them, notices |
