//! What the tests of Scorewheel as a whole share.
//!
//! | test | what it holds |
//! |---|---|
//! | `repository` | documents, the graph of crates, walls between them, notices |
//! | `processes` | several instances on real Kafka that are killed, stopped, added and sent away |
//!
//! | module | what it is |
//! |---|---|
//! | [`faults`] | where a process fails: what the binary `scorewheel-with-faults` does |
//! | [`kafka`] | a Kafka cluster, read by rdkafka alone |
//! | [`verifier`] | holds what lies on the topics against what the product promises |

pub mod faults;
pub mod kafka;
pub mod verifier;
