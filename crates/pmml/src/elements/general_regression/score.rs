//! `GeneralRegressionModel` on one row.

use scorewheel_columns::{ErrorCode, RowError};

use crate::elements::Element;
use crate::elements::general_regression::compile::{Addend, Amount, Factor, Kind, Plan};
use crate::plan::ModelPlan;
use crate::plan::model::Uncertainty;
use crate::precision::Precision;
use crate::score::row::Evaluated;
use crate::score::{Prediction, Row};
use crate::value::Datum;

impl Element for Plan {
    fn score(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        let mut sums = row.take_numbers();
        let complete = self.sums(model, row, &mut sums);
        let result = match complete {
            Ok(true) => self.answer(model, row, &sums, prediction),
            Ok(false) => Ok(()),
            Err(error) => Err(error),
        };
        row.give_numbers(sums);
        result
    }

    fn tells_uncertainty(&self) -> bool {
        !self.covariances.is_empty()
    }

    fn uncertainty(&self, model: &ModelPlan, row: &mut Row<'_>, wanted: Uncertainty) -> Evaluated {
        let Kind::Mean { link, parameter } = &self.kind else {
            return Err(row.error(ErrorCode::UnsupportedElement, model.place));
        };
        let mut design = row.take_numbers();
        let found = self.sum_and_error(model, row, &mut design);
        row.give_numbers(design);
        let (Some((sum, error)), Some(trials)) = (found?, amount(self.trials, row)?) else { return Ok(None) };
        let slope = link.slope(sum, *parameter);
        Ok(Some(Datum::double(
            trials
                * match wanted {
                    Uncertainty::StandardError => slope.abs() * error,
                    // Of the mean; where that falls with the sum, its lower end is the sum's upper one.
                    Uncertainty::Bound(errors) => {
                        link.inverse(sum + errors.copysign(errors * slope) * error, *parameter)
                    }
                    // How far targets lie from their mean the document does not tell.
                    Uncertainty::StandardDeviation => {
                        return Err(row.error(ErrorCode::UnsupportedElement, model.place));
                    }
                },
        )))
    }
}

impl Plan {
    /// The sum of a mean and its standard error; missing if a field is. `design` is a buffer.
    fn sum_and_error(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        design: &mut Vec<f64>,
    ) -> Result<Option<(f64, f64)>, RowError> {
        let Some(mut sum) = amount(self.offset, row)? else { return Ok(None) };
        for addend in &self.sums[0] {
            let Some(product) = addend.product(1.0, model, row)? else { return Ok(None) };
            design.push(product);
            sum += addend.beta * product;
        }
        let mut variance = 0.0;
        for (at, other, covariance) in &self.covariances {
            let product = covariance * design[*at as usize] * design[*other as usize];
            variance += if at == other { product } else { 2.0 * product };
        }
        // Below nought by no more than what rounding makes.
        Ok(Some((sum, variance.max(0.0).sqrt())))
    }

    /// Computes all sums; false if a field that they read is missing.
    fn sums(&self, model: &ModelPlan, row: &mut Row<'_>, sums: &mut Vec<f64>) -> Result<bool, RowError> {
        let Some(offset) = amount(self.offset, row)? else { return Ok(false) };
        for addends in &self.sums {
            let mut sum = 0.0;
            for addend in addends {
                match addend.value(model, row)? {
                    Some(value) => sum += value,
                    None => return Ok(false),
                }
            }
            sums.push(sum + offset);
        }
        Ok(true)
    }

    fn answer(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        sums: &[f64],
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        let Some(trials) = amount(self.trials, row)? else { return Ok(()) };
        let probabilities = &mut prediction.probabilities;
        match &self.kind {
            Kind::Unlinked => return Err(row.error(ErrorCode::UnsupportedElement, model.place)),
            Kind::Mean { link, parameter } => {
                prediction.value = Some(Datum::double(link.inverse(sums[0], *parameter) * trials));
                return Ok(());
            }
            Kind::Hazard(hazard) => {
                prediction.value = hazard.cumulative(row, sums[0])?.map(Datum::double);
                return Ok(());
            }
            Kind::Binary { link, parameter, category } => {
                let probability = link.inverse(sums[*category as usize], *parameter);
                probabilities.extend([1.0 - probability; 2]);
                probabilities[*category as usize] = probability;
            }
            Kind::Multinomial { reference } => {
                // As it stands, not relative to the largest: where that overflows there is no probability.
                let exponential = |(index, sum): (usize, &f64)| match *reference {
                    Some(reference) if reference as usize == index => 1.0,
                    _ => libm::exp(*sum),
                };
                probabilities.extend(sums.iter().enumerate().map(exponential));
                crate::elements::regression::divide_by_sum(
                    probabilities,
                    Precision::from(model.math_context),
                );
            }
            Kind::Ordinal { link } => {
                let last = sums.len() - 1;
                let mut below = 0.0;
                for (index, sum) in sums.iter().enumerate() {
                    let cumulated = if index == last { 1.0 } else { link.inverse(*sum, 1.0) };
                    probabilities.push(cumulated - below);
                    below = cumulated;
                }
            }
        }
        prediction.value = prediction.most_probable().map(|index| model.categories()[index]);
        Ok(())
    }
}

impl Addend {
    /// A product; nought, whatever the other factors are, where a field does not have the value. Missing if a field
    /// that is read is.
    fn value(&self, model: &ModelPlan, row: &mut Row<'_>) -> Result<Option<f64>, RowError> {
        self.product(self.beta, model, row)
    }

    /// The same with another coefficient.
    fn product(&self, beta: f64, model: &ModelPlan, row: &mut Row<'_>) -> Result<Option<f64>, RowError> {
        let mut product = beta;
        let mut applies = true;
        for factor in &self.factors {
            let value = match factor {
                Factor::Power { slot, exponent } => match row.number(*slot)? {
                    None => return Ok(None),
                    Some(number) if *exponent == 1.0 => number,
                    Some(number) => libm::pow(number, *exponent),
                },
                Factor::Equals { slot, value } => match row.raw(*slot)? {
                    None => return Ok(None),
                    Some(number) => {
                        applies &= number == *value;
                        1.0
                    }
                },
                Factor::Contrast { slot, figures } => match row.raw(*slot)? {
                    None => return Ok(None),
                    Some(number) => {
                        let found = figures.binary_search_by(|(known, _)| known.total_cmp(&(number + 0.0)));
                        match found {
                            Ok(index) => figures[index].1,
                            Err(_) => return Err(row.error(ErrorCode::NoAnswer, model.place)),
                        }
                    }
                },
            };
            product *= value;
        }
        Ok(Some(if applies { product } else { 0.0 }))
    }
}

/// A number that may be in a field; missing if the field is.
fn amount(amount: Amount, row: &mut Row<'_>) -> Result<Option<f64>, RowError> {
    match amount {
        Amount::Constant(number) => Ok(Some(number)),
        Amount::Field(slot) => row.number(slot),
    }
}
