//! `TimeSeriesModel` on one row.

use scorewheel_columns::{ErrorCode, RowError};

use crate::elements::Element;
use crate::elements::time_series::compile::{Horizon, Plan};
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
        let Some(step) = self.step(row)? else { return Ok(()) };
        let value = self.forecast.transformation.invert(self.forecast.values[step]);
        if value.is_nan() {
            return Err(row.error(ErrorCode::ResultNotANumber, model.place));
        }
        prediction.value = Some(Datum::double(Precision::from(model.math_context).round(value)));
        Ok(())
    }

    fn tells_uncertainty(&self) -> bool {
        !self.forecast.errors.is_empty()
    }

    fn uncertainty(&self, model: &ModelPlan, row: &mut Row<'_>, wanted: Uncertainty) -> Evaluated {
        let Some(step) = self.step(row)? else { return Ok(None) };
        let forecast = &self.forecast;
        let error = forecast.errors.get(step).copied();
        let found = match wanted {
            Uncertainty::StandardError => error,
            Uncertainty::StandardDeviation => forecast.deviations.get(step).copied().or(error),
            // The ends of an interval are transformed back as its middle is.
            Uncertainty::Bound(errors) => {
                error.map(|error| forecast.transformation.invert(forecast.values[step] + errors * error))
            }
        };
        match found {
            Some(found) => Ok(Some(Datum::double(Precision::from(model.math_context).round(found)))),
            None => Err(row.error(ErrorCode::UnsupportedElement, model.place)),
        }
    }
}

impl Plan {
    /// How many steps lie before the one that the row asks for.
    fn step(&self, row: &mut Row<'_>) -> Result<Option<usize>, RowError> {
        let (slot, steps) = match self.horizon {
            Horizon::Next => return Ok(Some(0)),
            Horizon::Steps(slot) => (slot, row.number(slot)?),
            Horizon::Point { slot, last, step } => {
                (slot, row.number(slot)?.map(|point| nearly_whole((point - last) / step)))
            }
        };
        let Some(steps) = steps else { return Ok(None) };
        if steps >= 1.0 && steps <= self.forecast.values.len() as f64 && libm::trunc(steps) == steps {
            Ok(Some(steps as usize - 1))
        } else {
            Err(row.error_of(ErrorCode::InvalidValue, slot))
        }
    }
}

/// Steps between points of an axis, whose fractions of a decimal are not exact.
fn nearly_whole(steps: f64) -> f64 {
    let whole = libm::round(steps);
    if (steps - whole).abs() <= 1e-6 { whole } else { steps }
}
