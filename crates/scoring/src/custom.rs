//! `--store custom`: the DSL with a store of its own.
//!
//! ```text
//!  models_models ──fold──► revision
//!                             │ pinned for each batch
//!  models_data ─────────► score ─────► results, dead letters, cut-overs
//!                             │
//!                        modelStore ─────► <application>-modelStore-changelog: one record, key 42
//!              {current, new} × {reference, statistics}
//! ```
//! What `streams` asks of a store is the trait [`StateStore`](scorewheel_streams::StateStore);
//! [`ModelStore`] implements it in memory with a single changelog record a partition,
//! and answers queries by a view of its own ([`ModelStoreView`](crate::model_store::ModelStoreView)). It knows the model
//! that scored last and the one that scores next, not those before: their figures are added up. Restore is one record,
//! whatever the history. Choose it as the example for a store of your own, or where restore must be instant.

use std::sync::Arc;

use scorewheel_streams::{StoreSpec, StreamsBuilder, Topology};

use crate::error::BuildError;
use crate::model_store::ModelStore;
use crate::operator::score;
use crate::parts::Parts;
use crate::sinks;

/// The topology: records in, results, dead letters and cut-overs out.
///
/// # Errors
/// [`BuildError`] for names that no topology can have.
pub fn topology(parts: &Arc<Parts>) -> Result<Topology, BuildError> {
    let names = &parts.names;
    let builder = StreamsBuilder::new();

    let records = builder.stream(&names.records);
    let scored =
        score::<ModelStore>(&builder, parts, &records, StoreSpec::custom(&names.store, ModelStore::open))?;
    scored.results.to(sinks::results(names));
    scored.dead_letters.to(sinks::dead_letters(names));
    scored.cutovers.to(sinks::cutovers(names));

    Ok(builder.build()?)
}
