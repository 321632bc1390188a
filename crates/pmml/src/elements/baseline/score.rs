//! `BaselineModel` on one row.

use scorewheel_columns::RowError;

use crate::elements::Element;
use crate::elements::baseline::compile::Plan;
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
        // Of a missing observation there is no distance.
        if let Some(observed) = row.number(self.slot)? {
            let distance = precision.round(observed - self.mean);
            prediction.value = Some(Datum::double(precision.round(distance / self.deviation)));
        }
        Ok(())
    }
}
