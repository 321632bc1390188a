//! `run --engine stage`: the stage between topics, at least once.
//!
//! | file | what it holds |
//! |---|---|
//! | [`instance`] | [`StageInstance`]: threads, HTTP, started and stopped |
//! | [`shared`] | what the threads share, and what queries see of it |
//! | [`models`] | the thread that folds the models topic and loads models |
//! | [`records`] | the thread that reads records, scores them and writes what came of them |
//! | [`beginning`] | where a partition begins, of what its checkpoint and its group say |
//! | [`partition`] | one partition: its queue, its stage, its checkpoint |
//! | [`writing`] | results, dead letters and cut-overs as records |
//!
//! Neither thread knows an asynchronous run time: both poll their future or stream after each look at the topics.

pub mod beginning;
pub mod instance;
pub mod models;
pub mod partition;
pub mod polling;
pub mod records;
pub mod shared;
pub mod writing;

pub use instance::StageInstance;
