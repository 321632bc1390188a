//! Scoring as a stage over any [`futures_util::Stream`]: records and models in, scored records out, and a live handle
//! to the state.
//!
//! ```text
//!  stream of model messages ──► ModelDriver (a future) ──► revisions
//!                                                            │ pinned for each batch
//!  stream of records ─────────► Stage (a stream) ◄───────────┘
//!                                │
//!                                └─► scored records, each with its context ──► filter, map, next stage …
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | [`message`] | [`ModelItem`], [`ModelMessage`]: what the stream of models carries, and when it is *ready* |
//! | [`models`] | [`Models`]: what all stages of a process share |
//! | [`driver`] | [`ModelDriver`]: folds the models, installs what is in force, publishes revisions |
//! | [`record`] | [`Record`], [`ScoredRecord`]: what goes through a stage |
//! | [`stage`] | [`Stage`]: the stage itself |
//! | [`handle`] | [`StageHandle`]: what a stage can be asked while it runs |
//! | [`checkpoint`] | [`Checkpoint`]: references and statistics in a file, and a restart from it |
//! | [`surroundings`] | [`Surroundings`]: the time, and who is told what happens |
//!
//! A stage is one task in the sense of the model ledger: it moves from one revision to the next only between batches and
//! never back, says from which record on (rule 7), counts every record (rule 12) and keeps statistics by model (rule
//! 13), all of it at least once: a record comes back with its context, so whoever feeds the stage commits the record's
//! position after its result is acknowledged, and what is scored twice after a crash is known by its lineage.
//!
//! Nothing here spawns, sleeps or knows a run time: [`ModelDriver`] is a future and [`Stage`] a stream, to be polled
//! where the caller likes. Models are parsed and compiled inside the driver's `poll`, so it belongs on a thread or task
//! of its own; polled together with the stage, models are loaded between batches.
//!
//! ```no_run
//! use futures_util::{Stream, StreamExt};
//! use scorewheel_serving::{Decoder, Judge};
//! use scorewheel_stage::{ModelItem, Models, ModelsOptions, Outcome, Record, StageOptions};
//!
//! async fn excellent(
//!     messages: impl Stream<Item = ModelItem> + Send + 'static,
//!     records: impl Stream<Item = Record<u64>> + Send + 'static,
//!     decoder: impl Decoder + Send + 'static,
//!     judge: Judge,
//! ) -> Result<(), Box<dyn std::error::Error>> {
//!     let (models, driver) = Models::new(messages, judge, ModelsOptions::default());
//!     let score = |answer: &scorewheel_serving::Answer<'_>, _: &Record<u64>| {
//!         Ok(answer.scores.get(0, answer.row).as_f64().unwrap_or_default())
//!     };
//!     let (stage, state) = models.stage(records, decoder, score, StageOptions::default())?;
//!     let excellent = stage.filter_map(|scored| async move {
//!         match scored.outcome {
//!             Outcome::Result { output, .. } if output >= 8.0 => Some((scored.record.context, output)),
//!             _ => None,
//!         }
//!     });
//!     let found = excellent.collect::<Vec<_>>();
//!     let (driven, found) = futures_util::future::join(driver, found).await;
//!     driven?;
//!     println!("{found:?} of {} records", state.conservation().records);
//!     Ok(())
//! }
//! ```

pub mod checkpoint;
pub mod driver;
pub mod handle;
pub mod message;
pub mod models;
pub mod record;
pub mod stage;
pub mod surroundings;

mod shared;
mod start;
mod task;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use driver::{ModelDriver, ModelsError};
pub use handle::{ModelInForce, StageHandle};
pub use message::{ModelItem, ModelMessage};
pub use models::{Models, ModelsOptions};
pub use record::{CutOver, EncodeError, Outcome, Record, ScoredRecord};
pub use stage::{Stage, StageOptions};
pub use surroundings::{Moment, StageEvent, Surroundings, SystemSurroundings};
