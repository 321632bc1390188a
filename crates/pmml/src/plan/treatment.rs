//! What becomes of missing, invalid and outlying values.

use crate::document::dictionary::{Interval, Property};
use crate::value::Kind;

/// What becomes of an invalid value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum InvalidRule {
    /// It is an error of the row.
    Fail,
    /// It flows on.
    Keep,
    /// It is missing, and then possibly replaced.
    Missing,
    /// It is replaced.
    Replace(f64),
}

/// What becomes of a missing value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MissingRule {
    /// It stays missing.
    Keep,
    /// It is replaced.
    Replace(f64),
    /// It is an error of the row.
    Fail,
}

/// What becomes of a number outside a range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutlierRule {
    /// Lower end of the range.
    pub low: f64,
    /// Upper end of the range.
    pub high: f64,
    /// True if it becomes missing, false if it becomes the end of the range.
    pub as_missing: bool,
}

/// What a value is, before any treatment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Within what the field allows.
    Valid,
    /// Outside what the field allows.
    Invalid,
    /// Declared to stand for a missing value.
    Missing,
}

/// How a model treats the values of a field.
#[derive(Clone, Debug, PartialEq)]
pub struct Treatment {
    /// Type of the values.
    pub kind: Kind,
    /// Listed values, ascending by number. NaN is not among them.
    pub listed: Box<[(f64, Property)]>,
    /// Words that stand for a missing value and do not parse as the field's type, and NaN.
    pub missing_words: Box<[Box<str>]>,
    /// What NaN is.
    pub nan: Status,
    /// Where valid values lie.
    pub intervals: Box<[Interval]>,
    /// True if only listed values, and those within intervals, are valid.
    pub is_closed: bool,
    /// What becomes of an invalid value.
    pub invalid: InvalidRule,
    /// What becomes of a missing value.
    pub missing: MissingRule,
    /// What becomes of outliers.
    pub outliers: Option<OutlierRule>,
}

impl Treatment {
    /// A treatment that lets every value of this type through but NaN.
    #[must_use]
    pub fn plain(kind: Kind) -> Self {
        Self {
            kind,
            listed: Box::default(),
            missing_words: Box::default(),
            nan: Status::Invalid,
            intervals: Box::default(),
            is_closed: false,
            invalid: InvalidRule::Fail,
            missing: MissingRule::Keep,
            outliers: None,
        }
    }

    /// True if every value but NaN is valid and flows on as it is.
    #[must_use]
    pub fn passes_all_numbers(&self) -> bool {
        self.listed.is_empty() && !self.is_closed && self.outliers.is_none()
    }

    /// What a value is.
    #[must_use]
    pub fn status(&self, number: f64) -> Status {
        if number.is_nan() {
            return self.nan;
        }
        if self.listed.is_empty() && !self.is_closed {
            return Status::Valid;
        }
        match self.listed.binary_search_by(|(listed, _)| listed.total_cmp(&number)) {
            Ok(found) => match self.listed[found].1 {
                Property::Valid => Status::Valid,
                Property::Invalid => Status::Invalid,
                Property::Missing => Status::Missing,
            },
            Err(_) if !self.is_closed || self.intervals.iter().any(|interval| interval.contains(number)) => {
                Status::Valid
            }
            Err(_) => Status::Invalid,
        }
    }

    /// What the text of an unparsable cell is.
    #[must_use]
    pub fn status_of_text(&self, text: &str) -> Status {
        if self.missing_words.iter().any(|word| &**word == text) { Status::Missing } else { Status::Invalid }
    }
}
