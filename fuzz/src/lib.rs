//! Fuzz targets: one function of bytes for each place where bytes come from outside.
//!
//! | file | what it holds |
//! |---|---|
//! | [`targets`] | [`targets::ALL`]: the targets, by name |
//! | [`corpus`] | where a target's inputs come from |
//! | [`mutate`] | damage at random, for runs without coverage |
//! | [`limits`] | what one input may take of time and memory |
//! | `table` | sorted tables with right checksums |
//!
//! A target panics if the product breaks a promise: it never panics on input, what it wrote it reads back, a batch is
//! scored as its rows are. `tests/corpus.rs` gives every target its corpus and some damage; `fuzz/run TARGET MINUTES`
//! goes on for as long as one likes, with libFuzzer and coverage. See `docs/fuzzing.md`.

pub mod corpus;
pub mod limits;
pub mod mutate;
pub mod targets;

mod table;
