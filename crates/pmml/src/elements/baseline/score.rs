//! `BaselineModel` on one row.

use scorewheel_columns::{ErrorCode, RowError};

use crate::elements::Element;
use crate::elements::baseline::compile::{Plan, Statistic, Table};
use crate::plan::ModelPlan;
use crate::precision::Precision;
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
        let Some(found) = self.statistic(row, precision)? else { return Ok(()) };
        let weight = match self.weight {
            Some(slot) => row.number(slot)?,
            None => Some(1.0),
        };
        let Some(weight) = weight else { return Ok(()) };
        let score = precision.round(precision.round(found) * weight);
        if score.is_nan() {
            return Err(row.error(ErrorCode::ResultNotANumber, self.place));
        }
        prediction.value = Some(Datum::double(score));
        Ok(())
    }
}

impl Plan {
    /// The statistic of a record of weight 1; missing if a field that it reads is.
    fn statistic(&self, row: &mut Row<'_>, precision: Precision) -> Result<Option<f64>, RowError> {
        Ok(match &self.statistic {
            Statistic::Distance { slot, mean, deviation } => {
                row.number(*slot)?.map(|observed| precision.round(observed - mean) / deviation)
            }
            Statistic::LogOdds { slot, baseline, alternate, reset } => row.number(*slot)?.map(|observed| {
                let odds = alternate.log_density(observed) - baseline.log_density(observed);
                // What neither of them can bring forth is not a number, and stays so.
                if odds < *reset { *reset } else { odds }
            }),
            Statistic::ChiSquare(table) => share(table, row)?.map(chi_square),
            Statistic::ChiSquareOfEach(tables) => {
                let mut product = 1.0;
                for table in tables {
                    let Some(share) = share(table, row)? else { return Ok(None) };
                    product *= share;
                }
                Some(chi_square(product))
            }
            Statistic::Product(table) => share(table, row)?,
            Statistic::Nought(slots) => {
                for slot in slots {
                    if row.raw(*slot)?.is_none() {
                        return Ok(None);
                    }
                }
                Some(0.0)
            }
        })
    }
}

/// Chi-square of one observation in a cell of this share: infinite where there should be none.
fn chi_square(share: f64) -> f64 {
    1.0 / share - 1.0
}

/// The figure of the row's cell; missing if a value is.
fn share(table: &Table, row: &mut Row<'_>) -> Result<Option<f64>, RowError> {
    let mut key = row.take_numbers();
    for slot in &table.slots {
        match row.raw(*slot) {
            Ok(Some(value)) => key.push(value + 0.0),
            other => {
                row.give_numbers(key);
                return other.map(|_| None);
            }
        }
    }
    let figure = table.figure(&key);
    row.give_numbers(key);
    Ok(Some(figure))
}
