//! Predicates for whole columns.
//!
//! All constants that a field is compared with are put in order, and its value becomes a *rank* among them: even between
//! two constants, odd where it equals one, and one more for a missing value. A test of one field is then a range of small
//! integers, however many predicates it was made of, and 32 rows are tested by a handful of instructions.
//!
//! | file | what it holds |
//! |---|---|
//! | [`cuts`] | [`Cuts`]: the constants of a field in order, ranks of values |
//! | [`ranks`] | [`RankSet`]: the ranks that a test holds for |
//! | [`condition`] | [`Condition`]: predicates of several fields, each field tested once |
//! | [`mod@find`] | from predicates to conditions |
//! | [`mod@test`] | conditions on a block of rows |

pub mod condition;
pub mod cuts;
pub mod find;
pub mod ranks;
pub mod test;

pub use condition::Condition;
pub use cuts::Cuts;
pub use find::{Predicates, find};
pub use ranks::RankSet;
pub use test::{Memory, Ranked};
