//! Piecewise linear functions, bins and tables for columns.

use std::sync::Arc;

use scorewheel_trees::vectorised;

use crate::compile::expression::hash_keys;
use crate::document::dictionary::{Closure, Interval};
use crate::document::schema::OutlierTreatment;
use crate::plan::expression::{Lookup, Piecewise};
use crate::score::columnar::formula::Formula;
use crate::score::expression::interpolate;
use crate::value::Datum;
use crate::value::missing::{MISSING, is_missing, lacks_some};

/// Numbers that go through a table side by side.
const LANES: usize = 8;

/// A piecewise linear function.
#[derive(Debug)]
pub struct Curve {
    /// The argument.
    pub argument: Formula,
    /// Result for a missing argument, or an outlier that counts as missing.
    pub missing: f64,
    outliers: OutlierTreatment,
    points: Box<[(f64, f64)]>,
}

impl Curve {
    /// The function of an expression; `None` without points.
    pub fn new(piecewise: &Piecewise, argument: Formula) -> Option<Self> {
        (piecewise.points.len() > 1).then(|| Self {
            argument,
            missing: piecewise.missing.unwrap_or(MISSING),
            outliers: piecewise.outliers,
            points: piecewise.points.clone(),
        })
    }

    /// The value for every number, in its place.
    pub fn apply(&self, numbers: &mut [f64]) {
        let lacks = lacks_some(numbers);
        vectorised(
            #[inline(always)]
            || CurveOf { curve: self, numbers, lacks }.run(),
        );
    }
}

struct CurveOf<'c> {
    curve: &'c Curve,
    numbers: &'c mut [f64],
    lacks: bool,
}

impl CurveOf<'_> {
    #[inline(always)]
    fn run(self) {
        let Self { curve, numbers, lacks } = self;
        let (chunks, rest) = numbers.as_chunks_mut::<LANES>();
        for chunk in chunks {
            *chunk = curve.of(*chunk, lacks);
        }
        if !rest.is_empty() {
            let mut padded = [0.0; LANES];
            padded[..rest.len()].copy_from_slice(rest);
            let values = curve.of(padded, lacks);
            rest.copy_from_slice(&values[..rest.len()]);
        }
    }
}

impl Curve {
    /// The same as [`crate::score::expression::normalize`] for every number.
    #[inline(always)]
    fn of(&self, numbers: [f64; LANES], lacks: bool) -> [f64; LANES] {
        let points = &*self.points;
        let last = points.len() - 1;
        let (mut from_x, mut from_y) = ([points[last - 1].0; LANES], [points[last - 1].1; LANES]);
        let (mut to_x, mut to_y) = ([points[last].0; LANES], [points[last].1; LANES]);
        // The first segment that ends at or behind the number, or the last one.
        for pair in points[..last].windows(2).rev() {
            for lane in 0..LANES {
                let within = numbers[lane] <= pair[1].0;
                from_x[lane] = if within { pair[0].0 } else { from_x[lane] };
                from_y[lane] = if within { pair[0].1 } else { from_y[lane] };
                to_x[lane] = if within { pair[1].0 } else { to_x[lane] };
                to_y[lane] = if within { pair[1].1 } else { to_y[lane] };
            }
        }
        let mut values = [0.0; LANES];
        for lane in 0..LANES {
            values[lane] = interpolate((from_x[lane], from_y[lane]), (to_x[lane], to_y[lane]), numbers[lane]);
        }
        let (before, behind) = match self.outliers {
            OutlierTreatment::AsIs => (None, None),
            OutlierTreatment::AsExtremeValues => (Some(points[0].1), Some(points[last].1)),
            OutlierTreatment::AsMissingValues => (Some(self.missing), Some(self.missing)),
        };
        if let (Some(before), Some(behind)) = (before, behind) {
            for lane in 0..LANES {
                let value = if numbers[lane] < points[0].0 { before } else { values[lane] };
                values[lane] = if numbers[lane] > points[last].0 { behind } else { value };
            }
        }
        if lacks {
            for lane in 0..LANES {
                if numbers[lane].is_nan() {
                    values[lane] = if is_missing(numbers[lane]) { self.missing } else { numbers[lane] };
                }
            }
        }
        values
    }
}

/// Intervals to values.
#[derive(Debug)]
pub struct Bins {
    /// The argument.
    pub argument: Formula,
    /// Result for a missing argument.
    pub missing: f64,
    default: f64,
    /// Smallest and largest number, and what becomes of those between.
    bins: Box<[(f64, f64, f64)]>,
}

impl Bins {
    /// Bins of an expression.
    pub fn new(bins: &crate::plan::expression::Bins, argument: Formula) -> Self {
        let number = |datum: Option<Datum>| datum.map_or(MISSING, |datum| datum.number);
        let ends = |(interval, datum): &(Interval, Datum)| {
            let (low, high) = ends(interval);
            (low, high, datum.number)
        };
        Self {
            argument,
            missing: number(bins.missing),
            default: number(bins.default),
            bins: bins.bins.iter().map(ends).collect(),
        }
    }

    /// The value for every number, in its place.
    pub fn apply(&self, numbers: &mut [f64]) {
        let lacks = lacks_some(numbers);
        vectorised(
            #[inline(always)]
            || BinsOf { bins: self, numbers, lacks }.run(),
        );
    }
}

struct BinsOf<'b> {
    bins: &'b Bins,
    numbers: &'b mut [f64],
    lacks: bool,
}

impl BinsOf<'_> {
    #[inline(always)]
    fn run(self) {
        let Self { bins, numbers, lacks } = self;
        let (chunks, rest) = numbers.as_chunks_mut::<LANES>();
        for chunk in chunks {
            *chunk = bins.of(*chunk, lacks);
        }
        for number in rest {
            *number = bins.of([*number; LANES], lacks)[0];
        }
    }
}

impl Bins {
    #[inline(always)]
    fn of(&self, numbers: [f64; LANES], lacks: bool) -> [f64; LANES] {
        let mut values = [self.default; LANES];
        // Of bins that overlap the last one counts.
        for (low, high, value) in &self.bins {
            for lane in 0..LANES {
                let within = numbers[lane] >= *low && numbers[lane] <= *high;
                values[lane] = if within { *value } else { values[lane] };
            }
        }
        if lacks {
            for lane in 0..LANES {
                if numbers[lane].is_nan() {
                    values[lane] = if is_missing(numbers[lane]) { self.missing } else { numbers[lane] };
                }
            }
        }
        values
    }
}

/// The smallest and the largest number within an interval; NaN, which nothing reaches, where there is none.
fn ends(interval: &Interval) -> (f64, f64) {
    let (is_left_open, is_right_open) = match interval.closure {
        Closure::OpenOpen => (true, true),
        Closure::OpenClosed => (true, false),
        Closure::ClosedOpen => (false, true),
        Closure::ClosedClosed => (false, false),
    };
    let low = match interval.left {
        None => f64::NEG_INFINITY,
        Some(f64::INFINITY) if is_left_open => f64::NAN,
        Some(left) if is_left_open => left.next_up(),
        Some(left) => left,
    };
    let high = match interval.right {
        None => f64::INFINITY,
        // NaN is more than any number.
        Some(right) if right.is_nan() => f64::INFINITY,
        Some(f64::NEG_INFINITY) if is_right_open => f64::NAN,
        Some(right) if is_right_open => right.next_down(),
        Some(right) => right,
    };
    (low, high)
}

/// Tables of one column and up to this many rows are looked through.
const FEW_ROWS: usize = 16;

/// Rows of a table to values.
#[derive(Debug)]
pub struct Table {
    /// The arguments, one a column.
    pub arguments: Box<[Formula]>,
    missing: f64,
    lookup: Arc<Lookup>,
    /// Keys and values of a table that is looked through, last row first; else empty.
    few: Box<[(f64, f64)]>,
}

impl Table {
    /// The table of an expression.
    pub fn new(lookup: &Arc<Lookup>, arguments: Vec<Formula>) -> Self {
        let number = |datum: Option<Datum>| datum.map_or(MISSING, |datum| datum.number);
        let is_small = arguments.len() == 1 && lookup.results.len() <= FEW_ROWS;
        let rows = lookup.keys.iter().zip(&lookup.results).rev();
        Self {
            arguments: arguments.into(),
            missing: number(lookup.missing),
            few: rows.filter(|_| is_small).map(|(key, result)| (*key, number(*result))).collect(),
            lookup: Arc::clone(lookup),
        }
    }

    /// The value for every row of keys, a column each.
    pub fn apply(&self, columns: &[Vec<f64>], row: &mut Vec<f64>, into: &mut [f64]) {
        let default = self.lookup.default.map_or(MISSING, |datum| datum.number);
        if let ([keys], false) = (columns, self.few.is_empty()) {
            vectorised(
                #[inline(always)]
                || FewRows { few: &self.few, default, keys, into }.run(),
            );
        } else {
            for (at, into) in into.iter_mut().enumerate() {
                row.clear();
                row.extend(columns.iter().map(|column| column[at]));
                let width = row.len();
                let found = self.lookup.index.find(hash_keys(row), |found| {
                    let start = *found as usize * width;
                    self.lookup.keys[start..start + width] == row[..]
                });
                *into = match found {
                    Some(found) => self.lookup.results[*found as usize].map_or(MISSING, |datum| datum.number),
                    None => default,
                };
            }
        }
        // The first argument without a value decides.
        for column in columns.iter().rev().filter(|column| lacks_some(column)) {
            for (into, key) in into.iter_mut().zip(column).filter(|(_, key)| key.is_nan()) {
                *into = if is_missing(*key) { self.missing } else { *key };
            }
        }
    }
}

struct FewRows<'t> {
    few: &'t [(f64, f64)],
    default: f64,
    keys: &'t [f64],
    into: &'t mut [f64],
}

impl FewRows<'_> {
    #[inline(always)]
    fn run(self) {
        let Self { few, default, keys, into } = self;
        into.fill(default);
        for (key, value) in few {
            for (into, number) in into.iter_mut().zip(keys) {
                *into = if number == key { *value } else { *into };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_hold_what_the_interval_holds() {
        let margins =
            [None, Some(f64::NEG_INFINITY), Some(-0.0), Some(1.5), Some(f64::INFINITY), Some(f64::NAN)];
        let numbers =
            [f64::NEG_INFINITY, f64::MIN, -0.0, 0.0, 1.5_f64.next_down(), 1.5, 1.5_f64.next_up(), f64::MAX];
        for closure in [Closure::OpenOpen, Closure::OpenClosed, Closure::ClosedOpen, Closure::ClosedClosed] {
            for left in margins {
                for right in margins {
                    let interval = Interval { closure, left, right };
                    let (low, high) = ends(&interval);
                    for number in numbers.into_iter().chain([f64::INFINITY]) {
                        let within = number >= low && number <= high;
                        assert_eq!(within, interval.contains(number), "{number} in {interval:?}");
                    }
                }
            }
        }
    }
}
