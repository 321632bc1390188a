//! What the page shows besides the committed state.
//!
//! | file | what it holds |
//! |---|---|
//! | [`scores`] | [`ScoreSketches`]: how the scores of each model are distributed |
//! | [`recent`] | [`RecentReader`]: the last results and dead letters, read while somebody looks |
//! | [`figures`] | [`InstanceFigures`]: both, and the latencies |
//! | [`tee`] | [`Tee`]: several followers of the scores as one |

pub mod figures;
pub mod recent;
pub mod scores;
pub mod tee;

pub use figures::InstanceFigures;
pub use recent::RecentReader;
pub use scores::ScoreSketches;
pub use tee::Tee;
