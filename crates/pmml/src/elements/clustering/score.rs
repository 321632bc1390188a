//! `ClusteringModel` on one row.

use scorewheel_columns::RowError;

use crate::elements::Element;
use crate::elements::clustering::compile::Plan;
use crate::plan::ModelPlan;
use crate::score::{Prediction, Row};

impl Element for Plan {
    fn score(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        self.measure.rank(model, row, &self.centers, prediction)?;
        prediction.value = prediction.entity.map(|winner| self.names[winner as usize]);
        Ok(())
    }
}
