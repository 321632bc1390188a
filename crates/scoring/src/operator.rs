//! Scoring as an operator: a step of any topology, whose results are a stream like any other.

use std::sync::Arc;

use scorewheel_streams::{StoreSpec, Stream, StreamsBuilder};

use crate::error::BuildError;
use crate::handler::ModelsHandler;
use crate::names::{CUTOVERS, DEAD_LETTERS, MODELS, SCORE};
use crate::parts::Parts;
use crate::processor::ScoringProcessor;
use crate::statistics_store::StatisticsStore;

/// What comes out of scoring: three streams, to be worked on further or written to topics.
pub struct ScoredStreams<'b> {
    /// A result for each record with an answer, with its key and timestamp.
    pub results: Stream<'b>,
    /// The records without one, with the reason in their headers.
    pub dead_letters: Stream<'b>,
    /// From which record on a revision scores the partition.
    pub cutovers: Stream<'b>,
}

/// Scores `records` with the models that the topic of models brings, keeping statistics in a store of type `S`.
///
/// ```
/// use std::sync::Arc;
/// use scorewheel_scoring::{BuildError, Parts, operator::score, sinks};
/// use scorewheel_streams::{KeyValueStore, StoreSpec, StreamsBuilder, Topology};
///
/// /// Records are scored; the good ones go on to the next topic.
/// fn topology(parts: &Arc<Parts>) -> Result<Topology, BuildError> {
///     let builder = StreamsBuilder::new();
///     let records = builder.stream(&parts.names.records);
///     let scored = score::<KeyValueStore>(&builder, parts, &records, StoreSpec::persistent("modelStore"))?;
///     scored
///         .results
///         .filter(|result| result.value.is_some_and(|value| value.starts_with(br#"{"dataType":"wine","score":8"#)))
///         .to("excellent_wines");
///     scored.dead_letters.to(sinks::dead_letters(&parts.names));
///     scored.cutovers.to(sinks::cutovers(&parts.names));
///     Ok(builder.build()?)
/// }
/// ```
///
/// # Errors
/// [`BuildError`] for data types that cannot be routes.
pub fn score<'b, S: StatisticsStore>(
    builder: &'b StreamsBuilder,
    parts: &Arc<Parts>,
    records: &Stream<'b>,
    store: StoreSpec,
) -> Result<ScoredStreams<'b>, BuildError> {
    let names = &parts.names;
    let handler_parts = Arc::clone(parts);
    let models =
        builder.broadcast(MODELS, &names.models, move || ModelsHandler::new(Arc::clone(&handler_parts)));
    builder.store(store);
    let score = ScoringProcessor::<S>::supplier(parts, models)?;
    let results = records.process(SCORE, score, &[&names.store]);
    Ok(ScoredStreams {
        dead_letters: results.output(DEAD_LETTERS),
        cutovers: results.output(CUTOVERS),
        results,
    })
}
