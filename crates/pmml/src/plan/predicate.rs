//! Predicates with names resolved and constants typed.

use crate::document::predicate::{BooleanOperator, Operator};
use crate::plan::{Place, Slot};

/// A predicate: true, false or unknown.
#[derive(Debug)]
pub enum Predicate {
    /// Always true.
    True,
    /// Always false.
    False,
    /// True if the field is missing.
    Missing(Slot),
    /// True if the field is there.
    Present(Slot),
    /// A comparison of numbers; of strings, and all that can only be told apart, by equality.
    Compare {
        /// The field.
        slot: Slot,
        /// How it is compared.
        operator: Comparison,
        /// With what, as a number of the field's type.
        constant: f64,
    },
    /// A comparison whose type only the row tells, or of strings by order.
    CompareText {
        /// The field.
        slot: Slot,
        /// How it is compared.
        operator: Comparison,
        /// Code of the constant as it is written.
        text: u32,
        /// Where it stands.
        place: Place,
    },
    /// Whether the field is in a set.
    InSet {
        /// The field.
        slot: Slot,
        /// The set, ascending, without −0.
        set: Box<[f64]>,
        /// True if it must not be in it.
        negated: bool,
    },
    /// Joined predicates.
    Compound {
        /// How they are joined.
        operator: BooleanOperator,
        /// What is joined.
        parts: Box<[Predicate]>,
    },
    /// There is none where one must be: evaluating it is an error of the row.
    Absent(Place),
    /// A constant that is no value of the field's type: evaluating it is an error of the row.
    Unfit {
        /// The field.
        slot: Slot,
        /// Where it stands.
        place: Place,
    },
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// =
    Equal,
    /// ≠
    NotEqual,
    /// <
    Less,
    /// ≤
    LessOrEqual,
    /// >
    Greater,
    /// ≥
    GreaterOrEqual,
}

impl Comparison {
    /// The comparison of a predicate's operator, if it is one.
    #[must_use]
    pub fn of(operator: Operator) -> Option<Self> {
        Some(match operator {
            Operator::Equal => Self::Equal,
            Operator::NotEqual => Self::NotEqual,
            Operator::LessThan => Self::Less,
            Operator::LessOrEqual => Self::LessOrEqual,
            Operator::GreaterThan => Self::Greater,
            Operator::GreaterOrEqual => Self::GreaterOrEqual,
            Operator::IsMissing | Operator::IsNotMissing => return None,
        })
    }

    /// True for the comparisons that need an order.
    #[must_use]
    pub fn needs_order(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }

    /// Compares two numbers. NaN is unequal to everything, and larger, as the reference orders them.
    #[inline]
    #[must_use]
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right || left.is_nan(),
            Self::GreaterOrEqual => left >= right || left.is_nan(),
        }
    }

    /// The comparison of an order that is known.
    #[must_use]
    pub fn holds_for(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}
