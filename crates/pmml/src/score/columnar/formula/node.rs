//! Expressions with every type known.

use crate::functions::FunctionName;
use crate::plan::Slot;
use crate::plan::predicate::Comparison;
use crate::score::columnar::formula::conversion::Conversion;
use crate::score::columnar::formula::tables::{Bins, Curve, Table};
use crate::value::Kind;

/// An expression as whole columns are computed by it.
#[derive(Debug)]
pub enum Formula {
    /// The same for all rows.
    Constant(f64),
    /// The column of a field.
    Field {
        /// The field.
        slot: Slot,
        /// Instead of a missing value.
        missing: f64,
    },
    /// An argument of the function that is being evaluated.
    Parameter {
        /// Which one, from 0.
        index: u32,
        /// Instead of a missing value.
        missing: f64,
    },
    /// A piecewise linear function.
    Curve(Box<Curve>),
    /// 1 where the argument has the value, else 0.
    Indicator {
        /// The argument.
        argument: Box<Formula>,
        /// The value.
        value: f64,
        /// Result for a missing argument.
        missing: f64,
    },
    /// Intervals to values.
    Bins(Box<Bins>),
    /// Rows of a table to values.
    Table(Box<Table>),
    /// A function applied to arguments.
    Call(Box<Call>),
}

/// A function applied to arguments.
#[derive(Debug)]
pub struct Call {
    /// What is applied.
    pub operation: Operation,
    /// The arguments.
    pub arguments: Box<[Formula]>,
    /// Result if an own argument is missing; what is missing itself says nothing.
    pub missing: f64,
    /// Result if the function's own is missing.
    pub default: f64,
    /// What happens to a result that is not a number: true if it becomes missing.
    pub invalid_as_missing: bool,
}

/// What a call applies.
#[derive(Debug)]
pub enum Operation {
    /// A function of one or two numbers.
    Arithmetic {
        /// Which one.
        name: FunctionName,
        /// Types of the arguments; of one argument twice.
        kinds: [Kind; 2],
    },
    /// A function of all numbers that are there.
    Aggregate {
        /// Which one.
        name: FunctionName,
        /// Types of the arguments.
        kinds: Box<[Kind]>,
    },
    /// A comparison of two values.
    Compare(Comparison),
    /// True where the argument is false.
    Not,
    /// True where all arguments are.
    All,
    /// True where any argument is.
    Any,
    /// The second argument where the first is true, else the third.
    If,
    /// Whether the argument is missing.
    IsMissing,
    /// Whether the argument is there.
    IsPresent,
    /// Whether the first argument is among the others, or with `false` whether it is not.
    Among(bool),
    /// A function of the document.
    Defined(Box<Defined>),
}

/// A function of the document at one place where it is called.
#[derive(Debug)]
pub struct Defined {
    /// What is made of the arguments.
    pub parameters: Box<[Conversion]>,
    /// The body.
    pub body: Formula,
    /// What is made of its result.
    pub result: Conversion,
}
