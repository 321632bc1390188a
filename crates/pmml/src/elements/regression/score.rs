//! `RegressionModel` on one row.

use scorewheel_columns::{ErrorCode, RowError};

use crate::document::MiningFunction;
use crate::elements::Element;
use crate::elements::regression::columns;
use crate::elements::regression::compile::{Categorical, Plan, Table};
use crate::elements::regression::read::Normalization;
use crate::functions::statistics;
use crate::plan::ModelPlan;
use crate::precision::Precision;
use crate::score::columnar::{Answers, Frame, Wanted, Work};
use crate::score::{Prediction, Row};
use crate::value::Datum;

impl Element for Plan {
    fn score(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        let precision = Precision::from(model.math_context);
        if model.function == MiningFunction::Regression {
            let Some(sum) = self.tables[0].sum(row, precision)? else { return Ok(()) };
            let value = inverse_link(self.normalization, sum, precision);
            let value = value.ok_or_else(|| row.error(ErrorCode::UnsupportedElement, self.place))?;
            prediction.value = Some(Datum::double(value));
            return Ok(());
        }
        if self.contradicts_target {
            return Err(row.error(ErrorCode::UnsupportedElement, model.place));
        }
        let mut sums = row.take_numbers();
        for table in &self.tables {
            match table.sum(row, precision)? {
                Some(sum) => sums.push(sum),
                None => {
                    row.give_numbers(sums);
                    return Ok(());
                }
            }
        }
        let known = class_probabilities(self.normalization, self.is_ordinal, &mut sums, precision);
        prediction.probabilities.extend_from_slice(&sums);
        row.give_numbers(sums);
        if known.is_none() {
            return Err(row.error(ErrorCode::UnsupportedElement, self.place));
        }
        prediction.value = prediction.most_probable().map(|index| model.categories()[index]);
        Ok(())
    }

    fn columns(&self, _: &ModelPlan, wanted: &mut Vec<Wanted>) -> Option<()> {
        columns::columns(self, wanted)
    }

    fn score_columns(&self, model: &ModelPlan, frame: &Frame<'_>, work: &mut Work, answers: &mut Answers) {
        columns::score(self, model, frame, work, answers);
    }
}

impl Table {
    /// The sum for one row; missing if a number is.
    pub fn sum(&self, row: &mut Row<'_>, precision: Precision) -> Result<Option<f64>, RowError> {
        let intercept = self.intercept.ok_or_else(|| row.error(ErrorCode::UnsupportedElement, self.place));
        let mut sum = precision.round(self.intercept.unwrap_or(0.0));
        for numeric in &self.numeric {
            let Some(number) = row.number(numeric.slot)? else { return Ok(None) };
            let number = power(precision.round(number), numeric.exponent, precision);
            sum = precision.add_product(sum, precision.round(numeric.coefficient), number);
        }
        for categorical in &self.categorical {
            if let Some(value) = row.raw(categorical.slot)? {
                sum = precision.round(sum + precision.round(categorical.coefficient(value)));
            }
        }
        for term in &self.terms {
            let mut product = precision.round(term.coefficient);
            for (slot, exponent) in &term.factors {
                let Some(number) = row.number(*slot)? else { return Ok(None) };
                product = precision.round(product * power(precision.round(number), *exponent, precision));
            }
            sum = precision.round(sum + product);
        }
        intercept.map(|_| Some(sum))
    }
}

impl Categorical {
    /// The coefficient of a value; none has 0.
    #[must_use]
    pub fn coefficient(&self, value: f64) -> f64 {
        let found = self.coefficients.binary_search_by(|(known, _)| known.total_cmp(&(value + 0.0)));
        found.map_or(0.0, |index| self.coefficients[index].1)
    }
}

/// A whole power.
#[inline]
#[must_use]
pub fn power(number: f64, exponent: i32, precision: Precision) -> f64 {
    match exponent {
        1 => number,
        2 => precision.round(number * number),
        _ => precision.round(libm::pow(number, f64::from(exponent))),
    }
}

/// The prediction of a sum; `None` if the normalisation is not one of single sums.
#[inline]
#[must_use]
pub fn inverse_link(normalization: Normalization, sum: f64, precision: Precision) -> Option<f64> {
    let round = |number| precision.round(number);
    Some(match normalization {
        Normalization::None => sum,
        Normalization::Softmax | Normalization::Logit => round(1.0 / round(1.0 + round(libm::exp(-sum)))),
        Normalization::Exp => round(libm::exp(sum)),
        Normalization::Probit => round(statistics::distribution(sum)),
        Normalization::Cloglog => round(1.0 - round(libm::exp(-round(libm::exp(sum))))),
        Normalization::Loglog => round(libm::exp(-round(libm::exp(-sum)))),
        Normalization::Cauchit => round(0.5 + round(libm::atan(sum) / std::f64::consts::PI)),
        Normalization::Simplemax => return None,
    })
}

/// Makes probabilities of the sums of all categories; `None` if the normalisation has no meaning for them.
#[must_use]
pub fn class_probabilities(
    normalization: Normalization,
    is_ordinal: bool,
    sums: &mut [f64],
    precision: Precision,
) -> Option<()> {
    let round = |number| precision.round(number);
    if normalization == Normalization::Exp {
        return None;
    }
    if is_ordinal {
        return cumulative(normalization, sums, precision);
    }
    match normalization {
        Normalization::Softmax if sums.len() == 2 => {
            let difference = round(sums[1] - sums[0]);
            sums[0] = round(1.0 / round(1.0 + round(libm::exp(difference))));
            sums[1] = round(1.0 / round(1.0 + round(libm::exp(-difference))));
        }
        Normalization::Softmax => softmax(sums, precision),
        Normalization::Simplemax if sums.iter().sum::<f64>() == 0.0 => return None,
        Normalization::Simplemax => divide_by_sum(sums, precision),
        _ if sums.len() == 2 => {
            let first = match normalization {
                Normalization::None => sums[0].clamp(0.0, 1.0),
                _ => inverse_link(normalization, sums[0], precision)?,
            };
            sums[0] = first;
            sums[1] = round(1.0 - first);
        }
        Normalization::Logit => {
            for sum in sums.iter_mut() {
                *sum = inverse_link(normalization, *sum, precision)?;
            }
            divide_by_sum(sums, precision);
        }
        // Of more than two the sums themselves, and for the last one the rest.
        Normalization::None => {
            if let Some((last, others)) = sums.split_last_mut() {
                *last = others.iter().fold(1.0, |rest, sum| round(rest - *sum));
            }
        }
        _ => return None,
    }
    Some(())
}

/// Differences of neighbouring cumulative probabilities.
fn cumulative(normalization: Normalization, sums: &mut [f64], precision: Precision) -> Option<()> {
    if matches!(normalization, Normalization::Softmax | Normalization::Simplemax) {
        return None;
    }
    let mut below = 0.0;
    let last = sums.len() - 1;
    for (index, sum) in sums.iter_mut().enumerate() {
        let cumulated = if index == last {
            1.0
        } else if normalization == Normalization::None {
            sum.clamp(0.0, 1.0)
        } else {
            inverse_link(normalization, *sum, precision)?
        };
        *sum = precision.round(cumulated - below);
        below = cumulated;
    }
    Some(())
}

/// Exponentials divided by their sum, computed relative to the largest.
pub fn softmax(numbers: &mut [f64], precision: Precision) {
    let largest = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for number in numbers.iter_mut() {
        *number = precision.round(libm::exp(precision.round(*number - largest)));
    }
    divide_by_sum(numbers, precision);
}

/// Numbers divided by their sum.
pub fn divide_by_sum(numbers: &mut [f64], precision: Precision) {
    let mut sum = 0.0;
    for number in numbers.iter() {
        sum = precision.round(sum + *number);
    }
    for number in numbers.iter_mut() {
        *number = precision.round(*number / sum);
    }
}
