//! `--store persistent`: the DSL with a key/value store.
//!
//! ```text
//!  models_models ──fold──► revision
//!                             │ pinned for each batch
//!  models_data ─────────► score ─────────► models_results
//!                             │ ├────────► models_deadletters
//!                             │ └────────► <application>-cutovers
//!                        modelStore ─────► <application>-modelStore-changelog
//! ```
//! The store lies in the state directory, one a partition, with a compacted changelog: a value for each model that has
//! scored there and one for the totals. After a crash or on another machine it is restored from the changelog, so
//! statistics and counts are exact over the life of the application. Choose this one unless there is a reason not to.

use std::sync::Arc;

use scorewheel_streams::{KeyValueStore, StoreSpec, StreamsBuilder, Topology};

use crate::error::BuildError;
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
    let scored = score::<KeyValueStore>(&builder, parts, &records, StoreSpec::persistent(&names.store))?;
    scored.results.to(sinks::results(names));
    scored.dead_letters.to(sinks::dead_letters(names));
    scored.cutovers.to(sinks::cutovers(names));

    Ok(builder.build()?)
}
