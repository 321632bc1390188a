//! `--store memory`: a processor topology, node by node, with its state in memory.
//!
//! ```text
//!  models_models ──fold──► revision
//!                             │ pinned for each batch
//!  records ─────────────► score ─────► results, dead-letters, cutovers
//!                             │
//!                        modelStore (in memory, no changelog)
//! ```
//! Nothing is written for the state and nothing restored: results, dead letters and cut-overs are as exact as with the
//! other stores, but statistics and drops count since the task's last assignment, and a route that was paused because
//! its model fails is tried again after a restart. Choose it where figures may start anew.

use std::sync::Arc;

use scorewheel_streams::{KeyValueStore, Parent, StoreSpec, Topology, TopologyBuilder};

use crate::error::BuildError;
use crate::handler::ModelsHandler;
use crate::names::{CUTOVERS, DEAD_LETTERS, MODELS, SCORE};
use crate::parts::Parts;
use crate::processor::ScoringProcessor;
use crate::sinks;

/// The topology: records in, results, dead letters and cut-overs out.
///
/// # Errors
/// [`BuildError`] for names that no topology can have.
pub fn topology(parts: &Arc<Parts>) -> Result<Topology, BuildError> {
    let names = &parts.names;
    let mut builder = TopologyBuilder::new();

    let handler_parts = Arc::clone(parts);
    let models =
        builder.broadcast(MODELS, &names.models, move || ModelsHandler::new(Arc::clone(&handler_parts)));

    builder.store(StoreSpec::memory(&names.store).without_changelog());
    builder.source("records", &names.records);
    builder.processor(
        SCORE,
        ScoringProcessor::<KeyValueStore>::supplier(parts, models)?,
        &[Parent::from("records")],
        &[&names.store],
    );
    builder.sink("results", sinks::results(names), &[Parent::from(SCORE)]);
    builder.sink(DEAD_LETTERS, sinks::dead_letters(names), &[Parent::output(SCORE, DEAD_LETTERS)]);
    builder.sink(CUTOVERS, sinks::cutovers(names), &[Parent::output(SCORE, CUTOVERS)]);

    Ok(builder.build()?)
}
