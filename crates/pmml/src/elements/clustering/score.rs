//! `ClusteringModel` on one row.

use scorewheel_columns::RowError;

use crate::elements::Element;
use crate::elements::clustering::compile::Plan;
use crate::plan::ModelPlan;
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
        self.measure.rank(model, row, &self.centers, prediction)?;
        prediction.value = prediction.entity.map(|winner| self.names[winner as usize]);
        Ok(())
    }

    fn columns(&self, _: &ModelPlan, wanted: &mut Vec<Wanted>) -> Option<()> {
        (self.centers.count() > 0).then(|| self.measure.columns(wanted))
    }

    fn score_columns(&self, _: &ModelPlan, frame: &Frame<'_>, work: &mut Work, answers: &mut Answers) {
        self.measure.rank_block(&self.centers, frame, work, answers);
        answers.winners.extend_from_slice(&answers.entities);
    }

    fn winners<'m>(&'m self, _: &'m ModelPlan) -> &'m [Datum] {
        &self.names
    }
}
