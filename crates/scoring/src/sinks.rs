//! Where the outputs of scoring go: topics of this application, as wide as the input, written to the input's partition.

use scorewheel_streams::Sink;

use crate::names::Names;

/// Results, in input order, with the input's key and timestamp.
#[must_use]
pub fn results(names: &Names) -> Sink {
    Sink::new(&*names.results).owned(&[("cleanup.policy", "delete")])
}

/// Records that could not be scored.
#[must_use]
pub fn dead_letters(names: &Names) -> Sink {
    Sink::new(&*names.dead_letters).owned(&[("cleanup.policy", "delete")])
}

/// Cut-overs: never compacted, kept for ever.
#[must_use]
pub fn cutovers(names: &Names) -> Sink {
    Sink::new(&*names.cutovers).owned(&[("cleanup.policy", "delete"), ("retention.ms", "-1")])
}
