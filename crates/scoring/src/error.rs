//! Why a topology cannot be made.

use scorewheel_streams::TopologyError;

use crate::parts::PartsError;

/// Why a topology cannot be made: names or data types in the configuration.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The parts are not sound.
    #[error(transparent)]
    Parts(#[from] PartsError),
    /// The topology is not sound: two topics of one name, a name that no topic can have.
    #[error(transparent)]
    Topology(#[from] TopologyError),
}
