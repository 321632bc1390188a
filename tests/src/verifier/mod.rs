//! Holds what lies on the topics against what the product promises. It uses neither `topics` nor `streams`.
//!
//! | file | what it holds |
//! |---|---|
//! | [`evidence`] | [`Evidence`]: all records of the topics, as a committed-only reader sees them |
//! | [`mod@check`] | [`check()`]: the promises, one after the other |
//! | [`lineage`] | the header that names the model |
//! | [`rescore`] | [`Rescorer`]: the score again, by the model that the lineage names |

pub mod check;
pub mod evidence;
pub mod lineage;
pub mod rescore;

pub use check::{Guarantee, Summary, Violation, check};
pub use evidence::{Commit, Evidence, RawRecord};
pub use lineage::Lineage;
pub use rescore::Rescorer;
