//! `AnomalyDetectionModel` on one row.

use scorewheel_columns::{ErrorCode, RowError};

use crate::elements::Element;
use crate::elements::anomaly_detection::compile::{Plan, Scale};
use crate::plan::ModelPlan;
use crate::precision::Precision;
use crate::score::{Prediction, Row};
use crate::value::{Datum, Kind};

impl Element for Plan {
    fn score(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        let mut within = row.take_prediction(self.model);
        let scored = row.score(self.model, &mut within);
        let scored = scored.and_then(|()| self.take(model, row, &mut within, prediction));
        row.give_prediction(within);
        scored
    }
}

impl Plan {
    /// Makes the score of the prediction within.
    fn take(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        within: &mut Prediction,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        if let Scale::Prediction = self.scale {
            std::mem::swap(prediction, within);
            // The figures are now those of this model, whose categories and entities are the same.
            prediction.model = model.id;
            prediction.segment = None;
            return Ok(());
        }
        let Some(value) = within.value else { return Ok(()) };
        let precision = Precision::from(model.math_context);
        let number = |row: &mut Row<'_>| {
            let number = value.cast(Kind::Double, &mut row.texts);
            number.map(|number| number.number).map_err(|code| row.error(code, self.place))
        };
        let score = match &self.scale {
            Scale::PathLength(usual) => precision.round(libm::exp2(-precision.round(number(row)? / usual))),
            Scale::MeanDistances(means) => {
                let Some(cluster) = within.entity else { return Ok(()) };
                let distance = within.affinities.get(cluster as usize);
                let mean = means.get(cluster as usize);
                distance.zip(mean).map_or(f64::NAN, |(distance, mean)| precision.round(distance / mean))
            }
            Scale::Number | Scale::Prediction => number(row)?,
        };
        if score.is_nan() {
            return Err(row.error(ErrorCode::ResultNotANumber, self.place));
        }
        prediction.value = Some(Datum::double(score));
        Ok(())
    }
}
