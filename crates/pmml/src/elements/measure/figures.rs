//! How near rows are to the points of a model: eight points side by side, each with its own sums.

use scorewheel_trees::vectorised;

use crate::elements::measure::compute::{FieldPlan, Measure};
use crate::elements::measure::points::{LANES, Points};
use crate::elements::measure::read::{CompareFunction, MeasureFunction};
use crate::value::missing::{is_missing, lacks_some};

/// Rows that go past a group of points together: the group stays in the processor's cache.
const ROWS: usize = 8;

type Lanes = [f64; LANES];

impl Measure {
    /// The figures between rows and all points, row by row.
    ///
    /// `values` are those of the rows, one a field, some possibly missing; `adjustments` the factors that make up for
    /// those. `fails` is told the rows for which the measure has no meaning; false if there are any.
    pub fn figures(
        &self,
        points: &Points,
        values: &[f64],
        adjustments: &[f64],
        into: &mut [f64],
        fails: impl FnMut(usize),
    ) -> bool {
        vectorised(
            #[inline(always)]
            || Figures { measure: self, points, values, adjustments, into, fails }.run(),
        )
    }
}

struct Figures<'f, F> {
    measure: &'f Measure,
    points: &'f Points,
    values: &'f [f64],
    adjustments: &'f [f64],
    into: &'f mut [f64],
    fails: F,
}

impl<F: FnMut(usize)> Figures<'_, F> {
    #[inline(always)]
    fn run(self) -> bool {
        let Self { measure, points, values, adjustments, into, mut fails } = self;
        let (width, count) = (measure.fields.len(), points.count());
        let way = Way::of(measure);
        let lacks = lacks_some(values);
        let mut all = true;
        for first in (0..adjustments.len()).step_by(ROWS) {
            let rows = first..adjustments.len().min(first + ROWS);
            for (at, (size, group)) in points.groups().enumerate() {
                for row in rows.clone() {
                    let own = &values[row * width..][..width];
                    let found = match way {
                        Way::Squares if !lacks || !lacks_some(own) => Some(squares(own, group)),
                        Way::WeightedSquares if !lacks || !lacks_some(own) => {
                            Some(measure.weighted_squares(own, group))
                        }
                        Way::Similarity => measure.similarities(own, group, size),
                        _ => measure.sums(own, group, size),
                    };
                    let Some(mut figures) = found else {
                        all = false;
                        fails(row);
                        continue;
                    };
                    if way != Way::Similarity {
                        measure.finish(&mut figures, adjustments[row]);
                    }
                    into[row * count + at * LANES..][..size].copy_from_slice(&figures[..size]);
                }
            }
        }
        all
    }
}

/// Which loop serves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Squared differences that all weigh 1.
    Squares,
    /// Squared differences.
    WeightedSquares,
    /// Sums of whatever comparisons.
    Sums,
    /// Counts of equal and different fields.
    Similarity,
}

impl Way {
    fn of(measure: &Measure) -> Self {
        if measure.function.is_similarity() {
            return Self::Similarity;
        }
        let is_square =
            matches!(measure.function, MeasureFunction::Euclidean | MeasureFunction::SquaredEuclidean);
        let is_plain = |field: &FieldPlan| {
            field.compare == CompareFunction::AbsDiff && field.is_number && field.is_suited
        };
        if !is_square || !measure.fields.iter().all(is_plain) {
            return Self::Sums;
        }
        let is_one = measure.fields.iter().all(|field| field.weight == 1.0);
        if is_one { Self::Squares } else { Self::WeightedSquares }
    }
}

#[inline(always)]
fn squares(values: &[f64], group: &[Lanes]) -> Lanes {
    let mut sums = [0.0; LANES];
    for (value, others) in values.iter().zip(group) {
        for lane in 0..LANES {
            let difference = value - others[lane];
            sums[lane] += difference * difference;
        }
    }
    sums
}

impl Measure {
    #[inline(always)]
    fn weighted_squares(&self, values: &[f64], group: &[Lanes]) -> Lanes {
        let mut sums = [0.0; LANES];
        for ((value, others), field) in values.iter().zip(group).zip(&self.fields) {
            for lane in 0..LANES {
                let difference = value - others[lane];
                sums[lane] += field.weight * (difference * difference);
            }
        }
        sums
    }

    /// `None` where the measure has no meaning for how a field is compared.
    #[inline(always)]
    fn sums(&self, values: &[f64], group: &[Lanes], size: usize) -> Option<Lanes> {
        let mut sums = [0.0; LANES];
        for ((value, others), field) in values.iter().zip(group).zip(&self.fields) {
            if is_missing(*value) {
                continue;
            }
            let compared = field.compared(*value, others, size)?;
            for lane in 0..LANES {
                let compared = compared[lane];
                match self.function {
                    MeasureFunction::Euclidean | MeasureFunction::SquaredEuclidean => {
                        sums[lane] += field.weight * (compared * compared);
                    }
                    MeasureFunction::Chebychev => {
                        let weighted = field.weight * compared;
                        sums[lane] = if weighted > sums[lane] { weighted } else { sums[lane] };
                    }
                    MeasureFunction::Minkowski(power) => {
                        sums[lane] += field.weight * libm::pow(compared, power);
                    }
                    _ => sums[lane] += field.weight * compared,
                }
            }
        }
        Some(sums)
    }

    #[inline(always)]
    fn finish(&self, sums: &mut Lanes, adjustment: f64) {
        for sum in sums {
            *sum *= adjustment;
            match self.function {
                MeasureFunction::Euclidean => *sum = sum.sqrt(),
                MeasureFunction::Minkowski(power) => *sum = libm::pow(*sum, 1.0 / power),
                _ => {}
            }
        }
    }

    /// Counts in how many fields both are 1, only the row, only the point, neither.
    #[inline(always)]
    fn similarities(&self, values: &[f64], group: &[Lanes], size: usize) -> Option<Lanes> {
        let (mut both, mut row_only) = ([0.0; LANES], [0.0; LANES]);
        let (mut point_only, mut neither) = ([0.0; LANES], [0.0; LANES]);
        for (value, others) in values.iter().zip(group) {
            if is_missing(*value) {
                continue;
            }
            let (with, without) = match *value {
                1.0 => (&mut both, &mut row_only),
                0.0 => (&mut point_only, &mut neither),
                _ => return None,
            };
            if !others[..size].iter().all(|other| *other == 1.0 || *other == 0.0) {
                return None;
            }
            for lane in 0..LANES {
                with[lane] += if others[lane] == 1.0 { 1.0 } else { 0.0 };
                without[lane] += if others[lane] == 0.0 { 1.0 } else { 0.0 };
            }
        }
        let mut figures = [0.0; LANES];
        for lane in 0..LANES {
            let (both, row_only) = (both[lane], row_only[lane]);
            let (point_only, neither) = (point_only[lane], neither[lane]);
            let different = row_only + point_only;
            figures[lane] = match self.function {
                MeasureFunction::SimpleMatching => (both + neither) / (both + different + neither),
                MeasureFunction::Jaccard => both / (both + different),
                MeasureFunction::Tanimoto => (both + neither) / (both + 2.0 * different + neither),
                MeasureFunction::BinarySimilarity([c00, c01, c10, c11, d00, d01, d10, d11]) => {
                    (c11 * both + c10 * row_only + c01 * point_only + c00 * neither)
                        / (d11 * both + d10 * row_only + d01 * point_only + d00 * neither)
                }
                _ => return None,
            };
        }
        Some(figures)
    }
}

impl FieldPlan {
    /// How a value compares with those of eight points, of which the first `size` count.
    #[inline(always)]
    fn compared(&self, value: f64, others: &Lanes, size: usize) -> Option<Lanes> {
        if !self.is_suited {
            return None;
        }
        let mut compared = [0.0; LANES];
        match self.compare {
            CompareFunction::AbsDiff | CompareFunction::GaussSim if !self.is_number => return None,
            CompareFunction::AbsDiff => {
                for lane in 0..LANES {
                    compared[lane] = (value - others[lane]).abs();
                }
            }
            CompareFunction::GaussSim => {
                for lane in 0..LANES {
                    let difference = value - others[lane];
                    let exponent =
                        -std::f64::consts::LN_2 * (difference * difference) / (self.scale * self.scale);
                    compared[lane] = libm::exp(exponent);
                }
            }
            CompareFunction::Delta => {
                for lane in 0..LANES {
                    compared[lane] = if value == others[lane] { 0.0 } else { 1.0 };
                }
            }
            CompareFunction::Equal => {
                for lane in 0..LANES {
                    compared[lane] = if value == others[lane] { 1.0 } else { 0.0 };
                }
            }
            CompareFunction::Table => {
                let index = |number: f64| match &*self.table_values {
                    [] => (number >= 0.0 && number.fract() == 0.0).then_some(number as usize),
                    values => values.iter().position(|known| *known == number),
                };
                let (table, row) = (self.table.as_ref()?, index(value)?);
                for (compared, other) in compared.iter_mut().zip(&others[..size]) {
                    *compared = table.get(row, index(*other)?)?;
                }
            }
        }
        Some(compared)
    }
}
