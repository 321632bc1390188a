//! Whether inputs and scores are still distributed as they were: sketches of a fixed size, compared by PSI.
//!
//! | file | what it holds |
//! |---|---|
//! | [`histogram`] | [`Histogram`]: counts of keys that grow coarser instead of larger |
//! | [`sketch`] | [`ColumnSketch`]: what one column held: numbers or categories, missing and invalid cells |
//! | [`training`] | [`Training`]: how a column was distributed when the model was trained |
//! | [`comparison`] | [`compare`]: bins of a reference, the same bins of now, and their PSI |
//! | [`watch`] | [`ColumnWatch`]: a reference of the beginning, and a window that moves on |
//! | [`board`] | [`DriftBoard`]: the watched models of a process |
//! | [`part`] | [`DriftPart`]: what one process has counted, to be merged with that of others |
//!
//! Nothing here reads a clock: times are milliseconds since the epoch and are handed in.

pub mod board;
pub mod comparison;
pub mod histogram;
pub mod part;
pub mod sketch;
pub mod training;
pub mod watch;

pub use board::{BoardSettings, DriftBoard, Inputs, InputsReference, ModelIdentity, ModelWatch, Sample};
pub use comparison::{Bin, Comparison, compare, population_stability_index};
pub use histogram::Histogram;
pub use part::{ColumnDrift, ColumnPart, DriftPart, LeftOut, ModelDrift, ModelPart, Period, Source};
pub use sketch::{ColumnKind, ColumnSketch};
pub use training::{Training, TrainingCell, TrainingValues};
pub use watch::{ColumnWatch, WatchTimes};

/// A comparison needs this many rows now, and as many in a reference that was counted: with fewer, chance alone moves it.
pub const FEWEST_ROWS: u64 = 1_000;
