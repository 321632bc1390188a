//! Expressions with names resolved and constants typed.

use crate::document::dictionary::Interval;
use crate::functions::Builtin;
use crate::plan::{Place, Slot};
use crate::value::{Datum, Kind};

/// An expression. It yields a value or a missing one, or fails for the row.
#[derive(Debug)]
pub enum Expression {
    /// Always the same.
    Constant(Option<Datum>),
    /// The value of a field.
    Field {
        /// The field.
        slot: Slot,
        /// Replaces a missing value.
        missing: Option<Datum>,
    },
    /// An argument of the function that is being evaluated.
    Parameter {
        /// Which one, from 0.
        index: u32,
        /// Replaces a missing value.
        missing: Option<Datum>,
    },
    /// A piecewise linear function.
    Piecewise(Box<Piecewise>),
    /// 1 where the field has the value, else 0.
    Indicator(Box<Indicator>),
    /// Intervals to values.
    Bins(Box<Bins>),
    /// Rows of a table to values.
    Lookup(std::sync::Arc<Lookup>),
    /// How often a term occurs in a text.
    Term(Box<crate::functions::text_index::TermPlan>),
    /// A function applied to arguments.
    Call(Box<Call>),
    /// A value of the one record at hand where the document asks for several records.
    OneRecord(Box<OneRecord>),
    /// What cannot be evaluated: reading it is an error of the row.
    Unsupported(Place),
}

/// `NormContinuous`.
#[derive(Debug)]
pub struct Piecewise {
    /// The argument.
    pub argument: Expression,
    /// Result for a missing value.
    pub missing: Option<f64>,
    /// What happens outside the points.
    pub outliers: crate::document::schema::OutlierTreatment,
    /// Points (`orig`, `norm`), ascending by `orig`.
    pub points: Box<[(f64, f64)]>,
    /// Where it stands.
    pub place: Place,
}

/// `NormDiscrete`.
#[derive(Debug)]
pub struct Indicator {
    /// The argument.
    pub argument: Expression,
    /// The value as it is written, for arguments whose type only the row tells.
    pub text: u32,
    /// The value by the type of the argument.
    pub value: Option<Datum>,
    /// Result for a missing value.
    pub missing: Option<f64>,
}

/// `Discretize`.
#[derive(Debug)]
pub struct Bins {
    /// The argument.
    pub argument: Expression,
    /// Type of the results: one of another type is an error of the row.
    pub kind: Option<Kind>,
    /// Result for a missing value.
    pub missing: Option<Datum>,
    /// Result outside all bins.
    pub default: Option<Datum>,
    /// The bins, in order.
    pub bins: Box<[(Interval, Datum)]>,
    /// Where it stands.
    pub place: Place,
}

/// `MapValues`: a hash table over the codes of all columns.
#[derive(Debug)]
pub struct Lookup {
    /// The arguments, one a column.
    pub arguments: Box<[Expression]>,
    /// Types of the columns.
    pub kinds: Box<[Option<Kind>]>,
    /// Type of the results: one of another type is an error of the row.
    pub kind: Option<Kind>,
    /// Result if an argument is missing.
    pub missing: Option<Datum>,
    /// Result if no row matches.
    pub default: Option<Datum>,
    /// Keys: one number a column, row by row.
    pub keys: Box<[f64]>,
    /// Results, one a row.
    pub results: Box<[Option<Datum>]>,
    /// Rows by the hash of their keys.
    pub index: hashbrown::HashTable<u32>,
    /// Where it stands.
    pub place: Place,
}

/// `Apply`.
#[derive(Debug)]
pub struct Call {
    /// What is applied.
    pub function: Function,
    /// The arguments.
    pub arguments: Box<[Expression]>,
    /// Result if an own argument is missing.
    pub missing: Option<Datum>,
    /// Result if the function's own is missing.
    pub default: Option<Datum>,
    /// What happens to an invalid result: true if it becomes missing.
    pub invalid_as_missing: bool,
    /// Where it stands.
    pub place: Place,
}

/// What an `Apply` applies.
#[derive(Debug)]
pub enum Function {
    /// A function of the standard.
    Builtin(Builtin),
    /// A function of the document.
    Defined(u32),
}

/// `DefineFunction`.
#[derive(Debug)]
pub struct FunctionPlan {
    /// Types of the parameters.
    pub parameters: Box<[Option<Kind>]>,
    /// Type of the result.
    pub kind: Option<Kind>,
    /// The body.
    pub body: Expression,
    /// How deep evaluating the body recurses.
    pub depth: u32,
}

/// `Aggregate` and `Lag` over the one record at hand.
#[derive(Debug)]
pub struct OneRecord {
    /// The field.
    pub argument: Expression,
    /// What is computed.
    pub what: OneRecordFunction,
}

/// What is computed over the one record at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OneRecordFunction {
    /// The value itself: a sum, mean, smallest or largest of one.
    Value,
    /// How many values there are.
    Count,
    /// All values as a list.
    List,
    /// A value of an earlier record: always missing.
    Earlier,
}
