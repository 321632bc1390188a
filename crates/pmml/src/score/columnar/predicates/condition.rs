//! Predicates of several fields, each field tested once.

use crate::document::predicate::BooleanOperator;
use crate::score::columnar::predicates::ranks::RankSet;

/// When a predicate holds, and when it is known whether it does.
#[derive(Debug)]
pub enum Condition {
    /// The same for all rows; `None` is unknown.
    Constant(Option<bool>),
    /// A test of one field.
    Field {
        /// Index of the field.
        field: usize,
        /// The ranks for which it holds.
        holds: RankTest,
        /// The ranks for which it is known whether it does.
        known: RankTest,
    },
    /// Joined conditions.
    Joined {
        /// How they are joined.
        operator: BooleanOperator,
        /// What is joined.
        parts: Box<[Condition]>,
    },
}

/// A set of ranks in the shape in which it is tested.
#[derive(Debug)]
pub enum RankTest {
    /// Ranks from `low` on, `span` of them after the first.
    Within {
        /// The first.
        low: u16,
        /// The last minus the first.
        span: u16,
    },
    /// All others.
    Without {
        /// The first that is not in the set.
        low: u16,
        /// The last that is not minus the first.
        span: u16,
    },
    /// None.
    Nothing,
    /// Any of some ranges: first, and last minus first.
    Several(Box<[(u16, u16)]>),
    /// By rank whether it is in the set.
    Table(Box<[bool]>),
}

/// Up to this many ranges are tested one after another.
const FEW_RANGES: usize = 3;

/// Ranks that one document's tables may tell of.
pub const TABLE_LIMIT: usize = 1 << 22;

impl RankTest {
    /// The test of a set of ranks up to `last`; `cells` are those that tables may still take.
    #[must_use]
    pub fn new(set: &RankSet, last: usize, cells: &mut usize) -> Self {
        let span = |(first, last): &(u16, u16)| (*first, last - first);
        match set.intervals() {
            [] => return Self::Nothing,
            [only] => {
                let (low, span) = span(only);
                return Self::Within { low, span };
            }
            _ => {}
        }
        if let [only] = RankSet::range(0, last).without(set).intervals() {
            let (low, span) = span(only);
            return Self::Without { low, span };
        }
        if set.intervals().len() > FEW_RANGES && last < *cells {
            *cells -= last + 1;
            return Self::Table((0..=last).map(|rank| set.contains(rank as u16)).collect());
        }
        Self::Several(set.intervals().iter().map(span).collect())
    }

    /// True if it holds for a rank.
    #[must_use]
    pub fn contains(&self, rank: u16) -> bool {
        let within = |low: u16, span: u16| rank.wrapping_sub(low) <= span;
        match self {
            Self::Within { low, span } => within(*low, *span),
            Self::Without { low, span } => !within(*low, *span),
            Self::Nothing => false,
            Self::Several(ranges) => ranges.iter().any(|(low, span)| within(*low, *span)),
            Self::Table(table) => table.get(usize::from(rank)).copied().unwrap_or(false),
        }
    }
}
